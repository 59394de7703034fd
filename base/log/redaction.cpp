#include "base/log/redaction.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <shared_mutex>

#include "base/crypto/digest.hpp"

namespace gitopsctl::log {
namespace {

constexpr std::size_t shortest_value = 4;
constexpr std::size_t shortest_line = 6;
constexpr std::string_view mask = "[redacted]";

/// Longer ones first, so that a secret that holds another goes as a whole.
struct LongerFirst {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const noexcept {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  }
};

struct Registry {
  std::shared_mutex mutex;
  std::set<std::string, LongerFirst> values;
  std::atomic<bool> any{false};
};

Registry& registry() {
  static auto* one = new Registry;  // never destroyed: threads may log until the very end
  return *one;
}

/// Calls `each` for everything that stands for `text`.
template <class Each>
void for_forms(std::string_view text, const Each& each) {
  each(text);
  // The padding is left out: within a longer base64 text the same bytes at the same offset end otherwise.
  std::string encoded = base64_encode(text);
  while (!encoded.empty() && encoded.back() == '=') encoded.pop_back();
  encoded.resize(text.size() / 3 * 4);
  if (encoded.size() >= shortest_line) each(encoded);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (line.size() >= shortest_line) each(line);
  }
}

}  // namespace

bool register_secret(std::string_view value) {
  if (value.size() < shortest_value) return false;
  Registry& all = registry();
  {
    const std::shared_lock lock(all.mutex);
    if (all.values.contains(value)) return true;
  }
  const std::unique_lock lock(all.mutex);
  for_forms(value, [&all](std::string_view form) { all.values.emplace(form); });
  all.any.store(true, std::memory_order_release);
  return true;
}

void forget_secret(std::string_view value) {
  Registry& all = registry();
  const std::unique_lock lock(all.mutex);
  for_forms(value, [&all](std::string_view form) {
    if (const auto found = all.values.find(form); found != all.values.end()) all.values.erase(found);
  });
}

std::string redact(std::string_view text) {
  std::string out(text);
  Registry& all = registry();
  if (!all.any.load(std::memory_order_acquire)) return out;
  const std::shared_lock lock(all.mutex);
  for (const std::string& value : all.values) {
    for (std::size_t at = out.find(value); at != std::string::npos; at = out.find(value, at + mask.size())) {
      out.replace(at, value.size(), mask);
    }
  }
  return out;
}

void forget_secrets() {
  Registry& all = registry();
  const std::unique_lock lock(all.mutex);
  all.values.clear();
  all.any.store(false, std::memory_order_release);
}

}  // namespace gitopsctl::log
