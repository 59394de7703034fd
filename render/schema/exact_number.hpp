#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gitopsctl::render::schema {

/// A decimal number as it was written, without rounding: what JSON Schema compares.
class ExactNumber {
 public:
  /// Reads `12`, `-0.5`, `1e+06`. Nothing for other texts, for exponents beyond a million (Go's big.Rat has this bound) and
  /// for more than 10,000 digits.
  static std::optional<ExactNumber> parse(std::string_view text);

  [[nodiscard]] bool is_integer() const noexcept { return exponent_ >= 0; }
  /// Below 0, 0 or above 0.
  [[nodiscard]] int compare(const ExactNumber& other) const;
  /// True when dividing by `unit` leaves nothing; false for a unit of 0.
  [[nodiscard]] bool is_multiple_of(const ExactNumber& unit) const;
  /// A text that equal numbers, and only they, share.
  [[nodiscard]] std::string normal_text() const {
    return (negative_ ? "-" : "") + digits_ + 'e' + std::to_string(exponent_);
  }
  /// The nearest double.
  [[nodiscard]] double to_double() const;
  /// An integer; at the limits when it does not fit. Nothing for other numbers.
  [[nodiscard]] std::optional<std::int64_t> to_integer() const;

 private:
  std::string digits_;  ///< without zeros at either end; empty is 0
  std::int64_t exponent_ = 0;
  bool negative_ = false;
};

}  // namespace gitopsctl::render::schema
