#include "agent/cli/uninstall_channel.hpp"

#include "agent/cli/session.hpp"
#include "agent/reconcile/take_down.hpp"
#include "base/crypto/digest.hpp"
#include "base/process/signals.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::agent::cli {

namespace {

// A run that is under way ends between two writes; one that was killed keeps its lease for half a minute.
constexpr Millis patience{60'000};

std::string line_of(const TakenObject& object, std::string_view gone) {
  return terminal_safe(object.release + ": " + object.id.to_string()) + ' ' +
         (object.stays ? "stays: " + terminal_safe(object.reason) : std::string(gone)) + '\n';
}

}  // namespace

Result<int> uninstall_channel(const Invocation& invocation) {
  Terminal& terminal = invocation.terminal();
  const std::stop_token stop = stop_on_signals();
  GITOPSCTL_TRY(const auto session, Session::open(invocation));
  GITOPSCTL_TRY(const Target target, invocation.target());
  if (!target.release.empty()) {
    return Error(ErrorCode::unsupported, "only whole channels are taken down")
        .with_hint("take the release out of the channel's file");
  }
  GITOPSCTL_TRY(const auto channel, session->channel(target.channel));
  GITOPSCTL_TRY(const std::string key, session->installation_key(channel));
  const TakeDownRequest request{channel.key, key, "uninstall by " + current_user() + ' ' + hex_encode(random_bytes(4)),
                                current_user()};
  if (invocation.text("confirm") != target.channel) {
    GITOPSCTL_TRY(const auto objects, plan_take_down(*channel.environment, request));
    for (const auto& object : objects) terminal.out(line_of(object, "would be removed"));
    return Error(ErrorCode::invalid_input, "channel '" + target.channel + "' would be taken down with all that it owns")
        .with_hint("say so with --confirm " + target.channel);
  }
  const Interrupt interrupt{stop, Deadline(system_clock(), patience)};
  bool stays = false;
  GITOPSCTL_CHECK(take_down(*channel.environment, request, system_clock(), interrupt, [&](const TakenObject& object) {
    stays = stays || object.stays;
    terminal.out(line_of(object, "removed"));
  }));
  terminal.out(target.channel + " is taken down, and suspended so that it stays down; gitopsctl resume " + target.channel +
               " deploys it again\n");
  return stays ? 1 : 0;
}

}  // namespace gitopsctl::agent::cli
