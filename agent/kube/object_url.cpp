#include "agent/kube/object_url.hpp"

#include <algorithm>
#include <array>

#include "agent/kube/transport.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::agent::detail {
namespace {

std::string shown(std::string_view text) { return "'" + terminal_safe(truncate_utf8(text, 120)) + "'"; }

/// Names in URLs as the API server takes them; dots would walk through the path.
Result<std::string> segment(std::string_view name, std::string_view what) {
  if (name.empty() || name == "." || name == ".." || name.size() > 253 ||
      name.find_first_of("/%") != std::string_view::npos) {
    return Error(ErrorCode::invalid_input, shown(name) + " cannot be a " + std::string(what));
  }
  return url_encode(name);
}

std::string group_path(const ApiResource& resource) {
  return resource.group.empty() ? "/api/" + resource.version : "/apis/" + resource.group + "/" + resource.version;
}

bool contains(const Value& live, const Value& sent, int depth) {
  if (!sent.is_map() || depth > 64) return json_equal(live, sent);
  return std::ranges::all_of(sent.as_map(), [&](const Value::Member& member) {
    const Value* there = live.find(member.key.view());
    if (there == nullptr) return member.value.is_nothing() || (member.value.is_map() && member.value.size() == 0);
    return contains(*there, member.value, depth + 1);
  });
}

}  // namespace

std::string query(const std::vector<std::pair<std::string_view, std::string>>& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    out += (out.empty() ? "?" : "&") + std::string(name) + "=" + url_encode(value);
  }
  return out;
}

Result<std::string> collection_path(const ApiResource& resource, std::string_view namespace_) {
  std::string out = group_path(resource);
  if (!namespace_.empty()) {
    if (!resource.namespaced) {
      return Error(ErrorCode::invalid_input,
                   resource.kind + " has no namespaces, and " + shown(namespace_) + " is asked for");
    }
    GITOPSCTL_TRY(const auto space, segment(namespace_, "namespace"));
    out += "/namespaces/" + space;
  }
  return out + "/" + resource.plural;
}

Result<std::string> parent_path(const ApiResource& resource, const render::ObjectId& id) {
  if (resource.namespaced && id.namespace_.empty()) {
    return Error(ErrorCode::invalid_input, id.to_string() + " needs a namespace");
  }
  return collection_path(resource, id.namespace_);
}

Result<std::string> object_path(const ApiResource& resource, const render::ObjectId& id) {
  GITOPSCTL_TRY(const auto parent, parent_path(resource, id));
  GITOPSCTL_TRY(const auto name, segment(id.name, "name"));
  return parent + "/" + name;
}

Result<std::string> with_subresource(std::string path, std::string_view subresource) {
  if (subresource.empty()) return path;
  if (subresource.size() > 63 || subresource.find_first_not_of("abcdefghijklmnopqrstuvwxyz") != std::string_view::npos) {
    return Error(ErrorCode::invalid_input, shown(subresource) + " cannot be a subresource");
  }
  return std::move(path) + "/" + std::string(subresource);
}

Result<NamedBody> identify(const Value& object, NameRule rule) {
  const auto api_version = object.string_at({"apiVersion"});
  NamedBody out;
  const auto slash = api_version.find('/');
  if (slash != std::string_view::npos) out.id.group = api_version.substr(0, slash);
  out.version = slash == std::string_view::npos ? api_version : api_version.substr(slash + 1);
  out.id.kind = object.string_at({"kind"});
  out.id.namespace_ = object.string_at({"metadata", "namespace"});
  out.id.name = object.string_at({"metadata", "name"});
  out.generated = out.id.name.empty() && !object.string_at({"metadata", "generateName"}).empty();
  if (out.version.empty() || out.id.kind.empty())
    return Error(ErrorCode::invalid_input, "an object without apiVersion or kind");
  if (rule == NameRule::nameless) return out;
  const bool named = !out.id.name.empty() || (out.generated && rule == NameRule::named_or_generated);
  if (!named) {
    return Error(ErrorCode::invalid_input, "a " + out.id.kind + " without a name")
        .with_hint(out.generated ? "generateName gives another object each time; write a name" : "write metadata.name");
  }
  return out;
}

bool holds_all(const Value& live, const Value& sent) {
  constexpr std::array<std::string_view, 6> of_server{"resourceVersion", "uid",      "generation",
                                                      "managedFields",   "selfLink", "creationTimestamp"};
  Value wanted = sent.shallow_copy();
  wanted.erase("status");
  if (const Value* metadata = sent.find("metadata"); metadata != nullptr && metadata->is_map()) {
    Value own = metadata->shallow_copy();
    for (const auto key : of_server) own.erase(key);
    wanted.set("metadata", own);
  }
  return contains(live, wanted, 0);
}

bool says_the_same(const Value& live, const Value& sent) { return holds_all(live, sent) && holds_all(sent, live); }

bool same_status(const Value& live, const Value& sent) {
  const Value* there = live.find("status");
  const Value* ours = sent.find("status");
  return there != nullptr && ours != nullptr && json_equal(*there, *ours);
}

bool created_by(const Value& live, const Value& sent, std::string_view manager) {
  if (!holds_all(live, sent)) return false;
  for (const std::string_view key : {"data", "binaryData"}) {
    const Value* there = live.find(key);
    const Value* ours = sent.find(key);
    const std::size_t more = there == nullptr ? 0 : there->size();
    if (more != (ours == nullptr ? 0 : ours->size())) return false;
  }
  const Value* owners = live.find_path({"metadata", "managedFields"});
  if (owners == nullptr) return false;
  bool own = false;
  for (const Value& owner : owners->as_list()) {
    if (!owner.string_at({"subresource"}).empty()) continue;
    if (owner.string_at({"manager"}) != manager || owner.string_at({"operation"}) != "Update") return false;
    own = true;
  }
  return own;
}

}  // namespace gitopsctl::agent::detail
