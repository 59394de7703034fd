#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

#include "base/json/json.hpp"
#include "tests/support/need_control_plane.hpp"

namespace gitopsctl::tests {
namespace {

constexpr const char* config_map = R"yaml(
apiVersion: v1
kind: ConfigMap
metadata: {name: greeting}
data: {text: hello}
)yaml";

constexpr const char* deployment = R"yaml(
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: example.org/web:1}]}
)yaml";

// Pods with the label `crash` wait in a crash loop; the weight lets it win over kwok's own stage for pending pods.
constexpr const char* crash_stage = R"yaml(
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: crash}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchLabels: {crash: "true"}
    matchExpressions:
    - {key: .metadata.deletionTimestamp, operator: DoesNotExist}
    - {key: .status.phase, operator: In, values: [Pending]}
  weight: 1
  next:
    statusTemplate: |
      phase: Running
      conditions:
      - {type: Ready, status: "False", reason: ContainersNotReady}
      containerStatuses:
      - {name: web, image: i, imageID: "", ready: false, restartCount: 4, state: {waiting: {reason: CrashLoopBackOff}}}
)yaml";

const std::set<std::string> workload_controllers{"serviceaccount-controller", "deployment-controller",
                                                 "replicaset-controller", "namespace-controller"};

TEST_CASE("the control plane is the pinned Kubernetes and takes what kubectl applies") {
  auto* plane = need_control_plane("a control plane comes up");
  if (plane == nullptr) return;
  const auto version = parse_json(plane->kubectl({"get", "--raw=/version"}));
  REQUIRE(version.ok());
  CHECK(version->find("gitVersion")->as_string() == "v1.36.3");
  CHECK(version->find("minor")->as_string() == "36");

  const std::string space = plane->fresh_namespace();
  plane->apply(config_map, space);
  CHECK(plane->kubectl({"get", "configmap", "greeting", "-n", space, "-o=jsonpath={.data.text}"}) == "hello");
  CHECK(plane->kubectl({"get", "configmap", "greeting", "-n", space, "-o=jsonpath={.metadata.managedFields[*].manager}"}) ==
        "test");
  CHECK(plane->fresh_namespace() != space);
  CHECK_THROWS_WITH(plane->kubectl({"get", "configmap", "nobody", "-n", space}), doctest::Contains("NotFound"));
}

TEST_CASE("who is asked for gets in and nobody else") {
  auto* plane = need_control_plane("credentials of the control plane");
  if (plane == nullptr) return;
  const std::string space = plane->fresh_namespace();
  const auto who = [&](const support::KubeconfigOptions& options) {
    return plane->kubectl({"--kubeconfig=/dev/stdin", "auth", "whoami", "-o=jsonpath={.status.userInfo.username}"},
                          plane->kubeconfig(options));
  };
  CHECK(who({}) == "admin");
  CHECK(who({.client = plane->client("ada", "builders")}) == "ada");
  plane->kubectl({"create", "serviceaccount", "robot", "-n", space});
  CHECK(who({.token = plane->service_account_token(space, "robot")}) == "system:serviceaccount:" + space + ":robot");
  CHECK_THROWS_WITH(who({.token = "nobody"}), doctest::Contains("Unauthorized"));
  CHECK_THROWS_WITH(who({.other_ca = support::make_test_certificates().ca_pem}), doctest::Contains("certificate"));
}

TEST_CASE("what was written is there after the API server was started again") {
  auto* plane = need_control_plane("restart of the API server");
  if (plane == nullptr) return;
  const std::string space = plane->fresh_namespace();
  plane->apply(config_map, space);
  const std::string url = plane->url();
  for (const bool kill : {false, true}) {
    plane->stop_api_server(kill);
    CHECK_THROWS(plane->kubectl({"get", "--raw=/readyz"}));
    plane->start_api_server();
    CHECK(plane->url() == url);
    CHECK(plane->kubectl({"get", "configmap", "greeting", "-n", space, "-o=jsonpath={.data.text}"}) == "hello");
  }
}

TEST_CASE("a deployment of three becomes available") {
  auto* plane = need_control_plane("pods that become ready", {workload_controllers, true});
  if (plane == nullptr) return;
  const std::string space = plane->fresh_namespace();
  plane->apply(deployment, space);
  plane->kubectl({"rollout", "status", "deployment/web", "-n", space, "--timeout=60s"});
  CHECK(plane->kubectl({"get", "deployment", "web", "-n", space, "-o=jsonpath={.status.availableReplicas}"}) == "3");
  CHECK(plane->kubectl({"get", "pods", "-n", space, "-o=jsonpath={.items[*].spec.nodeName}"}) == "fake fake fake");
  plane->kubectl({"delete", "namespace", space, "--timeout=60s"});
  CHECK_THROWS_WITH(plane->kubectl({"get", "namespace", space}), doctest::Contains("NotFound"));
}

TEST_CASE("a stage of one's own makes pods crash") {
  auto* plane = need_control_plane("stages of kwok", {workload_controllers, true});
  if (plane == nullptr) return;
  const std::string space = plane->fresh_namespace();
  plane->play_stage("crash", crash_stage);
  std::string crashing = deployment;
  crashing.replace(crashing.find("labels: {app: web}"), 18, "labels: {app: web, crash: 'true'}");
  plane->apply(crashing, space);
  plane->kubectl({"wait", "pods", "-n", space, "--selector=crash", "--timeout=60s", "--for=create"});
  plane->kubectl({"wait", "pods", "-n", space, "--selector=crash", "--timeout=60s",
                  "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=CrashLoopBackOff"});
  CHECK(plane->kubectl({"get", "deployment", "web", "-n", space, "-o=jsonpath={.status.availableReplicas}"}).empty());
  plane->forget_stage("crash");
}

}  // namespace
}  // namespace gitopsctl::tests
