#include "agent/cluster/conflict_policy.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/json/json.hpp"

namespace gitopsctl::agent::detail {
namespace {

// Names that people's programs write under. Without a name of its own a program writes under the first word of its
// User-Agent: `Mozilla` for dashboards in a browser, `node-fetch` for those that are programs.
constexpr std::array<std::string_view, 10> editors{"Headlamp",           "Lens",      "Mozilla",  "OpenLens",
                                                   "ancient-changes",    "dashboard", "freelens", "k9s",
                                                   "before-first-apply", "node-fetch"};
// Controllers that decide a field of objects which others declare.
constexpr std::array<std::string_view, 7> controllers{"kube-controller-manager",  "kube-scheduler",          "kubelet",
                                                      "cloud-controller-manager", "cert-manager-cainjector", "vpa-updater",
                                                      "endpointslice-controller"};

bool contains(const auto& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }

/// Where the `[…]` at the start of `path` ends: behind its bracket, outside of quoted texts.
std::size_t bracket_end(std::string_view path) {
  bool quoted = false;
  for (std::size_t i = 1; i < path.size(); ++i) {
    if (quoted && path[i] == '\\') {
      ++i;
    } else if (path[i] == '"') {
      quoted = !quoted;
    } else if (path[i] == ']' && !quoted) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

/// `name="a",port=80` as a map; nothing when it is not of that form.
Value selector_keys(std::string_view text) {
  Value keys = Value::map();
  while (!text.empty()) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) return {};
    std::size_t end = equals + 1;
    for (bool quoted = false; end < text.size() && (quoted || text[end] != ','); ++end) {
      if (quoted && text[end] == '\\') {
        ++end;
      } else if (text[end] == '"') {
        quoted = !quoted;
      }
    }
    end = std::min(end, text.size());
    const auto value = parse_json(text.substr(equals + 1, end - equals - 1), {}, true, 1U << 16U);
    if (!value.ok()) return {};
    keys.set(text.substr(0, equals), *value);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return keys;
}

bool fits(const Value& item, const Value& keys) {
  return keys.size() > 0 && std::ranges::all_of(keys.as_map(), [&](const Value::Member& key) {
           const Value* value = item.find(key.key.view());
           // Defaulted keys (the protocol of a port) are not in what we send.
           return value == nullptr ? key.key.view() == "protocol" : json_equal(*value, key.value);
         });
}

bool erase_item(Value& list, std::string_view path) {
  const auto end = bracket_end(path);
  if (end == std::string_view::npos || !list.is_list() || list.is_nil_container()) return false;
  const auto selector = path.substr(1, end - 2);
  const auto rest = path.substr(end);
  auto& items = list.mutable_list();
  Value wanted;
  if (selector.starts_with('=')) {
    const auto value = parse_json(selector.substr(1), {}, true, 1U << 16U);
    if (!value.ok()) return false;
    wanted = *value;
  } else {
    wanted = selector_keys(selector);
    if (!wanted.is_map()) return false;
  }
  for (auto item = items.begin(); item != items.end(); ++item) {
    const bool found = selector.starts_with('=') ? json_equal(*item, wanted) : fits(*item, wanted);
    if (!found) continue;
    if (!rest.empty()) return erase_field(*item, rest);
    items.erase(item);
    return true;
  }
  return false;
}

}  // namespace

ConflictVerdict judge(const FieldConflict& conflict, std::string_view own) {
  const std::string_view name = conflict.manager;
  if (name == own || name.starts_with("kubectl") || contains(editors, name)) return ConflictVerdict::take;
  if (contains(controllers, name) || name.ends_with("-autoscaler") || name.starts_with("keda-") || name == "keda") {
    return ConflictVerdict::yield;
  }
  return ConflictVerdict::stop;
}

bool erase_field(Value& body, std::string_view path) {
  if (path.starts_with('[')) return erase_item(body, path);
  if (!path.starts_with('.') || !body.is_map() || body.is_nil_container()) return false;
  path.remove_prefix(1);
  // Keys may hold dots: of those that fit, the longest from which the rest can be found.
  std::vector<std::string> keys;
  for (const auto& member : body.as_map()) {
    const auto key = member.key.view();
    if (!path.starts_with(key)) continue;
    if (path.size() == key.size() || path[key.size()] == '.' || path[key.size()] == '[') keys.emplace_back(key);
  }
  std::ranges::sort(keys, [](const auto& a, const auto& b) { return a.size() > b.size(); });
  for (const auto& key : keys) {
    if (path.size() == key.size()) return body.erase(key);
    Value child = *body.find(key);  // the same container
    if (erase_field(child, path.substr(key.size()))) return true;
  }
  return false;
}

}  // namespace gitopsctl::agent::detail
