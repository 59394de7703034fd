#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// How Python writes and reads scalars, where a command line or a message shows it.
namespace gitopsctl::invoke {

/// `text` as a Python string literal, as messages quote names: single quotes, or double ones when it holds a single but no
/// double quote; `\n`, `\t`, `\\`, `\xNN`, `\uNNNN` for what cannot be printed. Bytes that are no UTF-8 become `\udcNN`.
[[nodiscard]] std::string python_repr(std::string_view text);

/// Python's int(text): blanks around it, a sign, single underscores between digits. Nothing when it is none or does not fit
/// into 64 bits. Digits other than those of ASCII are not taken.
[[nodiscard]] std::optional<std::int64_t> parse_python_int(std::string_view text);

/// Python's float(text): blanks around it, a sign, decimal with an exponent, single underscores between digits, `inf`,
/// `infinity` and `nan` in any case. Nothing when it is none; beyond the range it is an infinity.
[[nodiscard]] std::optional<double> parse_python_float(std::string_view text);

/// str.strip(): `text` without the blanks at both ends that Python knows (Unicode's, and U+001C to U+001F).
[[nodiscard]] std::string_view python_strip(std::string_view text) noexcept;

}  // namespace gitopsctl::invoke
