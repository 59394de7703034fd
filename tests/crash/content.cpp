#include "tests/crash/content.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <stdexcept>
#include <utility>

#include "agent/control/control.hpp"
#include "agent/environment/environment.hpp"
#include "channels/model/channel.hpp"

namespace gitopsctl::crash {

namespace {

/// What somebody else does to an object after the first commit is deployed.
enum class Hand { none, frees, makes_anew, controls, marks };

/// What becomes of an object that leaves its release with the second commit.
enum class Leaving { deleted, stays };

struct Thing {
  const char* release;  ///< that has it in the first commit; empty: none
  const char* next;     ///< that has it in the second
  const char* kind;
  const char* name;
  const char* first;   ///< its value in the first commit; with a + at its end there is a second field
  const char* second;  ///< and in the second
  Leaving leaving = Leaving::deleted;
  const char* annotation = "";  ///< in the manifests
  Hand hand = Hand::none;
};

constexpr const char* config_map = "ConfigMap";
constexpr const char* secret = "Secret";
constexpr const char* claim = "PersistentVolumeClaim";

constexpr std::array things = {
    Thing{"base", "base", config_map, "base-a", "1", "2"},
    Thing{"base", "base", config_map, "base-b", "1", "1"},
    Thing{"base", "", config_map, "base-c", "1", ""},
    // Fields come and go.
    Thing{"base", "base", config_map, "base-grows", "1", "1+"},
    Thing{"base", "base", config_map, "base-shrinks", "1+", "1"},
    Thing{"base", "tools", config_map, "base-d", "1", "2"},
    Thing{"", "base", config_map, "base-e", "", "1"},
    // It holds data.
    Thing{"base", "", claim, "data", "", "", Leaving::stays},
    // It says that it stays, in four ways.
    Thing{"base", "", config_map, "base-never", "1", "", Leaving::stays, "gitopsctl.dev/prune: never"},
    Thing{"base", "", config_map, "base-helm", "1", "", Leaving::stays, "helm.sh/resource-policy: keep"},
    Thing{"base", "", config_map, "base-argo", "1", "", Leaving::stays, "argocd.argoproj.io/sync-options: Prune=false"},
    Thing{"drained", "", config_map, "drained-b", "1", "", Leaving::stays, "argocd.argoproj.io/sync-options: Delete=false"},
    // It is not ours any more, or not ours alone.
    Thing{"base", "", config_map, "base-freed", "1", "", Leaving::stays, "", Hand::frees},
    Thing{"base", "", config_map, "base-anew", "1", "", Leaving::stays, "", Hand::makes_anew},
    Thing{"base", "", config_map, "base-controlled", "1", "", Leaving::stays, "", Hand::controls},
    Thing{"base", "", config_map, "base-marked", "1", "", Leaving::stays, "", Hand::marks},
    // The release may delete what holds data.
    Thing{"volumes", "", claim, "scratch", "", ""},
    Thing{"volumes", "volumes", claim, "cache", "", ""},
    // The release does not prune.
    Thing{"archive", "archive", config_map, "archive-a", "1", "2"},
    Thing{"archive", "", config_map, "archive-b", "1", "", Leaving::stays},
    // The second commit says that it does not prune any more.
    Thing{"tightens", "tightens", config_map, "tightens-a", "1", "2"},
    Thing{"tightens", "", config_map, "tightens-b", "1", "", Leaving::stays},
    // Releases that leave the channel: all of it goes, something stays, nothing is pruned.
    Thing{"old", "", config_map, "old-a", "1", ""},
    Thing{"old", "", secret, "old-b", "x", ""},
    Thing{"old", "", config_map, "old-c", "1", ""},
    Thing{"drained", "", config_map, "drained-a", "1", ""},
    Thing{"drained", "", claim, "drained-data", "", "", Leaving::stays},
    Thing{"ledger", "", config_map, "ledger-a", "1", "", Leaving::stays},
    // One that stays as it is but for what moves there, and one that is new.
    Thing{"tools", "tools", config_map, "tools-a", "1", "1"},
    Thing{"", "fresh", config_map, "fresh-a", "", "1"},
    Thing{"", "fresh", secret, "fresh-b", "", "x"},
};

/// Given up by `first`, kept by a rule, and then taken over by somebody else, who takes the mark away that it was kept for.
constexpr Thing taken{"base", "", config_map, "base-taken", "1", "", Leaving::stays, "gitopsctl.dev/prune: never"};

struct Foreign {
  const char* namespace_;
  const char* name;
  const char* owner;
};
// Some under names of ours.
constexpr std::array foreign = {
    Foreign{"elsewhere", "base-a", ""}, Foreign{"elsewhere", "base-c", ""},     Foreign{"elsewhere", "old-a", ""},
    Foreign{"shop", "old-b", ""},       Foreign{"shop", "theirs", other_owner}, Foreign{"shop", "nobodys", ""},
};

std::string owner_of(const std::string& channel, const std::string& release, const std::string& namespace_) {
  return channels::ReleaseIdentity{"crash", "shop", channel, release}.apply_set_id(namespace_);
}

std::string name_of(const Thing& thing) { return std::string(thing.kind) + "/shop/" + thing.name; }

std::string manifest_of(const Thing& thing, const std::string& value) {
  const std::string kind = thing.kind;
  std::string out = "apiVersion: v1\nkind: " + kind + "\nmetadata:\n  name: " + thing.name + "\n  namespace: shop\n";
  if (*thing.annotation != '\0') out += "  annotations: {" + std::string(thing.annotation) + "}\n";
  if (kind == config_map) {
    const bool more = value.ends_with('+');
    out += "data: {value: \"" + value.substr(0, value.size() - (more ? 1 : 0)) + '"' + (more ? ", more: \"1\"" : "") + "}\n";
  }
  if (kind == secret) out += "stringData: {password: \"" + value + "\"}\n";
  if (kind == claim) out += "spec: {accessModes: [ReadWriteOnce]}\n";
  return out + "---\n";
}

/// A channel file with the chart `web` and these releases of manifests.
std::string channel_file(const std::string& channel, const std::string& namespace_,
                         const std::vector<std::string>& manifests, Commit commit) {
  std::string out = "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: " + channel +
                    "\ncandidate: {paths: [charts, deploy, .gitopsctl]}\nreleases:\n  - name: web\n    driver: helm\n"
                    "    namespace: " +
                    namespace_ + "\n    helm: {chart: charts/web}\n";
  for (const auto& name : manifests) {
    out +=
        "  - name: " + name + "\n    driver: manifests\n    namespace: shop\n    manifests: {path: deploy/" + name + "}\n";
    if (name == "volumes") out += "    allowDelete: [PersistentVolumeClaim]\n";
    if (name == "archive" || name == "ledger" || (name == "tightens" && commit == Commit::second))
      out += "    prune: false\n";
  }
  return out;
}

void add_chart(std::map<std::string, std::string>& files, Commit commit) {
  const std::string meta = "metadata: {name: web-{{ .Chart.Name }}, namespace: {{ .Release.Namespace }}}\n";
  files["charts/web/Chart.yaml"] = "apiVersion: v2\nname: web\nversion: 0.1.0\n";
  files["charts/web/values.yaml"] = commit == Commit::second ? "replicas: 2\n" : "replicas: 1\n";
  files["charts/web/templates/deployment.yaml"] =
      "apiVersion: apps/v1\nkind: Deployment\n" + meta + "spec: {replicas: {{ .Values.replicas }}}\n";
  files["charts/web/templates/service.yaml"] = "apiVersion: v1\nkind: Service\n" + meta + "spec: {ports: [{port: 80}]}\n";
  files["charts/web/templates/secret.yaml"] =
      "apiVersion: v1\nkind: Secret\n" + meta + "stringData: {password: \"p{{ .Values.replicas }}\"}\n";
  if (commit != Commit::second) return;
  files["charts/web/templates/extra.yaml"] =
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra, namespace: {{ .Release.Namespace }}}\n"
      "data: {value: {{ .Release.Name }}}\n";
}

render::ObjectId config_map_id(const std::string& namespace_, const std::string& name) {
  return {"", config_map, namespace_, name};
}

template <class T>
T need(Result<T> result, const std::string& what) {
  if (!result.ok()) throw std::runtime_error(what + ": " + result.error().to_string());
  return std::move(result).value();
}

void put_config_map(agent::Environment& environment, const render::ObjectId& id, const std::string& value,
                    const std::string& owner) {
  render::Object object;
  object.id = id;
  object.api_version = "v1";
  object.body =
      make_map({{"apiVersion", Value::string("v1")},
                {"kind", Value::string(id.kind)},
                {"metadata", make_map({{"name", Value::string(id.name)}, {"namespace", Value::string(id.namespace_)}})},
                {"data", make_map({{"value", Value::string(value)}})}});
  agent::ApplyOptions options;
  options.owner = owner;
  need(environment.put(object, "", options), id.to_string());
}

}  // namespace

