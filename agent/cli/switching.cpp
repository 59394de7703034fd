#include "agent/cli/switching.hpp"

#include "base/process/signals.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::agent::cli {

Result<void> change_spec(const BoundChannel& channel, const std::string& release,
                         const std::function<void(Value&)>& change) {
  const auto change_it = [&](Value& body) { change(body.child_map("spec")); };
  if (release.empty()) {
    GITOPSCTL_CHECK(update_channel(*channel.environment, channel.key, change_it));
    return {};
  }
  GITOPSCTL_TRY(const auto view, read_channel(channel, release));
  const Value& there = view.releases.front();
  const render::ObjectId id{std::string(channels::api_group), "Release",
                            std::string(there.string_at({"metadata", "namespace"})),
                            std::string(there.string_at({"metadata", "name"}))};
  GITOPSCTL_CHECK(update_object(*channel.environment, id, [&](Value& body) {
    describe_owner(body, channel.key, release);
    change_it(body);
  }));
  return {};
}

Result<std::string> request_sync(const BoundChannel& channel) {
  const std::string token = request_token();
  GITOPSCTL_CHECK(update_channel(*channel.environment, channel.key, [&](Value& body) {
    body.child_map("metadata").child_map("annotations").set("gitopsctl.dev/requestedAt", Value::string(token));
  }));
  return token;
}

Result<int> wait_for_sync(Terminal& terminal, const BoundChannel& channel, const std::string& token, Millis span) {
  const std::stop_token stop = stop_on_signals();
  const Interrupt interrupt{stop, Deadline(system_clock(), span)};
  for (;;) {
    GITOPSCTL_TRY(const auto view, read_channel(channel));
    if (view.channel.string_at({"status", "lastHandledRequestedAt"}) == token) {
      const auto all = obstacles(view);
      for (const auto& obstacle : all) {
        const std::string name = obstacle.release.empty() ? obstacle.channel : obstacle.channel + '/' + obstacle.release;
        terminal.err(terminal_safe(name) + ": " + terminal_safe(obstacle.what) + '\n');
        if (!obstacle.command.empty()) terminal.err("    → " + terminal_safe(obstacle.command) + '\n');
      }
      return all.empty() ? 0 : 1;
    }
    if (const auto go_on = interrupt.check("waiting for the agent"); !go_on.ok()) {
      return go_on.error().with_hint("is an agent running for channel '" + channel.key.channel + "'?");
    }
    system_clock().sleep(Millis(50), stop);
  }
}

}  // namespace gitopsctl::agent::cli
