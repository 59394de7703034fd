#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/budget/budget.hpp"

namespace gitopsctl {

/// What was made of the texts that were used last, found by their content. `Key` tells apart what the same text may become;
/// `Made` is cheap to copy and not changed in place by who gets it. Thread-safe.
template <typename Key, typename Made>
class ContentCache {
 public:
  /// Keeps `max_entries` of all, and as many as have `max_bytes` of text together: a bound for what is made of them, too.
  ContentCache(std::size_t max_entries, std::size_t max_bytes) : max_entries_(max_entries), max_bytes_(max_bytes) {}

  /// What was kept of `text`; nothing when it is not there (any more).
  std::optional<Made> find(std::string_view text, const Key& key) {
    const auto hash = std::hash<std::string_view>()(text);
    const std::scoped_lock lock(mutex_);
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (entry->hash != hash || !(entry->key == key) || entry->text != text) continue;
      entries_.splice(entries_.begin(), entries_, entry);
      return entry->made;
    }
    return std::nullopt;
  }

  /// Keeps `made`, unless `text` alone is more than all may be.
  void insert(std::string_view text, const Key& key, const Made& made) {
    if (text.size() > max_bytes_) return;
    const BudgetDeferral all_or_nothing;
    const std::scoped_lock lock(mutex_);
    entries_.push_front({std::hash<std::string_view>()(text), std::string(text), key, made});
    bytes_ += text.size();
    while (entries_.size() > max_entries_ || bytes_ > max_bytes_) {
      bytes_ -= entries_.back().text.size();
      entries_.pop_back();
    }
  }

 private:
  struct Entry {
    std::size_t hash;
    std::string text;
    Key key;
    Made made;
  };

  const std::size_t max_entries_;
  const std::size_t max_bytes_;
  std::mutex mutex_;
  std::list<Entry> entries_;  ///< last used first
  std::size_t bytes_ = 0;     ///< of the texts
};

}  // namespace gitopsctl
