#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/text/go_format.hpp"

namespace gitopsctl {
namespace {

/// The shortest digits that read back, without point and without zeros at the end, and the decimal exponent of the first.
struct Shortest {
  std::array<char, 24> digits;
  int count = 0;
  int exponent = 0;
  bool negative = false;

  [[nodiscard]] std::string_view view() const { return {digits.data(), static_cast<std::size_t>(count)}; }
};

Shortest shortest_digits(double number) {
  Shortest out{};
  out.negative = std::signbit(number);
  std::array<char, 32> text;
  // Scientific form is always d[.d…]e±XX, so the digits need no search for the first one that is not zero.
  const auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), std::fabs(number), std::chars_format::scientific);
  (void)error;  // 32 bytes hold every shortest double
  const char* at = text.data();
  for (; at != end && *at != 'e'; ++at) {
    if (*at != '.') out.digits[static_cast<std::size_t>(out.count++)] = *at;
  }
  if (at != end) {
    ++at;
    if (at != end && *at == '+') ++at;
    std::from_chars(at, end, out.exponent);
  }
  while (out.count > 1 && out.digits[static_cast<std::size_t>(out.count - 1)] == '0') --out.count;
  return out;
}

void append_plain(std::string& out, const Shortest& value) {
  const std::string_view digits = value.view();
  if (value.exponent < 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-value.exponent - 1), '0');
    out += digits;
    return;
  }
  const auto whole = static_cast<std::size_t>(value.exponent) + 1;
  if (digits.size() <= whole) {
    out += digits;
    out.append(whole - digits.size(), '0');
    return;
  }
  out += digits.substr(0, whole);
  out += '.';
  out += digits.substr(whole);
}

void append_scientific(std::string& out, const Shortest& value, int exponent_digits) {
  const std::string_view digits = value.view();
  out += digits[0];
  if (digits.size() > 1) {
    out += '.';
    out += digits.substr(1);
  }
  out += 'e';
  out += value.exponent < 0 ? '-' : '+';
  const std::string exponent = std::to_string(value.exponent < 0 ? -value.exponent : value.exponent);
  for (auto have = static_cast<int>(exponent.size()); have < exponent_digits; ++have) out += '0';
  out += exponent;
}

std::string format(double number, int plain_from, int plain_to, int exponent_digits) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "+Inf" : "-Inf";
  const Shortest value = shortest_digits(number);
  std::string out;
  if (value.negative) out += '-';
  if (value.exponent < plain_from || value.exponent > plain_to) {
    append_scientific(out, value, exponent_digits);
  } else {
    append_plain(out, value);
  }
  return out;
}

}  // namespace

std::string go_format_float(double number) { return format(number, -4, 5, 2); }

// encoding/json: plain for 1e-6 <= |x| < 1e21 (as ECMAScript), and no zero in front of the exponent. Zero has exponent 0.
std::string json_format_float(double number) { return format(number, -6, 20, 1); }

}  // namespace gitopsctl
