#include <array>

#include "agent/cli/runs.hpp"
#include "agent/cli/verb.hpp"

namespace gitopsctl::agent::cli {

std::span<const RunEntry> local_runs() noexcept {
  static constexpr std::array entries{
      RunEntry{"completion", run_completion},
      RunEntry{"help", run_help},
      RunEntry{"version", run_version},
  };
  return entries;
}

}  // namespace gitopsctl::agent::cli
