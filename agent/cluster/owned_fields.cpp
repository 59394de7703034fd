#include "agent/cluster/owned_fields.hpp"

#include <algorithm>
#include <charconv>

#include "base/json/json.hpp"

namespace gitopsctl::agent::detail {
namespace {

/// The item of a list that has all these keys with these values.
const Value* item_with_keys(const Value& list, std::string_view keys_json) {
  const auto keys = parse_json(keys_json, {}, true, 1U << 16U);
  if (!keys.ok() || !keys->is_map()) return nullptr;
  for (const auto& item : list.as_list()) {
    const bool fits = std::ranges::all_of(keys->as_map(), [&](const Value::Member& key) {
      const Value* value = item.find(key.key.view());
      return value != nullptr && json_equal(*value, key.value);
    });
    if (fits) return &item;
  }
  return nullptr;
}

const Value* item_with_value(const Value& list, std::string_view value_json) {
  const auto value = parse_json(value_json, {}, true, 1U << 16U);
  if (!value.ok()) return nullptr;
  for (const auto& item : list.as_list()) {
    if (json_equal(item, *value)) return &item;
  }
  return nullptr;
}

const Value* item_at(const Value& list, std::string_view text) {
  std::size_t index = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), index);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || index >= list.size()) return nullptr;
  return &list.as_list()[index];
}

/// What an element of a FieldsV1 set means below `node`.
const Value* resolve(const Value& node, std::string_view element) {
  if (element.size() < 2 || element[1] != ':') return nullptr;
  const auto rest = element.substr(2);
  switch (element[0]) {
    case 'f': return node.find(rest);
    case 'k': return item_with_keys(node, rest);
    case 'v': return item_with_value(node, rest);
    case 'i': return item_at(node, rest);
    default: return nullptr;
  }
}

/// Writes what `fields` says of `node`. The depth of the set is bounded by the reader of the object that it came in.
void write(const Value& node, const Value& fields, std::string& out) {
  for (const auto& member : fields.as_map()) {
    const auto element = member.key.view();
    if (element == ".") continue;  // that it is there at all is told by what leads here
    out += element;
    const Value* child = resolve(node, element);
    if (child == nullptr) {
      out += "=absent\n";
    } else if (member.value.size() == 0) {
      out += '=';
      out += canonical_json(*child);
      out += '\n';
    } else {
      out += "{\n";
      write(*child, member.value, out);
      out += "}\n";
    }
  }
}

/// The part of `node` that `fields` names.
Value part(const Value& node, const Value& fields) {
  if (fields.size() == 0) return node;
  Value out;
  for (const auto& member : fields.as_map()) {
    const auto element = member.key.view();
    if (element == ".") {
      if (out.is_nothing() && (node.is_map() || node.is_list())) out = node.is_map() ? Value::map() : Value::list();
      continue;
    }
    const Value* child = resolve(node, element);
    if (child == nullptr) continue;
    if (element.starts_with("f:")) {
      if (!out.is_map()) out = Value::map();
      out.set(element.substr(2), part(*child, member.value));
    } else {
      if (!out.is_list()) out = Value::list();
      out.push_back(part(*child, member.value));
    }
  }
  return out;
}

const Value* applied_fields(const Value& body, std::string_view manager) {
  const Value* entries = body.find_path({"metadata", "managedFields"});
  if (entries == nullptr) return nullptr;
  for (const auto& entry : entries->as_list()) {
    const bool ours = entry.string_at({"manager"}) == manager && entry.string_at({"operation"}) == "Apply" &&
                      entry.string_at({"subresource"}).empty();
    if (const Value* fields = entry.find("fieldsV1"); ours && fields != nullptr) return fields;
  }
  return nullptr;
}

}  // namespace

std::optional<Value> owned_part(const Value& body, std::string_view manager) {
  const Value* fields = applied_fields(body, manager);
  if (fields == nullptr || fields->size() == 0) return std::nullopt;
  return part(body, *fields);
}

std::string owned_fields(const Value& body, std::string_view manager) {
  const Value* entries = body.find_path({"metadata", "managedFields"});
  if (entries == nullptr) return {};
  std::string out;
  for (const auto& entry : entries->as_list()) {
    const bool ours = entry.string_at({"manager"}) == manager && entry.string_at({"operation"}) == "Apply" &&
                      entry.string_at({"subresource"}).empty();
    const Value* fields = entry.find("fieldsV1");
    if (ours && fields != nullptr) write(body, *fields, out);
  }
  return out;
}

}  // namespace gitopsctl::agent::detail
