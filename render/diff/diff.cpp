#include "render/diff/diff.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "base/json/json.hpp"
#include "base/text/line_diff.hpp"
#include "base/yaml/yaml.hpp"

namespace gitopsctl::render {

namespace {

/// What tells the items of a list apart: the associative list keys of the Kubernetes API, and what readers use elsewhere.
struct ItemKey {
  std::string_view field;
  std::string_view second;          ///< further field that may be missing; empty: none
  std::string_view second_default;  ///< its value when missing
};
constexpr std::array item_keys = {
    ItemKey{"name", {}, {}},
    ItemKey{"containerPort", "protocol", "TCP"},
    ItemKey{"port", "protocol", "TCP"},
    ItemKey{"mountPath", {}, {}},
    ItemKey{"devicePath", {}, {}},
    ItemKey{"topologyKey", {}, {}},
    ItemKey{"key", {}, {}},
    ItemKey{"path", {}, {}},
    ItemKey{"host", {}, {}},
    ItemKey{"type", {}, {}},
    ItemKey{"ip", {}, {}},
};

bool plain_key(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '/';
  });
}

/// The label of one item under `key`: `name=web`, `containerPort=53,protocol=UDP`; nothing when the item lacks it.
std::optional<std::string> item_label(const Value& item, const ItemKey& key) {
  const Value* first = item.find(key.field);
  if (first == nullptr || first->is_nothing() || first->is_list() || first->is_map()) return std::nullopt;
  std::string label = std::string(key.field) + '=' + path_value(*first);
  const Value* second = key.second.empty() ? nullptr : item.find(key.second);
  if (second != nullptr && (second->is_list() || second->is_map())) return std::nullopt;
  if (second != nullptr && !second->is_nothing() && second->as_string() != key.second_default) {
    label += ',' + std::string(key.second) + '=' + path_value(*second);
  }
  return label;
}

using Labels = std::vector<std::string>;

/// The labels of all items under one key, when each has its own.
std::optional<Labels> labels_of(const Value& list, const ItemKey& key) {
  Labels labels;
  labels.reserve(list.size());
  for (const auto& item : list.as_list()) {
    auto label = item_label(item, key);
    if (!label) return std::nullopt;
    labels.push_back(std::move(*label));
  }
  Labels sorted = labels;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) return std::nullopt;
  return labels;
}

class Differ {
 public:
  void compare(const Value& before, const Value& after, const std::string& path) {
    if (before.same_container(after) || json_equal(before, after)) return;
    if (before.is_map() && after.is_map()) {
      compare_maps(before, after, path);
    } else if (before.is_list() && after.is_list()) {
      if (!compare_by_key(before, after, path)) compare_by_position(before, after, path);
    } else {
      changes.push_back({FieldAction::changed, path, before, after});
    }
  }

  std::vector<FieldChange> changes;

