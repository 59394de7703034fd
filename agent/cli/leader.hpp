#pragma once

#include <string>
#include <vector>

#include "agent/cli/session.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::agent::cli {

/// Which of an installation's agents works (docs/decisions/0016).
struct LeaderView {
  std::string environment;
  std::string holder;  ///< empty: the last one ended in peace, and nobody took over yet
  TimePoint renewed{};
  Millis span{0};

  /// One line for people.
  [[nodiscard]] std::string text(TimePoint now) const;
  [[nodiscard]] Value data() const;
};

/// The leaders of the clusters that `channels` land in. Where nobody ever led, and where the lease may not be read, there is
/// none.
[[nodiscard]] std::vector<LeaderView> find_leaders(const std::vector<BoundChannel>& channels);

}  // namespace gitopsctl::agent::cli
