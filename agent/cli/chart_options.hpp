#pragma once

#include <string>

#include "agent/cli/helm_repositories.hpp"
#include "agent/cli/invocation.hpp"
#include "agent/config/agent_config.hpp"
#include "agent/reconcile/release_charts.hpp"
#include "channels/registry/chart_source.hpp"

namespace gitopsctl::agent::cli {

/// How verbs that render channels get charts from elsewhere: as the agent's file says, where there is one, and else with the
/// credentials of the user; always through the user's own cache.
[[nodiscard]] ChartAccess command_charts(const AgentConfig* config);

/// How `chart pull` and its kin, which take helm's flags, get charts: with `--username` and `--password` for the host of
/// `named` alone (empty: for none), and for the others with what the user's registry configuration has.
/// `repository`: what helm's list says of the repository that is named; flags win.
[[nodiscard]] Result<channels::ChartSource::Options> chart_options(const Invocation& invocation, const std::string& named,
                                                                   const NamedRepository* repository = nullptr);

/// The chart that a word of the command line, `--repo` and `--version` name: `oci://…`, an address of an archive, or a
/// name with `--repo`, or in helm's list (`repository`).
[[nodiscard]] Result<channels::RemoteChart> named_chart(const Invocation& invocation, const std::string& word,
                                                        const NamedRepository* repository = nullptr);

/// `Pulled: …` and `Digest: …`, a line each. `whole`: what helm adds about a tag in which `_` stands for `+`.
[[nodiscard]] std::string pulled_text(const channels::FetchedChart& chart, bool whole);

}  // namespace gitopsctl::agent::cli
