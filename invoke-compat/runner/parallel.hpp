#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "invoke-compat/runner/run.hpp"

namespace gitopsctl::invoke {

/// One of several commands at once.
struct ParallelCommand {
  std::string label;  ///< before each of its lines, as `[label] `; control characters are shown as `\xNN`
  RunOptions options;
  std::optional<SudoOptions> sudo;
};

struct ParallelOutcome {
  /// In the order of the commands; an error is one that could not be started.
  std::vector<Result<RunOutcome>> outcomes;
  /// The first command of the list that failed or could not be started.
  std::optional<std::size_t> first_failed;
};

/// Runs commands at once, `at_once` (at least 1) of them, and waits for all, whatever becomes of one: only the context's
/// stop keeps the later ones from being started. None gets our input, and none can be asynchronous. Blocks; thread-safe.
[[nodiscard]] Result<ParallelOutcome> run_parallel(const std::vector<ParallelCommand>& commands, std::size_t at_once,
                                                   const RunContext& context);

}  // namespace gitopsctl::invoke
