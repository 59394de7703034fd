#pragma once

#include <cstdint>
#include <vector>

#include "base/result/result.hpp"

namespace gitopsctl::render {

/// A decimal number of any length: what the `addf` family computes with, so that 0.1 + 0.2 is 0.3. Exact but for
/// divide(), which rounds to 16 decimal places, halves away from zero (shopspring/decimal 1.4).
class Decimal {
 public:
  /// The shortest decimal text that reads back as `number`. Error: `Cannot create a Decimal from NaN`.
  static Result<Decimal> from_double(double number);
  /// The nearest double; infinite when out of range.
  [[nodiscard]] double to_double() const;

  [[nodiscard]] Decimal add(const Decimal& other) const;
  [[nodiscard]] Decimal subtract(const Decimal& other) const;
  [[nodiscard]] Decimal multiply(const Decimal& other) const;
  /// Error: `decimal division by 0`.
  [[nodiscard]] Result<Decimal> divide(const Decimal& other) const;

 private:
  /// Limbs of nine digits, the lowest first, without leading zero limbs; empty is 0.
  using Digits = std::vector<std::uint32_t>;
  static int compare(const Digits& a, const Digits& b);
  static Digits sum(const Digits& a, const Digits& b);
  static Digits difference(const Digits& larger, const Digits& smaller);
  static Digits product(const Digits& a, const Digits& b);
  static Digits quotient(const Digits& dividend, const Digits& divisor, Digits& remainder);
  static Digits shifted(const Digits& digits, std::uint64_t tens);
  [[nodiscard]] Decimal with_exponent(std::int64_t exponent) const;

  Digits digits_;
  std::int64_t exponent_ = 0;  ///< the value is ±digits · 10^exponent
  bool negative_ = false;
};

}  // namespace gitopsctl::render
