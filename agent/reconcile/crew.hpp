#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "base/result/result.hpp"

namespace gitopsctl::agent {

/// Does tasks on up to `hands` threads, this one among them. A task begins when all that it `needs` (indices of earlier
/// tasks) have ended, otherwise in their order; with one hand exactly in their order. When one returns false no further one
/// begins. Returns when all that began have ended; what a task did is seen by those that need it and by the caller. `work`
/// must not throw.
void do_in_order(const std::vector<std::vector<std::size_t>>& needs, std::size_t hands,
                 const std::function<bool(std::size_t)>& work);

/// Does `tasks` at the same time; with one hand one after the other, and none after one that failed. Returns when all that
/// began have ended, with the error of the first in their order that failed. What one throws is its error.
Result<void> do_at_once(std::size_t hands, const std::vector<std::function<Result<void>()>>& tasks);

}  // namespace gitopsctl::agent
