#pragma once

#include <cstdint>
#include <string>

#include "base/files/file_tree.hpp"
#include "base/result/result.hpp"
#include "invoke-compat/declarative/model.hpp"

namespace gitopsctl::invoke::declarative {

/// Bounds of a task file. Real ones have some hundred lines.
inline constexpr std::uint64_t max_file_bytes = 1ULL << 20U;
inline constexpr std::uint32_t max_yaml_depth = 64;
inline constexpr std::size_t max_namespace_depth = 16;
/// How deep includes follow each other, and how many there are in all.
inline constexpr std::size_t max_include_depth = 8;
inline constexpr std::size_t max_includes = 32;
/// How many tasks follow from one another by pre, post and call, in a row and in all.
inline constexpr std::size_t max_call_depth = 64;
inline constexpr std::uint64_t max_calls = 10'000;

/// Reads the task file `file` and what it includes, and checks everything that can be known before a task runs: keys and
/// kinds, expressions, names of tasks, arguments and steps, and that no task needs itself.
/// `folder` is the tree whose root holds the file: nothing outside of it is read. All mistakes are one error, in the order
/// of the files and of the lines in each; each has a place. Code `invalid_input`, but for files that cannot be read.
[[nodiscard]] Result<TaskFile> load_task_file(const FileTree& folder, const TreePath& file);

/// The JSON Schema (draft 2020-12) of task files, for editors. It says nothing of names that have to exist.
[[nodiscard]] std::string task_file_schema();

}  // namespace gitopsctl::invoke::declarative
