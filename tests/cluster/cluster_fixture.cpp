#include "tests/cluster/cluster_fixture.hpp"

#include <fstream>
#include <sstream>

#include "base/crypto/digest.hpp"
#include "tests/support/scratch.hpp"

namespace gitopsctl::tests {

using namespace agent;

ClusterSettings admin_settings(const support::ControlPlane& plane) {
  KubeTargetOptions options;
  options.kubeconfig = plane.kubeconfig_file();
  ClusterSettings out;
  out.target = must(load_kube_target(options));
  return out;
}

std::unique_ptr<Environment> open_cluster(ClusterSettings settings) {
  return must(open_cluster_environment(std::move(settings), system_clock()));
}

std::unique_ptr<Environment> open_cluster(const support::ControlPlane& plane) { return open_cluster(admin_settings(plane)); }

void install_kinds(support::ControlPlane& plane) {
  // Those that the agent is installed with.
  for (const char* name : {"channels", "releases", "approvals"}) {
    std::ifstream file(std::string(GITOPSCTL_SOURCE_DIR) + "/charts/gitopsctl/crds/" + name + ".yaml");
    REQUIRE(file);
    std::ostringstream text;
    text << file.rdbuf();
    plane.apply(text.str());
  }
  plane.kubectl({"wait", "--for=condition=established", "crd/channels.gitopsctl.dev", "crd/releases.gitopsctl.dev",
                 "crd/approvals.gitopsctl.dev", "--timeout=30s"});
  plane.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: gitopsctl-system}\n");
}

render::Object object_of(const std::string& yaml, const std::string& namespace_) {
  auto objects = must(render::read_objects(yaml, "test.yaml", namespace_));
  REQUIRE(objects.size() == 1);
  return std::move(objects.front());
}

std::string config_map_yaml(const std::string& namespace_, const std::string& name, const std::string& value) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + ", namespace: " + namespace_ + "}\ndata: {value: \"" +
         value + "\"}\n---\n";
}

render::Object config_map_object(const std::string& namespace_, const std::string& name, const std::string& value) {
  return object_of(config_map_yaml(namespace_, name, value));
}

ClusterChannel::ClusterChannel(Environment& where, std::string channel, std::string holder)
    : environment(where), key{"home", "shop", std::move(channel)} {
  setup.key = key;
  setup.environment_name = "cluster";
  setup.installation_key = std::string(32, 'k');
  setup.holder = std::move(holder);
  restart();
}

channels::CommitId ClusterChannel::commit(const std::vector<std::pair<std::string, std::string>>& releases, Files files,
                                          const std::string& more, const std::string& per_release) {
  std::string text = "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: " + key.channel + "\n" + more + "\nreleases:";
  if (releases.empty()) text += " []";
  text += '\n';
  for (const auto& [name, namespace_] : releases) {
    text += "  - name: " + name + "\n    driver: manifests\n    namespace: " + namespace_ +
            "\n    manifests: {path: " + name + "}\n" + per_release;
  }
  files[".gitopsctl/channels/" + key.channel + ".yaml"] = text;
  auto tree = std::make_shared<MemoryTree>();
  for (const auto& [path, content] : files) tree->add(*TreePath::parse(path), content);
  const channels::CommitId id = sha256_hex(key.channel + std::to_string(trees.size())).substr(0, 40);
  trees[id] = tree;
  return id;
}

RunResult ClusterChannel::run(const channels::CommitId& commit, const std::string& trigger) {
  return runner->run({commit, trees.at(commit), trigger}, {});
}

void ClusterChannel::restart() {
  runner = std::make_unique<ChannelRunner>(setup, environment, nullptr, system_clock(),
                                           [this](const channels::CommitId& id) -> Result<FileTreePtr> {
                                             const auto found = trees.find(id);
                                             if (found != trees.end()) return found->second;
                                             return Error(ErrorCode::not_found, "no commit " + id);
                                           });
}

std::string shown(const RunResult& result) {
  std::string out(run_state_name(result.state));
  out += ": " + result.message;
  for (const auto& error : result.errors) out += "\n  " + error.to_string();
  for (const auto& [release, error] : result.failures) out += "\n  " + release + ": " + error;
  return out;
}

}  // namespace gitopsctl::tests