 private:
  void compare_maps(const Value& before, const Value& after, const std::string& path) {
    const auto& a = before.as_map();
    const auto& b = after.as_map();
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < a.size() || j < b.size()) {
      if (j == b.size() || (i < a.size() && a[i].key.view() < b[j].key.view())) {
        changes.push_back({FieldAction::removed, join_path(path, a[i].key.view()), a[i].value, {}});
        ++i;
      } else if (i == a.size() || b[j].key.view() < a[i].key.view()) {
        changes.push_back({FieldAction::added, join_path(path, b[j].key.view()), {}, b[j].value});
        ++j;
      } else {
        compare(a[i].value, b[j].value, join_path(path, a[i].key.view()));
        ++i;
        ++j;
      }
    }
  }

  /// False when the items have nothing that tells them apart.
  bool compare_by_key(const Value& before, const Value& after, const std::string& path) {
    if (before.size() == 0 || after.size() == 0) return false;
    for (const auto& key : item_keys) {
      const auto a = labels_of(before, key);
      const auto b = a ? labels_of(after, key) : std::nullopt;
      if (!b) continue;
      match(before, *a, after, *b, path);
      return true;
    }
    return false;
  }

  void match(const Value& before, const Labels& a, const Value& after, const Labels& b, const std::string& path) {
    std::map<std::string_view, std::size_t> place_before;
    std::map<std::string_view, std::size_t> place_after;
    for (std::size_t i = 0; i < a.size(); ++i) place_before.emplace(a[i], i);
    for (std::size_t j = 0; j < b.size(); ++j) place_after.emplace(b[j], j);
    Value::List order_before;
    Value::List order_after;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const auto it = place_after.find(a[i]);
      const auto item_path = path + '[' + a[i] + ']';
      if (it == place_after.end()) {
        changes.push_back({FieldAction::removed, item_path, before.as_list()[i], {}});
      } else {
        compare(before.as_list()[i], after.as_list()[it->second], item_path);
        order_before.push_back(Value::string(a[i]));
      }
    }
    for (std::size_t j = 0; j < b.size(); ++j) {
      if (place_before.contains(b[j])) {
        order_after.push_back(Value::string(b[j]));
      } else {
        changes.push_back({FieldAction::added, path + '[' + b[j] + ']', {}, after.as_list()[j]});
      }
    }
    const auto same = [](const Value& x, const Value& y) { return x.as_string() == y.as_string(); };
    if (!std::equal(order_before.begin(), order_before.end(), order_after.begin(), order_after.end(), same)) {
      changes.push_back(
          {FieldAction::reordered, path, Value::list(std::move(order_before)), Value::list(std::move(order_after))});
    }
  }

  void compare_by_position(const Value& before, const Value& after, const std::string& path) {
    const auto& a = before.as_list();
    const auto& b = after.as_list();
    std::size_t head = 0;
    while (head < a.size() && head < b.size() && json_equal(a[head], b[head])) ++head;
    std::size_t tail = 0;
    while (tail < a.size() - head && tail < b.size() - head && json_equal(a[a.size() - 1 - tail], b[b.size() - 1 - tail])) {
      ++tail;
    }
    const auto item_path = [&](std::size_t i) { return path + '[' + std::to_string(i) + ']'; };
    const auto a_end = a.size() - tail;
    const auto b_end = b.size() - tail;
    const auto common = std::min(a_end, b_end);
    for (std::size_t i = head; i < common; ++i) compare(a[i], b[i], item_path(i));
    for (std::size_t i = std::max(head, common); i < a_end; ++i) {
      changes.push_back({FieldAction::removed, item_path(i), a[i], {}});
    }
    for (std::size_t i = std::max(head, common); i < b_end; ++i) {
      changes.push_back({FieldAction::added, item_path(i), {}, b[i]});
    }
  }
};

/// Both as YAML, or both as JSON when either has no YAML form: a diff between two forms would say nothing.
std::pair<std::string, std::string> texts(const Value& before, const Value& after) {
  const auto yaml = [](const Value& value) -> Result<std::string> {
    return value.is_nothing() ? Result<std::string>(std::string()) : to_yaml(value);
  };
  auto a = yaml(before);
  auto b = yaml(after);
  if (a && b) return {std::move(a).value(), std::move(b).value()};
  const auto json = [](const Value& value) {
    if (value.is_nothing()) return std::string();
    auto pretty = to_json(value, {.escape_html = false, .pretty = true});
    return (pretty ? std::move(pretty).value() : canonical_json(value)) + '\n';
  };
  return {json(before), json(after)};
}

}  // namespace

std::string_view field_action_name(FieldAction action) noexcept {
  switch (action) {
    case FieldAction::added: return "added";
    case FieldAction::removed: return "removed";
    case FieldAction::changed: return "changed";
    case FieldAction::reordered: return "reordered";
  }
  return "changed";
}

std::string join_path(const std::string& path, std::string_view key) {
  if (!plain_key(key)) return path + '[' + canonical_json(Value::string(key)) + ']';
  return path.empty() ? std::string(key) : path + '.' + std::string(key);
}

std::string path_value(const Value& value) {
  if (value.is_string() && plain_key(value.as_string())) return std::string(value.as_string());
  return canonical_json(value);
}

std::vector<FieldChange> diff_values(const Value& before, const Value& after) {
  Differ differ;
  differ.compare(before, after, {});
  return std::move(differ.changes);
}

std::string diff_text(const Value& before, const Value& after, const TextDiffOptions& options) {
  const auto [from, to] = texts(before, after);
  UnifiedDiffOptions unified;
  unified.from_name = options.from_name;
  unified.to_name = options.to_name;
  unified.context = options.context;
  return unified_diff(from, to, unified);
}

}  // namespace gitopsctl::render
