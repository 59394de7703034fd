#include "tests/crash_cluster/scenario.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>

#include "base/crypto/digest.hpp"
#include "channels/model/channel.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::crash {

namespace {

// With everything that one form or another has to escape.
constexpr const char* secret_canary = "7f3e0b52c1a9 of a \"secret\" <&>/\\'\xC3\xB6+%";
constexpr const char* config_canary = "91bd66e0f84a of a 'ConfigMap' <&>/\\\"\xC3\xBC+%";
constexpr const char* env_canary = "52ac7d19be03 of an environment: \"/\\'<&>\xC3\xA4+%";
constexpr const char* hand_canary = "c80d4e27915f by hand \"/\\'<&>\xC3\x9F+%";

struct Thing {
  const char* release;  ///< that has it in the first commit; empty: none
  const char* next;     ///< that has it in the second
  const char* kind;
  const char* space;  ///< without prefix; empty: outside of namespaces
  const char* name;
  const char* first;  ///< its value in the first commit
  const char* second;
};

constexpr std::array things = {
    Thing{"web", "web", "Deployment", "web", "front", "1", "2"},
    Thing{"web", "web", "Deployment", "web", "back", "1", "1"},
    Thing{"web", "", "Deployment", "web", "gone", "1", ""},
    Thing{"", "web", "Deployment", "web", "fresh", "", "1"},
    Thing{"web", "web", "ConfigMap", "web", "settings", "1", "2"},
    Thing{"web", "web", "ConfigMap", "web", "same", "1", "1"},
    Thing{"web", "web", "Secret", "web", "same", "1", "1"},
    Thing{"web", "", "ConfigMap", "web", "gone", "1", ""},
    Thing{"", "web", "ConfigMap", "web", "fresh", "", "1"},
    Thing{"web", "web", "Secret", "web", "adopted", "1", "2"},
    Thing{"web", "", "Secret", "web", "gone", "1", ""},
    Thing{"", "web", "Secret", "web", "fresh", "", "1"},
    Thing{"web", "web", "Service", "web", "front", "80", "81"},
    Thing{"web", "", "Service", "web", "gone", "80", ""},
    Thing{"", "web", "Service", "web", "fresh", "", "80"},
    // From one release to another.
    Thing{"db", "web", "ConfigMap", "web", "moves", "1", "2"},
    Thing{"db", "db", "ServiceAccount", "db", "runner", "1", "1"},
    Thing{"db", "db", "Role", "db", "runner", "get", "list"},
    Thing{"db", "db", "RoleBinding", "db", "runner", "1", "1"},
    // What cannot be changed is replaced under another name.
    Thing{"db", "", "Job", "db", "migrate-1", "1", ""},
    Thing{"", "db", "Job", "db", "migrate-2", "", "2"},
    Thing{"db", "db", "ClusterRole", "", "@-reader", "get", "list"},
    Thing{"db", "", "ClusterRoleBinding", "", "@-reader", "1", ""},
    Thing{"db", "db", "ConfigMap", "db", "settings", "1", "2"},
    // A namespace goes with what is in it, and another one comes.
    Thing{"db", "", "Namespace", "", "@-extra", "1", ""},
    Thing{"db", "", "ConfigMap", "extra", "inside", "1", ""},
    Thing{"", "db", "Namespace", "", "@-new", "", "1"},
    Thing{"", "db", "ConfigMap", "new", "inside", "", "1"},
    // Definitions and what they define.
    Thing{"ops", "ops", "CustomResourceDefinition", "", "things.@.example.org", "1", "2"},
    Thing{"ops", "ops", "Thing", "ops", "kept", "1", "2"},
    Thing{"ops", "", "Thing", "ops", "gone", "1", ""},
    Thing{"ops", "", "CustomResourceDefinition", "", "olds.@.example.org", "1", ""},
    Thing{"ops", "", "Old", "ops", "gone", "1", ""},
    Thing{"", "ops", "CustomResourceDefinition", "", "others.@.example.org", "", "1"},
    Thing{"", "ops", "Other", "ops", "fresh", "", "1"},
    Thing{"ops", "ops", "Thing", "ops", "same", "1", "1"},
    // A release leaves the channel, and another one comes.
    Thing{"old", "", "ConfigMap", "web", "old-a", "1", ""},
    Thing{"old", "", "Secret", "db", "old-b", "1", ""},
    Thing{"old", "", "Deployment", "db", "old-c", "1", ""},
    Thing{"", "late", "ConfigMap", "db", "late-a", "", "1"},
    Thing{"", "late", "Secret", "db", "late-b", "", "1"},
};

constexpr std::array few_things = {
    Thing{"web", "web", "ConfigMap", "web", "settings", "1", "2"},
    Thing{"web", "web", "ConfigMap", "web", "same", "1", "1"},
    Thing{"web", "", "ConfigMap", "web", "gone", "1", ""},
    Thing{"", "web", "ConfigMap", "web", "fresh", "", "1"},
    // So many of one kind that they are listed.
    Thing{"web", "web", "ConfigMap", "web", "more-1", "1", "1"},
    Thing{"web", "web", "ConfigMap", "web", "more-2", "1", "1"},
    Thing{"web", "web", "ConfigMap", "web", "more-3", "1", "1"},
    Thing{"web", "web", "ConfigMap", "web", "more-4", "1", "1"},
    Thing{"web", "web", "ConfigMap", "web", "more-5", "1", "1"},
    Thing{"web", "web", "Secret", "web", "same", "1", "1"},
    Thing{"web", "web", "Secret", "web", "adopted", "1", "2"},
    Thing{"web", "", "Secret", "web", "gone", "1", ""},
    Thing{"", "web", "Secret", "web", "fresh", "", "1"},
    Thing{"web", "web", "CronJob", "web", "nightly", "1", "2"},
    Thing{"db", "db", "ConfigMap", "db", "settings", "1", "2"},
    Thing{"db", "", "ConfigMap", "db", "left", "1", ""},
    Thing{"", "db", "Secret", "db", "fresh", "", "1"},
    Thing{"db", "db", "Role", "db", "runner", "get", "list"},
    Thing{"old", "", "ConfigMap", "db", "old-a", "1", ""},
    Thing{"old", "", "Secret", "db", "old-b", "1", ""},
    Thing{"", "late", "ConfigMap", "db", "late-a", "", "1"},
};

std::span<const Thing> things_of(const Names& names) {
  if (names.extent == Extent::few) return few_things;
  return things;
}

std::string release_of(const Thing& thing, Commit commit) { return commit == Commit::second ? thing.next : thing.release; }

std::string space_of_release(const std::string& release) {
  if (release == "web" || release == "ops") return release;
  return "db";
}

std::string rbac_rules(const std::string& verb) {
  return "rules: [{apiGroups: [\"\"], resources: [configmaps], verbs: [" + verb + "]}]\n";
}

std::string pod_template(const std::string& name, const std::string& value, const std::string& more) {
  return "template: {metadata: {labels: {app: " + name + "}}, spec: {" + more +
         "containers: [{name: c, image: \"example.org/" + name + ":" + value + "\", env: [{name: TOKEN, value: \"" +
         support::escaped(env_canary) + "\"}]}]}}";
}

std::string definition(const std::string& name, const std::string& value) {
  const std::string plural = name.substr(0, name.find('.'));
  std::string kind = plural.substr(0, plural.size() - 1);
  kind[0] = static_cast<char>(kind[0] - 'a' + 'A');
  return "spec:\n  group: " + name.substr(plural.size() + 1) + "\n  scope: Namespaced\n  names: {kind: " + kind +
         ", plural: " + plural + ", singular: " + plural.substr(0, plural.size() - 1) + ", listKind: " + kind +
         "List}\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema: {openAPIV3Schema: {type: "
         "object, "
         "description: \"version " +
         value + "\", properties: {spec: {type: object, properties: {value: {type: string}}}}}}\n";
}

/// What comes after the metadata.
std::string rest_of(const Thing& thing, const std::string& value) {
  const std::string kind = thing.kind;
  const std::string name = thing.name;
  if (kind == "ConfigMap") {
    const bool settings = name == "settings";
    return "data: {value: \"" + value + "\"" +
           (settings ? ", password: \"" + support::escaped(config_canary + value) + '"' : "") + "}\n";
  }
  if (kind == "Secret") return "data: {password: " + base64_encode(secret_canary + value) + "}\n";
  if (kind == "Deployment") {
    return "spec: {replicas: 2, selector: {matchLabels: {app: " + name + "}}, " + pod_template(name, value, "") + "}\n";
  }
  if (kind == "Job") return "spec: {" + pod_template(name, value, "restartPolicy: Never, ") + "}\n";
  if (kind == "CronJob") {
    return "spec: {schedule: \"0 4 * * *\", jobTemplate: {spec: {" + pod_template(name, value, "restartPolicy: Never, ") +
           "}}}\n";
  }
  if (kind == "Service") return "spec: {selector: {app: " + name + "}, ports: [{port: " + value + ", protocol: TCP}]}\n";
  if (kind == "Role" || kind == "ClusterRole") return rbac_rules(value);
  if (kind == "RoleBinding" || kind == "ClusterRoleBinding") {
    return "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: " + kind.substr(0, kind.size() - 7) + ", name: " + name +
           "}\nsubjects: [{kind: ServiceAccount, name: runner, namespace: @-db}]\n";
  }
  if (kind == "CustomResourceDefinition") return definition(name, value);
  if (kind == "Thing" || kind == "Old" || kind == "Other") return "spec: {value: \"" + value + "\"}\n";
  return "";  // a Namespace, a ServiceAccount
}

std::string version_of(const std::string& kind) {
  if (kind == "Deployment") return "apps/v1";
  if (kind.ends_with("Job")) return "batch/v1";
  if (kind.ends_with("Role") || kind.ends_with("RoleBinding")) return "rbac.authorization.k8s.io/v1";
  if (kind == "CustomResourceDefinition") return "apiextensions.k8s.io/v1";
  if (kind == "Thing" || kind == "Old" || kind == "Other") return "@.example.org/v1";
  return "v1";
}

std::string manifest_of(const Names& names, const Thing& thing, Commit commit) {
  const std::string value = commit == Commit::second ? thing.second : thing.first;
  std::string out =
      "apiVersion: " + version_of(thing.kind) + "\nkind: " + thing.kind + "\nmetadata:\n  name: " + thing.name + '\n';
  if (*thing.space != '\0') out += "  namespace: @-" + std::string(thing.space) + '\n';
  out += "  labels: {step: \"" + value + "\"}\n" + rest_of(thing, value) + "---\n";
  return names.fill(std::move(out));
}

std::string key_of(const Thing& thing) {
  const std::string space = *thing.space == '\0' ? "" : "@-" + std::string(thing.space);
  return std::string(thing.kind) + '/' + space + '/' + thing.name;
}

std::string config_map(const std::string& space, const std::string& name, const std::string& value) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + ", namespace: " + space + "}\ndata: {value: \"" +
         value + "\"}\n---\n";
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

}  // namespace

