#include "agent/cli/runs.hpp"
#include "agent/cli/switching.hpp"

namespace gitopsctl::agent::cli {

Result<int> run_suspend(const Invocation& invocation) {
  GITOPSCTL_TRY(const auto session, Session::open(invocation));
  GITOPSCTL_TRY(const Target target, invocation.target());
  GITOPSCTL_TRY(const auto channel, session->channel(target.channel));
  GITOPSCTL_CHECK(change_spec(channel, target.release, [&](Value& spec) {
    spec.set("suspend", Value::boolean(true));
    spec.set("suspendedBy", Value::string(current_user()));
    spec.set("suspendReason", Value::string(invocation.text("reason")));
  }));
  const std::string name = target.release.empty() ? target.channel : target.channel + '/' + target.release;
  invocation.terminal().out(name + " is suspended; nothing of it is written until: gitopsctl resume " + name + '\n');
  return 0;
}

}  // namespace gitopsctl::agent::cli
