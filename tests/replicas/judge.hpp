#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/replicas/history.hpp"

namespace gitopsctl::replicas {

/// What a history says.
struct Judgement {
  std::vector<std::string> problems;
  std::size_t versions = 0;  ///< of inventories
  std::size_t runs = 0;      ///< that wrote any of them
  std::size_t holders = 0;   ///< of the channel's lease, one after the other
  std::size_t leaders = 0;
  /// Versions that were written with the fence of an earlier holder when the lease was somebody else's already: requests
  /// that were under way. No later version may build on anything but them.
  std::size_t late = 0;
};

/// Never two writers: the fence that inventories say never falls from version to version, each fence is one run of one
/// holder, and no lease has two holders in one term.
[[nodiscard]] Judgement judge(const History& history, const std::string& installation, const std::string& channel_lease,
                              const std::string& leader_lease);

}  // namespace gitopsctl::replicas
