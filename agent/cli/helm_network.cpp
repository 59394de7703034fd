// `gitopsctl helm template` with charts from repositories and registries.
#include <utility>

#include "agent/cli/chart_options.hpp"
#include "agent/cli/helm_template.hpp"
#include "agent/cli/runs.hpp"
#include "base/process/signals.hpp"
#include "base/text/escape.hpp"
#include "channels/registry/dependency_update.hpp"

namespace gitopsctl::agent::cli {

Result<int> run_helm_template_network(const Invocation& invocation) {
  Terminal& terminal = invocation.terminal();
  const Interrupt interrupt{stop_on_signals(), {}};
  // As helm says it, and where it says it, when that is asked for.
  const auto say_pulled = [&](const channels::FetchedChart& chart) {
    if (!invocation.is_set("helm-compat") || !chart.asked.in_registry()) return;
    // helm 4.2.1 to 4.2.4 write it in front of the documents.
    const auto profile = invocation.text("helm-profile");
    const bool to_output = profile == "helm-4.2" || (profile.starts_with("helm-4.2.") && profile != "helm-4.2.0");
    to_output ? terminal.out(pulled_text(chart, true)) : terminal.err(pulled_text(chart, true));
  };
  HelmTemplateNetwork network;
  network.fetch = [&](const std::string& word) -> Result<channels::FetchedChart> {
    GITOPSCTL_TRY(const auto chart, named_chart(invocation, word));
    GITOPSCTL_TRY(auto options, chart_options(invocation, chart.location));
    channels::ChartSource source(std::move(options), system_clock());
    GITOPSCTL_TRY(auto fetched, source.fetch(chart, interrupt));
    say_pulled(fetched);
    return fetched;
  };
  network.update_dependencies = [&](const std::string& directory) -> Result<void> {
    GITOPSCTL_TRY(auto options, chart_options(invocation, {}));
    channels::ChartSource source(std::move(options), system_clock());
    return channels::update_dependencies({.directory = directory,
                                          .source = source,
                                          .now = system_clock().now(),
                                          .interrupt = interrupt,
                                          .say = [&](const std::string& line) { terminal.out(terminal_safe(line) + '\n'); },
                                          .fetched = say_pulled});
  };
  return helm_template(invocation, network);
}

}  // namespace gitopsctl::agent::cli
