#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "invoke-compat/collection/collection.hpp"
#include "invoke-compat/python/invoke_program.hpp"

namespace gitopsctl::invoke {

/// Says of a task that Python has it: its Task::implementation points at one of these.
struct PythonTask {
  std::string name;  ///< as Python's invoke calls it: dotted, from the root
};

/// What `--list --list-format=json` prints, as a collection. It has no arguments. `invalid_input` when it is none of these
/// listings, or larger than the limits of a collection.
[[nodiscard]] Result<Collection> read_python_listing(std::string_view json);

/// What is asked: the tasks of one file.
struct PythonTaskFile {
  std::string file;       ///< the path of tasks.py, or of the package's __init__.py
  std::string name;       ///< its base name: `tasks`
  std::string directory;  ///< the project's
};

/// The tasks of a Python file, by Python's own invoke, which is given ten seconds. Its code runs while it is listed: never
/// ask for a file whose revision nobody trusts. With a `cache_directory` what was said is kept there as long as the file's
/// size, its time and the command are the same; a cache that cannot be used is as good as none.
/// Errors: those of the program (`unavailable` with the end of what it said), `timeout`, `invalid_input`.
[[nodiscard]] Result<Collection> list_python_tasks(const std::vector<std::string>& command, const PythonTaskFile& file,
                                                   const RunProgram& run, const std::string& cache_directory);

/// Adds the tasks and namespaces of `python` to `native`, which keeps what both have. Returns the dotted names that both
/// have.
std::vector<std::string> add_python_tasks(Collection& native, const Collection& python);

}  // namespace gitopsctl::invoke
