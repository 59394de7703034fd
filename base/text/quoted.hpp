#pragma once

#include <cstddef>
#include <string_view>

namespace gitopsctl {

/// Where the first `sign` stands in `text`, from `from` on, that is not inside of double quotes, in which a backslash takes
/// the next byte's meaning away; npos when there is none.
[[nodiscard]] constexpr std::size_t find_unquoted(std::string_view text, char sign, std::size_t from) noexcept {
  bool quoted = false;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == sign && !quoted) {
      return i;
    }
  }
  return std::string_view::npos;
}

}  // namespace gitopsctl
