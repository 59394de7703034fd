#include "agent/server/agent_metrics.hpp"

#include "version_data.hpp"

namespace gitopsctl::agent {
namespace {

/// A counter's value is known as a whole here; the difference is added, so that it stays a counter.
void count_up_to(metrics::Registry& registry, std::string_view name, std::string_view help, std::uint64_t total,
                 const metrics::Labels& labels = {}) {
  const auto counter = registry.counter(name, help, labels);
  counter->add(static_cast<double>(total) - counter->value());
}

void update_channel(metrics::Registry& registry, const AgentFigures::Channel& channel) {
  const metrics::Labels labels{{"repository", channel.repository}, {"channel", channel.channel}};
  count_up_to(registry, "gitopsctl_reconcile_total", "Runs of the channel.", channel.runs, labels);
  count_up_to(registry, "gitopsctl_reconcile_errors_total", "Runs of the channel that failed.", channel.failures, labels);
  count_up_to(registry, "gitopsctl_renders_total", "Releases of the channel that were rendered.", channel.renders, labels);
  for (const auto& [action, count] :
       {std::pair{"create", channel.created}, {"update", channel.updated}, {"remove", channel.removed}}) {
    metrics::Labels with_action = labels;
    with_action.emplace_back("action", action);
    count_up_to(registry, "gitopsctl_object_changes_total", "Objects of the channel that were written or deleted.", count,
                with_action);
  }
  registry.gauge("gitopsctl_channel_ready", "1 when the channel is at its branch's commit and healthy.", labels)
      ->set(channel.ready ? 1 : 0);
  registry.gauge("gitopsctl_reconcile_last_duration_seconds", "How long the last run of the channel took.", labels)
      ->set(static_cast<double>(channel.last_run_ms) / 1000);
  registry
      .gauge("gitopsctl_reconcile_last_success_timestamp_seconds",
             "When a run of the channel last succeeded, in seconds since 1970; 0: never.", labels)
      ->set(static_cast<double>(channel.last_success));
}

}  // namespace

void update_agent_metrics(metrics::Registry& registry, const AgentFigures& figures) {
  registry
      .gauge("gitopsctl_build_info", "Always 1; the labels say what runs.",
             {{"version", GITOPSCTL_VERSION}, {"commit", GITOPSCTL_COMMIT}})
      ->set(1);
  count_up_to(registry, "gitopsctl_polls_total", "Looks at repositories.", figures.polls);
  count_up_to(registry, "gitopsctl_poll_errors_total", "Looks at repositories that failed.", figures.poll_failures);
  count_up_to(registry, "gitopsctl_fetches_total", "Looks that fetched something.", figures.fetches);
  count_up_to(registry, "gitopsctl_candidates_total", "Candidates that were pushed.", figures.candidates);
  count_up_to(registry, "gitopsctl_git_requests_total", "Requests to Git servers.", figures.git_requests);
  count_up_to(registry, "gitopsctl_git_bytes_total", "Bytes received from Git servers.", figures.git_bytes);
  if (figures.leads) {
    registry.gauge("gitopsctl_leader", "1 when this one of the installation's agents works, 0 when it waits for its turn.")
        ->set(*figures.leads ? 1 : 0);
  }
  for (const auto& channel : figures.channels) update_channel(registry, channel);
  metrics::update_process_metrics(registry);
}

}  // namespace gitopsctl::agent
