#include "agent/health/health.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "base/yaml/yaml.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;

namespace {

Value object(const std::string& api_version, const std::string& kind, const std::string& rest) {
  auto read = parse_yaml("apiVersion: " + api_version + "\nkind: " + kind + "\n" + rest, {});
  REQUIRE_MESSAGE(read.ok(), read.error().to_string());
  return *read;
}

std::string_view word(Health::State state) {
  switch (state) {
    case Health::State::ready: return "ready";
    case Health::State::progressing: return "progressing";
    case Health::State::failed: return "failed";
    case Health::State::unknown: return "unknown";
  }
  return "?";
}

struct Row {
  std::string api_version;
  std::string kind;
  std::string rest;
  std::string state;
  std::string reason;  ///< part of it
};

void check(const Row& row) {
  const Health health = health_of(object(row.api_version, row.kind, row.rest));
  const std::string name = row.kind + " " + row.rest;
  CHECK_MESSAGE(word(health.state) == row.state, name << ": " << health.reason);
  CHECK_MESSAGE(health.reason.find(row.reason) != std::string::npos, name << ": " << health.reason);
}

const std::string rolled_out =
    "conditions: [{type: Available, status: 'True'}, {type: Progressing, status: 'True', reason: "
    "NewReplicaSetAvailable}]";

std::string deployment(const std::string& status, const std::string& spec = "replicas: 2, progressDeadlineSeconds: 600") {
  return "metadata: {name: a, generation: 3}\nspec: {" + spec + "}\nstatus: {" + status + "}\n";
}

}  // namespace

