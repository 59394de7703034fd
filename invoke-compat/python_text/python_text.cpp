#include "invoke-compat/python_text/python_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/text/ascii.hpp"
#include "base/text/unicode.hpp"
#include "base/text/utf8.hpp"

namespace gitopsctl::invoke {
namespace {

void append_hex(std::string& out, char32_t value, int digits) {
  constexpr std::string_view signs = "0123456789abcdef";
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out += signs[(value >> static_cast<unsigned>(shift)) & 0xFU];
  }
}

void append_escape(std::string& out, char32_t rune) {
  if (rune < 0x100) {
    out += "\\x";
    append_hex(out, rune, 2);
  } else if (rune < 0x10000) {
    out += "\\u";
    append_hex(out, rune, 4);
  } else {
    out += "\\U";
    append_hex(out, rune, 8);
  }
}

bool blank(char32_t rune) { return (rune >= 0x1C && rune <= 0x1F) || is_space(rune); }

bool digit(char c) { return c >= '0' && c <= '9'; }

/// The digits without the underscores between them; nothing when an underscore stands anywhere else.
std::optional<std::string> without_underscores(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
    } else if (i == 0 || i + 1 == text.size() || !digit(text[i - 1]) || !digit(text[i + 1])) {
      return std::nullopt;
    }
  }
  return out;
}

/// digits [. digits] [e [sign] digits], with a digit before or after the dot.
bool decimal(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const auto begin = at;
    while (at < text.size() && digit(text[at])) ++at;
    return at - begin;
  };
  std::size_t count = digits();
  if (at < text.size() && text[at] == '.') {
    ++at;
    count += digits();
  }
  if (count == 0) return false;
  if (at < text.size() && ascii_lower(text[at]) == 'e') {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

}  // namespace

std::string python_repr(std::string_view text) {
  const bool doubled = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
  const char quote = doubled ? '"' : '\'';
  std::string out(1, quote);
  while (!text.empty()) {
    const auto rune = decode_utf8(text);
    if (!rune.valid) {
      append_escape(out, 0xDC00U + static_cast<unsigned char>(text[0]));
    } else if (rune.value == static_cast<unsigned char>(quote) || rune.value == '\\') {
      out += '\\';
      out += static_cast<char>(rune.value);
    } else if (rune.value == '\n') {
      out += "\\n";
    } else if (rune.value == '\r') {
      out += "\\r";
    } else if (rune.value == '\t') {
      out += "\\t";
    } else if (!is_print(rune.value)) {
      append_escape(out, rune.value);
    } else {
      out.append(text.substr(0, rune.length));
    }
    text.remove_prefix(rune.length);
  }
  return out + quote;
}

std::string_view python_strip(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto rune = decode_utf8(text);
    if (!blank(rune.value)) break;
    text.remove_prefix(rune.length);
  }
  while (!text.empty()) {
    std::size_t begin = text.size() - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80U) --begin;
    const auto rune = decode_utf8(text.substr(begin));
    if (!rune.valid || !blank(rune.value)) break;
    text = text.substr(0, begin);
  }
  return text;
}

std::optional<std::int64_t> parse_python_int(std::string_view text) {
  text = python_strip(text);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  auto digits = without_underscores(text);
  if (!digits || digits->empty() || !digit(digits->front())) return std::nullopt;
  if (negative) digits->insert(0, 1, '-');
  std::int64_t out = 0;
  const auto* end = digits->data() + digits->size();
  const auto read = std::from_chars(digits->data(), end, out);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return out;
}

std::optional<double> parse_python_float(std::string_view text) {
  text = python_strip(text);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const double sign = negative ? -1 : 1;
  if (ascii_equal_fold(text, "inf") || ascii_equal_fold(text, "infinity")) {
    return sign * std::numeric_limits<double>::infinity();
  }
  if (ascii_equal_fold(text, "nan")) return std::copysign(std::numeric_limits<double>::quiet_NaN(), sign);
  const auto digits = without_underscores(text);
  if (!digits || !decimal(*digits)) return std::nullopt;
  double out = 0;
  const auto read = std::from_chars(digits->data(), digits->data() + digits->size(), out);
  if (read.ec == std::errc::result_out_of_range) {
    // Too near to zero, or too far: the exponent tells.
    const auto e = digits->find_first_of("eE");
    const bool tiny = e != std::string::npos && digits->compare(e + 1, 1, "-") == 0;
    return sign * (tiny ? 0.0 : std::numeric_limits<double>::infinity());
  }
  if (read.ec != std::errc()) return std::nullopt;
  return sign * out;
}

}  // namespace gitopsctl::invoke
