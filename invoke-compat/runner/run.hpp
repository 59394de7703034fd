#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result/result.hpp"
#include "invoke-compat/runner/command_line.hpp"
#include "invoke-compat/runner/context.hpp"
#include "invoke-compat/runner/failure.hpp"
#include "invoke-compat/runner/options.hpp"

namespace gitopsctl::invoke {

/// How a command went. A failure comes with the result, since later steps may ask for it. With RunOptions::warn an exit code
/// that is not 0 is no failure; what ended it before its time is one all the same.
struct RunOutcome {
  RunResult result;
  std::optional<RunFailure> failure;
};

/// Runs a command and waits for its end, or starts and leaves it (disown). Errors are only what kept it from being started:
/// wrong options, a program, shell or directory that is not there, no more processes, a stop that came first. Blocks;
/// thread-safe: commands may run at once in several threads.
[[nodiscard]] Result<RunOutcome> run_command_line(const RunOptions& options, const RunContext& context);

/// The reference's `sudo.*`.
struct SudoOptions {
  std::optional<std::string> user;
  std::optional<std::string> password;  ///< taken out of what is shown, like RunOptions::secrets; nullopt: an empty one
  std::string prompt = "[sudo] password: ";
};

/// The same with `sudo` before the command, which gets the password from us once it asks with the prompt. The names in
/// RunOptions::env are what sudo preserves. A failure of the kind `rejected` when it asks again.
[[nodiscard]] Result<RunOutcome> run_sudo(const RunOptions& options, const SudoOptions& sudo, const RunContext& context);

/// A command that runs beside us: hidden, without our input. The destructor ends one that was not joined. Not thread-safe.
class RunningCommand {
 public:
  RunningCommand(RunningCommand&&) noexcept;
  RunningCommand& operator=(RunningCommand&&) noexcept;
  ~RunningCommand();
  [[nodiscard]] pid_t pid() const noexcept;
  /// Waits for its end; how it went, as run_command_line() says it. To be called once.
  [[nodiscard]] Result<RunOutcome> join();

 private:
  friend Result<RunningCommand> start_command(const RunOptions& options, const RunContext& context);
  struct State;
  explicit RunningCommand(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Starts a command with a thread that follows it; what the context points to must live until it was joined.
[[nodiscard]] Result<RunningCommand> start_command(const RunOptions& options, const RunContext& context);

}  // namespace gitopsctl::invoke
