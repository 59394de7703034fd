#pragma once

#include <cstddef>
#include <unordered_set>
#include <vector>

#include "base/value/value.hpp"

namespace gitopsctl::render::detail {

/// The maps and lists that functions changed in place. Only such a change can make a container reach itself, and reference
/// counts never free what does.
class MutatedContainers {
 public:
  void add(const Value& container);
  /// Cuts every cycle that can be reached from the noted containers and forgets them. The member that closes a cycle becomes
  /// null; everything else stays as it is.
  void release_cycles();

 private:
  /// Forgets what nobody else holds any more: that cannot be in a cycle.
  void sweep();

  std::vector<Value> noted_;
  std::unordered_set<const void*> known_;
  std::size_t sweep_at_ = 1024;
};

}  // namespace gitopsctl::render::detail
