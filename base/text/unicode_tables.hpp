#pragma once

namespace gitopsctl {

// Character classes with the tables of Go 1.26 (Unicode 15.0); see generate_unicode_tables.go.

/// Go's strconv.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII blank.
[[nodiscard]] bool unicode_is_print(char32_t rune) noexcept;
/// Go's unicode.IsLetter.
[[nodiscard]] bool unicode_is_letter(char32_t rune) noexcept;
/// Go's unicode.IsDigit: decimal digits of all scripts.
[[nodiscard]] bool unicode_is_digit(char32_t rune) noexcept;

}  // namespace gitopsctl
