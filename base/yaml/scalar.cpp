#include "base/yaml/scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <system_error>

namespace gitopsctl::yaml_detail {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }

Scalar null_scalar() { return {.type = ScalarType::null}; }
Scalar boolean(bool value) { return {.type = ScalarType::boolean, .boolean = value}; }
Scalar floating(double value) { return {.type = ScalarType::floating, .floating = value}; }
Scalar integer(std::int64_t value) { return {.type = ScalarType::integer, .integer = value}; }

/// The same word in one of the three spellings that YAML 1.1 knows: `word`, `Word`, `WORD`.
bool spelled(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
  if (text == lower) return true;
  if (text[0] != upper(lower[0])) return false;
  if (text.substr(1) == lower.substr(1)) return true;
  return std::equal(text.begin(), text.end(), lower.begin(), [&](char a, char b) { return a == upper(b); });
}

std::optional<Scalar> word(std::string_view text, YamlProfile profile) {
  switch (text[0]) {
    case '~':
      if (text.size() == 1) return null_scalar();
      return std::nullopt;
    case 'n':
    case 'N':
      if (spelled(text, "null")) return null_scalar();
      break;
    case 't':
    case 'T':
      if (spelled(text, "true")) return boolean(true);
      return std::nullopt;
    case 'f':
    case 'F':
      if (spelled(text, "false")) return boolean(false);
      return std::nullopt;
    default: break;
  }
  if (profile == YamlProfile::go_v3 || text.size() > 3) return std::nullopt;
  if (spelled(text, "y") || spelled(text, "yes") || spelled(text, "on")) return boolean(true);
  if (spelled(text, "n") || spelled(text, "no") || spelled(text, "off")) return boolean(false);
  return std::nullopt;
}

/// The digits of a number after its sign and base prefix; false when they do not fit or are none.
bool magnitude(std::string_view digits, int base, std::uint64_t& out) {
  if (digits.empty()) return false;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out, base);
  return error == std::errc() && end == digits.data() + digits.size();
}

std::optional<Scalar> signed_value(bool negative, std::uint64_t value) {
  constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (negative) {
    if (value > largest + 1) return std::nullopt;
    return integer(static_cast<std::int64_t>(~value + 1));
  }
  if (value <= largest) return integer(static_cast<std::int64_t>(value));
  return std::nullopt;
}

/// Go's strconv.ParseInt and ParseUint with base 0, underscores already removed.
std::optional<Scalar> go_integer(std::string_view text) {
  const bool has_sign = text[0] == '-' || text[0] == '+';
  const bool negative = text[0] == '-';
  std::string_view digits = text.substr(has_sign ? 1 : 0);
  int base = 10;
  if (digits.size() >= 2 && digits[0] == '0') {
    switch (digits[1]) {
      case 'x':
      case 'X':
        base = 16;
        digits.remove_prefix(2);
        break;
      case 'b':
      case 'B':
        base = 2;
        digits.remove_prefix(2);
        break;
      case 'o':
      case 'O':
        base = 8;
        digits.remove_prefix(2);
        break;
      default: base = 8; digits.remove_prefix(1);
    }
  }
  std::uint64_t value = 0;
  if (!magnitude(digits, base, value)) return std::nullopt;
  if (auto result = signed_value(negative, value)) return result;
  if (!has_sign) return Scalar{.type = ScalarType::unsigned_integer, .unsigned_integer = value};
  return std::nullopt;
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
bool float_syntax(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t start = at;
    while (at < text.size() && digit(text[at])) ++at;
    return at > start;
  };
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!digits()) return false;
  } else {
    if (!digits()) return false;
    if (at < text.size() && text[at] == '.') {
      ++at;
      digits();
    }
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (!digits()) return false;
  }
  return at == text.size();
}

/// A decimal float of valid syntax; nothing when it is too large, as Go's ParseFloat fails then.
std::optional<Scalar> decimal_float(std::string_view text) {
  if (text[0] == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc()) return floating(value);
  // Out of range is both too large and too small; strtod tells them apart (the program never sets a locale).
  const std::string copy(text);
  value = std::strtod(copy.c_str(), nullptr);
  if (std::isinf(value)) return std::nullopt;
  return floating(value);
}

/// Text that begins with a point: only these go through Go's ParseFloat with their underscores.
std::optional<Scalar> point_float(std::string_view text) {
  if (spelled(text.substr(1), "inf")) return floating(std::numeric_limits<double>::infinity());
  if (text == ".nan" || text == ".NaN" || text == ".NAN") return floating(std::numeric_limits<double>::quiet_NaN());
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain += text[i];
      continue;
    }
    // An underscore stands between two digits.
    if (!digit(text[i - 1]) || i + 1 >= text.size() || !digit(text[i + 1])) return std::nullopt;
  }
  if (!float_syntax(plain)) return std::nullopt;
  return decimal_float(plain);
}

