// Who changed what in a cluster: what counts as a change by others, how soon, and what does not.

#include <doctest/doctest.h>

#include <chrono>
#include <stop_token>
#include <thread>

#include "tests/cluster/cluster_fixture.hpp"
#include "tests/support/control_plane.hpp"
#include "tests/support/need_control_plane.hpp"

namespace gitopsctl::tests {
namespace {

using namespace agent;
using std::chrono::steady_clock;

/// Long after a watch tells of a change on a machine that does other things as well.
constexpr std::chrono::milliseconds settled{700};

ApplyOptions owned() {
  ApplyOptions out;
  out.owner = "feed";
  return out;
}

/// An environment that watches, and the version at which everything that was done so far is known.
struct Watching {
  explicit Watching(ClusterSettings settings) : cluster(open_cluster(std::move(settings))) { must(cluster->version()); }

  void calm() {
    std::this_thread::sleep_for(settled);
    since = must(cluster->version());
  }
  /// True when somebody else's change since calm() is known within five seconds.
  bool told() {
    const auto end = steady_clock::now() + std::chrono::seconds(5);
    while (steady_clock::now() < end) {
      if (must(cluster->changed_by_others(since))) {
        const bool waited = must(cluster->wait_for_change(since, Millis(10), {})) > since;
        calm();
        return waited;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  /// True when nobody else's change is told of although there was time for it.
  bool quiet() {
    std::this_thread::sleep_for(settled);
    return !must(cluster->changed_by_others(since));
  }

  std::unique_ptr<Environment> cluster;
  std::uint64_t since = 0;
};

render::Object deployment(const std::string& space) {
  return object_of(
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: " + space +
      "}\nspec:\n  selector: {matchLabels: {a: b}}\n  template: {metadata: {labels: {a: b}}, spec: {containers: "
      "[{name: c, image: i}]}}\n");
}

}  // namespace

TEST_SUITE("cluster feed") {
  TEST_CASE("our own writes are no changes by others, and everybody else's are") {
    auto* plane = need_control_plane("changes by others");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("feed");
    Watching watching(admin_settings(*plane));
    auto& cluster = *watching.cluster;
    watching.calm();
    const auto before = watching.since;
    std::vector<render::Object> objects;
    for (int i = 0; i < 40; ++i) objects.push_back(config_map_object(space, "f" + std::to_string(i), "1"));
    objects.push_back(deployment(space));
    std::vector<PlannedApply> group;
    for (const auto& object : objects) group.push_back({&object, ApplyPreconditions{}});
    std::vector<ApplyOutcome> outcomes;
    REQUIRE(cluster.apply_many(group, owned(), outcomes).ok());
    REQUIRE(cluster.apply_many(group, owned(), outcomes).ok());
    for (int i = 0; i < 10; ++i) {
      const auto changed = config_map_object(space, "f" + std::to_string(i), "2");
      must(cluster.apply(changed, owned()));
      if (i % 2 == 0) REQUIRE(cluster.remove(changed.id, {must(cluster.get(changed.id))->uid, ""}, owned()).ok());
    }
    CHECK(must(cluster.version()) > before);
    CHECK(watching.quiet());

    watching.calm();
    plane->kubectl({"patch", "configmap", "f1", "-n", space, "--type=merge", "-p", R"({"data":{"value":"x"}})"});
    CHECK(watching.told());
    plane->kubectl({"delete", "configmap", "f3", "-n", space});
    CHECK(watching.told());
    plane->kubectl({"label", "configmap", "f5", "-n", space, "applyset.kubernetes.io/part-of-"});
    CHECK(watching.told());
    plane->kubectl({"label", "configmap", "f5", "-n", space, "applyset.kubernetes.io/part-of=other"});
    CHECK(watching.told());
    plane->kubectl({"set", "image", "deployment/d", "-n", space, "c=j"});
    CHECK(watching.told());
    // Another agent of ours is somebody else.
    const auto other = open_cluster(*plane);
    must(other->apply(config_map_object(space, "f7", "3"), owned()));
    CHECK(watching.told());

    // A status says nothing about what a release is, and neither do objects that are nobody's.
    plane->kubectl({"patch", "deployment", "d", "-n", space, "--subresource=status", "--type=merge", "-p",
                    R"({"status":{"replicas":1,"observedGeneration":1}})"});
    plane->kubectl({"annotate", "deployment", "d", "-n", space, "deployment.kubernetes.io/revision=7"});
    plane->apply(config_map_yaml(space, "nobodys", "1"));
    CHECK(watching.quiet());
  }

  TEST_CASE("what a run writes of a kind that had no objects is looked at when its lease is given back") {
    auto* plane = need_control_plane("kinds that are new to a feed");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("new-kind");
    plane->kubectl(
        {"delete", "limitranges,poddisruptionbudgets", "--all-namespaces", "--selector=applyset.kubernetes.io/part-of"});
    Watching watching(admin_settings(*plane));
    auto& cluster = *watching.cluster;
    const auto lease = must(cluster.acquire_lease("gitopsctl-" + space, "me", Millis(30'000)));
    ApplyOptions options = owned();
    options.lease = lease.name;
    options.fence = lease.fence;
    std::vector<render::Object> objects;
    for (const char* name : {"a", "b", "c"}) {
      objects.push_back(object_of("apiVersion: v1\nkind: LimitRange\nmetadata: {name: " + std::string(name) +
                                  ", namespace: " + space + "}\nspec: {limits: [{type: Container, max: {cpu: \"2\"}}]}\n"));
    }
    const auto budget =
        object_of("apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: p, namespace: " + space +
                  "}\nspec: {minAvailable: 1, selector: {matchLabels: {a: b}}}\n");
    objects.push_back(budget);
    for (const auto& object : objects) must(cluster.apply(object, options));
    REQUIRE(cluster.remove(objects[2].id, {must(cluster.get(objects[2].id))->uid, ""}, options).ok());
    watching.calm();
    const auto edited = R"({"spec":{"limits":[{"type":"Container","max":{"cpu":"3"}}]}})";
    SUBCASE("nobody else wrote") {
      REQUIRE(cluster.release_lease(lease).ok());
      CHECK(watching.quiet());
      // From here on it is watched as everything is.
      plane->kubectl({"patch", "limitrange", "a", "-n", space, "--type=merge", "-p", edited});
      CHECK(watching.told());
    }
    SUBCASE("only a status changed") {
      plane->kubectl({"patch", "pdb", "p", "-n", space, "--subresource=status", "--type=merge", "-p",
                      R"({"status":{"observedGeneration":1,"currentHealthy":1}})"});
      REQUIRE(must(cluster.get(budget.id))->body.find_path({"status", "currentHealthy"}) != nullptr);
      REQUIRE(cluster.release_lease(lease).ok());
      CHECK(watching.quiet());
      plane->kubectl({"patch", "pdb", "p", "-n", space, "--type=merge", "-p", R"({"spec":{"minAvailable":2}})"});
      CHECK(watching.told());
    }
    SUBCASE("edited") {
      plane->kubectl({"patch", "limitrange", "a", "-n", space, "--type=merge", "-p", edited});
      CHECK(watching.quiet());
      REQUIRE(cluster.release_lease(lease).ok());
      CHECK(watching.told());
    }
    SUBCASE("deleted") {
      plane->kubectl({"delete", "limitrange", "b", "-n", space});
      REQUIRE(cluster.release_lease(lease).ok());
      CHECK(watching.told());
    }
    SUBCASE("not ours any more") {
      plane->kubectl({"label", "limitrange", "b", "-n", space, "applyset.kubernetes.io/part-of-"});
      REQUIRE(cluster.release_lease(lease).ok());
      CHECK(watching.told());
    }
    SUBCASE("made by somebody else under our label") {
      plane->apply("apiVersion: v1\nkind: LimitRange\nmetadata: {name: d, namespace: " + space +
                   ", labels: {applyset.kubernetes.io/part-of: feed}}\nspec: {limits: []}\n");
      REQUIRE(cluster.release_lease(lease).ok());
      CHECK(watching.told());
    }
  }

  TEST_CASE("who stops does not wait for the first list of a kind that is new to it") {
    auto* plane = need_control_plane("the end of a feed");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("feed-end");
    plane->kubectl({"delete", "limitranges", "--all-namespaces", "--selector=applyset.kubernetes.io/part-of"});
    std::stop_source source;
    auto settings = admin_settings(*plane);
    settings.client.stop = source.get_token();
    Watching watching(std::move(settings));
    const auto lease = must(watching.cluster->acquire_lease("gitopsctl-" + space, "me", Millis(30'000)));
    ApplyOptions options = owned();
    options.lease = lease.name;
    options.fence = lease.fence;
    must(watching.cluster->apply(object_of("apiVersion: v1\nkind: LimitRange\nmetadata: {name: a, namespace: " + space +
                                           "}\nspec: {limits: [{type: Container, max: {cpu: \"2\"}}]}\n"),
                                 options));
    source.request_stop();
    const auto before = steady_clock::now();
    CHECK(watching.cluster->release_lease(lease).ok());
    CHECK(steady_clock::now() - before < std::chrono::seconds(5));
  }

  TEST_CASE("without watches somebody else may have written once a second") {
    auto* plane = need_control_plane("a feed without watches");
    if (plane == nullptr) return;
    auto settings = admin_settings(*plane);
    settings.watches = false;
    const auto cluster = open_cluster(std::move(settings));
    const auto since = must(cluster->version());
    CHECK_FALSE(must(cluster->changed_by_others(since)));
    const auto begin = steady_clock::now();
    CHECK(must(cluster->wait_for_change(since, Millis(20'000), {})) > since);
    CHECK(steady_clock::now() - begin < std::chrono::seconds(10));
    CHECK(must(cluster->changed_by_others(since)));
    const auto now = must(cluster->version());
    std::stop_source stop;
    stop.request_stop();
    CHECK(must(cluster->wait_for_change(now + 100, Millis(20'000), stop.get_token())) < now + 100);
  }

  TEST_CASE("a switch is known within a second, and so is a touched inventory") {
    auto* plane = need_control_plane("switches in a cluster");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("switch");
    Watching watching(admin_settings(*plane));
    ClusterChannel channel(*watching.cluster, space);
    const auto commit = channel.commit({{"web", space}}, {{"web/a.yaml", config_map_yaml(space, "a", "1")}});
    const auto result = channel.run(commit);
    REQUIRE_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(channel.runner->seen_version() == must(watching.cluster->version()));
    watching.calm();
    const auto begin = steady_clock::now();
    plane->kubectl({"patch", "channel.gitopsctl.dev", space, "-n", "gitopsctl-system", "--type=merge", "-p",
                    R"({"spec":{"suspend":true}})"});
    const auto written = steady_clock::now();
    while (!must(watching.cluster->changed_by_others(watching.since)) &&
           steady_clock::now() - begin < std::chrono::seconds(10)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    CHECK(steady_clock::now() - written < std::chrono::seconds(1));
    CHECK(channel.run(commit).state == RunState::held);
    watching.calm();
    plane->kubectl({"label", "configmap", "-n", space, "-l", "applyset.kubernetes.io/id", "app.kubernetes.io/managed-by-"});
    CHECK(watching.told());
  }

  TEST_CASE("a server that goes and comes back is no change, and what happens afterwards is one") {
    auto* plane = need_control_plane("a restart of the API server");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("restart");
    Watching watching(admin_settings(*plane));
    must(watching.cluster->apply(config_map_object(space, "a", "1"), owned()));
    watching.calm();
    plane->stop_api_server(true);
    plane->start_api_server();
    std::this_thread::sleep_for(std::chrono::seconds(3));
    CHECK(watching.quiet());
    plane->kubectl({"patch", "configmap", "a", "-n", space, "--type=merge", "-p", R"({"data":{"value":"x"}})"});
    CHECK(watching.told());
  }

  TEST_CASE("it ends within a second, also while watching many kinds and while the server is away") {
    auto* plane = need_control_plane("the end of watches");
    if (plane == nullptr) return;
    install_kinds(*plane);
    for (const bool away : {false, true}) {
      auto cluster = open_cluster(*plane);
      must(cluster->version());
      must(cluster->get_many({{"apps", "Deployment", "default", "a"},
                              {"apps", "StatefulSet", "default", "a"},
                              {"", "Secret", "default", "a"},
                              {"", "Service", "default", "a"},
                              {"batch", "Job", "default", "a"},
                              {"", "Namespace", "", "a"}}));
      if (away) {
        plane->stop_api_server(true);
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
      }
      const auto begin = steady_clock::now();
      cluster.reset();
      CHECK(steady_clock::now() - begin < std::chrono::seconds(1));
      if (away) plane->start_api_server();
    }
  }

  TEST_CASE("with rights in two namespaces only, it works there and says no elsewhere") {
    auto* plane = need_control_plane("rights in few namespaces");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("limited");
    const std::string outside = plane->fresh_namespace("outside");
    const auto role = [&](const std::string& where) {
      return "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: agent, namespace: " + where +
             "}\nrules:\n"
             "  - {apiGroups: [\"\"], resources: [configmaps, events], verbs: [get, list, watch, create, update, patch, "
             "delete]}\n"
             "  - {apiGroups: [gitopsctl.dev], resources: [channels, releases, approvals], verbs: [get, list, watch, "
             "create, "
             "update, patch, delete]}\n"
             "  - {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, create, update]}\n---\n"
             "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: agent-" +
             space + ", namespace: " + where +
             "}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: agent}\nsubjects: [{kind: ServiceAccount, "
             "name: agent, namespace: " +
             space + "}]\n---\n";
    };
    plane->apply("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: agent, namespace: " + space + "}\n---\n" +
                 role(space) + role("gitopsctl-system"));
    // By its own token, and by somebody who may act as it.
    for (const bool impersonating : {false, true}) {
      auto settings = admin_settings(*plane);
      settings.namespaces = {space};
      if (impersonating) {
        settings.impersonate = space + "/agent";
      } else {
        settings.target.login = {};
        settings.target.login.token = plane->service_account_token(space, "agent");
      }
      Watching watching(settings);
      const std::string name = space + (impersonating ? "-as" : "");
      ClusterChannel channel(*watching.cluster, name);
      const auto commit = channel.commit(
          {{"web" + std::to_string(impersonating), space}},
          {{"web0/a.yaml", config_map_yaml(space, "a0", "1")}, {"web1/a.yaml", config_map_yaml(space, "a1", "1")}});
      auto result = channel.run(commit);
      CHECK_MESSAGE(result.state == RunState::deployed, shown(result));
      watching.calm();
      plane->kubectl({"patch", "configmap", impersonating ? "a1" : "a0", "-n", space, "--type=merge", "-p",
                      R"({"data":{"value":"x"}})"});
      CHECK(watching.told());
      CHECK(watching.quiet());
      const auto refused = watching.cluster->apply(config_map_object(outside, "a", "1"), owned());
      REQUIRE_FALSE(refused.ok());
      CHECK(refused.error().code() == ErrorCode::forbidden);
    }
  }
}

}  // namespace gitopsctl::tests
