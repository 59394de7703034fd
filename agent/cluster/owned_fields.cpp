#include "agent/cluster/owned_fields.hpp"

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

}  // namespace

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
