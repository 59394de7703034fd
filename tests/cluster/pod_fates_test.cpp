#include "tests/support/pod_fates.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "tests/support/need_control_plane.hpp"

namespace gitopsctl::tests {
namespace {

namespace pod_fate = support::pod_fate;

const ControlPlaneParts workloads{
    {"serviceaccount-controller", "deployment-controller", "replicaset-controller", "statefulset-controller",
     "daemonset-controller", "job-controller", "resourcequota-controller", "namespace-controller"},
    true};

/// A namespace with workloads whose pods meet a fate.
struct Bench {
  explicit Bench(support::ControlPlane& of) : plane(of), space(of.fresh_namespace("fate")) {}

  /// Applies a workload named `web`; `more` are fields of its spec.
  void apply(const std::string& kind, std::string_view fate, const std::string& more = {}) const {
    const std::string labels = fate.empty() ? "{app: web}" : "{app: web, fate: " + std::string(fate) + "}";
    const std::string restart = kind == "Job" ? "restartPolicy: Never, " : "";
    const std::string selector = kind == "Job" ? "" : "  selector: {matchLabels: {app: web}}\n";
    plane.apply("apiVersion: " + std::string(kind == "Job" ? "batch/v1" : "apps/v1") + "\nkind: " + kind +
                    "\nmetadata: {name: web}\nspec:\n" + selector + more + "  template:\n    metadata: {labels: " + labels +
                    "}\n    spec: {" + restart + "containers: [{name: web, image: 'example.org/web:1'}]}\n",
                space);
  }
  /// Waits for `kubectl wait --for=…` of what `what` names; throws when it does not come.
  void wait(const std::string& what, const std::string& condition) const {
    plane.kubectl({"wait", "-n", space, "--timeout=120s", "--for=" + condition, what});
  }
  /// Waits until every pod of `web` says so in its status.
  void wait_for_pods(const std::string& path, const std::string& value) const {
    plane.kubectl({"wait", "pods", "-n", space, "--selector=app=web", "--timeout=120s", "--for=create"});
    plane.kubectl({"wait", "pods", "-n", space, "--selector=app=web", "--timeout=120s",
                   "--for=jsonpath={.status" + path + "}=" + value});
  }
  [[nodiscard]] std::string get(const std::string& what, const std::string& path) const {
    return plane.kubectl({"get", what, "-n", space, "-o=jsonpath={" + path + "}"});
  }

