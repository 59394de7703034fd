#pragma once

#include <string_view>
#include <vector>

namespace gitopsctl::agent::cli {

/// The words of a table's `a|b|c`. Empty text has none.
[[nodiscard]] std::vector<std::string_view> split_choices(std::string_view choices);
/// True when `word` is one of them.
[[nodiscard]] bool is_choice(std::string_view choices, std::string_view word);

}  // namespace gitopsctl::agent::cli
