#pragma once

#include <cstddef>
#include <functional>

namespace gitopsctl::agent::detail {

/// Calls `work` with 0 … `count` - 1 on up to `limit` threads, in that order; hands out no more once one call returned
/// false. Returns when all have ended. `work` must not throw. Only for this room.
void in_parallel(std::size_t count, std::size_t limit, const std::function<bool(std::size_t)>& work);

}  // namespace gitopsctl::agent::detail
