#include "base/text/unicode.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "base/text/utf8.hpp"

namespace gitopsctl {
namespace {

/// Code points first, first + step, … last, whose mappings are these distances away.
struct CaseRow {
  std::uint32_t first;
  std::uint32_t last;
  std::uint32_t step;
  std::int32_t upper;
  std::int32_t lower;
  std::int32_t title;
};
struct RuneRow {
  std::uint32_t first;
  std::uint32_t last;
};

// Only from U+0080 up; ASCII is answered by arithmetic.
#include "base/text/unicode_tables.inc"

bool contains(std::span<const RuneRow> rows, char32_t rune) noexcept {
  const auto after = std::upper_bound(rows.begin(), rows.end(), static_cast<std::uint32_t>(rune),
                                      [](std::uint32_t wanted, const RuneRow& row) { return wanted < row.first; });
  return after != rows.begin() && rune <= (after - 1)->last;
}

const CaseRow* find_case(char32_t rune) noexcept {
  const std::span<const CaseRow> rows(case_rows);
  auto row = std::upper_bound(rows.begin(), rows.end(), static_cast<std::uint32_t>(rune),
                              [](std::uint32_t wanted, const CaseRow& entry) { return wanted < entry.first; });
  // Rows of upper and lower letters in turn overlap, so that the wanted one may be the row before the nearest.
  for (int back = 0; back < 2 && row != rows.begin(); ++back) {
    --row;
    if (rune <= row->last && (rune - row->first) % row->step == 0) return &*row;
  }
  return nullptr;
}

char32_t moved(char32_t rune, std::int32_t by) noexcept {
  return static_cast<char32_t>(static_cast<std::int32_t>(rune) + by);
}

constexpr bool ascii_upper(char32_t rune) noexcept { return rune >= 'A' && rune <= 'Z'; }
constexpr bool ascii_lower(char32_t rune) noexcept { return rune >= 'a' && rune <= 'z'; }

template <class Map>
std::string map_text(std::string_view text, Map map) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto rune = decode_utf8(text);
    append_utf8(out, map(rune.value));
    text.remove_prefix(rune.length);
  }
  return out;
}

}  // namespace

bool is_letter(char32_t rune) noexcept {
  return rune < 0x80 ? ascii_upper(rune) || ascii_lower(rune) : contains(letter_rows, rune);
}
bool is_upper(char32_t rune) noexcept { return rune < 0x80 ? ascii_upper(rune) : contains(upper_rows, rune); }
bool is_lower(char32_t rune) noexcept { return rune < 0x80 ? ascii_lower(rune) : contains(lower_rows, rune); }
bool is_title(char32_t rune) noexcept { return rune >= 0x80 && contains(title_rows, rune); }
bool is_number(char32_t rune) noexcept { return rune < 0x80 ? rune >= '0' && rune <= '9' : contains(number_rows, rune); }
bool is_digit(char32_t rune) noexcept { return rune < 0x80 ? rune >= '0' && rune <= '9' : contains(digit_rows, rune); }
bool is_punct(char32_t rune) noexcept {
  if (rune < 0x80) {
    return rune != 0 &&
           std::string_view("!\"#%&'()*,-./:;?@[\\]_{}").find(static_cast<char>(rune)) != std::string_view::npos;
  }
  return contains(punct_rows, rune);
}
bool is_print(char32_t rune) noexcept { return rune < 0x80 ? rune >= 0x20 && rune < 0x7F : contains(print_rows, rune); }
bool is_space(char32_t rune) noexcept {
  if (rune <= 0xFF) return (rune >= '\t' && rune <= '\r') || rune == ' ' || rune == 0x85 || rune == 0xA0;
  return rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200A) || rune == 0x2028 || rune == 0x2029 || rune == 0x202F ||
         rune == 0x205F || rune == 0x3000;
}

char32_t to_upper(char32_t rune) noexcept {
  if (rune < 0x80) return ascii_lower(rune) ? rune - 32 : rune;
  const auto* row = find_case(rune);
  return row == nullptr ? rune : moved(rune, row->upper);
}
char32_t to_lower(char32_t rune) noexcept {
  if (rune < 0x80) return ascii_upper(rune) ? rune + 32 : rune;
  const auto* row = find_case(rune);
  return row == nullptr ? rune : moved(rune, row->lower);
}
char32_t to_title(char32_t rune) noexcept {
  if (rune < 0x80) return to_upper(rune);
  const auto* row = find_case(rune);
  return row == nullptr ? rune : moved(rune, row->title);
}

std::string to_upper(std::string_view text) {
  return map_text(text, [](char32_t rune) { return to_upper(rune); });
}
std::string to_lower(std::string_view text) {
  return map_text(text, [](char32_t rune) { return to_lower(rune); });
}

std::string_view trim_space(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto rune = decode_utf8(text);
    if (!is_space(rune.value)) break;
    text.remove_prefix(rune.length);
  }
  while (!text.empty()) {
    std::size_t start = text.size() - 1;
    while (start > 0 && text.size() - start < 4 && (static_cast<unsigned char>(text[start]) & 0xC0U) == 0x80U) --start;
    const auto rune = decode_utf8(text.substr(start));
    if (start + rune.length != text.size() || !is_space(rune.value)) break;
    text = text.substr(0, start);
  }
  return text;
}

std::u32string to_runes(std::string_view text) {
  std::u32string runes;
  runes.reserve(text.size());
  while (!text.empty()) {
    const auto rune = decode_utf8(text);
    runes += rune.value;
    text.remove_prefix(rune.length);
  }
  return runes;
}

std::string from_runes(std::u32string_view runes) {
  std::string out;
  out.reserve(runes.size());
  for (const auto rune : runes) append_utf8(out, rune);
  return out;
}

}  // namespace gitopsctl
