#include "render/schema/exact_number.hpp"

#include <openssl/bn.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "base/text/go_number.hpp"

namespace gitopsctl::render::schema {
namespace {

constexpr std::int64_t max_exponent = 1'000'000;
constexpr std::size_t max_digits = 10'000;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

struct FreeBignum {
  void operator()(BIGNUM* number) const noexcept { BN_free(number); }
};
using Bignum = std::unique_ptr<BIGNUM, FreeBignum>;

Bignum bignum_of(const std::string& digits) {
  BIGNUM* out = nullptr;
  if (BN_dec2bn(&out, digits.c_str()) == 0) return nullptr;
  return Bignum(out);
}

struct FreeContext {
  void operator()(BN_CTX* context) const noexcept { BN_CTX_free(context); }
};

/// digits · 10^tens mod unit = 0.
bool divides(const std::string& unit, const std::string& digits, std::int64_t tens) {
  const std::unique_ptr<BN_CTX, FreeContext> context(BN_CTX_new());
  const Bignum modulus = bignum_of(unit);
  const Bignum number = bignum_of(digits);
  const Bignum ten = bignum_of("10");
  const Bignum power = bignum_of(std::to_string(tens));
  const Bignum rest(BN_new());
  if (!context || !modulus || !number || !ten || !power || !rest) return false;
  if (BN_is_one(modulus.get()) == 1) return true;
  return BN_mod_exp(rest.get(), ten.get(), power.get(), modulus.get(), context.get()) == 1 &&
         BN_mod_mul(rest.get(), rest.get(), number.get(), modulus.get(), context.get()) == 1 && BN_is_zero(rest.get()) == 1;
}

}  // namespace

std::optional<ExactNumber> ExactNumber::parse(std::string_view text) {
  ExactNumber out;
  std::size_t at = 0;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) out.negative_ = text[at++] == '-';
  bool point = false;
  bool any = false;
  for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && !point)); ++at) {
    if (text[at] == '.') {
      point = true;
      continue;
    }
    any = true;
    if (point) --out.exponent_;
    out.digits_ += text[at];
    if (out.digits_.size() > max_digits) return std::nullopt;
  }
  if (!any) return std::nullopt;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    auto power_text = text.substr(at + 1);
    if (power_text.starts_with('+')) power_text.remove_prefix(1);
    const auto power = parse_go_int(power_text, 10);
    if (power.status != GoNumberStatus::ok || power.value > max_exponent || power.value < -max_exponent) return std::nullopt;
    out.exponent_ += power.value;
    at = text.size();
  }
  if (at != text.size()) return std::nullopt;
  out.digits_.erase(0, std::min(out.digits_.find_first_not_of('0'), out.digits_.size()));
  while (out.digits_.ends_with('0')) {
    out.digits_.pop_back();
    ++out.exponent_;
  }
  if (out.digits_.empty()) {
    out.exponent_ = 0;
    out.negative_ = false;
  }
  return out;
}

int ExactNumber::compare(const ExactNumber& other) const {
  if (digits_.empty() || other.digits_.empty() || negative_ != other.negative_) {
    const int mine = digits_.empty() ? 0 : negative_ ? -1 : 1;
    const int theirs = other.digits_.empty() ? 0 : other.negative_ ? -1 : 1;
    return mine - theirs;
  }
  const int larger = negative_ ? -1 : 1;
  const auto top = static_cast<std::int64_t>(digits_.size()) + exponent_;
  const auto other_top = static_cast<std::int64_t>(other.digits_.size()) + other.exponent_;
  if (top != other_top) return top > other_top ? larger : -larger;
  // Both begin at the same place, and neither ends in a zero.
  const int order = digits_.compare(other.digits_);
  return order == 0 ? 0 : order > 0 ? larger : -larger;
}

bool ExactNumber::is_multiple_of(const ExactNumber& unit) const {
  if (unit.digits_.empty()) return false;
  if (digits_.empty()) return true;
  // A unit with more tens than the number has leaves a rest, because the number's digits end in none.
  if (unit.exponent_ > exponent_) return false;
  return divides(unit.digits_, digits_, exponent_ - unit.exponent_);
}

double ExactNumber::to_double() const {
  if (digits_.empty()) return 0;
  return parse_go_float(normal_text()).value;
}

std::optional<std::int64_t> ExactNumber::to_integer() const {
  if (!is_integer()) return std::nullopt;
  constexpr std::int64_t longest = 19;  // digits of the largest
  if (digits_.size() > longest || exponent_ > longest) {
    return negative_ ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
  }
  return parse_go_int((negative_ ? "-" : "") + digits_ + std::string(static_cast<std::size_t>(exponent_), '0'), 10).value;
}

}  // namespace gitopsctl::render::schema
