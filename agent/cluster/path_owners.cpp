#include "agent/cluster/path_owners.hpp"

#include <algorithm>

#include "base/json/json.hpp"

namespace gitopsctl::agent::detail {

namespace {

using channels::FieldStep;
using channels::FieldSteps;

constexpr std::size_t max_element_bytes = 1U << 16U;

/// The element of `node` that stands for an item with exactly these keys, or this value.
const Value* element_of(const Value& node, const FieldStep& step) {
  const std::string_view prefix = step.kind == FieldStep::Kind::item ? "k:" : "v:";
  for (const auto& member : node.as_map()) {
    const auto element = member.key.view();
    if (!element.starts_with(prefix)) continue;
    const auto wanted = parse_json(element.substr(2), {}, true, max_element_bytes);
    if (wanted.ok() && json_equal(*wanted, step.item)) return &member.value;
  }
  return nullptr;
}

const Value* child(const Value& node, const FieldStep& step) {
  return step.kind == FieldStep::Kind::key ? node.find("f:" + step.key) : element_of(node, step);
}

/// Whether a set holds the field: itself, something in it, or a whole that it is a part of.
bool holds(const Value& fields, const FieldSteps& path) {
  const Value* node = &fields;
  for (const auto& step : path) {
    if (node->size() == 0) return node != &fields;  // a leaf: the whole of what is below
    node = child(*node, step);
    if (node == nullptr) return false;
  }
  return true;
}

const Value* node_at(const Value& fields, const FieldSteps& path) {
  const Value* node = &fields;
  for (const auto& step : path) {
    node = child(*node, step);
    if (node == nullptr) return nullptr;
  }
  return node;
}

bool is_us(const PathOwner& entry, std::string_view us) {
  return entry.manager == us && entry.operation == "Apply" && entry.subresource.empty();
}

}  // namespace

PathOwners::PathOwners(const Value& object, std::string_view us) : us_(us) {
  const Value* entries = object.find_path({"metadata", "managedFields"});
  if (entries == nullptr) return;
  for (const auto& entry : entries->as_list()) {
    const Value* fields = entry.find("fieldsV1");
    if (fields == nullptr || !fields->is_map()) continue;
    entries_.push_back({entry.string_at({"manager"}), entry.string_at({"operation"}), entry.string_at({"subresource"}),
                        entry.string_at({"time"}), fields});
  }
}

bool PathOwners::ours(const FieldSteps& path) const {
  return std::ranges::any_of(entries_,
                             [&](const PathOwner& entry) { return is_us(entry, us_) && holds(*entry.fields, path); });
}

const PathOwner* PathOwners::other(const FieldSteps& path) const {
  const PathOwner* out = nullptr;
  for (const auto& entry : entries_) {
    if (is_us(entry, us_) || !holds(*entry.fields, path)) continue;
    // RFC 3339 in UTC: in the order of time.
    if (out == nullptr || entry.time > out->time) out = &entry;
  }
  return out;
}

std::optional<ListShape> PathOwners::list_shape(const FieldSteps& path) const {
  for (const auto& entry : entries_) {
    const Value* node = node_at(*entry.fields, path);
    if (node == nullptr) continue;
    for (const auto& member : node->as_map()) {
      const auto element = member.key.view();
      if (element.starts_with("v:")) return ListShape{ListShape::Kind::set};
      if (!element.starts_with("k:")) continue;
      const auto keys = parse_json(element.substr(2), {}, true, max_element_bytes);
      if (!keys.ok() || !keys->is_map() || keys->size() == 0) continue;
      ListShape shape{ListShape::Kind::keyed};
      for (const auto& key : keys->as_map()) shape.keys.emplace_back(key.key.view());
      return shape;
    }
  }
  return std::nullopt;
}

}  // namespace gitopsctl::agent::detail
