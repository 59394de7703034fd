#include "agent/cli/runs.hpp"
#include "agent/cli/switching.hpp"
#include "agent/cli/table.hpp"

namespace gitopsctl::agent::cli {

namespace {

/// The newest successful deployment that came out differently from what is deployed now.
std::string deployed_before(const Value& channel) {
  const std::string_view now = channel.string_at({"status", "renderDigest"});
  const Value* history = channel.find_path({"status", "history"});
  if (history == nullptr) return {};
  for (const auto& line : history->as_list()) {
    if (line.string_at({"outcome"}) == "succeeded" && line.string_at({"renderDigest"}) != now) {
      return std::string(line.string_at({"commit"}));
    }
  }
  return {};
}

}  // namespace

Result<int> run_rollback(const Invocation& invocation) {
  GITOPSCTL_TRY(const auto session, Session::open(invocation));
  GITOPSCTL_TRY(const auto channel, session->channel(std::string(invocation.argument(0))));
  GITOPSCTL_TRY(const auto view, read_channel(channel));
  const std::string held(view.channel.string_at({"status", "tipDigest"}));
  if (held.empty()) {
    return Error(ErrorCode::not_found, "nothing of channel '" + channel.key.channel + "' was rendered yet");
  }
  std::string revision = invocation.text("to");
  if (revision.empty()) {
    revision = deployed_before(view.channel);
    if (revision.empty()) {
      return Error(ErrorCode::not_found, "the history has no earlier deployment to go back to")
          .with_hint("name one with --to REVISION");
    }
  } else {
    GITOPSCTL_TRY(const auto mirror, session->mirror(channel));
    GITOPSCTL_TRY(revision, mirror->resolve(revision));
  }
  GITOPSCTL_CHECK(change_spec(channel, {}, [&](Value& spec) {
    spec.set("rollback", make_map({{"revision", Value::string(revision)},
                                   {"heldDigest", Value::string(held)},
                                   {"heldRevision", Value::string(view.channel.string_at({"status", "tip"}))},
                                   {"by", Value::string(current_user())},
                                   {"at", Value::string(format_time(system_clock().now()))}}));
  }));
  invocation.terminal().out(channel.key.channel + " goes back to " + short_id(revision) + "; digest " + short_id(held) +
                            " is held until the branch renders to something else\n");
  if (!invocation.is_set("wait")) return 0;
  GITOPSCTL_TRY(const auto token, request_sync(channel));
  GITOPSCTL_CHECK(
      wait_for_sync(invocation.terminal(), channel, token, invocation.duration("timeout").value_or(Millis(300'000))));
  return 0;
}

}  // namespace gitopsctl::agent::cli
