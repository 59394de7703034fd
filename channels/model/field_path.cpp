#include "channels/model/field_path.hpp"

#include <algorithm>
#include <utility>

#include "base/json/json.hpp"
#include "base/text/quoted.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::channels {
namespace {

constexpr std::size_t max_path_bytes = 2'000;

Error wrong(std::string what) {
  return Error(ErrorCode::invalid_input, std::move(what))
      .with_hint(R"(write keys joined by dots, items of lists as containers[name="web"], and a dot inside a key as \.)");
}

/// Where the bracket at the start of `text` ends, behind it; quoted brackets do not count.
std::size_t bracket_end(std::string_view text) {
  const auto close = find_unquoted(text, ']', 1);
  return close == std::string_view::npos ? close : close + 1;
}

/// JSON, or a text without quotes.
Result<Value> read_value(std::string_view text) {
  if (auto json = parse_json(text, {}, true, max_path_bytes); json.ok() && !json->is_map() && !json->is_list()) return json;
  if (text.empty() || text.find_first_of("\"[]{},") != std::string_view::npos) {
    return wrong("'" + std::string(text) + "' is no value");
  }
  return Value::string(text);
}

/// `name="a",port=80`.
Result<std::string> read_keys(std::string_view text) {
  Value keys = Value::map();
  while (!text.empty()) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) return wrong("an item of a list is chosen by nothing");
    const auto end = std::min(find_unquoted(text, ',', equals + 1), text.size());
    GITOPSCTL_TRY(Value value, read_value(text.substr(equals + 1, end - equals - 1)));
    keys.set(text.substr(0, equals), std::move(value));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return "k:" + canonical_json(keys);
}

Result<std::string> read_bracket(std::string_view inner) {
  if (inner.empty()) return wrong("the path has an empty bracket");
  if (inner.front() == '"') {
    const auto key = parse_json(inner, {}, true, max_path_bytes);
    if (!key.ok() || !key->is_string() || key->as_string().empty()) return wrong("a key in quotes is none");
    return "f:" + std::string(key->as_string());
  }
  if (std::ranges::all_of(inner, [](char c) { return c >= '0' && c <= '9'; }) && inner.size() < 10) {
    return "i:" + std::to_string(std::stoul(std::string(inner)));
  }
  if (inner.front() != '=') return read_keys(inner);
  GITOPSCTL_TRY(const Value value, read_value(inner.substr(1)));
  return "v:" + canonical_json(value);
}

/// A key at the start of `text`, which is moved behind it.
Result<std::string> take_key(std::string_view& text) {
  std::string key;
  std::size_t i = 0;
  for (; i < text.size() && text[i] != '.' && text[i] != '['; ++i) {
    if (text[i] == '\\') {
      if (++i == text.size()) return wrong("the path ends in a backslash");
    }
    key += text[i];
  }
  if (key.empty()) return wrong("the path has an empty key");
  text.remove_prefix(i);
  return "f:" + key;
}

}  // namespace

Result<std::vector<std::string>> parse_field_path(std::string_view text) {
  if (text.size() > max_path_bytes) return wrong("the path is too long");
  if (text.starts_with('.')) text.remove_prefix(1);
  if (text.empty()) return wrong("the path is empty");
  std::vector<std::string> steps;
  for (bool key_next = true; key_next || !text.empty(); key_next = false) {
    if (!text.empty() && text.front() == '[') {
      const auto end = bracket_end(text);
      if (end == std::string_view::npos) return wrong("a bracket of the path is not closed");
      GITOPSCTL_TRY(auto step, read_bracket(text.substr(1, end - 2)));
      steps.push_back(std::move(step));
      text.remove_prefix(end);
      continue;
    }
    if (!steps.empty()) {
      if (text.front() != '.') return wrong("something other than a dot follows a bracket");
      text.remove_prefix(1);
    }
    GITOPSCTL_TRY(auto step, take_key(text));
    steps.push_back(std::move(step));
  }
  if (!steps.front().starts_with("f:")) return wrong("the path begins with no key");
  return steps;
}

}  // namespace gitopsctl::channels
