#include "agent/cli/chart_options.hpp"
#include "agent/cli/print_value.hpp"
#include "agent/cli/rendering.hpp"
#include "agent/cli/revisions.hpp"
#include "agent/cli/runs.hpp"
#include "agent/cli/table.hpp"
#include "agent/cli/watching.hpp"
#include "agent/reconcile/channel_runner.hpp"
#include "agent/reconcile/preview.hpp"
#include "base/crypto/digest.hpp"
#include "base/process/signals.hpp"
#include "base/text/escape.hpp"
#include "channels/report/report.hpp"

namespace gitopsctl::agent::cli {

namespace {

/// `--dry-run`: the plan, as a run would make it.
Result<int> show_plan(const Invocation& invocation, Revisions& revisions, const Target& target, const std::string& commit,
                      const std::string& key) {
  const BoundChannel& bound = *revisions.bound();
  GITOPSCTL_TRY(const auto tree, revisions.tree(commit));
  GITOPSCTL_TRY(const RenderedChannel to, render_channel(tree, target.channel, revisions.channel_file(), key,
                                                         revisions.identity_prefix(), command_charts(revisions.config()),
                                                         sources_in(*bound.environment, bound.binding->namespaces)));
  GITOPSCTL_TRY(const auto changes,
                preview_live(*bound.environment, bound.key, to.channel, to.states, commit, bound.binding->namespaces, key));
  if (invocation.output() == OutputFormat::table) {
    channels::TableOptions options;
    options.colour = invocation.terminal().colour_out();
    invocation.terminal().out(channels::report_table(changes, options));
  } else {
    GITOPSCTL_CHECK(print_value(invocation.terminal(), channels::report_value(changes), invocation.output()));
  }
  return changes.has_errors() ? 2 : 0;
}

Value as_data(const RunResult& result, const std::string& commit) {
  Value::List errors;
  for (const auto& error : result.errors) errors.push_back(Value::string(error.to_string()));
  const auto number = [](std::size_t value) { return Value::int64(static_cast<std::int64_t>(value)); };
  return make_map({{"commit", Value::string(commit)},
                   {"state", Value::string(run_state_name(result.state))},
                   {"message", Value::string(result.message)},
                   {"created", number(result.created)},
                   {"updated", number(result.updated)},
                   {"removed", number(result.removed)},
                   {"failedReleases", number(result.failed_releases)},
                   {"errors", Value::list(std::move(errors))}});
}

}  // namespace

Result<int> run_apply(const Invocation& invocation) {
  Terminal& terminal = invocation.terminal();
  GITOPSCTL_TRY(const Target target, invocation.target());
  if (!target.release.empty()) {
    return Error(ErrorCode::unsupported, "apply works on whole channels in this version")
        .with_hint("gitopsctl apply " + target.channel + ", or suspend the releases that are to stay as they are");
  }
  GITOPSCTL_TRY(const auto revisions, Revisions::open_with_key(invocation, target.channel));
  if (!revisions->bound()) {
    return Error(ErrorCode::invalid_input, "apply needs the agent's file, which says where the channel lands")
        .with_hint("name it with --config");
  }
  const BoundChannel& bound = *revisions->bound();
  std::string commit;
  if (invocation.given("revision")) {
    GITOPSCTL_TRY(commit, revisions->resolve(invocation.text("revision")));
  } else {
    GITOPSCTL_TRY(commit, revisions->tip());
  }
  const std::string& key = revisions->installation_key();
  if (invocation.is_set("dry-run")) return show_plan(invocation, *revisions, target, commit, key);

  GITOPSCTL_TRY(const auto tree, revisions->tree(commit));
  ChannelRunner::Setup setup;
  setup.key = bound.key;
  setup.environment_name = bound.binding->environment;
  setup.channel_file = bound.binding->channel_file;
  setup.namespaces = bound.binding->namespaces;
  setup.installation_key = key;
  const AgentConfig& config = revisions->session()->config();
  setup.render_rules = {config.render_limits, config.render_isolate};
  setup.charts = command_charts(revisions->config()).fetch;
  setup.holder = "apply by " + current_user() + ' ' + hex_encode(random_bytes(4));
  ChannelRunner runner(std::move(setup), *bound.environment, nullptr, system_clock(),
                       [&](const channels::CommitId& id) { return revisions->tree(id); });
  Deadline deadline;
  if (const auto span = invocation.duration("timeout")) deadline = Deadline(system_clock(), *span);
  const RunResult result = runner.run({commit, tree, "apply"}, {stop_on_signals(), deadline});
  if (invocation.output() != OutputFormat::table) {
    GITOPSCTL_CHECK(print_value(terminal, as_data(result, commit), invocation.output()));
  } else {
    terminal.out(target.channel + " at " + short_id(commit) + ": " + std::string(run_state_name(result.state)) + ": " +
                 terminal_safe(result.message) + '\n');
  }
  switch (result.state) {
    case RunState::up_to_date:
    case RunState::deployed: return 0;
    case RunState::held: return 1;
    case RunState::preempted: return 130;
    case RunState::failed: break;
  }
  GITOPSCTL_TRY(const auto view, read_channel(bound));
  for (const auto& obstacle : obstacles(view)) {
    const std::string name = obstacle.release.empty() ? obstacle.channel : obstacle.channel + '/' + obstacle.release;
    terminal.err(terminal_safe(name) + ": " + terminal_safe(obstacle.what) + '\n');
  }
  return 2;
}

}  // namespace gitopsctl::agent::cli
