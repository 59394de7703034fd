// `gitopsctl render --revision`: the only part of the verb that needs a repository.
#include "agent/cli/chart_options.hpp"
#include "agent/cli/rendering.hpp"
#include "agent/cli/revisions.hpp"
#include "agent/cli/runs.hpp"
#include "agent/cli/session.hpp"
#include "agent/cli/working_tree.hpp"

namespace gitopsctl::agent::cli {

Result<int> run_render_revision(const Invocation& invocation) {
  if (!invocation.given("revision")) {
    if (!invocation.is_set("fetch") || invocation.given("chart") || invocation.arguments().empty()) {
      return run_render(invocation);
    }
    GITOPSCTL_TRY(const auto tree, open_working_tree());
    const auto session = Session::open_named(invocation);
    return print_rendering(invocation, tree, {}, command_charts(session.ok() ? &(*session)->config() : nullptr));
  }
  GITOPSCTL_TRY(const Target target, invocation.target());
  GITOPSCTL_TRY(const auto revisions, Revisions::open(invocation, target.channel));
  GITOPSCTL_TRY(const auto commit, revisions->resolve(invocation.text("revision")));
  GITOPSCTL_TRY(const auto tree, revisions->tree(commit));
  return print_rendering(invocation, tree, revisions->channel_file(), command_charts(revisions->config()));
}

}  // namespace gitopsctl::agent::cli
