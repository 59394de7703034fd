#include "tests/crash_cluster/world.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>

#include "base/json/json.hpp"
#include "tests/support/scratch.hpp"

namespace gitopsctl::crash {

namespace {

struct Kind {
  const char* group;
  const char* kind;
};
constexpr std::array in_namespaces{Kind{"", "ConfigMap"},
                                   Kind{"", "Secret"},
                                   Kind{"", "Service"},
                                   Kind{"", "ServiceAccount"},
                                   Kind{"apps", "Deployment"},
                                   Kind{"batch", "Job"},
                                   Kind{"batch", "CronJob"},
                                   Kind{"rbac.authorization.k8s.io", "Role"},
                                   Kind{"rbac.authorization.k8s.io", "RoleBinding"},
                                   Kind{"gitopsctl.dev", "Release"},
                                   Kind{"", "Event"},
                                   Kind{"@", "Thing"},
                                   Kind{"@", "Old"},
                                   Kind{"@", "Other"}};
constexpr std::array outside{Kind{"", "Namespace"}, Kind{"apiextensions.k8s.io", "CustomResourceDefinition"},
                             Kind{"rbac.authorization.k8s.io", "ClusterRole"},
                             Kind{"rbac.authorization.k8s.io", "ClusterRoleBinding"}};
constexpr std::array at_home{Kind{"gitopsctl.dev", "Channel"}, Kind{"", "ConfigMap"}, Kind{"", "Event"}};
constexpr const char* home = "gitopsctl-system";

const std::set<std::string> controllers{"namespace-controller",  "serviceaccount-controller", "garbage-collector-controller",
                                        "deployment-controller", "replicaset-controller",     "job-controller"};

/// A directory with the audit policy, which must be there before the API server is.
std::string audit_directory() {
  static const support::ScratchDir directory;
  std::ofstream(directory / "policy.yaml") << "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\n"
                                              "rules:\n- {level: Metadata, verbs: [delete, deletecollection]}\n"
                                              "- {level: None}\n";
  return directory.path();
}

support::ControlPlaneOptions with_audit(const std::string& directory) {
  support::ControlPlaneOptions out;
  out.api_server_flags = {"--audit-policy-file=" + directory + "/policy.yaml",
                          "--audit-log-path=" + directory + "/audit.log", "--audit-log-mode=blocking-strict"};
  return out;
}

agent::KubeClient admin_client(const support::ControlPlane& plane) {
  agent::KubeTargetOptions options;
  options.kubeconfig = plane.kubeconfig_file();
  auto target = agent::load_kube_target(options);
  if (!target.ok()) throw std::runtime_error(target.error().to_string());
  return agent::KubeClient(*std::move(target));
}

std::vector<Value> list(const agent::KubeClient& client, const Names& names, const Kind& kind, const std::string& space) {
  const std::string group = *kind.group == '@' ? names.prefix + ".example.org" : kind.group;
  agent::KubeListOptions options;
  options.namespace_ = space;
  auto listed = client.list({group, "", kind.kind}, options, {});
  if (listed.ok()) return std::move(listed->items);
  if (*kind.group == '@' &&
      (listed.error().is(agent::KubeErrorClass::no_match) || listed.error().is(agent::KubeErrorClass::not_found))) {
    return {};
  }
  throw std::runtime_error(std::string("cannot list ") + kind.kind + ": " + listed.error().to_string());
}

Found found(Value body) {
  Found out;
  out.uid = body.string_at({"metadata", "uid"});
  out.version = body.string_at({"metadata", "resourceVersion"});
  out.owner = body.string_at({"metadata", "labels", "applyset.kubernetes.io/part-of"});
  out.identity = body.string_at({"metadata", "annotations", "gitopsctl.dev/identity"});
  out.deleting = !body.string_at({"metadata", "deletionTimestamp"}).empty();
  out.body = std::move(body);
  return out;
}

/// What Kubernetes itself puts into every namespace.
bool is_of_kubernetes(const std::string& kind, const std::string& name) {
  return (kind == "ConfigMap" && name == "kube-root-ca.crt") || (kind == "ServiceAccount" && name == "default");
}

}  // namespace

bool World::has_deleting() const {
  return std::any_of(objects.begin(), objects.end(), [](const auto& each) { return each.second.deleting; });
}

Cluster::Cluster() : directory_(audit_directory()), plane_(with_audit(directory_)), client_(admin_client(plane_)) {
  plane_.run_controllers(controllers);
  plane_.run_pods();
  for (const auto* name : {"channels", "releases", "approvals"}) {
    std::ifstream file(std::string(GITOPSCTL_SOURCE_DIR) + "/charts/gitopsctl/crds/" + name + ".yaml");
    plane_.apply({std::istreambuf_iterator<char>(file), {}});
  }
  plane_.kubectl({"wait", "--for=condition=established", "crd/channels.gitopsctl.dev", "crd/releases.gitopsctl.dev",
                  "crd/approvals.gitopsctl.dev", "--timeout=60s"});
  plane_.apply(std::string("apiVersion: v1\nkind: Namespace\nmetadata: {name: ") + home + "}\n");
}

World Cluster::look(const Names& names) const {
  World out;
  const auto add = [&](const Kind& kind, Value item) {
    const std::string space(item.string_at({"metadata", "namespace"}));
    const std::string name(item.string_at({"metadata", "name"}));
    if (is_of_kubernetes(kind.kind, name)) return;
    if (std::string_view(kind.kind) == "Event") {
      out.events.push_back(canonical_json(item));
      return;
    }
    out.objects[names.anonymous(std::string(kind.kind) + '/' + space + '/' + name)] = found(std::move(item));
  };
  for (const auto& space : spaces(names)) {
    for (const auto& kind : in_namespaces) {
      if (names.extent == Extent::few && *kind.group == '@') continue;
      for (auto& item : list(client_, names, kind, names.space(space))) add(kind, std::move(item));
    }
  }
  for (const auto& kind : outside) {
    for (auto& item : list(client_, names, kind, "")) {
      if (item.string_at({"metadata", "name"}).find(names.prefix) != std::string_view::npos) add(kind, std::move(item));
    }
  }
  for (const auto& kind : at_home) {
    for (auto& item : list(client_, names, kind, home)) {
      if (canonical_json(item).find(names.prefix) != std::string::npos) add(kind, std::move(item));
    }
  }
  return out;
}

std::vector<Deletion> Cluster::deletions(const Names& names) {
  const std::lock_guard lock(mutex_);
  std::ifstream in(directory_ + "/audit.log");
  in.seekg(static_cast<std::streamoff>(read_to_));
  for (std::string line; std::getline(in, line) && !in.eof();) {
    read_to_ += line.size() + 1;
    const auto event = parse_json(line);
    if (!event.ok()) throw std::runtime_error("a line of the audit log is no JSON");
    const Value* code = event->find_path({"responseStatus", "code"});
    if (code == nullptr || !code->is_int() || code->as_int() / 100 != 2) continue;
    if (event->string_at({"requestURI"}).find("dryRun=") != std::string_view::npos) continue;
    std::string space(event->string_at({"objectRef", "namespace"}));
    const std::string name(event->string_at({"objectRef", "name"}));
    Deletion deletion;
    deletion.resource = event->string_at({"objectRef", "resource"});
    if (deletion.resource == "namespaces") space.clear();
    // Everybody here logs in as the administrator.
    const auto agent = event->string_at({"userAgent"});
    deletion.who = agent.substr(0, agent.find('/'));
    if (deletion.who == "kubectl") continue;  // the tests' own
    deletion.by_agent = deletion.who == "gitopsctl";
    deletion.by_kubernetes = deletion.who.starts_with("kube-") || deletion.who == "kwok";
    for (auto& [prefix, list] : noted_) {
      const Names of{prefix};
      if ((space + '/' + name).find(prefix) == std::string::npos) continue;
      deletion.key = of.anonymous(deletion.resource + '/' + space + '/' + name);
      list.push_back(deletion);
    }
  }
  return noted_[names.prefix];
}

void Cluster::sweep(const Names& names) const {
  std::vector<std::string> words{"delete", "--wait=false", "--ignore-not-found", "namespace"};
  for (const auto& space : spaces(names)) words.push_back(names.space(space));
  plane_.kubectl(words);
  plane_.kubectl({"delete", "--wait=false", "--ignore-not-found", "crd", "things." + names.prefix + ".example.org",
                  "olds." + names.prefix + ".example.org", "others." + names.prefix + ".example.org"});
  plane_.kubectl(
      {"delete", "--wait=false", "--ignore-not-found", "clusterrole", names.prefix + "-reader", names.prefix + "-writer"});
}

}  // namespace gitopsctl::crash
