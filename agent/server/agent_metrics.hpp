#pragma once

#include "agent/reconcile/agent.hpp"
#include "base/metrics/metrics.hpp"

namespace gitopsctl::agent {

/// Brings the agent's figures into `registry` under the names of docs/metrics.md, together with the version and the
/// process's own figures. Called before each exposition, by one thread at a time.
void update_agent_metrics(metrics::Registry& registry, const AgentFigures& figures);

}  // namespace gitopsctl::agent
