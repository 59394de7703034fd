#pragma once

#include <string_view>

namespace gitopsctl::render::helm {

/// White space as Go's unicode.IsSpace has it (ASCII blanks, U+0085, U+00A0, U+1680, U+2000–U+200A, U+2028, U+2029,
/// U+202F, U+205F, U+3000), removed at the left, or at both ends.
[[nodiscard]] std::string_view trim_left_space(std::string_view text) noexcept;
[[nodiscard]] std::string_view trim_space(std::string_view text) noexcept;
/// The bytes of the white-space character at the start of `text`; 0 when it does not start with one.
[[nodiscard]] std::size_t leading_space(std::string_view text) noexcept;

}  // namespace gitopsctl::render::helm
