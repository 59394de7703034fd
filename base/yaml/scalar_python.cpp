#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "base/yaml/scalar.hpp"

// The plain scalars of YAML 1.1 as PyYAML 6 resolves and constructs them.
namespace gitopsctl::yaml_detail {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool digit_or_bar(char c) { return digit(c) || c == '_'; }

bool any_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::string without_bars(std::string_view text) {
  std::string out(text);
  out.erase(std::remove(out.begin(), out.end(), '_'), out.end());
  return out;
}

/// `(:[0-5]?[0-9])+` from `at` on; where it ends, or nothing.
std::optional<std::size_t> sixties(std::string_view text, std::size_t at) {
  bool some = false;
  while (at < text.size() && text[at] == ':') {
    std::size_t end = at + 1;
    while (end < text.size() && digit(text[end])) ++end;
    const std::size_t length = end - at - 1;
    if (length == 0 || length > 2 || (length == 2 && text[at + 1] > '5')) return std::nullopt;
    at = end;
    some = true;
  }
  if (!some) return std::nullopt;
  return at;
}

Scalar whole(bool negative, std::uint64_t magnitude) {
  constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (magnitude <= largest) {
    const auto value = static_cast<std::int64_t>(magnitude);
    return {.type = ScalarType::integer, .integer = negative ? -value : value};
  }
  if (negative && magnitude == largest + 1) {
    return {.type = ScalarType::integer, .integer = std::numeric_limits<std::int64_t>::min()};
  }
  const auto value = static_cast<double>(magnitude);
  return {.type = ScalarType::floating, .floating = negative ? -value : value};
}

/// Digits of one base; more than 64 bits of them become a float, of whatever size.
std::optional<Scalar> digits_of(bool negative, std::string_view digits, int base) {
  if (digits.empty()) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (end != digits.data() + digits.size()) return std::nullopt;
  if (error == std::errc()) return whole(negative, value);
  double large = 0;
  for (const char c : digits) {
    const int one = digit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
    large = large * base + one;
  }
  return Scalar{.type = ScalarType::floating, .floating = negative ? -large : large};
}

/// The parts between colons, each worth sixty of the next.
double base60(std::string_view text) {
  double value = 0;
  while (true) {
    const auto colon = text.find(':');
    const std::string part(text.substr(0, colon));
    value = value * 60 + std::strtod(part.c_str(), nullptr);
    if (colon == std::string_view::npos) return value;
    text.remove_prefix(colon + 1);
  }
}

std::optional<Scalar> base60_integer(bool negative, std::string_view text) {
  std::uint64_t value = 0;
  std::string_view rest = text;
  while (true) {
    const auto colon = rest.find(':');
    const auto part = rest.substr(0, colon);
    std::uint64_t one = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), one);
    const bool fits = error == std::errc() && end == part.data() + part.size();
    if (!fits || value > (std::numeric_limits<std::uint64_t>::max() - one) / 60) {
      const double large = base60(text);
      return Scalar{.type = ScalarType::floating, .floating = negative ? -large : large};
    }
    value = value * 60 + one;
    if (colon == std::string_view::npos) return whole(negative, value);
    rest.remove_prefix(colon + 1);
  }
}

std::optional<Scalar> python_integer(bool negative, std::string_view text) {
  if (text == "0") return whole(false, 0);
  if (text.starts_with("0b") || text.starts_with("0x")) {
    const bool hex = text[1] == 'x';
    return digits_of(negative, without_bars(text.substr(2)), hex ? 16 : 2);
  }
  if (text[0] == '0') {
    const bool octal = std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '7') || c == '_'; });
    return octal ? digits_of(negative, without_bars(text), 8) : std::nullopt;
  }
  if (!digit(text[0])) return std::nullopt;
  std::size_t at = 1;
  while (at < text.size() && digit_or_bar(text[at])) ++at;
  if (at == text.size()) return digits_of(negative, without_bars(text), 10);
  if (sixties(text, at) != text.size()) return std::nullopt;
  return base60_integer(negative, without_bars(text));
}

/// `[eE][-+][0-9]+` to the end of the text: the sign is required.
bool exponent_to_end(std::string_view text, std::size_t at) {
  if (at + 2 >= text.size() || (text[at] | 0x20) != 'e' || (text[at + 1] != '-' && text[at + 1] != '+')) return false;
  return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(at) + 2, text.end(), digit);
}

std::optional<Scalar> decimal(bool negative, std::string_view text) {
  const std::string plain = without_bars(text);
  if (plain == ".") return std::nullopt;
  const double value = std::strtod(plain.c_str(), nullptr);  // the program never sets a locale
  return Scalar{.type = ScalarType::floating, .floating = negative ? -value : value};
}

std::optional<Scalar> python_float(bool has_sign, bool negative, std::string_view text) {
  if (any_of(text, {".inf", ".Inf", ".INF"})) {
    const double infinity = std::numeric_limits<double>::infinity();
    return Scalar{.type = ScalarType::floating, .floating = negative ? -infinity : infinity};
  }
  if (!has_sign && any_of(text, {".nan", ".NaN", ".NAN"})) {
    return Scalar{.type = ScalarType::floating, .floating = std::numeric_limits<double>::quiet_NaN()};
  }
  std::size_t at = 0;
  if (text[0] == '.') {
    if (has_sign || text.size() < 2 || !digit(text[1])) return std::nullopt;
  } else {
    if (!digit(text[0])) return std::nullopt;
    while (at < text.size() && digit_or_bar(text[at])) ++at;
    if (const auto end = sixties(text, at)) {
      std::size_t rest = *end;
      if (rest == text.size() || text[rest] != '.') return std::nullopt;
      ++rest;
      while (rest < text.size() && digit_or_bar(text[rest])) ++rest;
      if (rest != text.size()) return std::nullopt;
      const double value = base60(without_bars(text));
      return Scalar{.type = ScalarType::floating, .floating = negative ? -value : value};
    }
    if (at == text.size() || text[at] != '.') return std::nullopt;
  }
  ++at;
  while (at < text.size() && digit_or_bar(text[at])) ++at;
  if (at != text.size() && !exponent_to_end(text, at)) return std::nullopt;
  return decimal(negative, text);
}

}  // namespace

Scalar resolve_python(std::string_view text) {
  if (text.empty() || any_of(text, {"~", "null", "Null", "NULL"})) return {.type = ScalarType::null};
  if (any_of(text, {"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})) {
    return {.type = ScalarType::boolean, .boolean = true};
  }
  if (any_of(text, {"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})) {
    return {.type = ScalarType::boolean, .boolean = false};
  }
  const bool has_sign = text[0] == '-' || text[0] == '+';
  const bool negative = text[0] == '-';
  const std::string_view rest = text.substr(has_sign ? 1 : 0);
  if (rest.empty() || (!digit(rest[0]) && rest[0] != '.')) return {};
  if (auto found = python_integer(negative, rest)) return *found;
  return python_float(has_sign, negative, rest).value_or(Scalar{});
}

}  // namespace gitopsctl::yaml_detail
