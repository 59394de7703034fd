#include "invoke-compat/runner/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/result/no_throw.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::invoke {
namespace {

Result<RunOutcome> run_one(const ParallelCommand& command, const RunContext& context) {
  if (const auto go_on = context.interrupt.check("command " + command.label); !go_on.ok()) return go_on.error();
  const std::string prefix = "[" + terminal_safe(command.label) + "] ";
  PrefixSink out(*context.out, prefix);
  PrefixSink err(*context.err, prefix);
  RunContext own = context;
  own.out = &out;
  own.err = &err;
  RunOptions options = command.options;
  if (options.input == InputChoice::inherit) options.input = InputChoice::none;
  return command.sudo ? run_sudo(options, *command.sudo, own) : run_command_line(options, own);
}

}  // namespace

Result<ParallelOutcome> run_parallel(const std::vector<ParallelCommand>& commands, std::size_t at_once,
                                     const RunContext& context) {
  return no_throw("running commands at once", [&]() -> Result<ParallelOutcome> {
    ParallelOutcome outcome;
    outcome.outcomes.assign(commands.size(), Error(ErrorCode::cancelled, "the command was not started"));
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
      for (std::size_t i = next++; i < commands.size(); i = next++) {
        outcome.outcomes[i] = no_throw("running a command", [&] { return run_one(commands[i], context); });
      }
    };
    {
      std::vector<std::jthread> threads;
      const std::size_t count = std::min(std::max<std::size_t>(at_once, 1), commands.size());
      // This thread is one of them. Fewer than wanted will do, too.
      while (threads.size() + 1 < count) threads.emplace_back(work);
      work();
    }
    for (std::size_t i = 0; i < commands.size() && !outcome.first_failed; ++i) {
      if (!outcome.outcomes[i].ok() || outcome.outcomes[i]->failure) outcome.first_failed = i;
    }
    return outcome;
  });
}

}  // namespace gitopsctl::invoke
