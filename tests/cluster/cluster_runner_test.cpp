// The whole road of a channel, from files to objects, with a real API server at its end.

#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

#include "agent/inventory/inventory.hpp"
#include "tests/cluster/cluster_fixture.hpp"
#include "tests/support/control_plane.hpp"
#include "tests/support/need_control_plane.hpp"
#include "tests/support/service_account.hpp"
#include "tests/support/spy_environment.hpp"

namespace gitopsctl::tests {
namespace {

using namespace agent;
using support::ControlPlane;

std::string value_in(ControlPlane& plane, const std::string& space, const std::string& name) {
  return plane.kubectl({"get", "configmap", name, "-n", space, "--ignore-not-found", "-o", "jsonpath={.data.value}"});
}

/// Names of the ConfigMaps of a namespace but inventories and what Kubernetes makes.
std::string config_maps(ControlPlane& plane, const std::string& space) {
  return plane.kubectl({"get", "configmap", "-n", space, "-l", "!applyset.kubernetes.io/id", "--field-selector",
                        "metadata.name!=kube-root-ca.crt", "-o", "jsonpath={.items[*].metadata.name}"});
}

/// A workload with everything that servers fill in, write differently, or move.
std::string workload(const std::string& space, const std::string& image = "example.org/web:1") {
  return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: " + space + R"(}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      creationTimestamp: null
    spec:
      containers:
        - name: web
          image: )" +
         image +
         R"(
          ports: [{containerPort: 80}]
          resources: {requests: {cpu: 1000m, memory: 1024Mi}, limits: {cpu: 2, memory: 2Gi}}
          env: [{name: A, value: "1"}]
          readinessProbe: {httpGet: {path: /, port: 80}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: )" +
         space + R"(}
spec:
  selector: {app: web}
  ports: [{port: 80}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: )" +
         space + R"(}
spec: {minAvailable: 50%, selector: {matchLabels: {app: web}}}
---
apiVersion: v1
kind: Secret
metadata: {name: web, namespace: )" +
         space + R"(}
stringData: {password: open sesame}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: web, namespace: )" +
         space + R"(}
spec:
  schedule: "0 4 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: job, image: example.org/job:1}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: )" +
         space + R"(}
spec: {podSelector: {}, ingress: [{ports: [{port: 80}]}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web, namespace: )" +
         space + R"(}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
)";
}

}  // namespace

