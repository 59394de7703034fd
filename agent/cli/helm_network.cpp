// The verbs of helm's names with charts from repositories and registries.
#include <utility>

#include "agent/cli/chart_options.hpp"
#include "agent/cli/helm_show.hpp"
#include "agent/cli/helm_template.hpp"
#include "agent/cli/runs.hpp"
#include "base/process/signals.hpp"
#include "base/text/escape.hpp"
#include "channels/registry/dependency_update.hpp"

namespace gitopsctl::agent::cli {

namespace {

/// What the invocation's flags give access to; both must outlive it.
HelmNetwork network_of(const Invocation& invocation, const Interrupt& interrupt) {
  // As helm says it, and where it says it, when that is asked for.
  const auto say_pulled = [&invocation](const channels::FetchedChart& chart) {
    Terminal& terminal = invocation.terminal();
    const bool as_helm = invocation.given("helm-compat") && invocation.is_set("helm-compat");
    if (!as_helm || !chart.asked.in_registry()) return;
    // helm 4.2.1 to 4.2.4 write it in front of the documents.
    const auto profile = invocation.text("helm-profile");
    const bool to_output = profile == "helm-4.2" || (profile.starts_with("helm-4.2.") && profile != "helm-4.2.0");
    to_output ? terminal.out(pulled_text(chart, true)) : terminal.err(pulled_text(chart, true));
  };
  HelmNetwork network;
  network.fetch = [&invocation, &interrupt, say_pulled](const std::string& word) -> Result<channels::FetchedChart> {
    GITOPSCTL_TRY(const auto repository, named_repository(invocation, word));
    const NamedRepository* listed = repository ? &*repository : nullptr;
    GITOPSCTL_TRY(const auto chart, named_chart(invocation, word, listed));
    GITOPSCTL_TRY(auto options, chart_options(invocation, chart.location, listed));
    channels::ChartSource source(std::move(options), system_clock());
    GITOPSCTL_TRY(auto fetched, source.fetch(chart, interrupt));
    say_pulled(fetched);
    return fetched;
  };
  network.update_dependencies = [&invocation, &interrupt, say_pulled](const std::string& directory) -> Result<void> {
    GITOPSCTL_TRY(auto options, chart_options(invocation, {}));
    channels::ChartSource source(std::move(options), system_clock());
    Terminal& terminal = invocation.terminal();
    return channels::update_dependencies({.directory = directory,
                                          .source = source,
                                          .now = system_clock().now(),
                                          .interrupt = interrupt,
                                          .say = [&](const std::string& line) { terminal.out(terminal_safe(line) + '\n'); },
                                          .fetched = say_pulled});
  };
  return network;
}

}  // namespace

Result<int> run_helm_template_network(const Invocation& invocation) {
  const Interrupt interrupt{stop_on_signals(), {}};
  return helm_template(invocation, network_of(invocation, interrupt));
}

Result<int> run_helm_show_network(const Invocation& invocation) {
  const Interrupt interrupt{stop_on_signals(), {}};
  return helm_show(invocation, network_of(invocation, interrupt));
}

Result<int> run_helm_get_values_network(const Invocation& invocation) {
  const Interrupt interrupt{stop_on_signals(), {}};
  return helm_get_values(invocation, network_of(invocation, interrupt));
}

}  // namespace gitopsctl::agent::cli
