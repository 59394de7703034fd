#include "agent/cluster/normal_form.hpp"

#include <array>

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "render/manifest/server_fields.hpp"

namespace gitopsctl::agent::detail {
namespace {

// Written by the controllers of Deployments on objects that others own.
constexpr std::string_view revision_annotation = "deployment.kubernetes.io/revision";

/// The group of the objects whose status we write ourselves.
constexpr std::string_view own_group = "gitopsctl.dev";

/// `stringData` over `data`, in base64. What is no text stays, so that the server names it.
void encode_string_data(Value& body) {
  const Value* plain = body.find("stringData");
  if (plain == nullptr || !plain->is_map()) return;
  Value data = Value::map();
  if (const Value* given = body.find("data"); given != nullptr && given->is_map()) data = given->shallow_copy();
  for (const auto& member : plain->as_map()) {
    data.set(member.key, member.value.is_string() ? Value::string(base64_encode(member.value.as_string())) : member.value);
  }
  body.erase("stringData");
  body.set("data", data);
}

}  // namespace

bool is_named_as_ours(const render::ObjectId& id) noexcept {
  return id.group.empty() && id.kind == "ConfigMap" && id.name.starts_with("gitopsctl-");
}

Value normal_form(const render::Object& object) {
  Value body = render::canonical_value(object.body);
  if (!body.is_map()) body = Value::map();
  if (object.id.group == own_group) {
    if (const Value* status = object.body.find("status"); status != nullptr)
      body.set("status", render::without_nulls(*status));
  }
  if (!object.api_version.empty()) body.set("apiVersion", Value::string(object.api_version));
  body.set("kind", Value::string(object.id.kind));
  Value& metadata = body.child_map("metadata");
  metadata.set("name", Value::string(object.id.name));
  if (object.id.namespace_.empty()) {
    metadata.erase("namespace");
  } else {
    metadata.set("namespace", Value::string(object.id.namespace_));
  }
  if (object.is_secret()) encode_string_data(body);
  return body;
}

void set_owner(Value& body, const std::string& owner) {
  if (!owner.empty()) body.child_map("metadata").child_map("labels").set(owner_label, Value::string(owner));
}

LiveObject live_object(Value body) {
  LiveObject out;
  const auto api_version = body.string_at({"apiVersion"});
  const auto slash = api_version.find('/');
  if (slash != std::string_view::npos) out.id.group = api_version.substr(0, slash);
  out.id.kind = body.string_at({"kind"});
  out.id.namespace_ = body.string_at({"metadata", "namespace"});
  out.id.name = body.string_at({"metadata", "name"});
  out.uid = body.string_at({"metadata", "uid"});
  out.resource_version = body.string_at({"metadata", "resourceVersion"});
  out.deleting = !body.string_at({"metadata", "deletionTimestamp"}).empty();
  out.body = std::move(body);
  return out;
}

std::string content_hash(const Value& body) {
  Value rest = body.shallow_copy();
  rest.erase("status");
  if (const Value* given = rest.find("metadata"); given != nullptr && given->is_map()) {
    Value metadata = given->shallow_copy();
    for (const std::string_view key : {"managedFields", "resourceVersion", "generation"}) metadata.erase(key);
    if (const Value* notes = metadata.find("annotations"); notes != nullptr && notes->find(revision_annotation) != nullptr) {
      Value annotations = notes->shallow_copy();
      annotations.erase(revision_annotation);
      if (annotations.size() == 0) {
        metadata.erase("annotations");
      } else {
        metadata.set("annotations", annotations);
      }
    }
    rest.set("metadata", metadata);
  }
  // Half of the digest: nobody gains by finding two contents of the same hash, and there are many of these in memory.
  return sha256(canonical_json(rest)).substr(0, 16);
}

}  // namespace gitopsctl::agent::detail
