#include <optional>

#include "agent/cli/chart_options.hpp"
#include "agent/cli/print_value.hpp"
#include "agent/cli/rendering.hpp"
#include "agent/cli/revisions.hpp"
#include "agent/cli/runs.hpp"
#include "agent/cli/watching.hpp"
#include "agent/reconcile/preview.hpp"
#include "channels/report/report.hpp"

namespace gitopsctl::agent::cli {

namespace {

struct Sides {
  std::string from;
  std::string to;
  bool live = false;
};

/// Which two things are compared, from the flags and what is known of the channel.
Result<Sides> choose_sides(const Invocation& invocation, Revisions& revisions) {
  if (invocation.is_set("live") && (invocation.is_set("rendered") || invocation.given("from"))) {
    return Error(ErrorCode::invalid_input,
                 "--live compares the environment: it goes neither with --rendered nor with --from");
  }
  Sides sides;
  if (invocation.given("to")) {
    GITOPSCTL_TRY(sides.to, revisions.resolve(invocation.text("to")));
  } else {
    GITOPSCTL_TRY(sides.to, revisions.tip());
  }
  const bool rendered = invocation.is_set("rendered") || invocation.given("from") || invocation.given("to");
  sides.live = invocation.is_set("live") || (!rendered && revisions.bound().has_value());
  if (sides.live) {
    if (!revisions.bound()) {
      return Error(ErrorCode::invalid_input, "--live needs the agent's file, which says where the channel lands")
          .with_hint("name it with --config, or compare two revisions with --from and --to");
    }
    return sides;
  }
  if (invocation.given("from")) {
    GITOPSCTL_TRY(sides.from, revisions.resolve(invocation.text("from")));
    return sides;
  }
  if (revisions.bound()) {
    GITOPSCTL_TRY(const auto view, read_channel(*revisions.bound()));
    sides.from = view.channel.string_at({"status", "revision"});
  }
  if (sides.from.empty()) {
    // A channel that was never deployed and has no branch yet is compared with nothing.
    const auto tip = revisions.tip();
    if (tip.ok()) sides.from = *tip;
    if (!tip.ok() && tip.error().code() != ErrorCode::not_found) return tip.error();
  }
  return sides;
}

void keep_only(channels::ChangeSet& changes, const std::string& release) {
  if (release.empty()) return;
  std::erase_if(changes.releases, [&](const channels::ReleaseChanges& one) { return one.release != release; });
  changes.policy_changes.clear();  // of the channel, not of the release
}

Result<void> print_changes(const Invocation& invocation, const channels::ChangeSet& changes) {
  Terminal& terminal = invocation.terminal();
  switch (invocation.output()) {
    case OutputFormat::json:
    case OutputFormat::yaml: return print_value(terminal, channels::report_value(changes), invocation.output());
    case OutputFormat::markdown: terminal.out(channels::report_markdown(changes, {})); return {};
    default: break;
  }
  channels::TableOptions options;
  options.colour = terminal.colour_out();
  options.context = static_cast<std::size_t>(invocation.integer("unified", 3));
  terminal.out(channels::report_table(changes, options));
  return {};
}

}  // namespace

Result<int> run_diff(const Invocation& invocation) {
  GITOPSCTL_TRY(const Target target, invocation.target());
  GITOPSCTL_TRY(const auto revisions, Revisions::open_with_key(invocation, target.channel));
  GITOPSCTL_TRY(const Sides sides, choose_sides(invocation, *revisions));
  const std::string& key = revisions->installation_key();
  const ChartAccess charts = command_charts(revisions->config());
  SourceAccess sources;
  if (const auto& bound = revisions->bound()) sources = sources_in(*bound->environment, bound->binding->namespaces);
  const auto render_side = [&](const std::string& commit) -> Result<RenderedChannel> {
    GITOPSCTL_TRY(const auto tree, revisions->tree(commit));
    return render_channel(tree, target.channel, revisions->channel_file(), key, revisions->identity_prefix(), charts,
                          sources);
  };
  GITOPSCTL_TRY(const RenderedChannel to, render_side(sides.to));
  GITOPSCTL_CHECK(require_release(to.channel, target.release));
  channels::ChangeSet changes;
  if (sides.live) {
    const BoundChannel& bound = *revisions->bound();
    GITOPSCTL_TRY(changes, preview_live(
                               *bound.environment, bound.key, to.channel, to.states, sides.to, bound.binding->namespaces,
                               key, [&](const channels::CommitId& commit) { return revisions->tree(commit); },
                               revisions->channel_file(), charts.fetch));
  } else {
    // A side that cannot be read is not an empty side: its error ends the comparison.
    std::vector<channels::RenderedRelease> before;
    std::optional<channels::Channel> old;
    if (!sides.from.empty()) {
      GITOPSCTL_TRY(const RenderedChannel from, render_side(sides.from));
      before = from.releases();
      old = from.channel;
    }
    changes = channels::diff_rendered(target.channel, sides.from.empty() ? "nothing" : sides.from, before, sides.to,
                                      to.releases());
    channels::set_policy(changes, old ? &old->policy : nullptr, to.channel.policy, to.channel);
    for (const auto& release : to.channel.releases) {
      const auto* former = old ? old->find(release.name) : nullptr;
      if (former == nullptr) continue;
      auto moves = channels::compare_removal(release.name, channels::removal_settings(*old, *former),
                                             channels::removal_settings(to.channel, release));
      changes.policy_changes.insert(changes.policy_changes.end(), moves.begin(), moves.end());
    }
  }
  keep_only(changes, target.release);
  GITOPSCTL_CHECK(print_changes(invocation, changes));
  const bool detailed = invocation.is_set("detailed-exitcode");
  if (changes.has_errors()) return detailed ? 1 : 2;
  if (!changes.counts().any_change() && changes.policy_changes.empty()) return 0;
  return detailed ? 2 : 1;
}

}  // namespace gitopsctl::agent::cli
