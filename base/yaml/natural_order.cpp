#include "base/yaml/natural_order.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/text/unicode.hpp"

namespace gitopsctl::yaml_detail {
namespace {

bool letter(char32_t rune) {
  if (rune < 0x80) return (rune >= 'a' && rune <= 'z') || (rune >= 'A' && rune <= 'Z');
  return is_letter(rune);
}

bool digit(char32_t rune) {
  if (rune < 0x80) return rune >= '0' && rune <= '9';
  return is_digit(rune);
}

/// The number that the digits from `at` on form, added behind `start`, and where they end. Wraps around as Go's does.
template <class Text>
std::int64_t digit_run(const Text& text, std::size_t at, std::uint64_t start, std::size_t& end) {
  std::uint64_t number = start;
  for (end = at; end < text.size() && digit(static_cast<char32_t>(text[end])); ++end) {
    number = number * 10 + (static_cast<std::uint64_t>(text[end]) - '0');
  }
  return static_cast<std::int64_t>(number);
}

/// `Text` is indexed by characters: ASCII text as it is, any other decoded.
template <class Text>
bool less(const Text& a, const Text& b, YamlProfile profile) {
  const std::size_t shorter = std::min(a.size(), b.size());
  std::size_t at = 0;
  while (at < shorter && a[at] == b[at]) ++at;
  if (at == shorter) return a.size() < b.size();
  const auto x = static_cast<char32_t>(a[at]);
  const auto y = static_cast<char32_t>(b[at]);
  const bool x_letter = letter(x);
  const bool y_letter = letter(y);
  if (x_letter && y_letter) return x < y;
  if (x_letter || y_letter) {
    const bool after_digit = at > 0 && digit(static_cast<char32_t>(a[at - 1]));
    return profile == YamlProfile::go_v3 && after_digit ? x_letter : y_letter;
  }
  // Where one number goes on with a zero, what stands before decides whether that zero is leading.
  std::uint64_t start = 0;
  if (x == '0' || y == '0') {
    for (std::size_t back = at; back > 0 && digit(static_cast<char32_t>(a[back - 1])); --back) {
      if (a[back - 1] != '0') {
        start = 1;
        break;
      }
    }
  }
  std::size_t x_end = 0;
  std::size_t y_end = 0;
  const std::int64_t x_number = digit_run(a, at, start, x_end);
  const std::int64_t y_number = digit_run(b, at, start, y_end);
  if (x_number != y_number) return x_number < y_number;
  if (x_end != y_end) return x_end < y_end;
  return x < y;
}

bool ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

bool natural_less(std::string_view a, std::string_view b, YamlProfile profile) {
  if (ascii(a) && ascii(b)) return less(a, b, profile);
  return less(to_runes(a), to_runes(b), profile);
}

}  // namespace gitopsctl::yaml_detail
