#pragma once

#include <string>
#include <vector>

namespace gitopsctl::tests {

/// How the program took a hostile chart.
struct HostileRun {
  int exit_code = -1;
  int signal = 0;          ///< that ended it; 0: none
  double peak_mb = 0;      ///< resident at most (ru_maxrss), of it and of the processes that it waited for
  double processor_s = 0;  ///< user and system
  double wall_s = 0;
  std::size_t out_bytes = 0;
  std::string err;
};

/// Runs `gitopsctl ARGUMENTS…` in `directory` and measures it. It is killed after two minutes.
[[nodiscard]] HostileRun run_hostile(const std::vector<std::string>& arguments, const std::string& directory);

}  // namespace gitopsctl::tests
