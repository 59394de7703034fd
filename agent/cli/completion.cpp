#include "agent/cli/completion.hpp"

#include "agent/cli/runs.hpp"

namespace gitopsctl::agent::cli {

Result<int> run_completion(const Invocation& invocation) {
  const std::string_view shell = invocation.argument(0);
  Terminal& terminal = invocation.terminal();
  if (shell == "bash") terminal.out(bash_completion());
  if (shell == "zsh") terminal.out(zsh_completion());
  if (shell == "fish") terminal.out(fish_completion());
  return 0;
}

}  // namespace gitopsctl::agent::cli