std::string Names::fill(std::string text) const {
  replace_all(text, "@", prefix);
  return text;
}

std::string Names::anonymous(std::string text) const {
  replace_all(text, prefix, "@");
  return text;
}

const std::vector<std::string>& spaces(const Names& names) {
  static const std::vector<std::string> all{"web", "db", "ops", "extra", "new", "other"};
  static const std::vector<std::string> few{"web", "db", "other"};
  return names.extent == Extent::few ? few : all;
}

std::map<std::string, std::string> releases_at(const Names& names, Commit commit) {
  std::map<std::string, std::string> out;
  for (const auto& thing : things_of(names)) {
    const std::string release = release_of(thing, commit);
    if (!release.empty()) out[release] = space_of_release(release);
  }
  return out;
}

std::string owner_of(const Names& names, const std::string& release) {
  return channels::ReleaseIdentity{names.prefix, "shop", names.channel(), release}.apply_set_id(
      names.space(space_of_release(release)));
}

std::map<std::string, Wanted> objects_at(const Names& names, Commit commit) {
  std::map<std::string, Wanted> out;
  for (const auto& thing : things_of(names)) {
    const std::string release = release_of(thing, commit);
    if (release.empty()) continue;
    auto read = render::read_objects(manifest_of(names, thing, commit), "scenario.yaml", "");
    if (!read.ok() || read->size() != 1) throw std::runtime_error("the scenario has a mistake in " + key_of(thing));
    out[key_of(thing)] = {release, read->front().body};
  }
  return out;
}

