#pragma once

#include <string>

#include "channels/plan/change_set.hpp"

namespace gitopsctl::channels {

/// Digest of what a live plan does: the render and approval digests and every action with its redacted before and after.
/// `sha256:` and 64 digits.
[[nodiscard]] std::string make_plan_digest(const ChangeSet& changes);

}  // namespace gitopsctl::channels