TEST_SUITE("cluster runner") {
  TEST_CASE("deploys, updates, heals, prunes a removed release and nothing else") {
    auto* plane = need_control_plane("a channel in a cluster");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string web = plane->fresh_namespace("web");
    const std::string db = plane->fresh_namespace("db");
    const std::string other = plane->fresh_namespace("other");
    const auto cluster = open_cluster(*plane);
    ClusterChannel channel(*cluster, web);
    // Others' objects: by hand beside ours, of the same names elsewhere, and of another channel with the same release name.
    plane->apply(config_map_yaml(db, "by-hand", "stays") + config_map_yaml(other, "c", "stays"));
    ClusterChannel neighbour(*cluster, other);
    const auto theirs = neighbour.commit({{"db", other}}, {{"db/all.yaml", config_map_yaml(other, "d", "theirs")}});
    auto result = neighbour.run(theirs);
    CHECK_MESSAGE(result.state == RunState::deployed, shown(result));

    Files files{{"web/all.yaml", config_map_yaml(web, "a", "1") + config_map_yaml(web, "b", "1")},
                {"db/all.yaml", config_map_yaml(db, "c", "1") + config_map_yaml(db, "d", "1")}};
    const std::vector<std::pair<std::string, std::string>> both{{"web", web}, {"db", db}};
    const auto first = channel.commit(both, files);
    result = channel.run(first);
    CHECK_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(result.created == 4);
    CHECK(config_maps(*plane, web) == "a b");
    CHECK(plane->kubectl({"get", "release.gitopsctl.dev", "web", "-n", web, "-o", "jsonpath={.status.state}"}) ==
          "Deployed");
    plane->kubectl({"wait", "--for=condition=ready", "release.gitopsctl.dev/web", "-n", web, "--timeout=5s"});
    for (const char* trigger : {"poll", "drift", "switch", "retry"}) {
      CHECK(channel.run(first, trigger).state == RunState::up_to_date);
    }
    channel.restart();
    CHECK(channel.run(first, "start").state == RunState::up_to_date);

    files["web/all.yaml"] = config_map_yaml(web, "a", "2") + config_map_yaml(web, "b", "1");
    const auto second = channel.commit(both, files);
    result = channel.run(second);
    CHECK_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(result.updated == 1);
    CHECK(value_in(*plane, web, "a") == "2");

    plane->kubectl(
        {"patch", "configmap", "a", "-n", web, "--type=merge", "-p", R"({"data":{"value":"by hand","more":"x"}})"});
    plane->kubectl({"delete", "configmap", "b", "-n", web});
    result = channel.run(second, "drift");
    CHECK_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(result.updated == 1);
    CHECK(result.created == 1);
    CHECK(value_in(*plane, web, "a") == "2");
    CHECK(value_in(*plane, web, "b") == "1");

    // A key leaves the manifest, and with it the object; what somebody added to it stays.
    files["db/all.yaml"] = config_map_yaml(db, "c", "1");
    result = channel.run(channel.commit(both, files));
    CHECK_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(result.removed == 1);
    CHECK(config_maps(*plane, db) == "by-hand c");

    const auto without = channel.commit({{"web", web}}, files);
    result = channel.run(without);
    CHECK_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(result.removed == 1);
    CHECK(config_maps(*plane, db) == "by-hand");
    CHECK(config_maps(*plane, web) == "a b");
    CHECK(config_maps(*plane, other) == "c d");
    CHECK(must(list_inventories(*cluster, "home", "shop", web)).readable.size() == 1);
    CHECK(plane->kubectl({"get", "release.gitopsctl.dev", "-n", db, "-o", "name"}).empty());
    CHECK(neighbour.run(theirs, "drift").state == RunState::up_to_date);
  }

  TEST_CASE("what finalizers keep stays in the inventory until it is gone, and what is to come back waits for it") {
    auto* plane = need_control_plane("finalizers of what is removed");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("held");
    const auto cluster = open_cluster(*plane);
    ClusterChannel channel(*cluster, space);
    const std::vector<std::pair<std::string, std::string>> releases{{"web", space}};
    const auto both =
        channel.commit(releases, {{"web/all.yaml", config_map_yaml(space, "a", "1") + config_map_yaml(space, "b", "1")}});
    CHECK(channel.run(both).state == RunState::deployed);
    const auto patch = [&](const std::string& finalizers) {
      plane->kubectl({"patch", "configmap", "b", "-n", space, "--type=merge", "-p",
                      R"({"metadata":{"finalizers":)" + finalizers + "}}"});
    };
    const auto listed = [&] {
      const auto inventory = must(list_inventories(*cluster, "home", "shop", space)).readable.at(0);
      const auto* entry = inventory.find({"", "ConfigMap", space, "b"});
      return entry == nullptr ? std::string("no") : entry->state == EntryState::pruning ? "pruning" : "other";
    };
    patch(R"(["example.org/held"])");
    const auto one = channel.commit(releases, {{"web/all.yaml", config_map_yaml(space, "a", "1")}});
    auto result = channel.run(one);
    CHECK_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(listed() == "pruning");
    CHECK(plane->kubectl({"get", "release.gitopsctl.dev", "web", "-n", space, "-o", "jsonpath={.status.warnings}"})
              .find("its finalizers are example.org/held") != std::string::npos);
    channel.restart();
    CHECK(channel.run(one, "start").removed == 0);
    CHECK(listed() == "pruning");
    // It comes back, and the finalizer goes while it is waited for.
    const render::ObjectId id{"", "ConfigMap", space, "b"};
    const auto held = must(cluster->get(id));
    REQUIRE(held);
    std::optional<Result<LiveObject>> freed;
    std::jthread later([&] {
      system_clock().sleep(Millis(1500), {});
      Value body = held->body.deep_copy();
      body.child_map("metadata").erase("finalizers");
      freed = cluster->put({id, "v1", body, "", 0}, held->resource_version, {});
    });
    result = channel.run(both);
    later.join();
    CHECK(freed->ok());
    CHECK_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(value_in(*plane, space, "b") == "1");
    // And again, for good.
    patch(R"(["example.org/held"])");
    channel.run(one, "poll");
    CHECK(listed() == "pruning");
    patch("null");
    channel.run(one, "drift");
    CHECK(listed() == "no");
  }

  TEST_CASE("what the server fills in and writes differently is no difference") {
    auto* plane = need_control_plane("no difference on a real server");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("same");
    const auto cluster = open_cluster(*plane);
    support::SpyEnvironment spy(*cluster);
    ClusterChannel channel(spy, space);
    const std::string timeout = "    timeout: 1s\n";  // no controller makes it ready
    const auto first = channel.commit({{"web", space}}, {{"web/all.yaml", workload(space)}}, "", timeout);
    auto result = channel.run(first);
    CHECK(result.created == 7);
    // It waits for pods that nobody makes, says so, and is not applied again for that.
    CHECK(result.state == RunState::failed);
    const std::string available = R"({"status":{"observedGeneration":1,"replicas":2,"updatedReplicas":2,"readyReplicas":2,)"
                                  R"("availableReplicas":2,"conditions":[{"type":"Available","status":"True"},)"
                                  R"({"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"}]}})";
    const std::string guarded =
        R"({"status":{"observedGeneration":1,"disruptionsAllowed":0,"currentHealthy":0,"desiredHealthy":1,)"
        R"("expectedPods":2}})";
    plane->kubectl({"patch", "deployment", "web", "-n", space, "--subresource=status", "--type=merge", "-p", available});
    plane->kubectl({"patch", "pdb", "web", "-n", space, "--subresource=status", "--type=merge", "-p", guarded});
    result = channel.run(first, "retry");
    CHECK_MESSAGE(result.state == RunState::deployed, shown(result));
    spy.take_writes();
    for (int i = 0; i < 2; ++i) {
      channel.restart();
      result = channel.run(first, "start");
      CHECK_MESSAGE(result.state == RunState::up_to_date, shown(result));
      CHECK(spy.take_object_writes() == std::vector<std::string>{});
    }

    // A controller that writes what it owns is no drift; a hand is.
    plane->kubectl({"annotate", "deployment", "web", "-n", space, "deployment.kubernetes.io/revision=1"});
    result = channel.run(first, "drift");
    CHECK_MESSAGE(result.state == RunState::up_to_date, shown(result));
    plane->kubectl({"set", "env", "deployment/web", "-n", space, "A=2"});
    result = channel.run(first, "drift");
    CHECK(result.updated == 1);
    CHECK(plane->kubectl({"get", "deployment", "web", "-n", space, "-o",
                          "jsonpath={.spec.template.spec.containers[0].env[0].value}"}) == "1");
    CHECK(plane->kubectl({"get", "secret", "web", "-n", space, "-o", "jsonpath={.data.password}"}) == "b3BlbiBzZXNhbWU=");
    const std::string inventory =
        plane->kubectl({"get", "configmap", "-n", space, "-l", "applyset.kubernetes.io/id", "-o", "yaml"});
    CHECK(inventory.find("sesame") == std::string::npos);
    CHECK(inventory.find("b3BlbiBzZXNhbWU") == std::string::npos);
  }

  TEST_CASE("a namespace that is not there is made, and a release may bring its own") {
    auto* plane = need_control_plane("namespaces of releases");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string base = plane->fresh_namespace("ns");
    const auto cluster = open_cluster(*plane);
    ClusterChannel channel(*cluster, base);
    const std::string bare = base + "-bare";
    const std::string own = base + "-own";
    const std::string definition =
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: " + own + ", labels: {team: x}}\n---\n";
    const auto commit = channel.commit(
        {{"bare", bare}, {"own", own}},
        {{"bare/a.yaml", config_map_yaml(bare, "a", "1")}, {"own/a.yaml", definition + config_map_yaml(own, "a", "1")}});
    auto result = channel.run(commit);
    CHECK_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(value_in(*plane, bare, "a") == "1");
    CHECK(value_in(*plane, own, "a") == "1");
    CHECK(plane->kubectl({"get", "namespace", own, "-o", "jsonpath={.metadata.labels.team}"}) == "x");
    CHECK(plane->kubectl({"get", "namespace", own, "-o", "jsonpath={.metadata.annotations}"}).empty());
    CHECK(channel.run(commit, "drift").state == RunState::up_to_date);
    // It stays when its release goes: namespaces are only deleted where the file allows it.
    result = channel.run(channel.commit({{"bare", bare}}, {{"bare/a.yaml", config_map_yaml(bare, "a", "1")}}));
    CHECK_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(plane->kubectl({"get", "namespace", own, "-o", "name"}) == "namespace/" + own + "\n");
    CHECK(value_in(*plane, own, "a").empty());
  }

  TEST_CASE("definitions and their objects come in one commit") {
    auto* plane = need_control_plane("definitions and their objects");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("crd");
    const auto cluster = open_cluster(*plane);
    ClusterChannel channel(*cluster, space);
    const std::string group = space + ".example.org";
    const std::string text =
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things." + group +
        "}\nspec:\n  group: " + group +
        "\n  names: {kind: Thing, plural: things, singular: thing, listKind: ThingList}\n  scope: Namespaced\n"
        "  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, "
        "properties: {spec: {type: object, properties: {size: {type: integer, default: 3}, color: {type: "
        "string}}}}}}}]\n---\napiVersion: " +
        group + "/v1\nkind: Thing\nmetadata: {name: t, namespace: " + space + "}\nspec: {color: red}\n";
    const auto commit = channel.commit({{"all", space}}, {{"all/all.yaml", text}});
    auto result = channel.run(commit);
    CHECK_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(plane->kubectl({"get", "things." + group, "t", "-n", space, "-o", "jsonpath={.spec.color} {.spec.size}"}) ==
          "red 3");
    channel.restart();
    result = channel.run(commit, "start");
    CHECK_MESSAGE(result.state == RunState::up_to_date, shown(result));
  }

  TEST_CASE("of two agents on one channel one writes") {
    auto* plane = need_control_plane("two agents on one channel");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("two");
    const auto first_cluster = open_cluster(*plane);
    const auto second_cluster = open_cluster(*plane);
    ClusterChannel first(*first_cluster, space, "agent-1");
    ClusterChannel second(*second_cluster, space, "agent-2");
    support::SpyEnvironment spy(*first_cluster);
    ClusterChannel watched(spy, space, "agent-1");
    const Files files{{"web/all.yaml", config_map_yaml(space, "a", "1") + config_map_yaml(space, "b", "1")}};
    const auto commit = watched.commit({{"web", space}}, files);
    REQUIRE(commit == second.commit({{"web", space}}, files));
    RunResult meanwhile;
    bool ran = false;
    spy.before_write([&](const std::string& write) -> std::optional<Error> {
      if (write.starts_with("apply") && !std::exchange(ran, true)) meanwhile = second.run(commit);
      return std::nullopt;
    });
    const auto result = watched.run(commit);
    CHECK_MESSAGE(result.state == RunState::deployed, shown(result));
    REQUIRE(ran);
    CHECK(meanwhile.state == RunState::failed);
    CHECK(meanwhile.message.find("held by 'agent-1'") != std::string::npos);
    CHECK(second.run(commit).state == RunState::up_to_date);
  }

  TEST_CASE("an account writes the releases' objects and nothing of what gitopsctl keeps") {
    auto* plane = need_control_plane("objects written as an account of the binding");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace();
    // It may write ConfigMaps of its namespace: no Secrets, no kinds of ours, nothing at home.
    const support::ServiceAccount account(
        *plane, space, "deployer",
        {{R"({apiGroups: [""], resources: [configmaps], verbs: [get, list, watch, create, update, patch, delete]})"},
         {},
         {}});
    auto settings = admin_settings(*plane);
    settings.impersonate = space + "/deployer";
    settings.namespaces = {space};
    const auto cluster = open_cluster(settings);
    ClusterChannel channel(*cluster, space);
    const auto first =
        channel.commit({{"web", space}, {"db", space}},
                       {{"web/a.yaml", config_map_yaml(space, "a", "1")},
                        {"web/b.yaml", config_map_yaml(space, "gitopsctl-looks-like-ours", "1")},
                        {"db/s.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: " + space + "}\n"}});
    auto result = channel.run(first);
    CHECK_MESSAGE(result.failed_releases == 1, shown(result));
    CHECK_MESSAGE(result.failures["db"].find(account.user()) != std::string::npos, shown(result));
    CHECK(config_maps(*plane, space) == "a gitopsctl-looks-like-ours");
    CHECK(plane->kubectl({"get", "release.gitopsctl.dev", "-n", space, "-o", "name"}).find("web") != std::string::npos);

    const auto second = channel.commit({{"web", space}}, {{"web/a.yaml", config_map_yaml(space, "a", "1")}});
    result = channel.run(second);
    CHECK_MESSAGE(result.failed_releases == 0, shown(result));
    CHECK(config_maps(*plane, space) == "a");
  }

  TEST_CASE("what people say about a channel makes nobody look at its objects, what they do to objects does") {
    auto* plane = need_control_plane("switches are not content");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace();
    const auto cluster = open_cluster(admin_settings(*plane));
    support::SpyEnvironment spy(*cluster);
    std::vector<std::string> read;
    spy.refuse_read = [&](const render::ObjectId& id) -> std::optional<Error> {
      if (id.namespace_ == space && id.kind == "ConfigMap") read.push_back(id.name);
      return std::nullopt;
    };
    ClusterChannel channel(spy, space);
    const auto commit = channel.commit(
        {{"web", space}}, {{"web/all.yaml", config_map_yaml(space, "a", "1") + config_map_yaml(space, "b", "1")}});
    const auto after = [&](const std::vector<std::string>& kubectl) {
      std::this_thread::sleep_for(std::chrono::milliseconds(700));  // until watches told of what we wrote ourselves
      const auto before = must(cluster->version());
      plane->kubectl(kubectl);
      REQUIRE(must(cluster->wait_for_change(before, Millis(10'000), {})) > before);
      read.clear();
    };
    auto result = channel.run(commit);
    REQUIRE_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK_FALSE(read.empty());

    after({"annotate", "channel.gitopsctl.dev", space, "-n", "gitopsctl-system", "gitopsctl.dev/requestedAt=now"});
    result = channel.run(commit, "request");
    CHECK_MESSAGE(result.state == RunState::up_to_date, shown(result));
    CHECK_MESSAGE(read.empty(), read.front());

    // It is obeyed all the same.
    after({"patch", "release.gitopsctl.dev", "web", "-n", space, "--type=merge", "-p", R"({"spec":{"suspend":true}})"});
    const auto second = channel.commit(
        {{"web", space}}, {{"web/all.yaml", config_map_yaml(space, "a", "2") + config_map_yaml(space, "b", "1")}});
    result = channel.run(second);
    CHECK_MESSAGE(result.updated == 0, shown(result));
    CHECK(value_in(*plane, space, "a") == "1");
    after({"patch", "release.gitopsctl.dev", "web", "-n", space, "--type=merge", "-p", R"({"spec":{"suspend":false}})"});
    result = channel.run(second);
    CHECK_MESSAGE(result.updated == 1, shown(result));

    after({"patch", "configmap", "b", "-n", space, "--type=merge", "-p", R"({"data":{"value":"by hand"}})"});
    result = channel.run(second, "switch");
    CHECK_MESSAGE(result.updated == 1, shown(result));
    CHECK(value_in(*plane, space, "b") == "1");
    CHECK_FALSE(read.empty());
  }
}

}  // namespace gitopsctl::tests