std::vector<std::string> removed_by_second(const Names& names) {
  std::vector<std::string> out;
  const auto after = objects_at(names, Commit::second);
  for (const auto& [name, wanted] : objects_at(names, Commit::first)) {
    if (!after.contains(name)) out.push_back(name);
  }
  return out;
}

std::map<std::string, std::string> files_of(const Names& names, Commit commit) {
  std::map<std::string, std::string> files;
  for (const auto& thing : things_of(names)) {
    const std::string release = release_of(thing, commit);
    if (!release.empty()) files["deploy/" + release + "/all.yaml"] += manifest_of(names, thing, commit);
  }
  std::string text = "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: " + names.channel() +
                     "\nguards: {deletes: {percent: 100, atLeast: 1000}}\nreleases:\n";
  for (const auto& [release, space] : releases_at(names, commit)) {
    text += "  - name: " + release + "\n    driver: manifests\n    namespace: " + names.space(space) +
            "\n    manifests: {path: deploy/" + release +
            "}\n    timeout: 15m\n"
            "    allowDelete: [Namespace, CustomResourceDefinition]\n"
            "    sensitive:\n    - {kind: ConfigMap, name: settings, path: data.password}\n"
            "    - {kind: CronJob, path: spec.jobTemplate.spec.template.spec.containers.env.value}\n";
  }
  files[".gitopsctl/channels/" + names.channel() + ".yaml"] = text;
  return files;
}

