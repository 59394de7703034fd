#include "channels/secrets/field.hpp"

#include "base/json/json.hpp"
#include "base/text/escape.hpp"
#include "base/yaml/yaml.hpp"
#include "channels/secrets/payload.hpp"

namespace gitopsctl::channels::secrets {

Result<SecretBytes> value_bytes(const Value& value) {
  if (value.is_string()) return SecretBytes(std::string(value.as_string()));
  if (value.is_nothing()) return Error(ErrorCode::not_found, "it is null");
  auto text = value.is_map() || value.is_list() ? to_yaml(value) : to_json(value, {.escape_html = false});
  if (!text.ok()) return Error(ErrorCode::invalid_input, "it cannot be written as text");
  return SecretBytes(*std::move(text));
}

Result<SecretBytes> pick_field(std::string_view secret, const std::string& field) {
  const auto values = read_secret_values(secret, YamlNumbers::integers);
  if (!values.ok()) {
    return Error(ErrorCode::invalid_input, "it has no fields: " + values.error().message())
        .at(values.error().where())
        .with_hint("a field can be taken from a secret that is one map in YAML or JSON");
  }
  const Value* found = values->find(field);
  if (found == nullptr) return Error(ErrorCode::not_found, "it has no field '" + terminal_safe(field) + "'");
  auto bytes = value_bytes(*found);
  if (!bytes.ok()) return bytes.error().in("field '" + terminal_safe(field) + "'");
  return bytes;
}

}  // namespace gitopsctl::channels::secrets
