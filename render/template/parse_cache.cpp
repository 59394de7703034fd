#include <array>
#include <list>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/budget/budget.hpp"
#include "render/template/engine.hpp"
#include "render/template/parser.hpp"

// Syntax trees by content, shared by all renders of the process. The cache is cut into shards so that renders on several
// threads do not wait for each other.
namespace gitopsctl::render {
namespace detail {
namespace {

constexpr std::size_t shard_count = 16;

struct Entry {
  std::size_t hash = 0;
  std::uint64_t table = 0;
  ParsedFilePtr file;
};

class Shard {
 public:
  ParsedFilePtr find(std::size_t hash, std::uint64_t table, const std::string& name, std::string_view text) {
    const std::scoped_lock lock(mutex_);
    const auto [from, to] = index_.equal_range(hash);
    for (auto it = from; it != to; ++it) {
      const Entry& entry = *it->second;
      if (entry.table != table || entry.file->name != name || entry.file->text.view() != text) continue;
      entries_.splice(entries_.begin(), entries_, it->second);
      return entry.file;
    }
    return nullptr;
  }

  void insert(std::size_t hash, std::uint64_t table, ParsedFilePtr file) {
    const BudgetDeferral all_or_nothing;
    const std::scoped_lock lock(mutex_);
    const auto size = file->text.view().size();
    if (size > max_bytes_) return;
    bytes_ += size;
    entries_.push_front({hash, table, std::move(file)});
    index_.emplace(hash, entries_.begin());
    drop_beyond(max_bytes_);
  }

  void limit(std::size_t max_entries, std::size_t max_bytes) {
    const std::scoped_lock lock(mutex_);
    max_entries_ = max_entries;
    max_bytes_ = max_bytes;
    drop_beyond(max_bytes);
  }

  void shrink(std::size_t max_bytes) {
    const std::scoped_lock lock(mutex_);
    drop_beyond(max_bytes);
  }

  std::size_t bytes() {
    const std::scoped_lock lock(mutex_);
    return bytes_;
  }

 private:
  void drop_beyond(std::size_t max_bytes) {
    while (!entries_.empty() && (entries_.size() > max_entries_ || bytes_ > max_bytes)) {
      const auto last = std::prev(entries_.end());
      const auto [from, to] = index_.equal_range(last->hash);
      for (auto it = from; it != to; ++it) {
        if (it->second == last) {
          index_.erase(it);
          break;
        }
      }
      bytes_ -= last->file->text.view().size();
      entries_.pop_back();
    }
  }

  std::mutex mutex_;
  std::list<Entry> entries_;  ///< last used first
  std::unordered_multimap<std::size_t, std::list<Entry>::iterator> index_;
  std::size_t bytes_ = 0;
  std::size_t max_entries_ = ParseCacheLimits{}.max_entries / shard_count;
  std::size_t max_bytes_ = ParseCacheLimits{}.max_text_bytes / shard_count;
};

std::array<Shard, shard_count>& shards() {
  static std::array<Shard, shard_count> all;
  return all;
}

/// `shared` holds `text`, or is nullptr.
Result<ParsedFilePtr> find_or_parse(const std::string& name, std::string_view text, const SharedString* shared,
                                    const FunctionTable& functions) {
  const std::hash<std::string_view> hasher;
  const std::size_t hash = hasher(text) * 31 + hasher(name) + functions.id();
  Shard& shard = shards()[(hash >> 7U) % shard_count];
  if (auto found = shard.find(hash, functions.id(), name, text); found != nullptr) return found;
  GITOPSCTL_TRY(ParsedFilePtr file, parse_file(name, shared == nullptr ? SharedString(text) : *shared, functions));
  shard.insert(hash, functions.id(), file);
  return file;
}

}  // namespace

Result<ParsedFilePtr> parse_file_cached(const std::string& name, const SharedString& text, const FunctionTable& functions) {
  return find_or_parse(name, text.view(), &text, functions);
}

Result<ParsedFilePtr> parse_file_cached(const std::string& name, std::string_view text, const FunctionTable& functions) {
  return find_or_parse(name, text, nullptr, functions);
}

}  // namespace detail

void set_parse_cache_limits(const ParseCacheLimits& limits) {
  for (auto& shard : detail::shards()) {
    shard.limit(limits.max_entries / detail::shard_count, limits.max_text_bytes / detail::shard_count);
  }
}

void shrink_parse_cache(std::size_t max_text_bytes) {
  for (auto& shard : detail::shards()) shard.shrink(max_text_bytes / detail::shard_count);
}

std::size_t parse_cache_bytes() {
  std::size_t out = 0;
  for (auto& shard : detail::shards()) out += shard.bytes();
  return out;
}

}  // namespace gitopsctl::render
