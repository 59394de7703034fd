#include "render/template/literal.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include "base/text/ascii.hpp"
#include "base/text/go_format.hpp"
#include "base/text/utf8.hpp"

namespace gitopsctl::render::detail {
namespace {

int digit_value(char c) {
  c = ascii_lower(c);
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  return 99;
}

/// Underscores may stand between digits, and between a base prefix and a digit. `text` has no sign.
bool underscores_well_placed(std::string_view text) {
  enum class Seen { nothing, digit, underscore, other };
  Seen seen = Seen::nothing;
  bool hexadecimal = false;
  std::size_t i = 0;
  if (text.size() >= 2 && text[0] == '0') {
    const char prefix = ascii_lower(text[1]);
    if (prefix == 'b' || prefix == 'o' || prefix == 'x') {
      i = 2;
      seen = Seen::digit;
      hexadecimal = prefix == 'x';
    }
  }
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= '0' && c <= '9') || (hexadecimal && ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f')) {
      seen = Seen::digit;
    } else if (c == '_') {
      if (seen != Seen::digit) return false;
      seen = Seen::underscore;
    } else {
      if (seen == Seen::underscore) return false;
      seen = Seen::other;
    }
  }
  return seen != Seen::underscore;
}

std::string without_underscores(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != '_') out += c;
  }
  return out;
}

/// Digits with a base prefix, no sign; nullopt for bad syntax and for values that do not fit.
std::optional<std::uint64_t> parse_unsigned(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const bool underscores = text.find('_') != std::string_view::npos;
  if (underscores && !underscores_well_placed(text)) return std::nullopt;
  unsigned base = 10;
  std::string_view digits = text;
  if (text[0] == '0') {
    const char prefix = text.size() >= 3 ? ascii_lower(text[1]) : '\0';
    base = prefix == 'b' ? 2 : prefix == 'o' ? 8 : prefix == 'x' ? 16 : 8;
    digits.remove_prefix(prefix == 'b' || prefix == 'o' || prefix == 'x' ? 2 : 1);
    if (digits.empty()) return 0;
  }
  std::uint64_t value = 0;
  for (const char c : digits) {
    if (c == '_') continue;
    const auto digit = static_cast<unsigned>(digit_value(c));
    if (digit >= base) return std::nullopt;
    if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / base) return std::nullopt;
    value = value * base + digit;
  }
  return value;
}

/// A decimal or hexadecimal float; nullopt for bad syntax and for overflow.
std::optional<double> parse_float(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const bool hexadecimal = text.size() > 2 && text[0] == '0' && ascii_lower(text[1]) == 'x';
  if (text.find('_') != std::string_view::npos && !underscores_well_placed(text)) return std::nullopt;
  std::string digits = without_underscores(hexadecimal ? text.substr(2) : text);
  // from_chars knows more than a literal may be: words, and hexadecimal numbers without exponent.
  if (digits.empty() || (digits[0] != '.' && digit_value(digits[0]) > 15)) {
    return std::nullopt;
  }
  if (hexadecimal && digits.find_first_of("pP") == std::string::npos) return std::nullopt;
  if (const auto exponent = digits.find_first_of(hexadecimal ? "pP" : "eE");
      exponent != std::string::npos && exponent + 1 < digits.size() && digits[exponent + 1] == '+') {
    digits.erase(exponent + 1, 1);
  }
  double value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] =
      std::from_chars(digits.data(), end, value, hexadecimal ? std::chars_format::hex : std::chars_format::general);
  if (stop != end) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    // Too large is an error, too small is zero; the exponent tells them apart.
    const auto exponent = digits.find_first_of(hexadecimal ? "pP" : "eE");
    const bool tiny = exponent != std::string::npos && digits[exponent + 1] == '-';
    if (!tiny) return std::nullopt;
    value = 0;
  } else if (error != std::errc{}) {
    return std::nullopt;
  }
  return negative ? -value : value;
}

/// Fills in the integer that a float happens to be.
void add_integers(NumberLiteral& literal, double number) {
  if (!literal.is_int && number >= -0x1p63 && number < 0x1p63 && std::trunc(number) == number) {
    literal.is_int = true;
    literal.integer = static_cast<std::int64_t>(number);
  }
  if (!literal.is_uint && number >= 0 && number < 0x1p64 && std::trunc(number) == number) literal.is_uint = true;
}

void simplify_complex(NumberLiteral& literal) {
  literal.is_complex = true;
  literal.is_float = literal.imaginary == 0;
  if (literal.is_float) add_integers(literal, literal.number);
}

Error invalid(std::string message) { return {ErrorCode::invalid_input, std::move(message)}; }

struct Character {
  char32_t value = 0;
  bool is_byte = false;  ///< from `\x41` or `\101`: one byte of output whatever its value
  std::size_t length = 0;
};

