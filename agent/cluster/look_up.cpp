#include "agent/cluster/look_up.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/text/escape.hpp"

namespace gitopsctl::agent::detail {

namespace {

using Class = KubeErrorClass;

constexpr std::size_t max_word = 253;  // of names (Kubernetes); groups, versions and kinds have less

/// What can stand in one step of a path of the API. The server knows which names there are; this is about those that would
/// make another path.
bool is_step(std::string_view word) {
  if (word.size() > max_word || word == "." || word == "..") return false;
  return std::ranges::all_of(word,
                             [](char c) { return c > ' ' && c < 0x7F && c != '/' && c != '%' && c != '?' && c != '#'; });
}

Error unclear(const render::LookupQuestion& question, const std::string& what) {
  return {ErrorCode::invalid_input,
          terminal_safe(truncate_utf8(question.to_string(), 200)) + " cannot be looked up: " + what};
}

/// A kind that is listed and not served is none: nobody knows what is there.
bool is_absence(const KubeError& error) { return error.is(Class::not_found) || error.is(Class::namespace_missing); }

Value without_bookkeeping(Value object) {
  if (object.find_path({"metadata", "managedFields"}) == nullptr) return object;
  Value metadata = object.find("metadata")->shallow_copy();
  metadata.erase("managedFields");
  object.set("metadata", std::move(metadata));
  return object;
}

}  // namespace

Result<Value> look_up(const KubeClient& client, const render::LookupQuestion& question, const Interrupt& interrupt) {
  const auto slash = question.api_version.find('/');
  const std::string group = slash == std::string::npos ? "" : question.api_version.substr(0, slash);
  const std::string version = slash == std::string::npos ? question.api_version : question.api_version.substr(slash + 1);
  if (version.empty() || !is_step(version) || !is_step(group)) return unclear(question, "its apiVersion is none");
  if (question.kind.empty() || !is_step(question.kind)) return unclear(question, "its kind is none");
  if (!is_step(question.namespace_) || !is_step(question.name)) return unclear(question, "its name or namespace is none");

  const auto resource = client.discovery().map(group, version, question.kind, interrupt);
  if (!resource.ok()) {
    if (resource.error().is(Class::no_match)) return Value::map();
    return resource.error();
  }
  const KubeCall call{.interrupt = interrupt, .sensitive = false, .on_repeat = {}, .last_word = false};
  if (!question.name.empty()) {
    if (resource->namespaced && question.namespace_.empty()) return Value::map();  // no object is there
    const render::ObjectId id{group, question.kind, resource->namespaced ? question.namespace_ : "", question.name};
    auto found = client.find(id, {.version = version, .metadata_only = false}, call);
    if (!found.ok()) {
      if (is_absence(found.error())) return Value::map();
      return found.error();
    }
    return *found ? without_bookkeeping(*std::move(*found)) : Value::map();
  }
  KubeListOptions options;
  if (resource->namespaced) options.namespace_ = question.namespace_;
  options.most = max_looked_up;
  auto listed = client.list({group, version, question.kind}, options, call);
  if (!listed.ok()) {
    if (is_absence(listed.error())) return Value::map();
    return listed.error();
  }
  Value items = Value::list();
  for (auto& item : listed->items) items.push_back(without_bookkeeping(std::move(item)));
  return make_map({{"apiVersion", Value::string(question.api_version)},
                   {"items", std::move(items)},
                   {"kind", Value::string(question.kind + "List")},
                   {"metadata", Value::map()}});
}

Error no_account(const render::LookupQuestion& question) {
  return Error(ErrorCode::forbidden,
               terminal_safe(question.to_string()) + " is not read: the channel's binding names no service account")
      .with_hint(
          "set bindings[].serviceAccount: NAMESPACE/NAME in the agent's file to an account that may read it; the "
          "agent's own rights are not lent to commits");
}

}  // namespace gitopsctl::agent::detail
