#include <algorithm>

#include "agent/control/lease_names.hpp"
#include "agent/install/install.hpp"
#include "agent/install/record.hpp"
#include "channels/model/channel.hpp"

namespace gitopsctl::agent::install {

namespace {

using What = InstallStep::What;

constexpr std::string_view managed_by_us = "app.kubernetes.io/managed-by=gitopsctl";

bool is_namespace(const render::ObjectId& id) { return id.group.empty() && id.kind == "Namespace"; }
bool is_definition(const render::ObjectId& id) { return id.kind == "CustomResourceDefinition"; }
bool is_agent(const render::ObjectId& id) { return id.kind == "Deployment"; }

/// Objects of a kind that carry an identity of this installation. None where the server does not know the kind.
Result<std::vector<LiveObject>> list_of(Environment& environment, const std::string& installation, ListQuery query) {
  query.label = managed_by_us;
  auto objects = environment.list(query);
  if (!objects.ok() && objects.error().code() == ErrorCode::not_found) return std::vector<LiveObject>{};
  if (!objects.ok()) return objects;
  std::vector<LiveObject> out = std::move(objects).value();
  std::erase_if(
      out, [&](const auto& object) { return !object.annotation("gitopsctl.dev/identity").starts_with(installation + "/"); });
  return out;
}

/// With an inventory there is something that only the agent, and only with its key, can look after.
Result<void> check_nothing_deployed(Environment& environment, const std::string& installation) {
  GITOPSCTL_TRY(auto objects, list_of(environment, installation, {"", "ConfigMap", "", ""}));
  std::erase_if(objects, [](const auto& object) { return object.label("applyset.kubernetes.io/id").empty(); });
  if (objects.empty()) return {};
  constexpr std::size_t shown = 5;
  std::string names;
  for (std::size_t i = 0; i < std::min(shown, objects.size()); ++i) {
    names += (i == 0 ? "" : ", ") + std::string(objects[i].annotation("gitopsctl.dev/identity"));
  }
  if (objects.size() > shown) names += ", …";
  return Error(ErrorCode::conflict, std::to_string(objects.size()) + " releases are still deployed: " + names)
      .with_hint("take them out of their channels and let the agent remove them, or leave out --purge");
}

Result<void> remove_all(Environment& environment, const std::vector<LiveObject>& objects, const InstallProgress& progress) {
  for (const auto& object : objects) {
    GITOPSCTL_CHECK(environment.remove(object.id, {object.uid, ""}, {}));
    progress({What::removed, object.id});
  }
  return {};
}

/// The leases of the installation and of its channels, as long as these can be listed.
Result<std::vector<LiveObject>> leases_of(Environment& environment, const std::string& installation) {
  GITOPSCTL_TRY(
      const auto channels,
      list_of(environment, installation, {std::string(channels::api_group), "Channel", std::string(home_namespace), ""}));
  std::vector<std::string> names{leader_lease_name(installation)};
  for (const auto& channel : channels) {
    const auto identity = channel.annotation("gitopsctl.dev/identity");
    const auto first = identity.find('/');
    const auto second = identity.find('/', first + 1);
    if (second == std::string_view::npos) continue;
    names.push_back(channel_lease_name({installation, std::string(identity.substr(first + 1, second - first - 1)),
                                        std::string(identity.substr(second + 1))}));
  }
  std::vector<LiveObject> out;
  for (const auto& name : names) {
    GITOPSCTL_TRY(auto live, environment.get(lease_object_id(name)));
    if (live) out.push_back(*std::move(live));
  }
  return out;
}

/// What the agent, and people, left behind.
Result<void> purge_left(Environment& environment, const detail::Record& record, const InstallProgress& progress) {
  const std::string home(home_namespace);
  const std::string group(channels::api_group);
  GITOPSCTL_TRY(const auto leases, leases_of(environment, record.installation));
  for (const ListQuery& query :
       {ListQuery{group, "Release", "", ""}, ListQuery{group, "Approval", home, ""}, ListQuery{group, "Channel", home, ""},
        ListQuery{"", "Event", "", ""}, ListQuery{"", "ConfigMap", home, ""}}) {
    GITOPSCTL_TRY(const auto objects, list_of(environment, record.installation, query));
    GITOPSCTL_CHECK(remove_all(environment, objects, progress));
  }
  GITOPSCTL_CHECK(remove_all(environment, leases, progress));
  GITOPSCTL_TRY(auto keys,
                environment.list({"", "Secret", record.namespace_, "app.kubernetes.io/instance=" + record.release}));
  std::erase_if(keys, [](const auto& object) { return !object.id.name.starts_with("gitopsctl-deploy-key-"); });
  GITOPSCTL_TRY(auto key, environment.get({"", "Secret", home, "gitopsctl-key-" + record.installation}));
  if (key) keys.push_back(*std::move(key));
  return remove_all(environment, keys, progress);
}

/// Whether somebody else, whoever installed it, still needs the definitions and what is at home. Asked after the purge.
Result<bool> others_are_left(Environment& environment) {
  GITOPSCTL_TRY(const std::size_t installations, detail::count_records(environment));
  if (installations > 1) return true;
  for (const char* kind : {"Channel", "Release", "Approval"}) {
    const auto objects = environment.list({std::string(channels::api_group), kind, "", ""});
    if (!objects.ok() && objects.error().code() == ErrorCode::not_found) continue;
    if (!objects.ok()) return objects.error();
    if (!objects->empty()) return true;
  }
  GITOPSCTL_TRY(const auto secrets, environment.list({"", "Secret", std::string(home_namespace), ""}));
  return std::any_of(secrets.begin(), secrets.end(),
                     [](const auto& secret) { return secret.id.name.starts_with("gitopsctl-key-"); });
}

/// Entries that fit, the last one first.
template <class Fits>
Result<void> remove_entries(Environment& environment, const detail::Record& record, const Fits& fits,
                            const InstallProgress& progress) {
  for (auto entry = record.entries.rbegin(); entry != record.entries.rend(); ++entry) {
    if (fits(entry->id)) GITOPSCTL_CHECK(detail::remove_entry(environment, record, *entry, progress));
  }
  return {};
}

}  // namespace

Result<void> uninstall(Environment& environment, const UninstallRequest& request, const InstallProgress& progress) {
  GITOPSCTL_TRY(auto record, detail::read_record(environment, request.release, request.namespace_));
  if (record.uid.empty()) {
    return Error(ErrorCode::not_found,
                 "gitopsctl install put nothing named '" + request.release + "' into namespace '" + request.namespace_ + "'")
        .with_hint("say --name and --namespace of the installation; what helm installed, helm uninstall removes");
  }
  if (request.confirm != record.installation) {
    return Error(ErrorCode::invalid_input, "the agent of installation '" + record.installation + "' would be removed")
        .with_hint("say so with --confirm " + record.installation);
  }
  if (request.purge) GITOPSCTL_CHECK(check_nothing_deployed(environment, record.installation));
  GITOPSCTL_CHECK(remove_entries(environment, record, is_agent, progress));
  const auto stays = [](const render::ObjectId& id) { return is_namespace(id) || is_definition(id); };
  GITOPSCTL_CHECK(remove_entries(
      environment, record, [&](const render::ObjectId& id) { return !stays(id) && !is_agent(id); }, progress));
  if (!request.purge) {
    // What stays can be purged later, or be taken up by the next installation.
    std::erase_if(record.entries, [&](const detail::RecordEntry& entry) { return !stays(entry.id); });
    return detail::write_record(environment, record);
  }
  // Only now: an agent that is still ending has no right any more to make anew what goes here.
  GITOPSCTL_CHECK(purge_left(environment, record, progress));
  GITOPSCTL_TRY(const bool others, others_are_left(environment));
  if (!others) GITOPSCTL_CHECK(remove_entries(environment, record, is_definition, progress));
  // From here on nobody can tell any more what was ours; a namespace takes its own record along.
  GITOPSCTL_CHECK(environment.remove(record.id(), {record.uid, record.resource_version}, {}));
  progress({What::removed, record.id()});
  if (!others) GITOPSCTL_CHECK(remove_entries(environment, record, is_namespace, progress));
  return {};
}

}  // namespace gitopsctl::agent::install
