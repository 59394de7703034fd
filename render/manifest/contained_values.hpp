#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>

// Shared by the sources of this room.
namespace gitopsctl::render::detail {

/// Shorter values occur everywhere by chance.
inline constexpr std::size_t min_contained = 4;

/// What is more likely a word of a message than a secret.
[[nodiscard]] inline bool plain_word(std::string_view text) {
  return text.size() <= 20 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.' || c == '/';
         });
}

/// Finds out whether a text contains one of many values, in time that does not grow with their number.
class ContainedValues {
 public:
  void add(std::string_view value) {
    if (value.size() < min_contained) return;
    // What contains a value contains its beginning: a little too much is hidden, and comparing costs little.
    std::string needle(value.substr(0, max_compared));
    // No needle begins with another one, so that of all of them only one can stand at a place of a text.
    const auto next = needles_.upper_bound(needle);
    if (next != needles_.begin() && needle.starts_with(*std::prev(next))) return;
    auto last = next;
    while (last != needles_.end() && last->starts_with(needle)) ++last;
    needles_.erase(next, last);
    beginnings_.insert(beginning(needle));
    needles_.insert(std::move(needle));
  }

  [[nodiscard]] bool in(std::string_view text) const {
    for (std::size_t at = 0; at + min_contained <= text.size(); ++at) {
      const auto rest = text.substr(at);
      if (!beginnings_.contains(beginning(rest))) continue;
      // A needle that `rest` begins with is the last one that is not behind `rest`: what stands between the two would begin
      // with it, too.
      const auto next = needles_.upper_bound(rest.substr(0, max_compared));
      if (next != needles_.begin() && rest.starts_with(*std::prev(next))) return true;
    }
    return false;
  }

 private:
  static constexpr std::size_t max_compared = 64;
  static std::uint32_t beginning(std::string_view text) {
    std::uint32_t out = 0;
    static_assert(sizeof out <= min_contained);
    std::memcpy(&out, text.data(), sizeof out);
    return out;
  }
  std::set<std::string, std::less<>> needles_;
  std::unordered_set<std::uint32_t> beginnings_;
};

}  // namespace gitopsctl::render::detail