std::map<std::string, std::string> files_of_others(const Names& names, const std::string& channel, const std::string& word) {
  const std::string space = names.space("other");
  std::string text = "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: " + channel + "\nreleases:\n";
  std::map<std::string, std::string> files;
  for (const char* release : {"web", "old"}) {
    text += std::string("  - {name: ") + release + ", driver: manifests, namespace: " + space +
            ", manifests: {path: " + word + '/' + release + "}}\n";
    files[word + '/' + release + "/all.yaml"] = config_map(space, word + '-' + release, "theirs");
  }
  files[".gitopsctl/channels/" + channel + ".yaml"] = text;
  return files;
}

std::string yaml_by_hand(const Names& names) {
  std::string out;
  for (const char* space : {"web", "db", "ops", "other"}) {
    if (std::ranges::find(spaces(names), space) == spaces(names).end()) continue;
    out += "apiVersion: v1\nkind: Namespace\nmetadata: {name: " + names.space(space) + "}\n---\n";
  }
  const std::string other = names.space("other");
  for (const char* name : {"settings", "same", "gone", "old-a", "moves"}) out += config_map(other, name, "by hand");
  out += config_map(names.space("web"), "by-hand", "stays") + config_map(names.space("db"), "gone", "stays");
  out += "apiVersion: v1\nkind: Secret\nmetadata: {name: gone, namespace: " + other +
         "}\ndata: {password: " + base64_encode(hand_canary) + "}\n---\n";
  out +=
      "apiVersion: v1\nkind: Service\nmetadata: {name: gone, namespace: " + other + "}\nspec: {ports: [{port: 80}]}\n---\n";
  out += "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: " + names.prefix +
         "-writer}\nrules: []\n---\n";
  return out;
}

std::string yaml_to_adopt(const Names& names) {
  return "apiVersion: v1\nkind: Secret\nmetadata: {name: adopted, namespace: " + names.space("web") +
         "}\nstringData: {password: \"" + support::escaped(hand_canary) + "\"}\n";
}

const support::Canaries& canaries() {
  static const support::Canaries all = [] {
    support::Canaries out;
    out.add("the value of a Secret", secret_canary);
    out.add("the sensitive value of a ConfigMap", config_canary);
    out.add("the value of an environment", env_canary);
    out.add("the value that was applied by hand", hand_canary);
    return out;
  }();
  return all;
}

std::string canary_text() {
  std::string out;
  for (const char* canary : {secret_canary, config_canary, env_canary, hand_canary}) out += std::string(canary) + ' ';
  return out;
}

}  // namespace gitopsctl::crash
