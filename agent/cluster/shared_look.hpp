#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::agent::detail {

/// Lets many who want to know the same thing at the same time share one look at it. Everybody gets the answer of a look that
/// began after they asked, or `good_for` before at most and said yes: one that was under way already tells only those who
/// asked before it. Only for this room. Thread-safe.
class SharedLook {
 public:
  using Look = std::function<Result<void>()>;

  /// `clock`, of which the monotonic one counts, must outlive it.
  explicit SharedLook(const Clock& clock, Millis good_for = Millis(0)) : clock_(clock), good_for_(good_for) {}

  /// The outcome of such a look at `key`. It is made by one of those who ask; `look` of all who ask for the same key must be
  /// the same question. It may throw nothing.
  Result<void> ask(const std::string& key, const Look& look);

  /// Somebody found out, in a way that began at `since` of the monotonic clock, that the answer is yes.
  void saw(const std::string& key, Millis since);

  /// Nobody asks for `key` any more: what is known of it goes, unless somebody still waits for it.
  void forget(const std::string& key);

  /// How many looks were made.
  [[nodiscard]] std::uint64_t looks() const;

 private:
  /// One look and those who wait for it.
  struct Round {
    bool begun = false;
    std::optional<Result<void>> answer;
  };
  struct Subject {
    bool looking = false;
    std::optional<Millis> good_since;  ///< when the last look began, if it said yes
    std::shared_ptr<Round> next;       ///< of those who asked since the last look began
  };

  const Clock& clock_;
  const Millis good_for_;
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  std::map<std::string, Subject> subjects_;
  std::uint64_t looks_ = 0;
};

}  // namespace gitopsctl::agent::detail
