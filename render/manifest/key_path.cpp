#include <utility>

#include "render/manifest/object.hpp"

namespace gitopsctl::render {

Result<std::vector<std::string>> parse_key_path(std::string_view text) {
  std::vector<std::string> keys;
  std::string key;
  const auto wrong = [](std::string message) {
    return Error(ErrorCode::invalid_input, std::move(message))
        .with_hint("write keys separated by dots, and a dot inside a key as `\\.`");
  };
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || text[i] == '.') {
      if (key.empty()) return wrong("the path has an empty key");
      keys.push_back(std::exchange(key, {}));
    } else if (text[i] == '\\') {
      if (i + 1 == text.size() || (text[i + 1] != '.' && text[i + 1] != '\\')) {
        return wrong("the path has a `\\` before something that is neither a dot nor a `\\`");
      }
      key += text[++i];
    } else {
      key += text[i];
    }
  }
  return keys;
}

}  // namespace gitopsctl::render
