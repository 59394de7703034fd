#include "base/text/go_number.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "base/text/ascii.hpp"

namespace gitopsctl {
namespace {

int digit_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  c = ascii_lower(c);
  return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

/// Go's rule: an underscore stands between two digits, where a base prefix counts as a digit.
bool underscores_well_placed(std::string_view text) noexcept {
  enum class Seen : std::uint8_t { start, digit, underscore, other };
  Seen last = Seen::start;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  bool hex = false;
  if (text.size() >= 2 && text[0] == '0') {
    const char letter = ascii_lower(text[1]);
    if (letter == 'x' || letter == 'b' || letter == 'o') {
      hex = letter == 'x';
      last = Seen::digit;
      text.remove_prefix(2);
    }
  }
  for (const char c : text) {
    if ((c >= '0' && c <= '9') || (hex && digit_value(c) < 16)) {
      last = Seen::digit;
    } else if (c == '_') {
      if (last != Seen::digit) return false;
      last = Seen::underscore;
    } else {
      if (last == Seen::underscore) return false;
      last = Seen::other;
    }
  }
  return last != Seen::underscore;
}

/// The shape of a float literal without its sign: which digits, and where they stand.
struct FloatShape {
  bool valid = false;
  bool hex = false;
  bool zero = true;
  std::int64_t leading = 0;  ///< power of the base of the first digit that is not 0
};

FloatShape read_shape(std::string_view text) noexcept {
  FloatShape shape;
  std::size_t at = 0;
  if (text.size() > 2 && text[0] == '0' && ascii_lower(text[1]) == 'x') {
    shape.hex = true;
    at = 2;
  }
  bool point = false;
  bool digits = false;
  std::int64_t before_point = 0;
  std::int64_t after_point = 0;
  bool fixed = false;
  std::int64_t first = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '_') continue;
    if (c == '.') {
      if (point) return shape;
      point = true;
      continue;
    }
    if (digit_value(c) >= (shape.hex ? 16 : 10)) break;
    digits = true;
    (point ? after_point : before_point) += 1;
    if (c != '0' && !fixed) {
      fixed = true;
      first = point ? -after_point : before_point;
    }
  }
  if (!digits) return shape;
  shape.zero = !fixed;
  if (fixed) shape.leading = first < 0 ? first : before_point - first;
  std::int64_t exponent = 0;
  if (at < text.size() && ascii_lower(text[at]) == (shape.hex ? 'p' : 'e')) {
    ++at;
    bool negative = false;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) negative = text[at++] == '-';
    if (at == text.size() || text[at] < '0' || text[at] > '9') return shape;
    for (; at < text.size() && ((text[at] >= '0' && text[at] <= '9') || text[at] == '_'); ++at) {
      if (text[at] != '_' && exponent < 100'000) exponent = exponent * 10 + (text[at] - '0');
    }
    if (negative) exponent = -exponent;
  } else if (shape.hex) {
    return shape;  // a hexadecimal mantissa needs its exponent
  }
  if (at != text.size()) return shape;
  shape.leading = (shape.hex ? shape.leading * 4 : shape.leading) + exponent;
  shape.valid = true;
  return shape;
}

}  // namespace

GoInt parse_go_int(std::string_view text, int base) noexcept {
  constexpr GoInt bad{0, GoNumberStatus::syntax};
  const std::string_view whole = text;
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.empty()) return bad;
  const bool from_prefix = base == 0;
  if (from_prefix) {
    base = 10;
    if (text[0] == '0') {
      const char letter = text.size() >= 3 ? ascii_lower(text[1]) : '\0';
      const int prefixed = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
      base = prefixed != 0 ? prefixed : 8;
      text.remove_prefix(prefixed != 0 ? 2 : 1);
    }
  }
  const std::uint64_t limit = negative ? std::uint64_t{1} << 63U : (std::uint64_t{1} << 63U) - 1;
  std::uint64_t number = 0;
  bool over = false;
  bool underscores = false;
  for (const char c : text) {
    if (c == '_' && from_prefix) {
      underscores = true;
      continue;
    }
    const int digit = digit_value(c);
    if (digit >= base) return bad;
    if (over || number > (limit - static_cast<std::uint64_t>(digit)) / static_cast<std::uint64_t>(base)) {
      over = true;
    } else {
      number = number * static_cast<std::uint64_t>(base) + static_cast<std::uint64_t>(digit);
    }
  }
  if (underscores && !underscores_well_placed(whole)) return bad;
  if (over) {
    return {negative ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max(),
            GoNumberStatus::range};
  }
  return {static_cast<std::int64_t>(negative ? ~number + 1 : number), GoNumberStatus::ok};
}

GoFloat parse_go_float(std::string_view text) {
  constexpr GoFloat bad{0, GoNumberStatus::syntax};
  const std::string_view whole = text;
  bool negative = false;
  bool sign = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    sign = true;
    text.remove_prefix(1);
  }
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto signed_value = [&](double value) { return negative ? -value : value; };
  if (ascii_equal_fold(text, "inf") || ascii_equal_fold(text, "infinity"))
    return {signed_value(infinity), GoNumberStatus::ok};
  if (!sign && ascii_equal_fold(text, "nan")) return {std::numeric_limits<double>::quiet_NaN(), GoNumberStatus::ok};

  const auto shape = read_shape(text);
  if (!shape.valid) return bad;
  std::string digits(text.substr(shape.hex ? 2 : 0));
  if (digits.find('_') != std::string::npos) {
    if (!underscores_well_placed(whole)) return bad;
    std::erase(digits, '_');
  }
  double value = 0;
  const auto format = shape.hex ? std::chars_format::hex : std::chars_format::general;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value, format);
  if (code == std::errc::result_out_of_range) {
    // Too small is 0 for Go; only too large is an error.
    if (shape.zero || shape.leading < 0) return {signed_value(0.0), GoNumberStatus::ok};
    return {signed_value(infinity), GoNumberStatus::range};
  }
  if (code != std::errc{} || end != digits.data() + digits.size()) return bad;
  return {signed_value(value), GoNumberStatus::ok};
}

}  // namespace gitopsctl
