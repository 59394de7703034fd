#include <algorithm>
#include <array>
#include <cctype>

#include "agent/environment/stored_form.hpp"
#include "base/json/json.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::agent {

namespace {

// etcd's default limit of a request, which bounds what an API server can store.
constexpr std::size_t max_object_bytes = 1'572'864;
// k8s.io/api core/v1: MaxSecretSize; the same bound holds for ConfigMaps.
constexpr std::size_t max_data_bytes = 1'048'576;
// apimachinery: TotalAnnotationSizeLimitB.
constexpr std::size_t max_annotation_bytes = 262'144;

bool alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool lower_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_dns_label(std::string_view text) {
  return !text.empty() && text.size() <= 63 && lower_alphanumeric(text.front()) && lower_alphanumeric(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return lower_alphanumeric(c) || c == '-'; });
}

bool is_dns_subdomain(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  char previous = '.';
  for (const char c : text) {
    if (c == '.' ? !lower_alphanumeric(previous) : !lower_alphanumeric(c) && (c != '-' || previous == '.')) return false;
    previous = c;
  }
  return lower_alphanumeric(previous);
}

/// The names of RBAC objects, which only must be usable in a URL.
bool is_path_segment(std::string_view text) {
  return !text.empty() && text.size() <= 253 && text != "." && text != ".." &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return c == '/' || c == '%' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

/// A label value, or the name part of a label key.
bool is_qualified_part(std::string_view text) {
  return text.size() <= 63 && !text.empty() && alphanumeric(text.front()) && alphanumeric(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_qualified_name(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return is_qualified_part(text);
  return is_dns_subdomain(text.substr(0, slash)) && is_qualified_part(text.substr(slash + 1));
}

std::string shown(std::string_view text) { return "'" + terminal_safe(truncate_utf8(text, 120)) + "'"; }

Error refused(const render::Object& object, const std::string& message) {
  return Error(ErrorCode::invalid_input, object.id.to_string() + ": " + message).at({object.source, object.line, 0});
}

Result<void> check_names(const render::Object& object) {
  const auto& id = object.id;
  if (id.kind.empty() || !alphanumeric(id.kind.front())) return refused(object, "the object has no kind");
  if (!id.namespace_.empty() && !is_dns_label(id.namespace_)) {
    return refused(object, shown(id.namespace_) + " cannot be a namespace");
  }
  bool valid = is_dns_subdomain(id.name);
  if (id.group == "rbac.authorization.k8s.io") valid = is_path_segment(id.name);
  if (id.group.empty() && (id.kind == "Namespace" || id.kind == "Service")) valid = is_dns_label(id.name);
  if (!valid) return refused(object, shown(id.name) + " cannot be the name of a " + id.kind);
  return {};
}

Result<void> check_texts(const render::Object& object, const Value& map, const std::string& what, std::size_t max_bytes) {
  if (map.is_nothing()) return {};
  if (!map.is_map()) return refused(object, what + " must be a map");
  std::size_t bytes = 0;
  for (const auto& member : map.as_map()) {
    if (!member.value.is_string() && !member.value.is_nothing()) {
      return refused(object, what + ": the value of " + shown(member.key.view()) + " must be a text")
          .with_hint("numbers and true or false need quotes there");
    }
    bytes += member.key.view().size() + member.value.as_string().size();
  }
  if (bytes > max_bytes) {
    return Error(ErrorCode::too_large,
                 object.id.to_string() + ": " + what + " is larger than " + std::to_string(max_bytes) + " bytes");
  }
  return {};
}

Result<void> check_metadata(const render::Object& object) {
  const Value* metadata = object.body.find("metadata");
  if (metadata == nullptr || !metadata->is_map()) return refused(object, "metadata must be a map");
  const Value* labels = metadata->find("labels");
  const Value* annotations = metadata->find("annotations");
  if (labels != nullptr) {
    GITOPSCTL_CHECK(check_texts(object, *labels, "metadata.labels", max_object_bytes));
    for (const auto& label : labels->as_map()) {
      if (!is_qualified_name(label.key.view())) {
        return refused(object, "metadata.labels: " + shown(label.key.view()) + " cannot be the name of a label");
      }
      const auto value = label.value.as_string();
      if (!value.empty() && !is_qualified_part(value)) {
        return refused(object, "metadata.labels: the value of " + shown(label.key.view()) + " cannot be that of a label")
            .with_hint("at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends");
      }
    }
  }
  if (annotations != nullptr) {
    GITOPSCTL_CHECK(check_texts(object, *annotations, "metadata.annotations", max_annotation_bytes));
    for (const auto& annotation : annotations->as_map()) {
      std::string lower(annotation.key.view());
      std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
      if (!is_qualified_name(lower)) {
        return refused(object,
                       "metadata.annotations: " + shown(annotation.key.view()) + " cannot be the name of an annotation");
      }
    }
  }
  return {};
}

Result<void> check_secret(const render::Object& object) {
  static constexpr std::array<std::string_view, 7> known = {"apiVersion", "data",       "immutable", "kind",
                                                            "metadata",   "stringData", "type"};
  for (const auto& member : object.body.as_map()) {
    const auto name = member.key.view();
    // Anything else could hold a value under a mistyped name, and would be kept as it is.
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const auto near = did_you_mean(name, known.data(), known.size());
      const Error error = refused(object, "a Secret has no field " + shown(name));
      return near.empty() ? error : error.with_hint("did you mean '" + near + "'?");
    }
  }
  for (const std::string_view field : {"data", "stringData"}) {
    if (const Value* data = object.body.find(field)) {
      GITOPSCTL_CHECK(check_texts(object, *data, std::string(field), max_data_bytes));
    }
  }
  return {};
}

}  // namespace

Result<void> validate_object(const render::Object& object) {
  if (!object.body.is_map()) return refused(object, "the object must be a map");
  GITOPSCTL_CHECK(check_names(object));
  GITOPSCTL_CHECK(check_metadata(object));
  if (object.is_secret()) GITOPSCTL_CHECK(check_secret(object));
  if (object.id.group.empty() && object.id.kind == "SecretList") {
    return refused(object, "a list cannot be stored").with_hint("write its items as objects of their own");
  }
  if (object.id.group.empty() && object.id.kind == "ConfigMap") {
    for (const std::string_view field : {"data", "binaryData"}) {
      if (const Value* data = object.body.find(field)) {
        GITOPSCTL_CHECK(check_texts(object, *data, std::string(field), max_data_bytes));
      }
    }
  }
  return {};
}

}  // namespace gitopsctl::agent
