#include <algorithm>
#include <cmath>

#include "channels/git/mirror.hpp"

namespace gitopsctl::channels {

Millis PollSchedule::next(unsigned failures, double random, std::optional<Millis> retry_after) const {
  const double share = std::clamp(jitter, 0.0, 1.0);
  const double spread = 1.0 + share * (2.0 * std::clamp(random, 0.0, 1.0) - 1.0);
  const auto steady = static_cast<double>(std::max<std::int64_t>(interval.count(), 0));
  const double longest = std::max(static_cast<double>(max_backoff.count()), steady);
  const double backed_off = std::min(std::ldexp(steady, static_cast<int>(std::min(failures, 40U))), longest);
  const double wait = (failures == 0 ? steady : backed_off) * spread;
  auto out = Millis(static_cast<std::int64_t>(wait));
  // The server's word is a lower bound; jitter goes on top, so that not all come back at the same instant.
  if (retry_after && out < *retry_after) {
    out = *retry_after + Millis(static_cast<std::int64_t>(steady * share * std::clamp(random, 0.0, 1.0)));
  }
  return out;
}

}  // namespace gitopsctl::channels
