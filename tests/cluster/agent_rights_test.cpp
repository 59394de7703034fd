// The agent's own process in a cluster, with exactly the rights that its chart renders: what it removes, what it leaves
// alone, and what becomes of a release that wants more than these rights.

#include <doctest/doctest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/json/json.hpp"
#include "base/process/spawn.hpp"
#include "tests/cluster/cluster_fixture.hpp"
#include "tests/support/git_server.hpp"
#include "tests/support/need_control_plane.hpp"
#include "tests/support/scratch.hpp"

namespace gitopsctl::tests {
namespace {

using support::ControlPlane;

CapturedOutput gitopsctl(const std::string& home, const std::vector<std::string>& arguments) {
  CapturedCommand command;
  command.command.program = std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl";
  command.command.arguments = arguments;
  command.command.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", home}, {"LC_ALL", "C.UTF-8"}};
  return must(run_command(command, {{}, Deadline(system_clock(), Millis(300'000))}));
}

/// The documents of a YAML text.
std::vector<std::string> documents_of(const std::string& yaml) {
  std::vector<std::string> out;
  for (std::size_t from = 0; from < yaml.size();) {
    const auto end = std::min(yaml.find("\n---\n", from), yaml.size());
    out.push_back(yaml.substr(from, end - from) + '\n');
    from = end + 5;
  }
  return out;
}

/// A channel file of releases `name: namespace`.
std::string channel_file(const std::string& channel, const std::vector<std::pair<std::string, std::string>>& releases) {
  std::string out =
      "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: " + channel + "\nguards: {deletes: {percent: 100}}\nreleases:\n";
  for (const auto& [name, space] : releases) {
    out += "  - {name: " + name + ", driver: manifests, namespace: " + space + ", manifests: {path: " + channel + '/' +
           name + "}}\n";
  }
  return out;
}

/// Uid and version of every object of a kind in a namespace, by name, but for what Kubernetes makes.
std::map<std::string, std::string> objects(const ControlPlane& plane, const std::string& kind, const std::string& space) {
  const auto list = parse_json(plane.kubectl({"get", kind, "-n", space, "-o", "json"}));
  REQUIRE(list.ok());
  std::map<std::string, std::string> out;
  for (const auto& item : list->find("items")->as_list()) {
    const std::string name(item.string_at({"metadata", "name"}));
    if (name == "kube-root-ca.crt") continue;
    out[name] = std::string(item.string_at({"metadata", "uid"})) + ' ' +
                std::string(item.string_at({"metadata", "resourceVersion"}));
  }
  return out;
}

std::string condition_of(const ControlPlane& plane, const std::string& space, const std::string& release) {
  return plane.kubectl(
      {"get", "release.gitopsctl.dev", release, "-n", space, "-o",
       R"(jsonpath={.status.state}: {.status.conditions[?(@.type=="Ready")].message} ({.status.errors[*].hint}))"});
}

/// An agent's file in a directory of its own.
class AgentFile {
 public:
  AgentFile(const support::ScratchDir& scratch, const std::string& installation, const std::string& kubeconfig,
            const std::string& repositories, const std::string& bindings)
      : directory_(scratch / installation) {
    std::filesystem::create_directories(directory_);
    std::ofstream(directory_ + "/kubeconfig") << kubeconfig;
    std::ofstream(directory_ + "/agent.yaml")
        << "installation: " << installation << "\nstateDirectory: state\nstore: {path: state/store.db}\nrepositories:\n"
        << repositories << "environments:\n  - {name: cluster, kind: cluster, kubeconfig: kubeconfig}\nbindings:\n"
        << bindings;
  }
  [[nodiscard]] CapturedOutput once() const {
    return gitopsctl(directory_, {"agent", "--once", "--config", directory_ + "/agent.yaml"});
  }

 private:
  std::string directory_;
};

/// The rights of the chart with these namespaces, applied; who has them.
class ChartRights {
 public:
  ChartRights(const ControlPlane& plane, const support::ScratchDir& scratch, const std::string& installation,
              const std::string& namespaces, const std::string& bindings) {
    std::ofstream(scratch / "values.yaml")
        << "installation: " << installation << "\nrepositories: [{name: shop, url: \"https://git.example.org/shop.git\"}]\n"
        << "namespaces: [" << namespaces << "]\nbindings: " << bindings << '\n';
    const auto rendered =
        gitopsctl(scratch.path(), {"install", "--name", installation, "--values", scratch / "values.yaml", "-o", "yaml"});
    REQUIRE_MESSAGE(rendered.status.exit_code == 0, rendered.err);
    for (const auto& document : documents_of(rendered.out)) {
      const bool rights =
          document.find("\nkind: Role") != std::string::npos || document.find("\nkind: ClusterRole") != std::string::npos;
      const bool account = document.find("\nkind: ServiceAccount\n") != std::string::npos;
      if (rights) rights_ += document;
      if (account) {
        const auto at = document.find("\n  name: ") + 9;
        account_ = document.substr(at, document.find('\n', at) - at);
      }
      if (rights || account) plane.apply(document);
    }
  }
  [[nodiscard]] const std::string& rights() const { return rights_; }
  [[nodiscard]] std::string kubeconfig(const ControlPlane& plane) const {
    return plane.kubeconfig(
        {.token = plane.service_account_token("gitopsctl-system", account_), .name_space = "gitopsctl-system"});
  }

 private:
  std::string rights_;
  std::string account_;
};

}  // namespace

TEST_SUITE("cluster rights") {
  TEST_CASE("in the chart's rights alone: a removed release loses its objects, and what is not ours stays as it is") {
    auto* plane = need_control_plane("what a removed release takes with it");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string web = plane->fresh_namespace("loses");
    const std::string db = plane->fresh_namespace("loses");
    const std::string other = plane->fresh_namespace("stays");
    const support::ScratchDir scratch;
    support::GitServer server;
    const auto shop = server.repository("shop.git");
    const auto store = server.repository("store.git");
    const auto two = server.repository("two.git");
    const std::string prod = web + "-prod";
    const std::string test = web + "-test";
    const auto map = [](const std::string& space, const std::string& name, const std::string& value) {
      return config_map_yaml(space, name, value);
    };
    const std::string secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: " + db + "}\n---\n";
    const std::map<std::string, std::string> files{
        {".gitopsctl/channels/" + prod + ".yaml", channel_file(prod, {{"web", web}, {"db", db}})},
        {prod + "/web/all.yaml", map(web, "a", "1") + map(web, "b", "1")},
        {prod + "/db/all.yaml", map(db, "a", "1") + map(db, "c", "1") + secret}};
    shop.commit("releases/" + prod, files);
    // A second channel, a second repository and a second installation, each with releases of the same names.
    const auto theirs = [&](const std::string& channel, const std::string& word) {
      return std::map<std::string, std::string>{
          {".gitopsctl/channels/" + channel + ".yaml", channel_file(channel, {{"web", other}, {"db", other}})},
          {channel + "/web/all.yaml", map(other, word + "-a", "theirs")},
          {channel + "/db/all.yaml", map(other, word + "-c", "theirs")}};
    };
    shop.commit("releases/" + test, theirs(test, "channel"));
    store.commit("releases/" + prod, theirs(prod, "repository"));
    two.commit("releases/" + prod, theirs(prod, "installation"));
    // By hand, with kubectl's both ways: of the same names elsewhere, and beside ours.
    plane->apply(map(other, "a", "by hand") + map(other, "c", "by hand") + map(db, "by-apply", "by hand"));
    plane->kubectl({"create", "configmap", "by-create", "-n", db, "--from-literal=a=b"});
    plane->kubectl({"create", "secret", "generic", "key", "-n", other, "--from-literal=a=b"});

    const std::string bindings = "[{repository: shop, channel: " + prod + "}]";
    const ChartRights rights(*plane, scratch, web, web + ", " + db + ", " + other, bindings);
    const std::string limits = ", environment: cluster, namespaces: [" + web + ", " + db + ", " + other + "]}\n";
    const auto url = [&](const std::string& name) {
      return "  - {name: " + (name == "two" ? "shop" : name) + ", url: " + server.url() + '/' + name +
             ".git, candidates: false}\n";
    };
    const AgentFile agent(scratch, web, rights.kubeconfig(*plane), url("shop") + url("store"),
                          "  - {repository: shop, channel: " + prod + limits + "  - {repository: shop, channel: " + test +
                              limits + "  - {repository: store, channel: " + prod + limits);
    const AgentFile second(scratch, web + "-two", plane->kubeconfig(), url("two"),
                           "  - {repository: shop, channel: " + prod + limits);
    for (const AgentFile* one : {&second, &agent}) {
      const auto said = one->once();
      CHECK_MESSAGE(said.status.exit_code == 0, said.err);
    }
    CHECK(condition_of(*plane, db, "db").starts_with("Deployed"));
    const auto config_maps = objects(*plane, "configmap", db);
    const auto web_before = objects(*plane, "configmap", web);
    const auto other_before = objects(*plane, "configmap", other);
    const auto secrets_before = objects(*plane, "secret", other);
    CHECK(config_maps.size() == 5);  // two of ours, two by hand, the inventory
    CHECK(other_before.size() ==
          14);  // two by hand, and of three channels two releases with an object and an inventory each

    auto without = files;
    without[".gitopsctl/channels/" + prod + ".yaml"] = channel_file(prod, {{"web", web}});
    shop.commit("releases/" + prod, without);
    for (int run = 0; run < 2; ++run) {
      const auto said = agent.once();
      CHECK_MESSAGE(said.status.exit_code == 0, said.err);
    }
    std::map<std::string, std::string> by_hand;
    for (const char* name : {"by-apply", "by-create"}) by_hand[name] = config_maps.at(name);
    CHECK(objects(*plane, "configmap", db) == by_hand);
    CHECK(objects(*plane, "secret", db).empty());
    CHECK(plane->kubectl({"get", "release.gitopsctl.dev", "-n", db, "-o", "name"}).empty());
    CHECK(objects(*plane, "configmap", web) == web_before);
    CHECK(objects(*plane, "configmap", other) == other_before);
    CHECK(objects(*plane, "secret", other) == secrets_before);
    // And the second installation finds everything as it left it.
    const auto said = second.once();
    CHECK_MESSAGE(said.status.exit_code == 0, said.err);
    CHECK(objects(*plane, "configmap", other) == other_before);
  }

  TEST_CASE("in the chart's rights alone: what writes elsewhere is refused and said so, and the others are deployed") {
    auto* plane = need_control_plane("writes beyond the chart's rights");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string web = plane->fresh_namespace("inside");
    const std::string db = plane->fresh_namespace("inside");
    const std::string outside = plane->fresh_namespace("outside");
    const support::ScratchDir scratch;
    support::GitServer server;
    const auto shop = server.repository("shop.git");
    const ChartRights rights(*plane, scratch, web, web + ", " + db, "[{repository: shop, channel: " + web + "}]");
    CHECK(rights.rights().find('*') == std::string::npos);
    CHECK(rights.rights().find("ClusterRole") == std::string::npos);
    CHECK(rights.rights().find("kind: Role\n") != std::string::npos);
    shop.commit(
        "releases/" + web,
        {{".gitopsctl/channels/" + web + ".yaml",
          channel_file(web, {{"good", web}, {"other", db}, {"elsewhere", web}, {"everywhere", web}, {"unknown", db}})},
         {web + "/good/all.yaml", config_map_yaml(web, "good", "1")},
         {web + "/other/all.yaml", config_map_yaml(db, "other", "1")},
         {web + "/elsewhere/all.yaml", config_map_yaml(web, "half", "1") + config_map_yaml(outside, "elsewhere", "1")},
         {web + "/everywhere/all.yaml",
          "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: " + web + "}\nvalue: 1\n"},
         // A kind of the server's own that the chart gives no right to.
         {web + "/unknown/all.yaml", "apiVersion: storage.k8s.io/v1\nkind: CSIStorageCapacity\nmetadata: {name: " + web +
                                         ", namespace: " + db + "}\nstorageClassName: x\n"}});
    const std::string repository = "  - {name: shop, url: " + server.url() + "/shop.git, candidates: false}\n";
    const std::string binding = "  - {repository: shop, channel: " + web + ", environment: cluster";
    const AgentFile agent(scratch, web, rights.kubeconfig(*plane), repository,
                          binding + ", namespaces: [" + web + ", " + db + "]}\n");
    for (int run = 0; run < 2; ++run) {
      const auto said = agent.once();
      CHECK(said.status.exit_code == 1);
      INFO(said.err);
      CHECK(condition_of(*plane, web, "good").starts_with("Deployed"));
      CHECK(condition_of(*plane, db, "other").starts_with("Deployed"));
      for (const auto& [space, release, word] :
           std::vector<std::array<std::string, 3>>{{web, "elsewhere", "namespace '" + outside + "'"},
                                                   {web, "everywhere", "outside of namespaces"},
                                                   {db, "unknown", "csistoragecapacities"}}) {
        const std::string told = condition_of(*plane, space, release);
        CHECK_MESSAGE(told.starts_with("Failed: "), told);
        CHECK_MESSAGE(told.find(word) != std::string::npos, told);
        CHECK_MESSAGE(told.find("()") == std::string::npos, told);  // what to do
      }
    }
    CHECK(objects(*plane, "configmap", outside).empty());
    CHECK(plane->kubectl({"get", "configmap", "half", "-n", web, "--ignore-not-found", "-o", "name"}).empty());
    CHECK(plane->kubectl({"get", "priorityclass", web, "--ignore-not-found", "-o", "name"}).empty());

    // It is the API server that says no, whatever the agent's own file allows.
    support::ScratchDir login;
    std::ofstream(login / "kubeconfig") << rights.kubeconfig(*plane);
    agent::KubeTargetOptions options;
    options.kubeconfig = login / "kubeconfig";
    agent::ClusterSettings settings;
    settings.target = must(agent::load_kube_target(options));
    const auto cluster = open_cluster(settings);
    for (const auto& object :
         {config_map_object(outside, "x", "1"),
          object_of("apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: " + web + "-x}\nvalue: 1\n")}) {
      const auto refused = cluster->apply(object, {});
      REQUIRE_FALSE(refused.ok());
      CHECK(refused.error().code() == ErrorCode::forbidden);
      CHECK_FALSE(refused.error().hint().empty());
    }
    CHECK(objects(*plane, "configmap", outside).empty());
  }
}

}  // namespace gitopsctl::tests
