#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gitopsctl::invoke {

/// One row of a table of two columns.
struct Row {
  std::string label;
  std::string text;
};

/// Columns of a terminal that is none.
inline constexpr std::size_t default_width = 80;

/// Breaks a text into lines of at most `width` characters (at least one) as Python's textwrap does: blanks and line ends are
/// blanks, tabs expand to 8, runs of blanks inside of a line stay, words may break behind a hyphen, longer ones are cut.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t width);

/// The rows as invoke prints them for a terminal of `columns`: labels padded to the longest, texts wrapped beside them, a
/// blank line at the end. Where nothing is left beside the labels the text stands below its label. Lengths are code points.
[[nodiscard]] std::string print_columns(const std::vector<Row>& rows, std::size_t columns);

/// Code points of a text; a byte that is no UTF-8 counts as one.
[[nodiscard]] std::size_t length_of(std::string_view text) noexcept;

}  // namespace gitopsctl::invoke