/// One possibly escaped character of a literal between `quote` marks; nullopt when it is malformed.
std::optional<Character> unquote_character(std::string_view text, char quote) {
  if (text.empty() || text[0] == quote) return std::nullopt;
  if (text[0] != '\\') {
    const DecodedRune rune = decode_utf8(text);
    return Character{rune.value, false, rune.length};
  }
  if (text.size() < 2) return std::nullopt;
  const char c = text[1];
  switch (c) {
    case 'a': return Character{'\a', false, 2};
    case 'b': return Character{'\b', false, 2};
    case 'f': return Character{'\f', false, 2};
    case 'n': return Character{'\n', false, 2};
    case 'r': return Character{'\r', false, 2};
    case 't': return Character{'\t', false, 2};
    case 'v': return Character{'\v', false, 2};
    case '\\': return Character{'\\', false, 2};
    case '\'':
    case '"':
      if (c != quote) return std::nullopt;
      return Character{static_cast<char32_t>(c), false, 2};
    default: break;
  }
  const bool octal = c >= '0' && c <= '7';
  const std::size_t count = octal ? 3 : c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  const std::size_t from = octal ? 1 : 2;
  if (count == 0 || text.size() < from + count) return std::nullopt;
  std::uint64_t value = 0;
  for (const char digit : text.substr(from, count)) {
    const auto part = static_cast<unsigned>(digit_value(digit));
    if (part >= (octal ? 8U : 16U)) return std::nullopt;
    value = value * (octal ? 8 : 16) + part;
  }
  const bool byte = octal || c == 'x';
  if (byte ? value > 0xFF : value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return std::nullopt;
  return Character{static_cast<char32_t>(value), byte, from + count};
}

}  // namespace

Result<NumberLiteral> parse_number_literal(std::string_view text, bool complex) {
  NumberLiteral literal;
  if (complex) {
    const std::size_t split = text.find_last_of("+-");
    // The sign of an exponent is none between the parts.
    std::size_t at = split;
    if (at != std::string_view::npos && at > 0 && (ascii_lower(text[at - 1]) == 'e' || ascii_lower(text[at - 1]) == 'p')) {
      at = text.find_last_of("+-", at - 1);
    }
    if (at == std::string_view::npos || at == 0) return invalid("illegal number syntax: " + go_quote(text));
    const auto real = parse_float(text.substr(0, at));
    const auto imaginary = parse_float(text.substr(at, text.size() - at - 1));
    if (!real || !imaginary) return invalid("illegal number syntax: " + go_quote(text));
    literal.number = *real;
    literal.imaginary = *imaginary;
    simplify_complex(literal);
    return literal;
  }
  if (!text.empty() && text.back() == 'i') {
    if (const auto imaginary = parse_float(text.substr(0, text.size() - 1))) {
      literal.imaginary = *imaginary;
      simplify_complex(literal);
      return literal;
    }
  }
  const bool sign = !text.empty() && (text[0] == '+' || text[0] == '-');
  const bool negative = sign && text[0] == '-';
  if (const auto magnitude = parse_unsigned(text.substr(sign ? 1 : 0))) {
    constexpr std::uint64_t limit = std::uint64_t{1} << 63U;
    literal.is_uint = !sign || *magnitude == 0;
    if (*magnitude < limit || (negative && *magnitude == limit)) {
      literal.is_int = true;
      literal.integer = static_cast<std::int64_t>(negative ? ~*magnitude + 1 : *magnitude);
      literal.number = static_cast<double>(literal.integer);
      literal.is_float = true;
    } else if (literal.is_uint) {
      literal.number = static_cast<double>(*magnitude);
      literal.is_float = true;
    }
  }
  if (literal.is_float) return literal;
  if (const auto number = parse_float(text)) {
    if (text.find_first_of(".eEpP") == std::string_view::npos) return invalid("integer overflow: " + go_quote(text));
    literal.is_float = true;
    literal.number = *number;
    add_integers(literal, *number);
    return literal;
  }
  return invalid("illegal number syntax: " + go_quote(text));
}

Result<NumberLiteral> parse_character_literal(std::string_view text) {
  const auto character = unquote_character(text.substr(1), '\'');
  if (!character) return invalid("invalid syntax");
  if (text.substr(1 + character->length) != "'") {
    return invalid("malformed character constant: " + std::string(text));
  }
  NumberLiteral literal;
  literal.is_int = literal.is_uint = literal.is_float = true;
  literal.integer = static_cast<std::int64_t>(character->value);
  literal.number = static_cast<double>(character->value);
  return literal;
}

std::optional<std::string> unquote(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  const char quote = text[0];
  std::string_view inner = text.substr(1, text.size() - 2);
  std::string out;
  if (quote == '`') {
    out = inner;
    std::erase(out, '\r');
    return out;
  }
  const auto stands_for_itself = [quote](char c) { return c >= ' ' && c < 0x7F && c != '\\' && c != quote; };
  for (;;) {
    const auto plain =
        static_cast<std::size_t>(std::find_if_not(inner.begin(), inner.end(), stands_for_itself) - inner.begin());
    out += inner.substr(0, plain);
    inner.remove_prefix(plain);
    if (inner.empty()) return out;
    const auto character = unquote_character(inner, quote);
    if (!character) return std::nullopt;
    if (character->is_byte) {
      out += static_cast<char>(static_cast<unsigned char>(character->value));
    } else {
      append_utf8(out, character->value);
    }
    inner.remove_prefix(character->length);
  }
}

}  // namespace gitopsctl::render::detail
