#include <array>

#include "agent/cli/runs.hpp"
#include "agent/cli/verb.hpp"

namespace gitopsctl::agent::cli {

std::span<const RunEntry> local_runs() noexcept {
  static constexpr std::array entries{
      RunEntry{"channel check", run_channel_check},
      RunEntry{"channel schema", run_channel_schema},
      RunEntry{"completion", run_completion},
      RunEntry{"helm get-values", run_helm_get_values},
      RunEntry{"helm lint", run_helm_lint},
      RunEntry{"helm show", run_helm_show},
      RunEntry{"helm template", run_helm_template},
      RunEntry{"help", run_help},
      RunEntry{"render", run_render},
      RunEntry{"schema", run_schema},
      RunEntry{"task", run_task},
      RunEntry{"tasks check", run_tasks_check},
      RunEntry{"version", run_version},
  };
  return entries;
}

}  // namespace gitopsctl::agent::cli
