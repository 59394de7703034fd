#include "base/text/go_verbs.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

#include "base/text/go_format.hpp"
#include "base/text/utf8.hpp"

namespace gitopsctl::detail {
namespace {

std::size_t rune_count(std::string_view text) {
  std::size_t count = 0;
  while (!text.empty()) {
    text.remove_prefix(decode_utf8(text).length);
    ++count;
  }
  return count;
}

/// The first `count` characters.
std::string_view first_runes(std::string_view text, int count) {
  std::size_t at = 0;
  for (; count > 0 && at < text.size(); --count) at += decode_utf8(text.substr(at)).length;
  return text.substr(0, at);
}

void append_padding(std::string& out, const FormatSpec& spec, std::size_t have) {
  const auto width = static_cast<std::size_t>(spec.width);
  if (have < width) out.append(width - have, spec.zero && !spec.minus ? '0' : ' ');
}

void append_padded_with_blanks(std::string& out, FormatSpec spec, std::string_view text) {
  spec.zero = false;
  append_padded(out, spec, text);
}

/// Lower-case letters of the part from `from` on become upper-case.
void to_upper(std::string& text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
}

std::string decimal_digits(double number, std::chars_format format, int precision) {
  // The longest plain double has 309 digits before the point; precision is at most 10^6.
  std::string text(static_cast<std::size_t>(precision) + 340, '\0');
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number, format, precision);
  text.resize(error == std::errc{} ? static_cast<std::size_t>(end - text.data()) : 0);
  return text;
}

void append_exponent(std::string& out, char letter, int exponent) {
  out += letter;
  out += exponent < 0 ? '-' : '+';
  const int size = std::abs(exponent);
  if (size < 10) out += '0';
  out += std::to_string(size);
}

/// `%b`: the mantissa as an integer and the power of two: `4503599627370496p-52`.
std::string binary_form(double number) {
  if (number == 0) return "0p-1074";
  int exponent = 0;
  double fraction = std::frexp(number, &exponent);  // [0.5, 1)
  exponent -= 53;
  // Numbers below the normal range keep the exponent of the smallest normal one.
  const int lowest = -1074;
  int bits = 53;
  if (exponent < lowest) {
    bits -= lowest - exponent;
    exponent = lowest;
  }
  const auto mantissa = static_cast<std::uint64_t>(std::ldexp(fraction, bits));
  std::string out = std::to_string(mantissa) + "p";
  out += exponent < 0 ? "" : "+";
  return out + std::to_string(exponent);
}

/// `%x`: `0x1.8p+01`, with `precision` hexadecimal digits after the point or (negative) as many as needed.
std::string hexadecimal_form(double number, int precision) {
  int exponent = 0;
  std::uint64_t mantissa = 0;  // leading one at bit 52
  if (number != 0) {
    mantissa = static_cast<std::uint64_t>(std::ldexp(std::frexp(number, &exponent), 53));
    --exponent;
  }
  if (precision >= 0 && precision < 13) {
    const auto drop = static_cast<unsigned>(52 - precision * 4);
    const std::uint64_t rest = mantissa & ((std::uint64_t{1} << drop) - 1);
    const std::uint64_t half = std::uint64_t{1} << (drop - 1);
    mantissa >>= drop;
    if (rest > half || (rest == half && (mantissa & 1U) != 0)) ++mantissa;
    mantissa <<= drop;
    if ((mantissa >> 53U) != 0) {
      mantissa >>= 1U;
      ++exponent;
    }
  }
  std::string out = "0x";
  out += (mantissa >> 52U) != 0 ? '1' : '0';
  std::uint64_t fraction = mantissa & ((std::uint64_t{1} << 52U) - 1);
  if (precision > 0 || (precision < 0 && fraction != 0)) {
    out += '.';
    for (int i = 0; precision < 0 ? fraction != 0 : i < precision; ++i) {
      out += "0123456789abcdef"[(fraction >> 48U) & 0xFU];
      fraction = (fraction << 4U) & ((std::uint64_t{1} << 52U) - 1);
    }
  }
  append_exponent(out, 'p', exponent);
  return out;
}

/// A finite number that is not negative, without sign.
std::string unsigned_float(double number, char32_t verb, int precision) {
  std::string text;
  switch (verb) {
    case 'e':
    case 'E': text = decimal_digits(number, std::chars_format::scientific, precision); break;
    case 'f':
    case 'F': text = decimal_digits(number, std::chars_format::fixed, precision); break;
    case 'b': return binary_form(number);
    case 'x':
    case 'X': text = hexadecimal_form(number, precision); break;
    default:
      if (precision < 0) {
        text = go_format_float(number);
      } else {
        // More than 767 significant digits no double has.
        text = decimal_digits(number, std::chars_format::general, std::clamp(precision, 1, 1100));
      }
      break;
  }
  if (verb == 'E' || verb == 'G' || verb == 'X') to_upper(text);
  return text;
}

/// The flag `#`: a decimal point always, and for %g the zeros at the end up to the precision.
void keep_point(std::string& text, char32_t verb, int precision) {
  if (verb == 'b') return;
  const bool hexadecimal = verb == 'x' || verb == 'X';
  int missing = 0;
  if (verb == 'v' || verb == 'g' || verb == 'G' || verb == 'x') missing = precision == -1 ? 6 : precision;
  const std::size_t split = text.find_first_of(hexadecimal ? "pP" : "eE");
  const std::string tail = split == std::string::npos ? "" : text.substr(split);
  if (split != std::string::npos) text.resize(split);
  bool point = false;
  bool significant = false;
  for (const char c : text) {
    if (c == '.') {
      point = true;
      continue;
    }
    if (c != '0') significant = true;
    if (significant) --missing;
  }
  if (!point) {
    if (text == "0") --missing;
    text += '.';
  }
  if (missing > 0) text.append(static_cast<std::size_t>(missing), '0');
  text += tail;
}

}  // namespace