TEST_SUITE("agent/health") {
  TEST_CASE("every kind: what goes before its own rule") {
    for (const std::string kind : {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"}) {
      check({"apps/v1", kind, "metadata: {generation: 2}\nstatus: {observedGeneration: 1}", "progressing", "last change"});
      check({"apps/v1", kind, "metadata: {generation: 1}", "progressing", "not looked at"});
      check({"apps/v1", kind, "metadata: {generation: 1, deletionTimestamp: '2026-11-21T12:00:00Z'}", "progressing",
             "being deleted"});
    }
    check({"v1", "ConfigMap", "metadata: {deletionTimestamp: '2026-11-21T12:00:00Z'}", "progressing", "being deleted"});
    check({"example.org/v1", "Thing",
           "status: {conditions: [{type: Stalled, status: 'True', reason: Broken, message: gone}]}", "failed",
           "Broken: gone"});
    check({"example.org/v1", "Thing", "status: {conditions: [{type: Reconciling, status: 'True', reason: Busy}]}",
           "progressing", "Busy"});
  }

  TEST_CASE("Deployment") {
    const std::string counts =
        "observedGeneration: 3, replicas: 2, updatedReplicas: 2, availableReplicas: 2, readyReplicas: 2, ";
    const std::array<Row, 13> rows{{
        {"apps/v1", "Deployment", deployment(counts + rolled_out), "ready", ""},
        {"apps/v1", "Deployment", deployment("observedGeneration: 3, replicas: 1"), "progressing", "1 of 2 pods are made"},
        {"apps/v1", "Deployment", deployment("observedGeneration: 3, replicas: 2, updatedReplicas: 1"), "progressing",
         "1 of 2 pods are updated"},
        {"apps/v1", "Deployment", deployment("observedGeneration: 3, replicas: 3, updatedReplicas: 2"), "progressing",
         "1 old pods"},
        {"apps/v1", "Deployment", deployment("observedGeneration: 3, replicas: 2, updatedReplicas: 2, availableReplicas: 1"),
         "progressing", "1 of 2 pods are available"},
        {"apps/v1", "Deployment",
         deployment("observedGeneration: 3, replicas: 2, updatedReplicas: 2, availableReplicas: 2, readyReplicas: 1"),
         "progressing", "1 of 2 pods are ready"},
        {"apps/v1", "Deployment", deployment(counts + "conditions: [{type: Available, status: 'True'}]"), "progressing",
         "not all there"},
        {"apps/v1", "Deployment", deployment(counts + "conditions: [{type: Available, status: 'True'}]", "replicas: 2"),
         "ready", ""},
        {"apps/v1", "Deployment",
         deployment(counts + "conditions: [{type: Available, status: 'False', reason: MinimumReplicasUnavailable}, {type: "
                             "Progressing, status: 'True', reason: NewReplicaSetAvailable}]"),
         "progressing", "MinimumReplicasUnavailable"},
        {"apps/v1", "Deployment",
         deployment("observedGeneration: 3, conditions: [{type: Progressing, status: 'False', reason: "
                    "ProgressDeadlineExceeded, message: too slow}]"),
         "failed", "ProgressDeadlineExceeded: too slow"},
        {"apps/v1", "Deployment",
         deployment("observedGeneration: 3, conditions: [{type: ReplicaFailure, status: 'True', reason: FailedCreate, "
                    "message: exceeded quota}]"),
         "progressing", "FailedCreate: exceeded quota"},
        {"apps/v1", "Deployment", deployment("observedGeneration: 3", "paused: true"), "ready", "paused"},
        {"apps/v1", "Deployment", deployment("observedGeneration: 3, " + rolled_out, "replicas: 0"), "ready", ""},
    }};
    for (const auto& row : rows) check(row);
  }

  TEST_CASE("StatefulSet, DaemonSet and ReplicaSet") {
    const std::string set = "metadata: {generation: 1}\nspec: {replicas: 2}\nstatus: {observedGeneration: 1, ";
    const std::string revisions = "currentRevision: a, updateRevision: a, ";
    const std::array<Row, 20> rows{{
        {"apps/v1", "StatefulSet", set + revisions + "replicas: 2, readyReplicas: 2, currentReplicas: 2}", "ready", ""},
        {"apps/v1", "StatefulSet", set + revisions + "replicas: 1}", "progressing", "1 of 2 pods are made"},
        {"apps/v1", "StatefulSet", set + revisions + "replicas: 2, readyReplicas: 1}", "progressing",
         "1 of 2 pods are ready"},
        {"apps/v1", "StatefulSet", set + revisions + "replicas: 3, readyReplicas: 3}", "progressing", "beyond"},
        {"apps/v1", "StatefulSet",
         set + "currentRevision: a, updateRevision: b, replicas: 2, readyReplicas: 2, updatedReplicas: 1}", "progressing",
         "1 of 2 pods are updated"},
        {"apps/v1", "StatefulSet", set + revisions + "replicas: 2, readyReplicas: 2, currentReplicas: 1}", "progressing",
         "1 of 2"},
        {"apps/v1", "StatefulSet",
         "metadata: {generation: 1}\nspec: {replicas: 3, updateStrategy: {rollingUpdate: {partition: 2}}}\nstatus: "
         "{observedGeneration: 1, replicas: 3, readyReplicas: 3, updatedReplicas: 1, currentRevision: a, updateRevision: b}",
         "ready", ""},
        {"apps/v1", "StatefulSet",
         "metadata: {generation: 1}\nspec: {replicas: 3, updateStrategy: {rollingUpdate: {partition: 2}}}\nstatus: "
         "{observedGeneration: 1, replicas: 3, readyReplicas: 3, updatedReplicas: 0}",
         "progressing", "0 of 1 pods are updated"},
        {"apps/v1", "StatefulSet",
         "metadata: {generation: 1}\nspec: {replicas: 1, minReadySeconds: 5}\nstatus: {observedGeneration: 1, replicas: 1, "
         "readyReplicas: 1, availableReplicas: 0, currentReplicas: 1}",
         "progressing", "0 of 1 pods are available"},
        {"apps/v1", "StatefulSet", "metadata: {generation: 1}\nspec: {updateStrategy: {type: OnDelete}}", "ready",
         "deleted"},
        {"apps/v1", "DaemonSet",
         "metadata: {generation: 1}\nstatus: {observedGeneration: 1, desiredNumberScheduled: 2, currentNumberScheduled: 2, "
         "updatedNumberScheduled: 2, numberAvailable: 2, numberReady: 2}",
         "ready", ""},
        {"apps/v1", "DaemonSet", "metadata: {generation: 1}\nstatus: {observedGeneration: 1}", "progressing",
         "how many nodes"},
        {"apps/v1", "DaemonSet",
         "metadata: {generation: 1}\nstatus: {observedGeneration: 1, desiredNumberScheduled: 0, currentNumberScheduled: 0}",
         "ready", ""},
        {"apps/v1", "DaemonSet",
         "metadata: {generation: 1}\nstatus: {observedGeneration: 1, desiredNumberScheduled: 2, currentNumberScheduled: 2, "
         "updatedNumberScheduled: 1}",
         "progressing", "1 of 2 pods are updated"},
        {"apps/v1", "DaemonSet",
         "metadata: {generation: 1}\nspec: {updateStrategy: {type: OnDelete}}\nstatus: {observedGeneration: 1, "
         "desiredNumberScheduled: 2, currentNumberScheduled: 2, numberAvailable: 2, numberReady: 2}",
         "ready", ""},
        {"apps/v1", "DaemonSet",
         "metadata: {generation: 1}\nstatus: {observedGeneration: 1, desiredNumberScheduled: 1, currentNumberScheduled: 1, "
         "updatedNumberScheduled: 1, numberAvailable: 0}",
         "progressing", "0 of 1 pods are available"},
        {"apps/v1", "DaemonSet", "status: {observedGeneration: 1}", "progressing", "not looked at"},
        {"apps/v1", "ReplicaSet", set + "replicas: 2, fullyLabeledReplicas: 2, availableReplicas: 2, readyReplicas: 2}",
         "ready", ""},
        {"apps/v1", "ReplicaSet", set + "replicas: 2, fullyLabeledReplicas: 2, availableReplicas: 1}", "progressing",
         "1 of 2"},
        {"apps/v1", "ReplicaSet",
         set + "conditions: [{type: ReplicaFailure, status: 'True', reason: FailedCreate, message: denied}]}", "progressing",
         "FailedCreate: denied"},
    }};
    for (const auto& row : rows) check(row);
  }

  TEST_CASE("Pods and Jobs") {
    const std::array<Row, 13> rows{{
        {"v1", "Pod", "status: {phase: Running, conditions: [{type: Ready, status: 'True'}]}", "ready", ""},
        {"v1", "Pod", "status: {phase: Running, conditions: [{type: Ready, status: 'False', reason: ContainersNotReady}]}",
         "progressing", "ContainersNotReady"},
        {"v1", "Pod", "status: {phase: Succeeded}", "ready", "done"},
        {"v1", "Pod", "status: {phase: Failed, reason: Evicted}", "failed", "Evicted"},
        {"v1", "Pod", "status: {phase: Pending, conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable}]}",
         "progressing", "Unschedulable"},
        {"v1", "Pod", "metadata: {name: a}", "progressing", "not running"},
        {"batch/v1", "Job", "spec: {completions: 2}\nstatus: {succeeded: 1, startTime: x}", "progressing", "1 of 2"},
        {"batch/v1", "Job", "status: {conditions: [{type: Complete, status: 'True'}]}", "ready", ""},
        {"batch/v1", "Job",
         "status: {conditions: [{type: Failed, status: 'True', reason: BackoffLimitExceeded, message: too often}]}",
         "failed", "BackoffLimitExceeded: too often"},
        {"batch/v1", "Job", "status: {conditions: [{type: FailureTarget, status: 'True', reason: PodFailurePolicy}]}",
         "failed", "PodFailurePolicy"},
        {"batch/v1", "Job", "status: {conditions: [{type: Suspended, status: 'True'}]}", "ready", "suspended"},
        {"batch/v1", "Job", "status: {conditions: [{type: SuccessCriteriaMet, status: 'True'}]}", "progressing", "0 of 1"},
        {"batch/v1", "CronJob", "spec: {suspend: true}", "ready", "suspended"},
    }};
    for (const auto& row : rows) check(row);
  }

  TEST_CASE("storage, services, definitions and the rest") {
    const std::array<Row, 29> rows{{
        {"v1", "PersistentVolumeClaim", "status: {phase: Bound}", "ready", ""},
        {"v1", "PersistentVolumeClaim", "status: {phase: Pending}", "progressing", "not bound"},
        {"v1", "PersistentVolumeClaim", "status: {phase: Lost}", "failed", "lost"},
        {"v1", "PersistentVolume", "status: {phase: Available}", "ready", ""},
        {"v1", "PersistentVolume", "status: {phase: Failed}", "failed", ""},
        {"v1", "PersistentVolume", "spec: {}", "progressing", ""},
        {"v1", "Service", "spec: {clusterIP: 10.0.0.3}", "ready", ""},
        {"v1", "Service", "spec: {type: LoadBalancer}\nstatus: {loadBalancer: {}}", "progressing", "address"},
        {"v1", "Service", "spec: {type: LoadBalancer}\nstatus: {loadBalancer: {ingress: [{ip: 1.2.3.4}]}}", "ready", ""},
        {"v1", "Service", "spec: {type: LoadBalancer, externalIPs: [1.2.3.4]}", "ready", ""},
        {"apiextensions.k8s.io/v1", "CustomResourceDefinition", "spec: {}", "progressing", "not served"},
        {"apiextensions.k8s.io/v1", "CustomResourceDefinition",
         "status: {conditions: [{type: NamesAccepted, status: 'True'}, {type: Established, status: 'True'}]}", "ready", ""},
        {"apiextensions.k8s.io/v1", "CustomResourceDefinition",
         "status: {conditions: [{type: NamesAccepted, status: 'False', reason: ListKindConflict}]}", "failed",
         "ListKindConflict"},
        {"apiextensions.k8s.io/v1", "CustomResourceDefinition",
         "status: {conditions: [{type: Established, status: 'False', reason: Installing}]}", "progressing", ""},
        {"apiextensions.k8s.io/v1", "CustomResourceDefinition",
         "status: {conditions: [{type: Established, status: 'False', reason: NotAccepted}]}", "failed", "NotAccepted"},
        {"apiregistration.k8s.io/v1", "APIService", "status: {conditions: [{type: Available, status: 'True'}]}", "ready",
         ""},
        {"apiregistration.k8s.io/v1", "APIService",
         "status: {conditions: [{type: Available, status: 'False', reason: MissingEndpoints}]}", "progressing",
         "MissingEndpoints"},
        {"v1", "Namespace", "status: {phase: Active}", "ready", ""},
        {"v1", "Namespace", "status: {phase: Terminating}", "progressing", ""},
        {"policy/v1", "PodDisruptionBudget", "metadata: {generation: 1}\nstatus: {observedGeneration: 1}", "ready", ""},
        {"policy/v1", "PodDisruptionBudget", "metadata: {generation: 1}", "progressing", ""},
        {"autoscaling/v2", "HorizontalPodAutoscaler", "status: {conditions: [{type: Ready, status: 'False'}]}", "ready", ""},
        {"networking.k8s.io/v1", "Ingress", "spec: {}", "ready", ""},
        {"v1", "ConfigMap", "data: {a: b}", "ready", ""},
        {"example.org/v1", "Thing", "spec: {}", "ready", ""},
        {"example.org/v1", "Thing", "status: {conditions: [{type: Ready, status: 'True'}]}", "ready", ""},
        {"example.org/v1", "Thing", "status: {conditions: [{type: Ready, status: Unknown, message: wait}]}", "progressing",
         "wait"},
        // Not one of ours although it is called so.
        {"example.org/v1", "Deployment", "spec: {replicas: 2}", "ready", ""},
        {"example.org/v1", "Thing", "status: {conditions: nonsense, observedGeneration: x}", "ready", ""},
    }};
    for (const auto& row : rows) check(row);
  }

  TEST_CASE("words of a server are shown safely and not without end") {
    const Health health = health_of(object(
        "example.org/v1", "Thing",
        "status: {conditions: [{type: Ready, status: 'False', message: \"\\e[31mred " + std::string(5000, 'x') + "\"}]}"));
    CHECK(health.reason.find('\x1b') == std::string::npos);
    CHECK(health.reason.size() < 400);
  }
}