  support::ControlPlane& plane;
  std::string space;
};

const std::string waiting_reason = ".containerStatuses[0].state.waiting.reason";

TEST_CASE("workloads become ready on the node") {
  auto* plane = need_control_plane("pods that become ready", workloads);
  if (plane == nullptr) return;
  const Bench bench(*plane);
  bench.apply("Deployment", {}, "  replicas: 3\n");
  bench.apply("StatefulSet", {}, "  replicas: 2\n  serviceName: web\n");
  bench.apply("DaemonSet", {});
  bench.apply("Job", {});
  bench.wait("deployment/web", "condition=Available");
  plane->kubectl({"rollout", "status", "statefulset/web", "-n", bench.space, "--timeout=120s"});
  plane->kubectl({"rollout", "status", "daemonset/web", "-n", bench.space, "--timeout=120s"});
  bench.wait("job/web", "condition=Complete");
  CHECK(bench.get("deployment/web", ".status.availableReplicas") == "3");
  CHECK(bench.get("statefulset/web", ".status.readyReplicas") == "2");
  CHECK(bench.get("daemonset/web", ".status.numberReady") == "1");
  CHECK(bench.get("job/web", ".status.succeeded") == "1");
  plane->kubectl({"delete", "namespace", bench.space, "--timeout=120s"});
  CHECK_THROWS_WITH(plane->kubectl({"get", "namespace", bench.space}), doctest::Contains("NotFound"));
}

TEST_CASE("a rollout whose pods crash passes its deadline, and one that mends it is available at once") {
  auto* plane = need_control_plane("pods in a crash loop", workloads);
  if (plane == nullptr) return;
  const Bench bench(*plane);
  bench.apply("Deployment", pod_fate::crash_loop, "  progressDeadlineSeconds: 3\n");
  bench.wait_for_pods(waiting_reason, "CrashLoopBackOff");
  CHECK(bench.get("pods", ".items[0].status.phase") == "Running");
  bench.wait("deployment/web", "condition=Progressing=False");
  CHECK(bench.get("deployment/web", ".status.conditions[?(@.type=='Progressing')].reason") == "ProgressDeadlineExceeded");
  bench.apply("Deployment", {}, "  progressDeadlineSeconds: 3\n");
  bench.wait("deployment/web", "condition=Available");
}

TEST_CASE("pods whose image cannot be pulled stay so") {
  auto* plane = need_control_plane("pods without their image", workloads);
  if (plane == nullptr) return;
  const Bench bench(*plane);
  bench.apply("Deployment", pod_fate::image_pull);
  bench.wait_for_pods(waiting_reason, "ImagePullBackOff");
  const std::string version = bench.get("pods", ".items[0].metadata.resourceVersion");
  std::this_thread::sleep_for(std::chrono::seconds{2});
  CHECK(bench.get("pods", ".items[0].metadata.resourceVersion") == version);
  CHECK(bench.get("pods", ".items[0].status.phase") == "Pending");
  CHECK(bench.get("deployment/web", ".status.availableReplicas").empty());
}

TEST_CASE("pods run without ever being ready, are ready when told, or never start") {
  auto* plane = need_control_plane("pods that are not ready", workloads);
  if (plane == nullptr) return;
  const Bench never(*plane);
  const Bench told(*plane);
  const Bench not_started(*plane);
  never.apply("Deployment", pod_fate::never_ready);
  not_started.apply("Deployment", pod_fate::never_starts);
  told.apply("Deployment", pod_fate::ready_when_told);
  told.wait_for_pods(".conditions[?(@.type=='PodScheduled')].status", "True");
  std::this_thread::sleep_for(std::chrono::seconds{2});
  CHECK(told.get("deployment/web", ".status.availableReplicas").empty());
  plane->kubectl({"label", "pods", "--all", "-n", told.space, "told=yes"});
  told.wait("deployment/web", "condition=Available");
  never.wait_for_pods(".phase", "Running");
  CHECK(never.get("pods", ".items[0].status.conditions[?(@.type=='Ready')].status") == "False");
  CHECK(never.get("pods", ".items[0].status.containerStatuses[0].state.running.startedAt").ends_with("Z"));
  CHECK(never.get("deployment/web", ".status.availableReplicas").empty());
  not_started.wait_for_pods(".conditions[?(@.type=='PodScheduled')].status", "True");
  CHECK(not_started.get("pods", ".items[0].status.phase") == "Pending");
  CHECK(not_started.get("pods", ".items[0].status.containerStatuses").empty());
}

TEST_CASE("a Job whose pod fails is Failed") {
  auto* plane = need_control_plane("Jobs that fail", workloads);
  if (plane == nullptr) return;
  const Bench bench(*plane);
  bench.apply("Job", pod_fate::fails, "  backoffLimit: 0\n");
  bench.wait("job/web", "condition=Failed");
  CHECK(bench.get("job/web", ".status.conditions[?(@.type=='Failed')].reason") == "BackoffLimitExceeded");
}

TEST_CASE("a quota keeps pods from being made") {
  auto* plane = need_control_plane("quotas", workloads);
  if (plane == nullptr) return;
  const Bench bench(*plane);
  plane->apply("{apiVersion: v1, kind: ResourceQuota, metadata: {name: few}, spec: {hard: {count/pods: '1'}}}", bench.space);
  bench.wait("resourcequota/few", "jsonpath={.status.hard}");
  bench.apply("Deployment", {}, "  replicas: 2\n");
  bench.wait("deployment/web", "condition=ReplicaFailure");
  CHECK(bench.get("deployment/web", ".status.conditions[?(@.type=='ReplicaFailure')].message").find("exceeded quota: few") !=
        std::string::npos);
}

TEST_CASE("a stage of one's own is played until it is taken back") {
  auto* plane = need_control_plane("stages of kwok", workloads);
  if (plane == nullptr) return;
  const Bench bench(*plane);
  plane->play_stage("evicted", R"yaml(
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: evicted}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  weight: 1
  selector:
    matchLabels: {own: evicted}
    matchExpressions: [{key: .status.phase, operator: In, values: [Pending]}]
  next: {statusTemplate: "{phase: Failed, reason: Evicted}"}
)yaml");
  const auto run = [&](const std::string& name) {
    plane->kubectl({"run", name, "-n", bench.space, "--image=i", "--labels=own=evicted", "--restart=Never"});
  };
  run("first");
  bench.wait("pod/first", "jsonpath={.status.reason}=Evicted");
  plane->forget_stage("evicted");
  run("second");
  bench.wait("pod/second", "condition=Ready");
}

}  // namespace
}  // namespace gitopsctl::tests