std::map<std::string, std::string> files_of(Commit commit) {
  std::map<std::string, std::string> files;
  add_chart(files, commit);
  std::vector<std::string> releases;
  const auto add = [&](const char* release, const Thing& thing, const char* value) {
    if (*release == '\0') return;
    if (std::find(releases.begin(), releases.end(), release) == releases.end()) releases.emplace_back(release);
    files["deploy/" + std::string(release) + "/all.yaml"] += manifest_of(thing, value);
  };
  for (const auto& thing : things) {
    const bool second = commit == Commit::second;
    add(second ? thing.next : thing.release, thing, second ? thing.second : thing.first);
  }
  if (commit == Commit::before) add(taken.release, taken, taken.first);
  files[".gitopsctl/channels/test.yaml"] = channel_file("test", "shop", releases, commit);
  files[".gitopsctl/channels/prod.yaml"] = channel_file("prod", "prod", {}, commit);
  return files;
}

std::map<std::string, Wanted> objects_at(Commit commit) {
  const bool second = commit == Commit::second;
  std::map<std::string, Wanted> out;
  for (const auto& [channel, replicas] : {std::pair("test", second ? "2" : "1"), std::pair("prod", "1")}) {
    const std::string namespace_ = std::string(channel) == "test" ? "shop" : "prod";
    const std::string owner = owner_of(channel, "web", namespace_);
    out["Deployment/" + namespace_ + "/web-web"] = {replicas, owner};
    for (const char* kind : {"Service", "Secret"}) out[std::string(kind) + '/' + namespace_ + "/web-web"] = {"", owner};
  }
  if (second) out["ConfigMap/shop/extra"] = {"web", owner_of("test", "web", "shop")};
  for (const auto& thing : things) {
    const std::string now = second ? thing.next : thing.release;
    Wanted wanted{second ? thing.second : thing.first, owner_of("test", now, "shop")};
    if (now.empty()) {
      // Kept objects are as the first commit, or somebody's hand, left them.
      if (!second || thing.leaving == Leaving::deleted) continue;
      wanted = {thing.hand == Hand::makes_anew ? "anew" : thing.first, owner_of("test", thing.release, "shop")};
      if (thing.hand == Hand::frees) wanted.owner.clear();
    }
    if (std::string(thing.kind) != config_map) wanted.value.clear();
    out[name_of(thing)] = wanted;
  }
  out[name_of(taken)] = {taken.first, other_owner};
  for (const auto& object : foreign) {
    out[std::string("ConfigMap/") + object.namespace_ + '/' + object.name] = {"theirs", object.owner};
  }
  return out;
}

