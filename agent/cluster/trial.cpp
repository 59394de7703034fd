#include "agent/cluster/trial.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "agent/cluster/normal_form.hpp"
#include "agent/cluster/parallel.hpp"
#include "base/result/no_throw.hpp"
#include "render/manifest/redact.hpp"

namespace gitopsctl::agent::detail {

namespace {

using Class = KubeErrorClass;
using render::ObjectId;

/// Of the ConfigMaps, and of the Secrets, of one namespace.
constexpr std::size_t max_plain = 8;

bool is_plain(const ObjectId& id) { return id.group.empty() && (id.kind == "ConfigMap" || id.kind == "Secret"); }

/// Something of the same run defines or serves kinds of this group.
bool group_comes(const std::set<ObjectId>& coming, std::string_view group) {
  return std::ranges::any_of(coming, [&](const ObjectId& id) {
    const auto dot = id.name.find('.');
    const bool serves = id.kind == "CustomResourceDefinition" || id.kind == "APIService";
    // `widgets.example.dev`, `v1.example.dev`
    return serves && dot != std::string::npos && std::string_view(id.name).substr(dot + 1) == group;
  });
}

bool kind_comes(const std::set<ObjectId>& coming, std::initializer_list<std::string_view> kinds) {
  return std::ranges::any_of(
      coming, [&](const ObjectId& id) { return std::ranges::find(kinds, std::string_view(id.kind)) != kinds.end(); });
}

}  // namespace

Refusal judge_refusal(const KubeError& error, const render::Object& object, const std::set<ObjectId>& coming) {
  if (error.is_outage()) return Refusal::outage;
  switch (error.error_class()) {
    case Class::namespace_missing:
      // Who has no Namespace object for it gets one made for the inventory of the release.
      return Refusal::deferred;
    case Class::no_match: return group_comes(coming, object.id.group) ? Refusal::deferred : Refusal::permanent;
    case Class::terminating:  // it may be gone by then
    case Class::webhook:      // its backend may be what is deployed here
    case Class::stale_write:
    case Class::precondition:
    case Class::already_exists:
    case Class::field_conflict:  // somebody was quicker; the write itself looks again
      return Refusal::deferred;
    case Class::quota: return kind_comes(coming, {"ResourceQuota"}) ? Refusal::deferred : Refusal::permanent;
    case Class::forbidden:
      if (object.id.group == "rbac.authorization.k8s.io" &&
          kind_comes(coming, {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"})) {
        return Refusal::deferred;  // rights beyond our own, which the same set may give
      }
      if (object.id.group.empty() && object.id.kind == "Pod" &&
          kind_comes(coming, {"ServiceAccount", "PriorityClass", "RuntimeClass"})) {
        return Refusal::deferred;
      }
      return Refusal::permanent;
    case Class::bad_request:
      // A webhook with side effects refuses every dry run.
      return error.message().find("dry run") != std::string::npos ? Refusal::deferred : Refusal::permanent;
    default: return Refusal::permanent;
  }
}

std::vector<std::size_t> objects_to_try(const std::vector<const render::Object*>& objects) {
  std::map<std::tuple<std::string, std::string>, std::size_t> plain;
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const ObjectId& id = objects[i]->id;
    if (is_plain(id) && ++plain[{id.kind, id.namespace_}] > max_plain) continue;
    out.push_back(i);
  }
  return out;
}

Result<std::vector<Trial>> try_new_objects(const KubeClient& actor, const std::string& manager, std::size_t max_parallel,
                                           const std::vector<const render::Object*>& objects, const ApplyOptions& options,
                                           const std::set<ObjectId>& coming) {
  std::vector<Trial> out(objects.size());
  std::vector<Result<void>> outages(objects.size());
  std::vector<unsigned char> missing(objects.size(), 0);
  const auto ask = [&](std::size_t i) -> Result<void> {
    const render::Object& object = *objects[i];
    Value wish = normal_form(object);
    set_owner(wish, options.owner);
    KubeApplyOptions how;
    how.field_manager = manager;
    how.dry_run = true;
    how.force = true;
    how.metadata_only = true;
    KubeCall call;
    call.sensitive = options.sensitive != nullptr && render::holds_secrets(object.body, *options.sensitive);
    const auto answer = actor.apply(wish, how, call);
    if (answer.ok()) return {};
    const KubeError& error = answer.error();
    switch (judge_refusal(error, object, coming)) {
      case Refusal::outage: return error;
      case Refusal::permanent: out[i].refused = error; break;
      case Refusal::deferred:
        missing[i] = error.is(Class::namespace_missing) ? 1 : 0;
        out[i].unchecked = "not validated yet: " + error.message();
        break;
    }
    return {};
  };
  const auto ask_all = [&](const std::vector<std::size_t>& which) -> Result<void> {
    in_parallel(which.size(), max_parallel, [&](std::size_t i) {
      outages[which[i]] = no_throw("a dry run", [&] { return ask(which[i]); });
      return outages[which[i]].ok();
    });
    for (const std::size_t i : which) {
      if (!outages[i].ok()) return outages[i].error();
    }
    return {};
  };
  const auto asked = objects_to_try(objects);
  // The first of each namespace tells whether there is one: a server takes its time to say that there is none. What can be
  // asked all at once need not wait for that.
  const bool few = asked.size() <= max_parallel;
  std::map<std::string, std::size_t> first;
  std::vector<std::size_t> pioneers;
  std::vector<std::size_t> others;
  for (const std::size_t i : asked) {
    const auto& space = objects[i]->id.namespace_;
    const bool pioneer = !few && !space.empty() && first.emplace(space, i).second;
    (pioneer ? pioneers : others).push_back(i);
  }
  GITOPSCTL_CHECK(ask_all(pioneers));
  std::erase_if(others, [&](std::size_t i) {
    const auto pioneer = first.find(objects[i]->id.namespace_);
    if (pioneer == first.end() || missing[pioneer->second] == 0) return false;
    out[i].unchecked = out[pioneer->second].unchecked;
    return true;
  });
  GITOPSCTL_CHECK(ask_all(others));
  return out;
}

}  // namespace gitopsctl::agent::detail
