#include <algorithm>
#include <array>
#include <utility>

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "render/manifest/object.hpp"
#include "render/manifest/server_fields.hpp"

namespace gitopsctl::render {

namespace {

// Set by the API server, or left in manifests that were exported from one (specs: cluster-apply §2.2).
bool is_nothing(const Value& value) { return value.is_nothing() || value.is_nil_container(); }

/// Objects by identity; of equal ones (a set that was not checked for claims) the bytes decide, so that order never does.
template <class Bytes>
void add_objects(Sha256& sum, const std::vector<Object>& objects, Bytes bytes_of) {
  std::vector<std::pair<const ObjectId*, std::string>> parts;
  parts.reserve(objects.size());
  for (const auto& object : objects) parts.emplace_back(&object.id, bytes_of(object.body));
  std::sort(parts.begin(), parts.end(),
            [](const auto& a, const auto& b) { return *a.first != *b.first ? *a.first < *b.first : a.second < b.second; });
  for (const auto& [id, bytes] : parts) {
    sum.add_field(id->group);
    sum.add_field(id->kind);
    sum.add_field(id->namespace_);
    sum.add_field(id->name);
    sum.add_field(bytes);
  }
}

}  // namespace

Value without_nulls(const Value& value) {
  if (value.is_map()) {
    Value::Members members;
    members.reserve(value.size());
    for (const auto& member : value.as_map()) {
      if (!is_nothing(member.value)) members.push_back({member.key, without_nulls(member.value)});
    }
    return Value::map(std::move(members));
  }
  if (value.is_list()) {
    Value::List items;
    items.reserve(value.size());
    for (const auto& item : value.as_list()) items.push_back(without_nulls(item));
    return Value::list(std::move(items));
  }
  return value;
}

Value canonical_value(const Value& body) {
  Value out = without_nulls(body);
  if (!out.is_map()) return out;
  out.erase("status");
  for (auto& member : out.mutable_members()) {
    if (member.key.view() != "metadata" || !member.value.is_map()) continue;
    Value& metadata = member.value;
    for (const auto key : server_metadata) metadata.erase(key);
    const Value* annotations = metadata.find("annotations");
    if (annotations != nullptr && annotations->find(last_applied_annotation) != nullptr) {
      Value rest = *annotations;
      rest.erase(last_applied_annotation);
      if (rest.size() == 0) metadata.erase("annotations");
    }
  }
  return out;
}

std::string canonical_bytes(const Value& body) { return canonical_json(canonical_value(body)); }

std::string render_digest(const std::vector<Object>& objects, const std::vector<SensitivePath>& sensitive) {
  Sha256 sum;
  sum.add_field("gitopsctl render digest 1");
  add_objects(sum, objects, [&](const Value& body) { return canonical_bytes(redact(body, {}, sensitive)); });
  return "sha256:" + sum.hex();
}

std::string seal_digest(const std::vector<Object>& objects, std::string_view installation_key) {
  if (installation_key.empty()) return {};
  Sha256 sum;
  sum.add_field("gitopsctl seal digest 1");
  add_objects(sum, objects, [](const Value& body) { return canonical_bytes(body); });
  return "hmac:" + hmac_sha256_hex(installation_key, sum.hex());
}

}  // namespace gitopsctl::render
