#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gitopsctl {

/// One decoded character. Invalid input gives U+FFFD with length 1 and `valid` false, as Go's utf8.DecodeRune does:
/// surrogates, overlong forms and values above U+10FFFF are invalid.
struct DecodedRune {
  char32_t value = 0xFFFD;
  std::uint8_t length = 1;
  bool valid = false;
};

/// The first character of `text`, which must not be empty.
[[nodiscard]] inline DecodedRune decode_utf8(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto next = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return {first, 1, true};
  if (first >= 0xC2 && first <= 0xDF && next(1)) return {((first & 0x1FU) << 6U) | (byte(1) & 0x3FU), 2, true};
  if (first >= 0xE0 && first <= 0xEF && next(1) && next(2)) {
    const char32_t rune = ((first & 0x0FU) << 12U) | ((byte(1) & 0x3FU) << 6U) | (byte(2) & 0x3FU);
    if (rune >= 0x800 && (rune < 0xD800 || rune > 0xDFFF)) return {rune, 3, true};
  }
  if (first >= 0xF0 && first <= 0xF4 && next(1) && next(2) && next(3)) {
    const char32_t rune =
        ((first & 0x07U) << 18U) | ((byte(1) & 0x3FU) << 12U) | ((byte(2) & 0x3FU) << 6U) | (byte(3) & 0x3FU);
    if (rune >= 0x10000 && rune <= 0x10FFFF) return {rune, 4, true};
  }
  return {};
}

/// Appends a character; values that are none (surrogates, above U+10FFFF) as U+FFFD.
inline void append_utf8(std::string& out, char32_t rune) {
  if (rune > 0x10FFFF || (rune >= 0xD800 && rune <= 0xDFFF)) rune = 0xFFFD;
  const auto put = [&](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (rune < 0x80) {
    put(rune);
  } else if (rune < 0x800) {
    put(0xC0U | (rune >> 6U));
    put(0x80U | (rune & 0x3FU));
  } else if (rune < 0x10000) {
    put(0xE0U | (rune >> 12U));
    put(0x80U | ((rune >> 6U) & 0x3FU));
    put(0x80U | (rune & 0x3FU));
  } else {
    put(0xF0U | (rune >> 18U));
    put(0x80U | ((rune >> 12U) & 0x3FU));
    put(0x80U | ((rune >> 6U) & 0x3FU));
    put(0x80U | (rune & 0x3FU));
  }
}

}  // namespace gitopsctl
