#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "agent/environment/environment.hpp"
#include "agent/kube/client.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::agent::detail {

/// The leases that this process holds, and those that it saw others hold. Only for this room. Thread-safe.
///
/// A Lease is written with the resourceVersion that was read, so of two who want it one gets it. Nobody's wall clock
/// decides: a lease of somebody else has ended when we saw it unchanged for its whole span, measured by our monotonic clock;
/// ours has ended, for us, when its span passed since we sent the last renewal that was answered.
class LeaseBook {
 public:
  LeaseBook(const KubeClient& client, Clock& clock, std::string field_manager)
      : client_(client), clock_(clock), field_manager_(std::move(field_manager)) {}

  Result<Lease> acquire(const std::string& name, const std::string& holder, Millis span);
  Result<void> release(const Lease& lease);
  /// True while something may be written under a lease.
  [[nodiscard]] bool holds_any() const {
    const std::lock_guard lock(mutex_);
    return !held_.empty();
  }
  /// Remembers since when leases of others are as they are.
  void note(const std::vector<std::string>& names);
  /// `conflict` unless the lease is ours with this fence, as far as that is known without asking. A fence of 0 is none.
  Result<void> check(const std::string& name, std::int64_t fence);
  /// The same, and the server says so too.
  Result<void> confirm(const std::string& name, std::int64_t fence);

 private:
  struct Held {
    std::string holder;
    std::int64_t fence = 0;
    Millis until{0};  ///< monotonic
    Value body;       ///< as the server answered it
  };
  struct Foreign {
    std::string resource_version;
    std::int64_t fence = 0;
    Millis since{0};  ///< when this version was seen first
  };
  [[nodiscard]] Value body_of(const std::string& name, const std::string& holder, std::int64_t transitions, Millis span,
                              const Value& before) const;
  /// An error while somebody else holds what `live` is.
  Result<void> wait_for_end(const std::string& name, const Value& live, const std::string& holder);
  /// How long a lease of somebody else was seen as it is. With the lock held.
  Millis unchanged(const std::string& name, const Value& live);
  /// The fence of somebody else that was seen last.
  std::int64_t last_seen(const std::string& name);
  Result<Lease> remember(const std::string& name, const std::string& holder, std::int64_t fence, Millis until, Value body);
  void forget(const std::string& name);

  const KubeClient& client_;
  Clock& clock_;
  std::string field_manager_;
  mutable std::mutex mutex_;
  std::map<std::string, Held> held_;
  std::map<std::string, Foreign> foreign_;
};

}  // namespace gitopsctl::agent::detail
