#pragma once

#include "agent/cli/invocation.hpp"
#include "base/result/result.hpp"

namespace gitopsctl::agent::cli {

/// `gitopsctl uninstall CHANNEL --confirm CHANNEL`: without the confirmation it only says what would go.
[[nodiscard]] Result<int> uninstall_channel(const Invocation& invocation);

}  // namespace gitopsctl::agent::cli
