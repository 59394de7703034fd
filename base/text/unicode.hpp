#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gitopsctl {

// Properties and simple case mappings of characters as Go's package unicode has them (Unicode 17.0, as Go 1.27, which helm
// 4.3.1 is built with). Pure functions over constant tables.

/// unicode.IsLetter: general category L.
[[nodiscard]] bool is_letter(char32_t rune) noexcept;
/// unicode.IsUpper: general category Lu.
[[nodiscard]] bool is_upper(char32_t rune) noexcept;
/// unicode.IsLower: general category Ll.
[[nodiscard]] bool is_lower(char32_t rune) noexcept;
/// unicode.IsTitle: general category Lt.
[[nodiscard]] bool is_title(char32_t rune) noexcept;
/// unicode.IsNumber: general category N.
[[nodiscard]] bool is_number(char32_t rune) noexcept;
/// unicode.IsDigit: general category Nd.
[[nodiscard]] bool is_digit(char32_t rune) noexcept;
/// unicode.IsPunct: general category P.
[[nodiscard]] bool is_punct(char32_t rune) noexcept;
/// unicode.IsSpace: property White_Space.
[[nodiscard]] bool is_space(char32_t rune) noexcept;
/// strconv.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII blank.
[[nodiscard]] bool is_print(char32_t rune) noexcept;
[[nodiscard]] char32_t to_upper(char32_t rune) noexcept;
[[nodiscard]] char32_t to_lower(char32_t rune) noexcept;
[[nodiscard]] char32_t to_title(char32_t rune) noexcept;

/// strings.ToUpper: every character mapped by itself; invalid bytes become U+FFFD.
[[nodiscard]] std::string to_upper(std::string_view text);
/// strings.ToLower.
[[nodiscard]] std::string to_lower(std::string_view text);
/// strings.TrimSpace.
[[nodiscard]] std::string_view trim_space(std::string_view text) noexcept;
/// `text` as Go's []rune and back: every invalid byte becomes U+FFFD.
[[nodiscard]] std::u32string to_runes(std::string_view text);
[[nodiscard]] std::string from_runes(std::u32string_view runes);

}  // namespace gitopsctl
