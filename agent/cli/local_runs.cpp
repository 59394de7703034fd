#include <array>

#include "agent/cli/runs.hpp"
#include "agent/cli/verb.hpp"

namespace gitopsctl::agent::cli {

std::span<const RunEntry> local_runs() noexcept {
  static constexpr std::array entries{
      RunEntry{"channel check", run_channel_check},
      RunEntry{"channel schema", run_channel_schema},
      RunEntry{"completion", run_completion},
      RunEntry{"helm template", run_helm_template},
      RunEntry{"help", run_help},
      RunEntry{"render", run_render},
      RunEntry{"schema", run_schema},
      RunEntry{"version", run_version},
  };
  return entries;
}

}  // namespace gitopsctl::agent::cli
