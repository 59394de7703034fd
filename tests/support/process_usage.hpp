#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace gitopsctl::support {

/// What a process has used so far, its threads together.
struct ProcessUsage {
  double processor_s = 0;  ///< user and system
  double resident_mb = 0;
  double own_mb = 0;  ///< of these, what no file stands behind
};

/// Of a process that runs, from /proc. All zero when there is no such process.
[[nodiscard]] ProcessUsage usage_of(pid_t pid);
/// The process that this one (or `parent`) started whose program has this name; 0 when there is none.
[[nodiscard]] pid_t child_named(const std::string& program, pid_t parent);

/// A process from its start to its end.
struct MeasuredRun {
  double wall_s = 0;
  double processor_s = 0;  ///< of it and of the processes that it waited for
  double peak_mb = 0;      ///< most that it, or one of them, ever held resident
  int exit_code = -1;      ///< 128 + signal when one ended it
  std::string output;      ///< standard output and standard error as they came
};

/// Runs a program (a path, or a name of PATH) with our environment changed by `environment`. Throws std::runtime_error when
/// it cannot be started.
[[nodiscard]] MeasuredRun run_measured(const std::vector<std::string>& command,
                                       const std::vector<std::pair<std::string, std::string>>& environment = {});

/// The middle one; of an even number the mean of the middle two. 0 of none.
[[nodiscard]] double median(std::vector<double> values);

}  // namespace gitopsctl::support
