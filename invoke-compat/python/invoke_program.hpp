#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/process/spawn.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "invoke-compat/config/environment.hpp"
#include "invoke-compat/config/host_files.hpp"

namespace gitopsctl::invoke {

/// Runs a program to its end, without input, and gives up after `limit`.
using RunProgram =
    std::function<Result<CapturedOutput>(const std::vector<std::string>& argv, const std::string& directory, Millis limit)>;

/// What is known about how Python's invoke is started here.
struct PythonSetting {
  std::vector<std::string> configured;  ///< `tasks.python`: the whole command; empty: it is looked for
  std::string project_directory;        ///< where the task file stands; absolute
  std::string own_program;              ///< the real path of this program, which may be called `invoke` as well
  Environment environment;              ///< of which PATH counts
};

/// The words that start Python's invoke: what is configured; `poetry run invoke` where the project's pyproject.toml has a
/// poetry section and there is a poetry; `invoke`; `python3 -m invoke`, where that module is there. Nothing is ever
/// installed. `not_found` when there is none, with what was tried.
[[nodiscard]] Result<std::vector<std::string>> find_invoke(const PythonSetting& setting, const HostFiles& files,
                                                           const RunProgram& run);

}  // namespace gitopsctl::invoke
