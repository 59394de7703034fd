#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "invoke-compat/config/configuration.hpp"
#include "invoke-compat/config/host_files.hpp"
#include "invoke-compat/expression/secrets.hpp"
#include "invoke-compat/python/invoke_program.hpp"
#include "invoke-compat/runner/context.hpp"
#include "invoke-compat/steps/step_runner.hpp"

namespace gitopsctl::invoke {

/// Everything around one invocation of the task runner. What it points to outlives the call.
struct ProgramWorld {
  const HostFiles* files = nullptr;  ///< must be there
  Environment environment;
  ConfigPlaces places;
  /// For commands: streams, terminal, signals. Its directory is set to that of the task file.
  RunContext run;
  std::size_t width = 80;          ///< of listings and help, in characters
  std::string usage_word;          ///< `inv[oke]`, or `gitopsctl task`
  std::vector<std::string> names;  ///< what the program is called by, for completion
  std::string version_line;        ///< what `-V` prints
  bool compat = false;             ///< the bytes of the reference where ours differ on purpose
  std::string own_program;         ///< the real path of this program
  std::string state_directory;     ///< for what Python's listings are kept in; empty: they are not
  std::map<std::string, NativeTask, std::less<>> natives;
  Secrets* secrets = nullptr;
  /// Called once before the first task runs, and before anything is asked or shown, when tasks that can run may ask for
  /// secrets: with `secrets` of the configuration that each of them sees, null where there is none. Its error ends the
  /// invocation. It may replace this process by one that can ask.
  std::function<Result<void>(const std::vector<Value>& sections)> before_secrets;
  /// Asks for a password without showing it.
  std::function<Result<std::string>(const std::string& prompt)> ask_password;
  RunProgram run_program;
  /// Becomes Python's invoke, or runs it: its exit code. Only errors when it cannot be started.
  std::function<Result<int>(const std::vector<std::string>& argv)> become;
};

/// Runs the task runner with the words behind its name and says what it ends with. Everything it says goes to the world's
/// streams.
[[nodiscard]] int run_tasks(const std::vector<std::string>& words, const ProgramWorld& world);

}  // namespace gitopsctl::invoke
