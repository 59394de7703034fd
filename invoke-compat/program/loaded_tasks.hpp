#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "invoke-compat/collection/collection.hpp"
#include "invoke-compat/config/task_file_search.hpp"
#include "invoke-compat/declarative/model.hpp"
#include "invoke-compat/program/program.hpp"

namespace gitopsctl::invoke {

/// Who runs tasks.
enum class Engine : std::uint8_t { automatic, native, python };
/// `auto`, `native` or `python`; else `invalid_input`.
[[nodiscard]] Result<Engine> parse_engine(std::string_view word);

/// The task files of one directory and what is in them. Not copyable: the collection points into the file.
struct LoadedTasks {
  FoundTaskFiles found;
  std::unique_ptr<declarative::TaskFile> file;  ///< nullptr: there is only a Python file
  Collection collection;
  std::vector<std::string> python;     ///< the words that start Python's invoke; empty: nobody has looked, or native only
  std::set<const void*> python_tasks;  ///< Task::implementation of those that Python has
  std::vector<std::string> warnings;   ///< lines without their end
};

/// What is looked for and how.
struct TaskFileRequest {
  TaskFileSearch search;
  Engine engine = Engine::automatic;
  std::vector<std::string> python_command;  ///< `tasks.python`
};

/// Finds the nearest task files and loads them: a native one, a Python one through Python's own invoke, or both in one
/// collection, in which the native one wins. `not_found`: `Can't find any collection named 'tasks'!`, the whole line for
/// standard error.
[[nodiscard]] Result<std::unique_ptr<LoadedTasks>> load_tasks(const TaskFileRequest& request, const ProgramWorld& world);

}  // namespace gitopsctl::invoke
