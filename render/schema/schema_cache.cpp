#include "render/schema/schema_cache.hpp"

#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/budget/budget.hpp"

namespace gitopsctl::render::schema {
namespace {

constexpr std::size_t max_entries = 64;
// A compiled schema takes ten times its text and more.
constexpr std::size_t max_bytes = 1U << 20U;

struct Entry {
  std::size_t hash;
  std::string text;
  Habits habits;
  Schema schema;
};

class SchemaCache {
 public:
  std::optional<Schema> find(std::size_t hash, std::string_view text, const Habits& habits) {
    const std::scoped_lock lock(mutex_);
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (entry->hash != hash || !(entry->habits == habits) || entry->text != text) continue;
      entries_.splice(entries_.begin(), entries_, entry);
      return entry->schema;
    }
    return std::nullopt;
  }

  void insert(std::size_t hash, std::string_view text, const Habits& habits, const Schema& schema) {
    if (text.size() > max_bytes) return;
    const BudgetDeferral all_or_nothing;
    const std::scoped_lock lock(mutex_);
    entries_.push_front({hash, std::string(text), habits, schema});
    bytes_ += text.size();
    while (entries_.size() > max_entries || bytes_ > max_bytes) {
      bytes_ -= entries_.back().text.size();
      entries_.pop_back();
    }
  }

 private:
  std::mutex mutex_;
  std::list<Entry> entries_;  ///< last used first
  std::size_t bytes_ = 0;
};

SchemaCache& cache() {
  static SchemaCache all;
  return all;
}

}  // namespace

Result<Schema> compile_cached(std::string_view json, Habits habits) {
  const std::size_t hash = std::hash<std::string_view>()(json);
  if (auto known = cache().find(hash, json, habits)) return *std::move(known);
  GITOPSCTL_TRY(auto schema, Schema::compile(json, habits));
  cache().insert(hash, json, habits, schema);
  return schema;
}

}  // namespace gitopsctl::render::schema
