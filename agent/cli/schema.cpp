#include "agent/cli/runs.hpp"
#include "agent/config/agent_config.hpp"
#include "channels/model/channel.hpp"

namespace gitopsctl::agent::cli {

Result<int> run_schema(const Invocation& invocation) {
  invocation.terminal().out(invocation.argument(0) == "agent" ? agent_config_schema() : channels::channel_schema());
  return 0;
}

Result<int> run_channel_schema(const Invocation& invocation) {
  invocation.terminal().out(channels::channel_schema());
  return 0;
}

}  // namespace gitopsctl::agent::cli
