#include "render/helm/suggest.hpp"

#include <algorithm>
#include <vector>

#include "base/text/escape.hpp"
#include "render/functions/functions.hpp"

namespace gitopsctl::render::helm {
namespace {

/// More would not be read.
constexpr std::size_t most_shown_keys = 8;

bool is_known_to_newest(std::string_view name) {
  const auto tables = all_functions();
  return std::any_of(tables.begin(), tables.end(), [&](const auto& table) {
    return std::any_of(table.begin(), table.end(), [&](const Function& row) { return row.name == name; });
  });
}

/// The steps of `.Values.a.b` or `$.Values.a.b`; empty for anything else.
std::vector<std::string> steps_below_values(std::string_view node) {
  if (node.starts_with('$')) node.remove_prefix(1);
  constexpr std::string_view root = ".Values.";
  if (!node.starts_with(root)) return {};
  node.remove_prefix(root.size());
  if (node.empty() || node.find_first_of(" ()|\"") != std::string_view::npos) return {};
  std::vector<std::string> out;
  while (true) {
    const auto dot = node.find('.');
    out.emplace_back(node.substr(0, dot));
    if (dot == std::string_view::npos) return out;
    node.remove_prefix(dot + 1);
  }
}

std::string shown_keys(const Value& table) {
  std::string out;
  std::size_t count = 0;
  for (const auto& member : table.as_map()) {
    if (count++ == most_shown_keys) return out + ", …";
    if (!out.empty()) out += ", ";
    out += member.key.view();
  }
  return out;
}

}  // namespace

std::string suggest_function(std::string_view message, const FunctionTable& functions) {
  constexpr std::string_view before = "function \"";
  constexpr std::string_view after = "\" not defined";
  const auto start = message.rfind(before);
  if (start == std::string_view::npos || !message.ends_with(after)) return {};
  const auto name = message.substr(start + before.size(), message.size() - start - before.size() - after.size());
  if (is_known_to_newest(name)) return "this version of helm has no '" + std::string(name) + "'; newer ones do";
  const auto names = functions.names();
  const auto near = did_you_mean(name, names.data(), names.size());
  return near.empty() ? "" : "did you mean '" + near + "'?";
}

std::string suggest_value(std::string_view node, const Value& values) {
  const auto steps = steps_below_values(node);
  Value at = values;
  std::string path;
  for (const auto& step : steps) {
    const std::string above = path;
    path += (path.empty() ? "" : ".") + step;
    if (!at.is_map()) return "the value at '" + above + "' is no table";
    const auto* next = at.find(step);
    if (next != nullptr && !next->is_nothing()) {
      at = *next;
      continue;
    }
    if (next != nullptr) return "the value at '" + path + "' is null";
    std::vector<std::string_view> keys;
    for (const auto& member : at.as_map()) keys.push_back(member.key.view());
    std::string lacking = "the values have no '" + path + "'";
    const auto near = did_you_mean(step, keys.data(), keys.size());
    if (!near.empty()) return lacking + "; did you mean '" + (above.empty() ? "" : above + '.') + near + "'?";
    if (keys.empty()) return lacking;
    return lacking + "; there " + (keys.size() == 1 ? "is " : "are ") + shown_keys(at);
  }
  return {};
}

}  // namespace gitopsctl::render::helm
