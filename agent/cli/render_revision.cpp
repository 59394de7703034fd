// `gitopsctl render --revision`: the only part of the verb that needs a repository.
#include "agent/cli/rendering.hpp"
#include "agent/cli/revisions.hpp"
#include "agent/cli/runs.hpp"

namespace gitopsctl::agent::cli {

Result<int> run_render_revision(const Invocation& invocation) {
  if (!invocation.given("revision")) return run_render(invocation);
  GITOPSCTL_TRY(const Target target, invocation.target());
  GITOPSCTL_TRY(const auto revisions, Revisions::open(invocation, target.channel));
  GITOPSCTL_TRY(const auto commit, revisions->resolve(invocation.text("revision")));
  GITOPSCTL_TRY(const auto tree, revisions->tree(commit));
  return print_rendering(invocation, tree, revisions->channel_file());
}

}  // namespace gitopsctl::agent::cli
