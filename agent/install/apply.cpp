#include <algorithm>
#include <set>

#include "agent/install/install.hpp"
#include "agent/install/record.hpp"

namespace gitopsctl::agent::install {

namespace {

using What = InstallStep::What;

bool is_namespace(const render::ObjectId& id) { return id.group.empty() && id.kind == "Namespace"; }
bool is_definition(const render::ObjectId& id) { return id.kind == "CustomResourceDefinition"; }

/// An error for an object that somebody else put there.
Result<void> check_owner(const LiveObject& live) {
  if (const auto helm = live.annotation("meta.helm.sh/release-name"); !helm.empty() && !is_definition(live.id)) {
    return Error(ErrorCode::conflict, live.id.to_string() + " belongs to the helm release '" + std::string(helm) + "'")
        .with_hint("go on with helm upgrade, or take that release down first");
  }
  if (live.label("app.kubernetes.io/name") != "gitopsctl") {
    return Error(ErrorCode::conflict, live.id.to_string() + " is there and is not the chart's")
        .with_hint("install under another --name, or move it away");
  }
  return {};
}

What what_of(ApplyState state) {
  switch (state) {
    case ApplyState::created: return What::created;
    case ApplyState::configured: return What::configured;
    case ApplyState::unchanged: break;
  }
  return What::unchanged;
}

/// Namespaces that are not there are made; they are first in the set, and the record stands in one of them.
Result<void> make_namespaces(Environment& environment, const Installation& installation, detail::Record& record,
                             const InstallProgress& progress) {
  for (const auto& object : installation.objects) {
    if (!is_namespace(object.id)) continue;
    GITOPSCTL_TRY(const auto live, environment.get(object.id));
    if (live) {
      progress({What::kept, object.id});
      continue;
    }
    GITOPSCTL_TRY(const auto outcome, environment.apply(object, {}));
    record.add(object.id).uid = outcome.object.uid;
    progress({What::created, object.id});
  }
  return {};
}

/// Everything that would be in the way, before anything is written.
Result<void> check_all(Environment& environment, const Installation& installation, detail::Record& record) {
  std::vector<render::ObjectId> ids;
  for (const auto& object : installation.objects) {
    // One whose write was never answered may be somebody else's by now.
    const detail::RecordEntry* entry = record.find(object.id);
    if (!is_namespace(object.id) && (entry == nullptr || entry->uid.empty())) ids.push_back(object.id);
  }
  GITOPSCTL_TRY(const auto found, environment.get_many(ids));
  std::vector<Error> errors;
  for (const auto& live : found) {
    if (!live) continue;
    if (auto fine = check_owner(*live); !fine.ok()) errors.push_back(fine.error());
  }
  if (!errors.empty()) return combine(std::move(errors));
  return {};
}

/// What is in the record and no longer in the chart goes, the last one first.
Result<void> prune(Environment& environment, const Installation& installation, detail::Record& record,
                   const InstallProgress& progress) {
  std::set<render::ObjectId> wanted;
  for (const auto& object : installation.objects) wanted.insert(object.id);
  for (std::size_t i = record.entries.size(); i-- > 0;) {
    const detail::RecordEntry entry = record.entries[i];
    if (wanted.contains(entry.id) || is_namespace(entry.id) || is_definition(entry.id)) continue;
    GITOPSCTL_CHECK(detail::remove_entry(environment, record, entry, progress));
    record.entries.erase(record.entries.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return {};
}

}  // namespace

Result<void> apply_installation(Environment& environment, const Installation& installation,
                                const InstallProgress& progress) {
  GITOPSCTL_TRY(auto record, detail::read_record(environment, installation.release, installation.namespace_));
  if (!record.installation.empty() && record.installation != installation.installation) {
    return Error(ErrorCode::conflict, "this is the installation '" + record.installation + "', and the values say '" +
                                          installation.installation + "'")
        .with_hint("the name is part of the identity of everything deployed: it cannot be changed");
  }
  GITOPSCTL_CHECK(check_all(environment, installation, record));
  record.installation = installation.installation;
  GITOPSCTL_CHECK(make_namespaces(environment, installation, record, progress));
  for (const auto& object : installation.objects) {
    if (!is_namespace(object.id)) record.add(object.id);
  }
  GITOPSCTL_CHECK(detail::write_record(environment, record));
  for (const auto& object : installation.objects) {
    if (is_namespace(object.id)) continue;
    GITOPSCTL_TRY(const auto outcome, environment.apply(object, {}));
    record.add(object.id).uid = outcome.object.uid;
    progress({what_of(outcome.state), object.id});
  }
  GITOPSCTL_CHECK(prune(environment, installation, record, progress));
  return detail::write_record(environment, record);
}

Result<std::string> apply_deploy_key(Environment& environment, const DeployKey& key, const InstallProgress& progress) {
  const auto public_text = [](const LiveObject& live) { return std::string(live.annotation("gitopsctl.dev/public-key")); };
  const auto written = environment.put(key.secret, "", {});
  if (written.ok()) {
    progress({What::created, key.secret.id});
    return public_text(*written);
  }
  if (written.error().code() != ErrorCode::conflict) return written.error();
  // A key that is registered somewhere stays what it is.
  GITOPSCTL_TRY(const auto live, environment.get(key.secret.id));
  if (!live) return written.error();
  progress({What::kept, key.secret.id});
  if (public_text(*live).empty()) {
    return Error(ErrorCode::conflict, key.secret.id.to_string() + " is there, and does not say its public half")
        .with_hint("delete it to have a new key made, or register the one that it holds");
  }
  return public_text(*live);
}

Result<void> wait_for_installation(Environment& environment, const Installation& installation, Clock& clock,
                                   const Interrupt& interrupt) {
  constexpr Millis pause{500};
  const auto agent = std::find_if(installation.objects.begin(), installation.objects.end(),
                                  [](const auto& object) { return object.id.kind == "Deployment"; });
  if (agent == installation.objects.end()) return Error(ErrorCode::internal, "the chart has no Deployment");
  std::string reason = "it is not there";
  for (;;) {
    GITOPSCTL_TRY(const auto live, environment.get(agent->id));
    if (live) {
      const Health health = environment.health(*live);
      if (health.state == Health::State::ready) return {};
      if (health.state == Health::State::failed) {
        return Error(ErrorCode::unavailable, agent->id.to_string() + " failed: " + health.reason);
      }
      reason = health.reason;
    }
    if (const auto go_on = interrupt.check("waiting for the agent"); !go_on.ok()) {
      return go_on.error().with_hint(agent->id.to_string() + ": " + reason);
    }
    clock.sleep(pause, interrupt.stop);
  }
}

}  // namespace gitopsctl::agent::install
