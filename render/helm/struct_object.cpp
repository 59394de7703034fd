#include "render/helm/struct_object.hpp"

#include <utility>

#include "base/text/go_format.hpp"

namespace gitopsctl::render::helm {
namespace {

/// What encoders see of a value that can hold objects in lists.
Value plain(const Value& value) {
  if (value.is_object()) return value.as_object()->to_plain();
  if (!value.is_list() || value.is_nil_container()) return value;
  Value::List items;
  for (const auto& item : value.as_list()) items.push_back(plain(item));
  return Value::list(std::move(items), value.list_type());
}

}  // namespace

StructObject::StructObject(std::string_view type, std::vector<Field> fields) : type_(type), fields_(std::move(fields)) {}

std::string StructObject::print() const {
  std::string out = "{";
  for (const auto& field : fields_) {
    if (out.size() > 1) out += ' ';
    out += go_format(field.value);
  }
  return out + '}';
}

std::string StructObject::format() const { return (type_.starts_with('*') ? "&" : "") + StructObject::print(); }

bool StructObject::field(std::string_view name, Value& out) const {
  for (const auto& one : fields_) {
    if (name.empty() || one.name != name) continue;
    out = one.value;
    return true;
  }
  return false;
}

Value StructObject::to_plain() const {
  Value out = Value::map();
  for (const auto& one : fields_) {
    if (one.json_name.empty() || (one.omit_empty && !go_truth(one.value))) continue;
    out.set(one.json_name, plain(one.value));
  }
  return out;
}

}  // namespace gitopsctl::render::helm
