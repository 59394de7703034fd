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

namespace gitopsctl::agent::detail {

/// Lets many who want to know the same thing at the same time share one look at it. Everybody gets the answer of a look that
/// began after they asked: one that was under way already tells only those who asked before it. Only for this room.
/// Thread-safe.
class SharedLook {
 public:
  using Look = std::function<Result<void>()>;

  /// The outcome of a look at `key` that begins after this call. It is made by one of those who ask; `look` of all who ask
  /// for the same key must be the same question. It may throw nothing.
  Result<void> ask(const std::string& key, const Look& look);

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
    std::shared_ptr<Round> next;  ///< of those who asked since the last look began
  };

  mutable std::mutex mutex_;
  std::condition_variable ended_;
  std::map<std::string, Subject> subjects_;
  std::uint64_t looks_ = 0;
};

}  // namespace gitopsctl::agent::detail