std::vector<std::string> deletions_of_second() {
  std::vector<std::string> out;
  for (const auto& thing : things) {
    if (*thing.next == '\0' && thing.leaving == Leaving::deleted) out.push_back(name_of(thing));
  }
  out.push_back("ConfigMap/shop/" + channels::ReleaseIdentity{"crash", "shop", "test", "old"}.object_name());
  out.emplace_back("Release/shop/old");
  std::sort(out.begin(), out.end());
  return out;
}

bool is_of_others(const std::string& name, Commit commit) {
  return commit == Commit::second && std::any_of(things.begin(), things.end(), [&](const Thing& thing) {
           return thing.hand == Hand::makes_anew && name_of(thing) == name;
         });
}

void put_objects_of_others(const std::string& environment_file) {
  const auto environment = need(agent::open_embedded_environment(environment_file, system_clock()), "environment");
  for (const auto& object : foreign) {
    put_config_map(*environment, config_map_id(object.namespace_, object.name), "theirs", object.owner);
  }
}

void let_others_touch(const std::string& environment_file) {
  constexpr const char* owner_label = "applyset.kubernetes.io/part-of";
  const auto environment = need(agent::open_embedded_environment(environment_file, system_clock()), "environment");
  const auto edit = [&](const Thing& thing, const std::function<void(Value&)>& change) {
    const auto done = agent::update_object(*environment, config_map_id("shop", thing.name),
                                           [&](Value& body) { change(body.child_map("metadata")); });
    need(done, thing.name);
  };
  for (const auto& thing : things) {
    switch (thing.hand) {
      case Hand::none: break;
      case Hand::frees: edit(thing, [&](Value& metadata) { metadata.child_map("labels").erase(owner_label); }); break;
      case Hand::makes_anew: {
        const auto id = config_map_id("shop", thing.name);
        const auto gone = environment->remove(id, {}, {});
        if (!gone.ok()) throw std::runtime_error(gone.error().to_string());
        put_config_map(*environment, id, "anew", owner_of("test", thing.release, "shop"));
        break;
      }
      case Hand::controls:
        edit(thing, [&](Value& metadata) {
          metadata.set("ownerReferences", Value::list({make_map({{"kind", Value::string("Database")},
                                                                 {"name", Value::string("main")},
                                                                 {"controller", Value::boolean(true)}})}));
        });
        break;
      case Hand::marks:
        edit(thing, [&](Value& metadata) {
          metadata.child_map("labels").set("kustomize.toolkit.fluxcd.io/name", Value::string("apps"));
        });
        break;
    }
  }
  edit(taken, [&](Value& metadata) {
    metadata.child_map("labels").set(owner_label, Value::string(other_owner));
    metadata.erase("annotations");
  });
}

}  // namespace gitopsctl::crash
