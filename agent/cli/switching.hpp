#pragma once

#include "agent/cli/session.hpp"
#include "agent/cli/watching.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::agent::cli {

/// Asks the running agent to look at the channel now; returns the token it will answer with.
[[nodiscard]] Result<std::string> request_sync(const BoundChannel& channel);
/// Waits until the agent has answered `token`: 0 when everything is where its branch says, 1 when something is not (which is
/// printed). `timeout` when no agent answers.
[[nodiscard]] Result<int> wait_for_sync(Terminal& terminal, const BoundChannel& channel, const std::string& token,
                                        Millis span);
/// Changes the spec of the channel's object, or of one release's.
Result<void> change_spec(const BoundChannel& channel, const std::string& release, const std::function<void(Value&)>& change);

}  // namespace gitopsctl::agent::cli
