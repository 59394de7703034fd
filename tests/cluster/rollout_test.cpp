// Rollouts that cannot come to their end, on a control plane with the controllers that make pods. Last in the order of
// files: the controllers stay, and would write the status of what other cases make.

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "tests/cluster/cluster_fixture.hpp"
#include "tests/support/control_plane.hpp"
#include "tests/support/need_control_plane.hpp"

namespace gitopsctl::tests {
namespace {

using namespace agent;
using std::chrono::steady_clock;
using support::ControlPlane;

const std::set<std::string> controllers{"deployment-controller", "replicaset-controller", "serviceaccount-controller",
                                        "statefulset-controller", "resourcequota-controller"};

std::string deployment(const std::string& space, const std::string& image) {
  return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: " + space +
         "}\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n "
         "   spec: "
         "{containers: [{name: c, image: \"" +
         image + "\"}]}\n";
}

/// The name of the one pod whose container has this image, once it is there.
std::string pod_of(const ControlPlane& plane, const std::string& space, const std::string& image) {
  for (int i = 0; i < 200; ++i) {
    const std::string name =
        plane.kubectl({"get", "pods", "-n", space, "-o",
                       "jsonpath={.items[?(@.spec.containers[0].image==\"" + image + "\")].metadata.name}"});
    if (!name.empty()) return name;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  FAIL("no pod of " << image);
  return {};
}

void set_status(const ControlPlane& plane, const std::string& space, const std::string& pod, const std::string& status) {
  plane.kubectl(
      {"patch", "pod", pod, "-n", space, "--subresource=status", "--type=strategic", "-p", R"({"status":)" + status + "}"});
}

const std::string ready_status =
    R"({"phase":"Running","conditions":[{"type":"Ready","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"}],)"
    R"("containerStatuses":[{"name":"c","ready":true,"restartCount":0,"image":"i","imageID":"i",)"
    R"("state":{"running":{"startedAt":"2026-01-01T00:00:00Z"}}}]})";

std::string waiting_status(const std::string& reason) {
  return R"({"phase":"Pending","conditions":[{"type":"Ready","status":"False","lastTransitionTime":"2026-01-01T00:00:00Z"}],)"
         R"("containerStatuses":[{"name":"c","ready":false,"restartCount":0,"image":"i","imageID":"",)"
         R"("state":{"waiting":{"reason":")" +
         reason + R"(","message":"no such image"}}}]})";
}

}  // namespace

TEST_SUITE("cluster rollout") {
  TEST_CASE("a rollout is followed to its end, by the pods of its new revision alone") {
    auto* plane = need_control_plane("a rollout", {.controllers = controllers});
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace("rollout");
    const auto cluster = open_cluster(*plane);
    const auto first = object_of(deployment(space, "i:1"));
    ApplyOptions options;
    options.owner = "rollout";
    must(cluster->apply(first, options));
    const auto health = [&] { return cluster->health(*must(cluster->get(first.id))); };
    const auto eventually = [&](const auto& wanted, int seconds) {
      Health last;
      const auto end = steady_clock::now() + std::chrono::seconds(seconds);
      while (steady_clock::now() < end) {
        last = health();
        if (wanted(last)) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
      MESSAGE("last: " << last.reason);
      return false;
    };
    set_status(*plane, space, pod_of(*plane, space, "i:1"), waiting_status("ImagePullBackOff"));
    CHECK(eventually([](const Health& h) { return h.reason.find("ImagePullBackOff: no such image") != std::string::npos; },
                     10));
    // A commit that mends it: the old pod's trouble is not the new one's.
    must(cluster->apply(object_of(deployment(space, "i:2")), options));
    const std::string second = pod_of(*plane, space, "i:2");
    CHECK(eventually([](const Health& h) { return h.reason.find("ImagePullBackOff") == std::string::npos; }, 10));
    set_status(*plane, space, second, ready_status);
    CHECK(eventually([](const Health& h) { return h.state == Health::State::ready; }, 15));
    // One that stays broken fails long before any deadline.
    must(cluster->apply(object_of(deployment(space, "i:3")), options));
    set_status(*plane, space, pod_of(*plane, space, "i:3"), waiting_status("ErrImagePull"));
    const auto begin = steady_clock::now();
    CHECK(eventually([](const Health& h) { return h.state == Health::State::failed; }, 40));
    CHECK(steady_clock::now() - begin > std::chrono::seconds(19));
  }

  TEST_CASE("a webhook is ready when somebody answers for it") {
    auto* plane = need_control_plane("endpoints of webhooks");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace("webhook");
    const auto cluster = open_cluster(*plane);
    // It is asked about a kind that nobody has.
    const auto hook = object_of(
        "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: " + space +
        "}\nwebhooks:\n  - name: a.example.org\n    sideEffects: None\n    admissionReviewVersions: [v1]\n    rules: "
        "[{apiGroups: [nobody.example.org], apiVersions: [v1], operations: [CREATE], resources: [nothings]}]\n    "
        "clientConfig: {service: {namespace: " +
        space + ", name: hook}}\n");
    ApplyOptions options;
    options.owner = "webhook";
    must(cluster->apply(hook, options));
    const auto health = [&] { return cluster->health(*must(cluster->get(hook.id))); };
    CHECK(health().state == Health::State::progressing);
    CHECK_MESSAGE(health().reason.find(space + "/hook has no endpoint that is ready") != std::string::npos, health().reason);
    const auto slice = [&](const std::string& ready) {
      plane->apply("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: hook-1, namespace: " + space +
                   ", labels: {kubernetes.io/service-name: hook}}\naddressType: IPv4\nendpoints: [{addresses: [10.0.0.1], "
                   "conditions: {ready: " +
                   ready + "}}]\n");
    };
    slice("false");
    CHECK(health().state == Health::State::progressing);
    slice("true");
    CHECK(health().state == Health::State::ready);
    plane->kubectl({"delete", "validatingwebhookconfiguration", space});
  }

  TEST_CASE("a quota that leaves no room for pods fails a release, and says so") {
    auto* plane = need_control_plane("a rollout against a quota", {.controllers = controllers});
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("quota");
    plane->apply("apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: none, namespace: " + space +
                 "}\nspec: {hard: {count/pods: 0}}\n");
    const auto cluster = open_cluster(*plane);
    ClusterChannel channel(*cluster, space);
    const auto commit = channel.commit({{"web", space}}, {{"web/a.yaml", deployment(space, "i:1")}});
    const auto begin = steady_clock::now();
    const auto result = channel.run(commit);
    CHECK(steady_clock::now() - begin < std::chrono::seconds(40));
    CHECK(result.state != RunState::deployed);
    REQUIRE_MESSAGE(result.failures.contains("web"), shown(result));
    CHECK_MESSAGE(result.failures.at("web").find("exceeded quota") != std::string::npos, result.failures.at("web"));
  }
}

}  // namespace gitopsctl::tests
