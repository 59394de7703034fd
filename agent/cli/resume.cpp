#include "agent/cli/runs.hpp"
#include "agent/cli/switching.hpp"

namespace gitopsctl::agent::cli {

Result<int> run_resume(const Invocation& invocation) {
  GITOPSCTL_TRY(const auto session, Session::open(invocation));
  GITOPSCTL_TRY(const Target target, invocation.target());
  GITOPSCTL_TRY(const auto channel, session->channel(target.channel));
  bool was_suspended = false, was_rolled_back = false;
  GITOPSCTL_CHECK(change_spec(channel, target.release, [&](Value& spec) {
    was_suspended = spec.erase("suspend");
    spec.erase("suspendedBy");
    spec.erase("suspendReason");
    // Going on also ends a rollback: the branch decides again.
    was_rolled_back = spec.erase("rollback");
  }));
  const std::string name = target.release.empty() ? target.channel : target.channel + '/' + target.release;
  std::string said = name + " goes on\n";
  if (!was_suspended && !was_rolled_back) said = name + " was neither suspended nor rolled back\n";
  if (was_rolled_back) said = name + " goes on from its branch; the rollback is over\n";
  invocation.terminal().out(said);
  return 0;
}

}  // namespace gitopsctl::agent::cli