void append_padded(std::string& out, const FormatSpec& spec, std::string_view text) {
  if (!spec.has_width || spec.width == 0) {
    out += text;
    return;
  }
  const std::size_t have = rune_count(text);
  if (!spec.minus) append_padding(out, spec, have);
  out += text;
  if (spec.minus) append_padding(out, spec, have);
}

void append_integer(std::string& out, const FormatSpec& spec, std::uint64_t magnitude, bool negative, char32_t verb) {
  const int base = verb == 'b' ? 2 : verb == 'o' || verb == 'O' ? 8 : verb == 'x' || verb == 'X' ? 16 : 10;
  std::size_t least = 0;
  if (spec.has_precision) {
    least = static_cast<std::size_t>(spec.precision);
    if (least == 0 && magnitude == 0) {
      append_padded_with_blanks(out, spec, "");
      return;
    }
  } else if (spec.zero && !spec.minus && spec.has_width) {
    const bool sign = negative || spec.plus || spec.space;
    least = static_cast<std::size_t>(std::max(0, spec.width - (sign ? 1 : 0)));
  }
  std::array<char, 64> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), magnitude, base).ptr;
  std::string number(digits.data(), end);
  if (number.size() < least) number.insert(0, least - number.size(), '0');
  if (spec.sharp) {
    if (base == 2) number.insert(0, "0b");
    if (base == 8 && number[0] != '0') number.insert(0, "0");
    if (base == 16) number.insert(0, "0x");
  }
  if (verb == 'O') number.insert(0, "0o");
  if (verb == 'X') to_upper(number);
  if (negative) {
    number.insert(0, "-");
  } else if (spec.plus) {
    number.insert(0, "+");
  } else if (spec.space) {
    number.insert(0, " ");
  }
  append_padded_with_blanks(out, spec, number);
}

