#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result/result.hpp"

// Go's literals: numbers as strconv reads them with base 0, quoted strings and characters.
namespace gitopsctl::render::detail {

/// What one number can be taken for.
struct NumberLiteral {
  bool is_int = false;
  bool is_uint = false;
  bool is_float = false;
  bool is_complex = false;
  std::int64_t integer = 0;
  double number = 0;
  double imaginary = 0;
};

/// A number as the lexer cuts it out; `complex` for a pair such as `1+2i`. Errors carry Go's text.
[[nodiscard]] Result<NumberLiteral> parse_number_literal(std::string_view text, bool complex);
/// `'x'`, quotes included.
[[nodiscard]] Result<NumberLiteral> parse_character_literal(std::string_view text);
/// `"…"` or a raw string in backticks, quotes included; nullopt when an escape is wrong.
[[nodiscard]] std::optional<std::string> unquote(std::string_view text);

}  // namespace gitopsctl::render::detail
