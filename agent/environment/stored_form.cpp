#include "agent/environment/stored_form.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/crypto/digest.hpp"
#include "render/manifest/redact.hpp"
#include "render/manifest/server_fields.hpp"

namespace gitopsctl::agent {

namespace {

constexpr std::array<std::string_view, 7> secret_fields = {"apiVersion", "data",       "immutable", "kind",
                                                           "metadata",   "stringData", "type"};
constexpr std::string_view hash_prefix = "hmac:";

bool is_hash(std::string_view text) { return text.size() == hash_prefix.size() + 64 && text.starts_with(hash_prefix); }

/// Keyed, and bound to the place, so that equal values in two places do not look equal.
Value hashed(const Value& value, const render::ObjectId& id, std::string_view field, std::string_view name,
             std::string_view key, const Value* stored) {
  if (stored != nullptr && is_hash(stored->as_string()) && stored->as_string() == value.as_string()) return value;
  std::string message = "secret value\n";  // other uses of the key sum other texts
  for (const std::string_view part : {std::string_view(id.namespace_), std::string_view(id.name), field, name}) {
    message += std::to_string(part.size()) + ':';
    message += part;
  }
  message += value.as_string();
  return Value::string(std::string(hash_prefix) + hmac_sha256_hex(key, message));
}

Value hashed_map(const Value& map, const render::ObjectId& id, std::string_view field, std::string_view key,
                 const Value* stored) {
  Value::Members members;
  members.reserve(map.size());
  for (const auto& member : map.as_map()) {
    const Value* before = stored == nullptr ? nullptr : stored->find(member.key.view());
    members.push_back({member.key, hashed(member.value, id, field, member.key.view(), key, before)});
  }
  return Value::map(std::move(members));
}

Value stored_metadata(const render::Object& object, std::string_view key, const Value& stored) {
  const Value* given = object.body.find("metadata");
  Value::Members members;
  for (const auto& member : given == nullptr ? Value::Members{} : given->as_map()) {
    const auto name = member.key.view();
    if (render::is_server_metadata(name) || name == "namespace" || member.value.is_nothing()) continue;
    members.push_back(member);
  }
  Value out = Value::map(std::move(members));
  out.set("name", Value::string(object.id.name));
  if (!object.id.namespace_.empty()) out.set("namespace", Value::string(object.id.namespace_));
  if (const Value* annotations = out.find("annotations"); object.is_secret() && annotations != nullptr) {
    if (const Value* manifest = annotations->find(render::last_applied_annotation)) {
      Value copy = annotations->shallow_copy();
      const Value* before = stored.find_path({"metadata", "annotations", render::last_applied_annotation});
      copy.set(render::last_applied_annotation,
               hashed(*manifest, object.id, "annotations", render::last_applied_annotation, key, before));
      out.set("annotations", std::move(copy));
    }
  }
  return out;
}

}  // namespace

bool keeps_status(const render::ObjectId& id) noexcept { return id.group == "gitopsctl.dev"; }

namespace {

/// `body` without the values that were marked sensitive. What a Secret holds is hashed already and stays as it is.
Value sealed(Value body, bool secret, std::string_view key, const std::vector<render::SensitivePath>& sensitive) {
  Value::Members hashed_already;
  for (const std::string_view field : {"data", "stringData"}) {
    const Value* values = secret ? body.find(field) : nullptr;
    if (values == nullptr) continue;
    hashed_already.push_back({SharedString(field), *values});
    body.erase(field);
  }
  // A key of its own, because other uses of the installation's key sum other texts.
  Value out = render::redact(body, hmac_sha256(key, "sensitive value of the embedded environment"), sensitive);
  for (auto& member : hashed_already) out.set(member.key, std::move(member.value));
  return out;
}

}  // namespace

Value stored_form(const render::Object& object, std::string_view key, const std::vector<render::SensitivePath>& sensitive,
                  const Value& stored) {
  const bool secret = object.is_secret();
  Value::Members members;
  for (const auto& member : object.body.as_map()) {
    const auto name = member.key.view();
    if (member.value.is_nothing() || name == "metadata") continue;
    if (name == "status" && !keeps_status(object.id)) continue;
    if (secret && std::find(secret_fields.begin(), secret_fields.end(), name) == secret_fields.end()) continue;
    if (secret && (name == "data" || name == "stringData")) {
      members.push_back({member.key, hashed_map(member.value, object.id, name, key, stored.find(name))});
    } else {
      members.push_back(member);
    }
  }
  Value out = Value::map(std::move(members));
  out.set("kind", Value::string(object.id.kind));
  if (!object.api_version.empty()) out.set("apiVersion", Value::string(object.api_version));
  out.set("metadata", stored_metadata(object, key, stored));
  const bool marked = std::any_of(sensitive.begin(), sensitive.end(), [&](const render::SensitivePath& path) {
    return (path.kind.empty() || path.kind == object.id.kind) && (path.name.empty() || path.name == object.id.name);
  });
  return marked ? sealed(std::move(out), secret, key, sensitive) : out;
}

}  // namespace gitopsctl::agent
