#include "render/helm/go_struct.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <system_error>
#include <utility>

#include "base/text/ascii.hpp"
#include "base/text/go_format.hpp"
#include "base/text/json_pointer.hpp"

namespace gitopsctl::render::helm {

namespace {

// sigs.k8s.io/yaml writes a float into a string field with the digits of a float32.
std::string float32_text(double number) {
  const auto narrow = static_cast<float>(number);
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, narrow).ptr;
  double again = 0;
  std::from_chars(digits, end, again);
  return go_format_float(again);
}

/// `Metadata` of `v2.Metadata`; nothing of a type without a name.
std::string short_name(std::string_view go_type) {
  if (go_type.find(' ') != std::string_view::npos) return {};
  return std::string(go_type.substr(go_type.rfind('.') + 1));
}

}  // namespace

std::string_view json_kind(const Value& value) noexcept {
  switch (value.kind()) {
    case Kind::boolean: return "bool";
    case Kind::string: return "string";
    case Kind::list: return "array";
    case Kind::map: return "object";
    case Kind::integer:
    case Kind::int64:
    case Kind::uint8:
    case Kind::float64: return "number";
    default: return "null";
  }
}

GoStruct::GoStruct(const Value& document, std::string_view go_type, GoRelease release)
    : old_(release < GoRelease::go_1_27), type_name_(short_name(go_type)) {
  open(document, go_type);
}

GoStruct::GoStruct(const GoStruct& outer, const Value& document, std::string_view go_type, std::string_view field)
    : old_(outer.old_),
      path_(outer.path_ + '.' + std::string(field)),
      fields_(outer.fields_ + '.' + std::string(field)),
      type_name_(outer.type_name_) {
  open(document, go_type);
  type_name_ = short_name(go_type);
}

GoStruct::GoStruct(const GoStruct& outer, const Value& document, std::string_view go_type, std::string_view field,
                   std::size_t index)
    : old_(outer.old_),
      path_(outer.path_ + '.' + std::string(field) + '.' + std::to_string(index)),
      fields_(outer.fields_ + '.' + std::string(field)),
      type_name_(outer.type_name_) {
  open(document, go_type);
  type_name_ = short_name(go_type);
}

void GoStruct::open(const Value& document, std::string_view go_type) {
  if (document.is_map()) {
    document_ = &document;
  } else if (document.is_nothing()) {
    null_ = true;
  } else {
    note(document, path_, fields_, go_type);
  }
}

const Value* GoStruct::member(std::string_view field) const {
  if (document_ == nullptr) return nullptr;
  const Value* found = nullptr;
  // Keys arrive in bytewise order, and a later key that names the same field wins.
  for (const auto& entry : document_->as_map()) {
    if (ascii_equal_fold(entry.key.view(), field) && !entry.value.is_nothing()) found = &entry.value;
  }
  return found;
}

void GoStruct::wrong(const Value& value, std::string_view field, const std::string& below, std::string_view wanted) {
  note(value, path_ + '.' + std::string(field) + below, fields_ + '.' + std::string(field), wanted);
}

void GoStruct::note(const Value& value, const std::string& path, const std::string& fields, std::string_view wanted) {
  // Reading goes through fields in our order; Go meets them in key order.
  if (!mistake_.empty() && mistake_path_ <= path) return;
  mistake_path_ = path;
  mistake_ = "json: cannot unmarshal " + std::string(json_kind(value)) + " into ";
  if (old_) {
    // The innermost struct and the fields on the way, without indexes and keys of maps.
    mistake_ += fields.empty() ? "Go value" : "Go struct field " + type_name_ + fields;
    mistake_ += " of type " + std::string(wanted);
    return;
  }
  const auto last = std::string_view(path).substr(path.rfind('.') + 1);
  const bool index = !last.empty() && std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (path.empty()) {
    mistake_ += "Go value";
  } else if (index) {
    mistake_ += path;
  } else {
    mistake_ += "Go struct field " + path;
  }
  mistake_ += " of type " + std::string(wanted);
}

bool GoStruct::to_string(const Value& value, std::string_view field, const std::string& below, std::string& out) {
  switch (value.kind()) {
    case Kind::null:
    case Kind::absent: return false;
    case Kind::string: out = std::string(value.as_string()); return true;
    case Kind::boolean: out = value.as_bool() ? "true" : "false"; return true;
    case Kind::integer:
    case Kind::int64:
    case Kind::uint8: out = std::to_string(value.as_int()); return true;
    case Kind::float64: out = float32_text(value.as_double()); return true;
    default: wrong(value, field, below, "string"); return false;
  }
}

void GoStruct::read(std::string_view field, std::string& out) {
  if (const auto* value = member(field)) to_string(*value, field, {}, out);
}

void GoStruct::read(std::string_view field, bool& out) {
  const auto* value = member(field);
  if (value == nullptr) return;
  if (value->is_bool()) {
    out = value->as_bool();
  } else {
    wrong(*value, field, {}, "bool");
  }
}

void GoStruct::read(std::string_view field, std::vector<std::string>& out) {
  const auto* value = member(field);
  if (value == nullptr) return;
  if (!value->is_list()) {
    wrong(*value, field, {}, "[]string");
    return;
  }
  out.clear();
  for (const auto& item : value->as_list()) {
    std::string text;
    to_string(item, field, '.' + std::to_string(out.size()), text);
    out.push_back(std::move(text));
  }
}

void GoStruct::read_string_map(std::string_view field, Value& out) {
  const auto* value = member(field);
  if (value == nullptr) return;
  if (!value->is_map()) {
    wrong(*value, field, {}, "map[string]string");
    return;
  }
  out = Value::map(MapType::string);
  for (const auto& entry : value->as_map()) {
    std::string text;
    to_string(entry.value, field, '.' + pointer_step(entry.key.view()), text);
    out.set(entry.key, Value::string(text));
  }
}

void GoStruct::read_list(std::string_view field, Value& out) {
  const auto* value = member(field);
  if (value == nullptr) return;
  if (value->is_list()) {
    out = *value;
  } else {
    wrong(*value, field, {}, "[]interface {}");
  }
}

const Value* GoStruct::read_structs(std::string_view field, std::string_view go_type) {
  const auto* value = member(field);
  if (value == nullptr) return nullptr;
  if (value->is_list()) return value;
  wrong(*value, field, {}, "[]*" + std::string(go_type));
  return nullptr;
}

void GoStruct::adopt(const GoStruct& nested) {
  if (nested.mistake_.empty() || (!mistake_.empty() && mistake_path_ <= nested.mistake_path_)) return;
  mistake_ = nested.mistake_;
  mistake_path_ = nested.mistake_path_;
}

}  // namespace gitopsctl::render::helm
