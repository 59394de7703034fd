#include "render/functions/decimal.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <string_view>

#include "base/text/go_format.hpp"
#include "base/text/go_number.hpp"

namespace gitopsctl::render {
namespace {

constexpr std::uint32_t limb_base = 1'000'000'000;
/// Decimal places of a quotient: shopspring's DivisionPrecision.
constexpr std::int64_t division_places = 16;

void trim(std::vector<std::uint32_t>& digits) {
  while (!digits.empty() && digits.back() == 0) digits.pop_back();
}

}  // namespace

int Decimal::compare(const Digits& a, const Digits& b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  for (std::size_t i = a.size(); i-- > 0;) {
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

Decimal::Digits Decimal::sum(const Digits& a, const Digits& b) {
  Digits out;
  std::uint32_t carry = 0;
  for (std::size_t i = 0; i < std::max(a.size(), b.size()) || carry != 0; ++i) {
    const std::uint32_t limb = carry + (i < a.size() ? a[i] : 0) + (i < b.size() ? b[i] : 0);
    out.push_back(limb % limb_base);
    carry = limb / limb_base;
  }
  return out;
}

Decimal::Digits Decimal::difference(const Digits& larger, const Digits& smaller) {
  Digits out;
  std::int64_t borrow = 0;
  for (std::size_t i = 0; i < larger.size(); ++i) {
    std::int64_t limb = static_cast<std::int64_t>(larger[i]) - borrow - (i < smaller.size() ? smaller[i] : 0);
    borrow = limb < 0 ? 1 : 0;
    if (limb < 0) limb += limb_base;
    out.push_back(static_cast<std::uint32_t>(limb));
  }
  trim(out);
  return out;
}

Decimal::Digits Decimal::product(const Digits& a, const Digits& b) {
  Digits out(a.size() + b.size(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::uint64_t carry = 0;
    for (std::size_t j = 0; j < b.size() || carry != 0; ++j) {
      const std::uint64_t limb = out[i + j] + carry + (j < b.size() ? static_cast<std::uint64_t>(a[i]) * b[j] : 0);
      out[i + j] = static_cast<std::uint32_t>(limb % limb_base);
      carry = limb / limb_base;
    }
  }
  trim(out);
  return out;
}

Decimal::Digits Decimal::quotient(const Digits& dividend, const Digits& divisor, Digits& remainder) {
  Digits out(dividend.size(), 0);
  remainder.clear();
  for (std::size_t i = dividend.size(); i-- > 0;) {
    remainder.insert(remainder.begin(), dividend[i]);
    trim(remainder);
    // The limb is the largest factor whose product still fits: thirty halvings instead of estimates, the numbers are short.
    std::uint32_t low = 0;
    std::uint32_t high = limb_base - 1;
    while (low < high) {
      const std::uint32_t middle = low + (high - low + 1) / 2;
      if (compare(product(divisor, {middle}), remainder) <= 0) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    out[i] = low;
    if (low != 0) remainder = difference(remainder, product(divisor, {low}));
  }
  trim(out);
  return out;
}

Decimal::Digits Decimal::shifted(const Digits& digits, std::uint64_t tens) {
  if (digits.empty()) return {};
  std::uint32_t factor = 1;
  for (std::uint64_t i = 0; i < tens % 9; ++i) factor *= 10;
  Digits out(static_cast<std::size_t>(tens / 9), 0);
  const Digits scaled = product(digits, {factor});
  out.insert(out.end(), scaled.begin(), scaled.end());
  return out;
}

Decimal Decimal::with_exponent(std::int64_t exponent) const {
  Decimal out = *this;
  out.digits_ = shifted(digits_, static_cast<std::uint64_t>(exponent_ - exponent));
  out.exponent_ = exponent;
  return out;
}

Result<Decimal> Decimal::from_double(double number) {
  if (!std::isfinite(number)) {
    return Error(ErrorCode::invalid_input, "Cannot create a Decimal from " + go_format_float(number));
  }
  Decimal out;
  if (number == 0) return out;
  char buffer[64];
  const auto written = std::to_chars(buffer, buffer + sizeof buffer, std::fabs(number), std::chars_format::scientific);
  std::string_view text(buffer, static_cast<std::size_t>(written.ptr - buffer));
  const auto e = text.find('e');
  auto exponent_text = text.substr(e + 1);
  if (exponent_text.starts_with('+')) exponent_text.remove_prefix(1);
  out.exponent_ = parse_go_int(exponent_text, 10).value;
  out.negative_ = number < 0;
  std::uint64_t mantissa = 0;
  for (const char c : text.substr(0, e)) {
    if (c == '.') continue;
    mantissa = mantissa * 10 + static_cast<std::uint64_t>(c - '0');
  }
  // Every digit behind the first one moves the point.
  out.exponent_ -= e > 1 ? static_cast<std::int64_t>(e) - 2 : 0;
  for (; mantissa != 0; mantissa /= limb_base) out.digits_.push_back(static_cast<std::uint32_t>(mantissa % limb_base));
  return out;
}

double Decimal::to_double() const {
  if (digits_.empty()) return 0;
  std::string text = std::to_string(digits_.back());
  for (std::size_t i = digits_.size() - 1; i-- > 0;) {
    char limb[16];
    std::snprintf(limb, sizeof limb, "%09u", static_cast<unsigned>(digits_[i]));
    text += limb;
  }
  text += "e" + std::to_string(exponent_);
  const double value = parse_go_float(text).value;
  return negative_ ? -value : value;
}

Decimal Decimal::add(const Decimal& other) const {
  const auto exponent = std::min(exponent_, other.exponent_);
  Decimal a = with_exponent(exponent);
  const Decimal b = other.with_exponent(exponent);
  if (a.negative_ == b.negative_) {
    a.digits_ = sum(a.digits_, b.digits_);
    return a;
  }
  const int order = compare(a.digits_, b.digits_);
  Decimal out;
  out.exponent_ = exponent;
  if (order == 0) return out;
  out.negative_ = order > 0 ? a.negative_ : b.negative_;
  out.digits_ = order > 0 ? difference(a.digits_, b.digits_) : difference(b.digits_, a.digits_);
  return out;
}

Decimal Decimal::subtract(const Decimal& other) const {
  Decimal opposite = other;
  opposite.negative_ = !other.negative_;
  return add(opposite);
}

Decimal Decimal::multiply(const Decimal& other) const {
  Decimal out;
  out.digits_ = product(digits_, other.digits_);
  out.exponent_ = exponent_ + other.exponent_;
  out.negative_ = negative_ != other.negative_;
  return out;
}

Result<Decimal> Decimal::divide(const Decimal& other) const {
  if (other.digits_.empty()) return Error(ErrorCode::invalid_input, "decimal division by 0");
  // digits / other.digits · 10^scale with the quotient in units of 10^-16.
  const std::int64_t scale = exponent_ - other.exponent_ + division_places;
  const Digits dividend = scale > 0 ? shifted(digits_, static_cast<std::uint64_t>(scale)) : digits_;
  const Digits divisor = scale < 0 ? shifted(other.digits_, static_cast<std::uint64_t>(-scale)) : other.digits_;
  Decimal out;
  Digits remainder;
  out.digits_ = quotient(dividend, divisor, remainder);
  if (compare(sum(remainder, remainder), divisor) >= 0) out.digits_ = sum(out.digits_, {1});
  out.exponent_ = -division_places;
  out.negative_ = negative_ != other.negative_;
  return out;
}

}  // namespace gitopsctl::render
