#include "agent/cli/words.hpp"

#include <algorithm>

namespace gitopsctl::agent::cli {

std::vector<std::string_view> split_choices(std::string_view choices) {
  std::vector<std::string_view> out;
  while (!choices.empty()) {
    const std::size_t bar = choices.find('|');
    out.push_back(choices.substr(0, bar));
    choices = bar == std::string_view::npos ? std::string_view{} : choices.substr(bar + 1);
  }
  return out;
}

bool is_choice(std::string_view choices, std::string_view word) {
  const auto words = split_choices(choices);
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace gitopsctl::agent::cli