void append_character(std::string& out, const FormatSpec& spec, std::uint64_t code, bool quoted) {
  char32_t rune = code > 0x10FFFF ? 0xFFFD : static_cast<char32_t>(code);
  if (rune >= 0xD800 && rune <= 0xDFFF) rune = 0xFFFD;
  std::string text;
  if (quoted) {
    text += '\'';
    append_quoted_rune(text, rune, '\'', spec.plus);
    text += '\'';
  } else {
    append_utf8(text, rune);
  }
  append_padded(out, spec, text);
}

void append_code_point(std::string& out, const FormatSpec& spec, std::uint64_t code) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), code, 16).ptr;
  std::string number(digits.data(), end);
  to_upper(number);
  const auto least = static_cast<std::size_t>(spec.has_precision ? std::max(4, spec.precision) : 4);
  if (number.size() < least) number.insert(0, least - number.size(), '0');
  number.insert(0, "U+");
  if (spec.sharp && code <= 0x10FFFF) {
    std::string shown;
    append_utf8(shown, static_cast<char32_t>(code));
    std::string escaped;
    append_quoted_rune(escaped, static_cast<char32_t>(code), '\0', false);
    // What quoting leaves alone is printable; the backslash is, although quoting doubles it.
    if (escaped == shown || code == '\\') number += " '" + shown + "'";
  }
  append_padded_with_blanks(out, spec, number);
}

void append_float(std::string& out, const FormatSpec& spec, double number, char32_t verb) {
  int precision = verb == 'e' || verb == 'E' || verb == 'f' || verb == 'F' ? 6 : -1;
  if (spec.has_precision) precision = spec.precision;
  const bool negative = std::signbit(number) && !std::isnan(number);
  std::string sign = negative ? "-" : spec.plus ? "+" : spec.space ? " " : "";
  if (!std::isfinite(number)) {
    if (std::isnan(number)) return append_padded_with_blanks(out, spec, sign + "NaN");
    // An infinity shows its sign in any case unless the flags ask for a blank.
    return append_padded_with_blanks(out, spec, (sign.empty() ? "+" : sign) + "Inf");
  }
  std::string text = unsigned_float(std::fabs(number), verb, precision);
  if (spec.sharp) keep_point(text, verb, precision);
  const std::size_t have = sign.size() + text.size();
  if (!sign.empty() && spec.zero && !spec.minus && spec.has_width && static_cast<std::size_t>(spec.width) > have) {
    // Zeros stand between sign and digits.
    out += sign;
    append_padding(out, spec, have);
    out += text;
    return;
  }
  append_padded(out, spec, sign + text);
}

void append_string(std::string& out, const FormatSpec& spec, std::string_view text, char32_t verb) {
  if (verb == 'x' || verb == 'X') {
    if (spec.has_precision) text = text.substr(0, static_cast<std::size_t>(spec.precision));
    const std::string_view digits = verb == 'x' ? "0123456789abcdef" : "0123456789ABCDEF";
    const std::string_view prefix = verb == 'x' ? "0x" : "0X";
    std::string hex;
    hex.reserve(text.size() * 2);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (i > 0 && spec.space) hex += ' ';
      if (spec.sharp && (i == 0 || spec.space)) hex += prefix;
      const auto byte = static_cast<unsigned char>(text[i]);
      hex += digits[byte >> 4U];
      hex += digits[byte & 0xFU];
    }
    append_padded(out, spec, hex);
    return;
  }
  if (spec.has_precision) text = first_runes(text, spec.precision);
  if (verb != 'q' && !spec.go_syntax) {
    append_padded(out, spec, text);
    return;
  }
  std::string quoted;
  if (spec.sharp && can_backquote(text)) {
    quoted += '`';
    quoted += text;
    quoted += '`';
  } else {
    append_quoted(quoted, text, '"', spec.plus);
  }
  append_padded(out, spec, quoted);
}

}  // namespace gitopsctl::detail
