#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/value/value.hpp"

namespace gitopsctl::yaml_detail {

/// Keeps one SharedString for every key that a stream repeats, so that most keys of a manifest cost a look-up and no
/// allocation. The number of entries and of probes is bounded: keys that find no place are just not shared.
class KeyCache {
 public:
  struct Entry {
    SharedString text;
    std::uint32_t hash = 0;
    bool used = false;
    /// As a plain scalar the text is a string too (`name`, not `yes` or `8080`).
    bool plain_is_string = false;
  };

  KeyCache() : entries_(slots) {}

  /// The entry of `text`, or nullptr.
  [[nodiscard]] const Entry* find(std::string_view text) const noexcept {
    const std::uint32_t hash = hash_of(text);
    for (std::uint32_t probe = 0; probe < max_probes; ++probe) {
      const Entry& entry = entries_[(hash + probe) & (slots - 1)];
      if (!entry.used) return nullptr;
      if (entry.hash == hash && entry.text.view() == text) return &entry;
    }
    return nullptr;
  }

  /// A shared string of `text`, which find() did not know.
  SharedString add(std::string_view text, bool plain_is_string) {
    SharedString shared(text);
    if (text.size() > max_length) return shared;
    const std::uint32_t hash = hash_of(text);
    for (std::uint32_t probe = 0; probe < max_probes; ++probe) {
      Entry& entry = entries_[(hash + probe) & (slots - 1)];
      if (entry.used) continue;
      entry = {shared, hash, true, plain_is_string};
      break;
    }
    return shared;
  }

 private:
  static constexpr std::uint32_t slots = 1024;
  static constexpr std::uint32_t max_probes = 8;
  static constexpr std::size_t max_length = 64;

  static std::uint32_t hash_of(std::string_view text) noexcept {
    std::uint64_t hash = text.size() * 0x9E37'79B9'7F4A'7C15ULL;
    const char* at = text.data();
    std::size_t left = text.size();
    while (left >= 8) {
      std::uint64_t chunk = 0;
      std::memcpy(&chunk, at, 8);
      hash = (hash ^ chunk) * 0x9E37'79B9'7F4A'7C15ULL;
      hash ^= hash >> 29U;
      at += 8;
      left -= 8;
    }
    std::uint64_t chunk = 0;
    if (left > 0) std::memcpy(&chunk, at, left);
    hash = (hash ^ chunk) * 0x9E37'79B9'7F4A'7C15ULL;
    return static_cast<std::uint32_t>(hash >> 32U);
  }

  std::vector<Entry> entries_;
};

}  // namespace gitopsctl::yaml_detail
