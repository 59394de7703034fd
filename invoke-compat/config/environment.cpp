#include "invoke-compat/config/environment.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/text/ascii.hpp"
#include "base/text/escape.hpp"
#include "base/text/unicode.hpp"

namespace gitopsctl::invoke {

namespace {

constexpr std::string_view prefix = "INVOKE_";

struct Leaf {
  std::vector<std::string> path;
  Value value;
};
/// By the variable's name without its prefix.
using Leaves = std::map<std::string, Leaf>;

std::string joined(const std::vector<std::string>& path, std::string_view by) {
  std::string out;
  for (const auto& key : path) out += (&key == path.data() ? "" : std::string(by)) + key;
  return out;
}

Result<void> collect(const Value& value, std::vector<std::string>& path, Leaves& leaves) {
  if (value.is_map()) {
    for (const auto& member : value.as_map()) {
      path.emplace_back(member.key.view());
      GITOPSCTL_CHECK(collect(member.value, path, leaves));
      path.pop_back();
    }
    return {};
  }
  std::string name = to_upper(std::string_view(joined(path, "_")));
  const auto [at, added] = leaves.try_emplace(name, Leaf{path, value});
  if (added) return {};
  return Error(ErrorCode::invalid_input, "Found >1 source for " + terminal_safe(name))
      .with_hint("rename '" + terminal_safe(joined(at->second.path, ".")) + "' or '" + terminal_safe(joined(path, ".")) +
                 "' in the configuration: both are " + std::string(prefix) + terminal_safe(name));
}

Error no_number(const std::string& variable, std::string_view what) {
  return Error(ErrorCode::invalid_input, "environment variable " + terminal_safe(variable) + " is no " + std::string(what));
}

/// `text` as Python's `int` and `float` take it: blanks around it and single underscores between digits do not count.
std::optional<std::string> bare_number(std::string_view text) {
  text = trim_space(text);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
      continue;
    }
    const auto is_digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
    if (i == 0 || !is_digit(i - 1) || !is_digit(i + 1)) return std::nullopt;
  }
  if (out.starts_with('+')) {
    out.erase(0, 1);
    if (out.starts_with('-')) return std::nullopt;
  }
  return out.empty() ? std::nullopt : std::optional(out);
}

std::optional<Value> whole_number(std::string_view text) {
  const auto bare = bare_number(text);
  if (!bare) return std::nullopt;
  std::int64_t value = 0;
  const char* end = bare->data() + bare->size();
  const auto [at, error] = std::from_chars(bare->data(), end, value);
  if (error != std::errc() || at != end) return std::nullopt;
  return Value::int64(value);
}

std::optional<Value> number(std::string_view text) {
  const auto bare = bare_number(text);
  if (!bare) return std::nullopt;
  double value = 0;
  const char* end = bare->data() + bare->size();
  const auto [at, error] = std::from_chars(bare->data(), end, value);
  if (error != std::errc() || at != end || !std::isfinite(value)) return std::nullopt;
  return Value::float64(value);
}

bool truth(const std::string& variable, const std::string& text, std::vector<std::string>& warnings) {
  if (text.empty() || text == "0") return false;
  for (const std::string_view word : {"false", "no", "off"}) {
    if (!ascii_equal_fold(text, word)) continue;
    warnings.push_back(terminal_safe(variable) + "=" + std::string(word) +
                       " is taken for false; pyinvoke takes it for true: write 0 or 1");
    return false;
  }
  return true;
}

Result<Value> cast(const Leaf& leaf, const std::string& variable, const std::string& text,
                   std::vector<std::string>& warnings) {
  const Value& old = leaf.value;
  if (leaf.path == std::vector<std::string>{"timeouts", "command"}) {
    auto seconds = whole_number(text);
    if (!seconds) seconds = number(text);
    if (!seconds || seconds->as_double() < 0) return no_number(variable, "number of seconds");
    return *seconds;
  }
  if (old.is_bool()) return Value::boolean(truth(variable, text, warnings));
  if (old.is_int()) {
    if (auto value = whole_number(text)) return *value;
    return no_number(variable, "whole number");
  }
  if (old.is_float()) {
    if (auto value = number(text)) return *value;
    return no_number(variable, "number");
  }
  if (old.is_list()) {
    return Error(ErrorCode::invalid_input, "Can't adapt an environment string into a <class 'list'>!")
        .with_hint("unset " + terminal_safe(variable) + ", and set the list in a configuration file");
  }
  return Value::string(text);
}

}  // namespace

Result<EnvironmentLevel> environment_level(const Value& configuration, const Environment& environment) {
  Leaves leaves;
  std::vector<std::string> path;
  GITOPSCTL_CHECK(collect(configuration, path, leaves));
  EnvironmentLevel out;
  out.data = Value::map();
  for (const auto& [name, leaf] : leaves) {
    const std::string variable = std::string(prefix) + name;
    const auto found = environment.find(variable);
    if (found == environment.end()) continue;
    GITOPSCTL_TRY(Value value, cast(leaf, variable, found->second, out.warnings));
    Value* map = &out.data;
    for (std::size_t i = 0; i + 1 < leaf.path.size(); ++i) map = &map->child_map(leaf.path[i]);
    map->set(leaf.path.back(), std::move(value));
  }
  return out;
}

}  // namespace gitopsctl::invoke
