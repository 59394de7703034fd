#pragma once

#include "invoke-compat/collection/collection.hpp"
#include "invoke-compat/declarative/model.hpp"

namespace gitopsctl::invoke {

/// What a task of a native file is made of: its Task::implementation points at one of these, which point into the file that
/// make_collection() was given.
struct DeclaredTask {
  const declarative::TaskFile* file = nullptr;
  const declarative::Task* task = nullptr;
  std::string dotted;  ///< its dashed name from the root
};

/// The tasks of a native file as the command line knows them. `name` is what the root is called, the base name of the file.
/// The file has to outlive the collection.
[[nodiscard]] Collection make_collection(const declarative::TaskFile& file, std::string name);

}  // namespace gitopsctl::invoke
