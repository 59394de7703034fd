#pragma once

#include <cstddef>
#include <functional>

namespace gitopsctl::agent::detail {

/// Calls `work` with 0 … `count` - 1 on up to `limit` threads, in that order; hands out no more once one call returned
/// false. Returns when all have ended. `work` must not throw. All calls that run at the same time have no more than `limit`
/// threads together, but their own ones: many releases that are written at once gain nothing by more. Only for this room.
void in_parallel(std::size_t count, std::size_t limit, const std::function<bool(std::size_t)>& work);

}  // namespace gitopsctl::agent::detail