std::optional<Scalar> number(std::string_view text, YamlProfile profile) {
  if (text[0] == '+' || text[0] == '-') {
    if (text.size() == 5 || text.size() == 4) {
      const std::string_view rest = text.substr(1);
      if (rest[0] == '.' && spelled(rest.substr(1), "inf")) {
        const double infinity = std::numeric_limits<double>::infinity();
        return floating(text[0] == '-' ? -infinity : infinity);
      }
    }
    if (text.size() == 1) return std::nullopt;
  }
  std::string without;
  if (text.find('_') != std::string_view::npos) {
    without.assign(text);
    without.erase(std::remove(without.begin(), without.end(), '_'), without.end());
    text = without;
    if (text.size() == 1 && !digit(text[0])) return std::nullopt;
  }
  if (auto value = go_integer(text)) return value;
  if (float_syntax(text)) return decimal_float(text);
  // The libraries also accept a sign behind these prefixes (`0b-1`).
  const std::string_view prefix = text.substr(0, 2);
  const bool octal = prefix == "0o" && profile == YamlProfile::go_v3;
  if (text.size() > 3 && (prefix == "0b" || octal) && (text[2] == '-' || text[2] == '+')) {
    std::uint64_t value = 0;
    if (magnitude(text.substr(3), octal ? 8 : 2, value)) return signed_value(text[2] == '-', value);
  }
  return std::nullopt;
}

}  // namespace

Scalar resolve_plain(std::string_view text, YamlProfile profile) {
  if (text.empty()) return null_scalar();
  std::optional<Scalar> found;
  switch (text[0]) {
    case 'y':
    case 'Y':
    case 'n':
    case 'N':
    case 't':
    case 'T':
    case 'f':
    case 'F':
    case 'o':
    case 'O':
    case '~':
      if (text.size() <= 5) found = word(text, profile);
      break;
    case '.': found = point_float(text); break;
    case '+':
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': found = number(text, profile); break;
    default: break;
  }
  return found.value_or(Scalar{});
}

namespace {

/// A cursor over the parts of a date, as Go's time.Parse takes them.
struct Cursor {
  std::string_view text;

  bool take(char c) {
    if (text.empty() || text[0] != c) return false;
    text.remove_prefix(1);
    return true;
  }
  /// One or two digits within a range.
  bool number(int low, int high, int& out) {
    if (text.empty() || !digit(text[0])) return false;
    out = text[0] - '0';
    std::size_t length = 1;
    if (text.size() > 1 && digit(text[1])) {
      out = out * 10 + (text[1] - '0');
      length = 2;
    }
    text.remove_prefix(length);
    return out >= low && out <= high;
  }
  /// Exactly two digits.
  bool two(int high) {
    if (text.size() < 2 || !digit(text[0]) || !digit(text[1])) return false;
    const int value = (text[0] - '0') * 10 + (text[1] - '0');
    text.remove_prefix(2);
    return value <= high;
  }
  /// A point or comma and digits, where there are any.
  void fraction() {
    if (text.size() < 2 || (text[0] != '.' && text[0] != ',') || !digit(text[1])) return;
    std::size_t length = 1;
    while (length < text.size() && digit(text[length])) ++length;
    text.remove_prefix(length);
  }
  bool zone() {
    if (take('Z')) return true;
    if (!take('+') && !take('-')) return false;
    return two(24) && take(':') && two(60);
  }
};

int days_in(int year, int month) {
  constexpr std::array<int, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : days[static_cast<std::size_t>(month - 1)];
}

}  // namespace

bool is_timestamp(std::string_view text) {
  if (text.size() < 8 || !std::all_of(text.begin(), text.begin() + 4, digit) || text[4] != '-') return false;
  int year = 0;
  for (const char c : text.substr(0, 4)) year = year * 10 + (c - '0');
  Cursor cursor{text.substr(5)};
  int month = 0;
  int day = 0;
  if (!cursor.number(1, 12, month) || !cursor.take('-') || !cursor.number(1, 31, day)) return false;
  if (day > days_in(year, month)) return false;
  if (cursor.text.empty()) return true;
  const bool zoned = cursor.text[0] == 'T' || cursor.text[0] == 't';
  if (!zoned && cursor.text[0] != ' ') return false;
  cursor.text.remove_prefix(1);
  // Go's parser skips further blanks where the layout has one.
  if (!zoned) {
    while (cursor.take(' ')) {
    }
  }
  int part = 0;
  if (!cursor.number(0, 23, part) || !cursor.take(':')) return false;
  if (!cursor.number(0, 59, part) || !cursor.take(':')) return false;
  if (!cursor.number(0, 59, part)) return false;
  cursor.fraction();
  if (zoned && !cursor.zone()) return false;
  return cursor.text.empty();
}

bool is_base60(std::string_view text) {
  std::size_t at = 0;
  const auto here = [&](auto test) { return at < text.size() && test(text[at]); };
  if (here([](char c) { return c == '-' || c == '+'; })) ++at;
  if (!here(digit)) return false;
  while (here([](char c) { return digit(c) || c == '_'; })) ++at;
  int parts = 0;
  while (here([](char c) { return c == ':'; })) {
    ++at;
    if (!here(digit)) return false;
    // `[0-5]?[0-9]`: one digit, or two of which the first is below 6.
    if (at + 1 < text.size() && digit(text[at + 1])) {
      if (text[at] > '5') return false;
      ++at;
    }
    ++at;
    ++parts;
  }
  if (parts == 0) return false;
  if (here([](char c) { return c == '.'; })) {
    ++at;
    while (here([](char c) { return digit(c) || c == '_'; })) ++at;
  }
  return at == text.size();
}

}  // namespace gitopsctl::yaml_detail
