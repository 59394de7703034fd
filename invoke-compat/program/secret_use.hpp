#pragma once

#include <vector>

#include "base/result/result.hpp"
#include "invoke-compat/collection/collection.hpp"
#include "invoke-compat/execution/plan.hpp"

namespace gitopsctl::invoke {

/// The tasks of native files that `plan` can make run and that may ask for a secret: those of the plan, what they call, and
/// what those want before and after. A task may ask that calls `secret` anywhere, or uses a native task. Each once, in the
/// order in which they are reached. Pure; what is returned points into `root`.
[[nodiscard]] std::vector<FoundTask> tasks_with_secrets(const Collection& root, const std::vector<PlannedCall>& plan);

}  // namespace gitopsctl::invoke
