#pragma once

#include <vector>

#include "agent/cli/check.hpp"
#include "agent/config/agent_config.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::agent::cli {

/// Looks at a cluster of the agent's file as the agent does: that it answers and to whom, its version, the difference
/// between the clocks, that it knows our kinds, and the rights that the bindings there need. Nothing is written. Ends early
/// where nothing further could be learnt.
void check_cluster(const AgentConfig& config, const EnvironmentConfig& environment, const Interrupt& interrupt,
                   std::vector<Check>& checks);

}  // namespace gitopsctl::agent::cli
