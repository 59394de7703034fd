#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "invoke-compat/config/host_files.hpp"

namespace gitopsctl::invoke {

/// Where a search begins and what it looks for.
struct TaskFileSearch {
  std::string name = "tasks";     ///< base name of the task file: `-c`, else `tasks.collection_name`
  std::string start;              ///< `-r`, else `tasks.search_root`; empty: the working directory. May be relative to it
  std::string working_directory;  ///< absolute
  bool native = true;             ///< NAME.yaml and NAME.yml count
  bool python = true;             ///< NAME.py and NAME/__init__.py count
};

/// What the nearest directory with a task file holds; one of `native` and `python` at least.
struct FoundTaskFiles {
  std::string project_directory;      ///< where the file, or the package's directory, stands
  std::optional<std::string> native;  ///< path of NAME.yaml or NAME.yml, the first of them
  std::optional<std::string> python;  ///< path of NAME.py, else of NAME/__init__.py
  bool python_package = false;        ///< `python` is an `__init__.py`
};

/// Looks in the start directory and in every one above it, `/` too, and stops at the first that holds a task file of a kind
/// that counts: a nearer directory beats a farther one, whatever its kind. Nothing when there is none, when the start is no
/// directory, and for names that cannot be the name of a file (empty, with a slash).
/// Errors: those of `files`, and `too_large` for a path over 4096 bytes.
[[nodiscard]] Result<std::optional<FoundTaskFiles>> find_task_files(const HostFiles& files, const TaskFileSearch& search);

/// `path` seen from `directory`, which is absolute, without `.`, `..` and doubled slashes. By its text alone, as Python's
/// `os.path.abspath`: a link before a `..` is not looked at. Pure.
[[nodiscard]] std::string absolute_path(std::string_view directory, std::string_view path);

}  // namespace gitopsctl::invoke
