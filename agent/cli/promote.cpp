#include "agent/cli/revisions.hpp"
#include "agent/cli/runs.hpp"
#include "agent/cli/table.hpp"
#include "channels/candidate/candidate.hpp"

namespace gitopsctl::agent::cli {

Result<int> run_promote(const Invocation& invocation) {
  if (!invocation.given("candidate")) {
    return Error(ErrorCode::invalid_input, "which candidate?").with_hint("for example --candidate candidates/main");
  }
  GITOPSCTL_TRY(const auto session, Session::open(invocation));
  GITOPSCTL_TRY(const auto channel, session->channel(std::string(invocation.argument(0))));
  GITOPSCTL_TRY(const auto mirror, session->mirror(channel));
  const std::string name = invocation.text("candidate");
  GITOPSCTL_TRY(const auto candidate, mirror->resolve(name));
  // What would not deploy is better refused before the branch moves.
  GITOPSCTL_TRY(const auto tree, mirror->tree(candidate));
  GITOPSCTL_CHECK(channels::load_channel(*tree, channel.key.channel, channel.binding->channel_file));
  GITOPSCTL_TRY(const auto commit,
                channels::promote_candidate(*mirror, candidate, channel.key.channel,
                                            "Promote " + name + " to " + channel.key.channel, system_clock().now(), {}));
  invocation.terminal().out("releases/" + channel.key.channel + " is " + short_id(commit) + ", with the tree of " + name +
                            '\n');
  return 0;
}

}  // namespace gitopsctl::agent::cli
