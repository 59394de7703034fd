#include "agent/cluster/owned_fields.hpp"

#include "agent/cluster/field_owners.hpp"
#include "agent/cluster/field_set.hpp"
#include "base/json/json.hpp"

namespace gitopsctl::agent::detail {
namespace {

/// Writes what `fields` says of `node`. The depth of the set is bounded by the reader of the object that it came in. The raw
/// form is walked, not a FieldSet: this runs over every object of a channel at every look.
void write(const Value& node, const Value& fields, std::string& out) {
  for (const auto& member : fields.as_map()) {
    const auto element = member.key.view();
    if (element == ".") continue;  // that it is there at all is told by what leads here
    out += element;
    const Value* child = step_into(node, element);
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
    const Value* child = step_into(node, element);
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
    if (const Value* fields = entry.find("fieldsV1"); is_own(entry, manager) && fields != nullptr) return fields;
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
  std::string out;
  if (const Value* fields = applied_fields(body, manager); fields != nullptr) write(body, *fields, out);
  return out;
}

}  // namespace gitopsctl::agent::detail
