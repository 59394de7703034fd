// Channels of so many releases that lists answer for objects, and that several releases are written at once.

#include <doctest/doctest.h>

#include <algorithm>

#include "agent/cluster/version_lists.hpp"
#include "tests/cluster/cluster_fixture.hpp"
#include "tests/cluster/kube_bench.hpp"
#include "tests/support/control_plane.hpp"
#include "tests/support/need_control_plane.hpp"
#include "tests/support/spy_environment.hpp"

namespace gitopsctl::tests {
namespace {

using namespace agent;

// More than what makes one list for all namespaces worth it.
constexpr int many = 70;

std::string space_of(const std::string& prefix, int i) { return prefix + '-' + std::to_string(100 + i); }

/// A commit with `many` releases of one ConfigMap, each in a namespace that is not there yet.
channels::CommitId commit_many(ClusterChannel& channel, const std::string& prefix, const std::string& value) {
  std::vector<std::pair<std::string, std::string>> releases;
  Files files;
  for (int i = 0; i < many; ++i) {
    const std::string name = space_of(prefix, i);
    releases.emplace_back(name, name);
    files[name + "/all.yaml"] = config_map_yaml(name, "settings", value);
  }
  return channel.commit(releases, files);
}

std::string value_in(support::ControlPlane& plane, const std::string& space) {
  return plane.kubectl({"get", "configmap", "settings", "-n", space, "--ignore-not-found", "-o", "jsonpath={.data.value}"});
}

void change_by_hand(support::ControlPlane& plane, const std::string& space, const std::string& value) {
  plane.kubectl(
      {"patch", "configmap", "settings", "-n", space, "--type=merge", "-p", R"({"data":{"value":")" + value + "\"}}"});
}

TEST_SUITE("many releases") {
  TEST_CASE(
      "all are deployed, each in a namespace made for it; drift is found by looking, and a repetition writes nothing") {
    auto* plane = need_control_plane("many releases");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const auto environment = open_cluster(*plane);
    CHECK(environment->writers() > 1);
    ClusterChannel channel(*environment, "many-a");
    const auto commit = commit_many(channel, "many-a", "1");
    const auto first = channel.run(commit);
    CHECK_MESSAGE(first.state == RunState::deployed, shown(first));
    CHECK(first.created == many);
    CHECK(value_in(*plane, space_of("many-a", 0)) == "1");
    CHECK(value_in(*plane, space_of("many-a", many - 1)) == "1");
    // Everybody's status says so, and where.
    CHECK(plane->kubectl({"get", "releases", "-A", "-l", channel_label(channel.key), "-o",
                          "jsonpath={range .items[?(@.status.state==\"Deployed\")]}x{end}"}) == std::string(many, 'x'));
    CHECK(channel.run(commit, "drift").state == RunState::up_to_date);
    channel.restart();
    const auto restarted = channel.run(commit);
    CHECK_MESSAGE(restarted.state == RunState::up_to_date, shown(restarted));
    change_by_hand(*plane, space_of("many-a", 33), "by hand");
    const auto healed = channel.run(commit, "drift");
    CHECK_MESSAGE(healed.updated == 1, shown(healed));
    CHECK(value_in(*plane, space_of("many-a", 33)) == "1");
    // An object that is gone is seen to be gone.
    plane->kubectl({"delete", "configmap", "settings", "-n", space_of("many-a", 34)});
    CHECK(channel.run(commit, "drift").created == 1);
  }

  TEST_CASE("what a list did not have is not believed to be absent still when it is written") {
    auto* plane = need_control_plane("stale absence");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const auto environment = open_cluster(*plane);
    support::SpyEnvironment spy(*environment);
    ClusterChannel channel(spy, "many-b");
    const auto commit = commit_many(channel, "many-b", "ours");
    const std::string taken = space_of("many-b", 40);
    bool made = false;
    spy.before_write([&](const std::string& write) -> std::optional<Error> {
      // After everything was looked at, before anything of a release is written.
      if (!made && write.starts_with("put ConfigMap/many-b-")) {
        made = true;
        plane->apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: " + taken + "}\n---\n" +
                     config_map_yaml(taken, "settings", "theirs"));
      }
      return std::nullopt;
    });
    const auto result = channel.run(commit);
    REQUIRE(made);
    CHECK(result.failed_releases == 1);
    CHECK_MESSAGE(result.failures.contains(taken), shown(result));
    CHECK(value_in(*plane, taken) == "theirs");
    CHECK(result.created == many - 1);
  }

  TEST_CASE("a release begins when those that it depends on are there, also when many are written at once") {
    auto* plane = need_control_plane("many dependent releases");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const auto environment = open_cluster(*plane);
    ClusterChannel channel(*environment, "many-c");
    // All but the first depend on the first, which cannot be written.
    Files files;
    std::string text = "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: many-c\nreleases:\n";
    for (int i = 0; i < 20; ++i) {
      const std::string name = space_of("many-c", i);
      text += "  - {name: " + name + ", driver: manifests, namespace: " + name + ", manifests: {path: " + name + "}" +
              (i == 0 ? "" : ", dependsOn: [" + space_of("many-c", 0) + "]") + "}\n";
      files[name + "/all.yaml"] = i == 0 ? "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: " + name +
                                               "}\nspec: {ports: [{port: 70000}]}\n"
                                         : config_map_yaml(name, "settings", "1");
    }
    auto tree = std::make_shared<MemoryTree>();
    files[".gitopsctl/channels/many-c.yaml"] = text;
    for (const auto& [path, content] : files) tree->add(*TreePath::parse(path), content);
    const channels::CommitId commit(40, 'c');
    channel.trees[commit] = tree;
    const auto result = channel.run(commit);
    CHECK(result.state == RunState::failed);
    CHECK_MESSAGE(result.failed_releases == 20, shown(result));
    CHECK(result.created == 0);
    CHECK(value_in(*plane, space_of("many-c", 7)).empty());
  }

  TEST_CASE("versions by lists: nothing is said of what could not be listed, and of too long lists") {
    auto* plane = need_control_plane("versions by lists");
    if (plane == nullptr) return;
    const auto client = admin(*plane);
    const auto space = plane->fresh_namespace("versions");
    plane->apply(config_map_yaml(space, "there", "1"));
    std::vector<render::ObjectId> ids{map_id(space, "there")};
    // A list that is far longer than what is asked for is given up; other tests fill the cluster.
    const auto all = client.list({"", "", "ConfigMap"}, {}, {});
    REQUIRE(all.ok());
    const int asked = std::max(many, static_cast<int>(all->items.size()));
    for (int i = 0; i < asked; ++i) {
      ids.push_back(map_id(space, "absent-" + std::to_string(i)));
      ids.push_back({"example.org", "Unknown", space, "x-" + std::to_string(i)});
      ids.push_back({"", "Secret", "", "without-namespace-" + std::to_string(i)});
    }
    for (const bool everywhere : {true, false}) {
      const auto known = agent::detail::versions_by_lists(
          ids, [&](const render::ObjectId&) -> const KubeClient& { return client; }, everywhere);
      const auto live = client.get(map_id(space, "there"), {}, {});
      REQUIRE(live.ok());
      REQUIRE(known.contains(map_id(space, "there")));
      CHECK(known.at(map_id(space, "there")) == version_of(*live));
      REQUIRE(known.contains(map_id(space, "absent-3")));
      CHECK_FALSE(known.at(map_id(space, "absent-3")));
      CHECK_FALSE(known.contains({"example.org", "Unknown", space, "x-3"}));
      CHECK_FALSE(known.contains({"", "Secret", "", "without-namespace-3"}));
    }
    // Who may not list is told nothing.
    Impersonation nobody;
    nobody.user = "nobody";
    const auto stranger = client.as(nobody);
    CHECK(agent::detail::versions_by_lists(
              ids, [&](const render::ObjectId&) -> const KubeClient& { return stranger; }, true)
              .empty());
    KubeListOptions short_list;
    short_list.most = 1;
    short_list.page_size = 1;
    plane->apply(config_map_yaml(space, "there-too", "1"));
    short_list.namespace_ = space;
    const auto listed = client.list({"", "", "ConfigMap"}, short_list, {});
    REQUIRE_FALSE(listed.ok());
    CHECK(listed.error().code() == ErrorCode::too_large);
    short_list.most = 10;
    CHECK(client.list({"", "", "ConfigMap"}, short_list, {}).ok());
  }
}

}  // namespace
}  // namespace gitopsctl::tests
