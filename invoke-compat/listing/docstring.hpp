#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gitopsctl::invoke {

/// The first line of a docstring that is not blank, without the blanks before it; empty when there is none.
[[nodiscard]] std::string first_line(std::string_view docstring);

/// The lines of a docstring as Python's inspect.cleandoc makes them: tabs expanded, the common indentation of all lines but
/// the first taken away, no blank lines at the ends.
[[nodiscard]] std::vector<std::string> clean_lines(std::string_view docstring);

}  // namespace gitopsctl::invoke
