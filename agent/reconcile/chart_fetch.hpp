#pragma once

#include "agent/config/agent_config.hpp"
#include "agent/reconcile/release_charts.hpp"
#include "base/time/clock.hpp"
#include "channels/registry/access.hpp"

namespace gitopsctl::agent {

/// How the hosts of `charts` in the agent's file are reached, with credentials as their files have them at that moment. A
/// host that is not listed has what Docker's file says of it, or no credentials; with `onlyListedHosts` it is `forbidden`.
/// Thread-safe.
[[nodiscard]] channels::AccessSource chart_access(const ChartsConfig& config);

/// Fetches charts as the agent's file says, through its cache; see channels::ChartSource. `clock` must outlive it.
[[nodiscard]] ChartFetch make_chart_fetch(const ChartsConfig& config, Clock& clock);

}  // namespace gitopsctl::agent
