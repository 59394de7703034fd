#include "agent/health/rollout.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/yaml/yaml.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;

namespace {

Value yaml(const std::string& text) {
  auto read = parse_yaml(text);
  REQUIRE_MESSAGE(read.ok(), read.error().to_string());
  return *read;
}

const std::string workload = "metadata: {uid: w}\n";

Value pod_with(const std::string& status, const std::string& uid = "p") {
  return yaml("metadata: {uid: " + uid + ", name: web-1}\nstatus:\n  containerStatuses:\n    - {name: c, " + status + "}\n");
}

Value waiting(const std::string& reason, int restarts = 0, int exit_code = -1, const std::string& why = "Error") {
  std::string status =
      "restartCount: " + std::to_string(restarts) + ", state: {waiting: {reason: " + reason + ", message: back-off}}";
  if (exit_code >= 0) {
    status += ", lastState: {terminated: {exitCode: " + std::to_string(exit_code) + ", reason: " + why + "}}";
  }
  return pod_with(status);
}

/// One workload over time.
struct Course {
  RolloutMemory memory;
  Value object = yaml(workload);
  Health own{Health::State::progressing, "0 of 1 pods are ready"};

  bool fails(int second, const std::vector<Value>& pods, const std::vector<Value>& warnings = {}) {
    last = memory.judge(object, own, pods, warnings, Millis(second * 1000));
    return last.state == Health::State::failed;
  }
  bool says(std::string_view part) const { return last.reason.find(part) != std::string::npos; }
  Health last;
};

}  // namespace

TEST_SUITE("agent/health rollout") {
  TEST_CASE("an image that cannot be pulled fails after twenty seconds, under whichever of its names") {
    Course course;
    CHECK_FALSE(course.fails(0, {waiting("ErrImagePull")}));
    CHECK(course.says("0 of 1 pods are ready; pod web-1, container c: ErrImagePull: back-off"));
    CHECK_FALSE(course.fails(19, {waiting("ImagePullBackOff")}));
    CHECK(course.fails(20, {waiting("ErrImagePull")}));
    Course better;
    CHECK_FALSE(better.fails(0, {waiting("ErrImagePull")}));
    CHECK_FALSE(better.fails(10, {waiting("ContainerCreating")}));
    CHECK_FALSE(better.fails(21, {waiting("ErrImagePull")}));
    Course wrong;
    CHECK(wrong.fails(0, {waiting("InvalidImageName")}));
  }

  TEST_CASE("a crash loop fails after three more crashes, or two that end alike") {
    Course alike;
    CHECK_FALSE(alike.fails(0, {waiting("ContainerCreating")}));
    CHECK_FALSE(alike.fails(5, {waiting("CrashLoopBackOff", 1, 1)}));
    CHECK(alike.says("last with exit code 1"));
    CHECK(alike.fails(10, {waiting("CrashLoopBackOff", 2, 1)}));
    Course different;
    CHECK_FALSE(different.fails(0, {waiting("ContainerCreating")}));
    CHECK_FALSE(different.fails(5, {waiting("CrashLoopBackOff", 1, 1)}));
    CHECK_FALSE(different.fails(10, {waiting("CrashLoopBackOff", 2, 137, "OOMKilled")}));
    CHECK(different.says("OOMKilled"));
    CHECK(different.fails(20, {waiting("CrashLoopBackOff", 3, 1)}));
    // What it did before we looked is not held against it.
    Course old;
    CHECK_FALSE(old.fails(0, {waiting("CrashLoopBackOff", 40, 1)}));
    CHECK_FALSE(old.fails(5, {waiting("CrashLoopBackOff", 41, 1)}));
    CHECK(old.fails(10, {waiting("CrashLoopBackOff", 42, 1)}));
  }

  TEST_CASE("containers that cannot be made, pods without a node, and pods that are refused") {
    Course config;
    CHECK_FALSE(config.fails(0, {waiting("CreateContainerConfigError")}));
    CHECK(config.fails(20, {waiting("CreateContainerConfigError")}));

    const Value homeless = yaml(
        "metadata: {uid: p, name: web-1}\nstatus: {conditions: [{type: PodScheduled, status: 'False', reason: "
        "Unschedulable, "
        "message: no room}]}");
    Course node;
    CHECK_FALSE(node.fails(0, {homeless}));
    CHECK(node.says("Unschedulable: no room"));
    CHECK_FALSE(node.fails(134, {homeless}));
    CHECK(node.fails(135, {homeless}));

    Course quota;
    quota.object = yaml(workload +
                        "status: {conditions: [{type: ReplicaFailure, status: 'True', reason: FailedCreate, message: "
                        "exceeded quota}]}");
    CHECK_FALSE(quota.fails(0, {}));
    CHECK(quota.says("FailedCreate: exceeded quota"));
    CHECK(quota.fails(10, {}));

    const Value warning = yaml("{reason: FailedCreate, message: no service account}");
    Course set;
    CHECK_FALSE(set.fails(0, {}, {warning}));
    CHECK(set.fails(10, {}, {warning}));
    // An old warning about what is there by now.
    Course past;
    CHECK_FALSE(past.fails(0, {waiting("ContainerCreating")}, {warning}));
    CHECK_FALSE(past.fails(60, {waiting("ContainerCreating")}, {warning}));
  }

  TEST_CASE("a sign of another object counts once it has lasted, without a break") {
    RolloutMemory memory;
    const Health own{Health::State::progressing, "has no metric"};
    const auto fails = [&](int seconds, const std::string& sign) {
      const Health health = memory.judge_sign("h", own, sign, RolloutMemory::scaler_grace, Millis(seconds * 1'000));
      CHECK(health.reason == own.reason);
      return health.state == Health::State::failed;
    };
    CHECK_FALSE(fails(0, "metric"));
    CHECK_FALSE(fails(59, "metric"));
    CHECK(fails(60, "metric"));
    CHECK_FALSE(fails(61, ""));
    CHECK_FALSE(fails(62, "metric"));
    CHECK_FALSE(fails(121, "metric"));
    CHECK(fails(122, "metric"));
    memory.forget("h");
    CHECK_FALSE(fails(200, "metric"));
  }

  TEST_CASE("what pods say of nothing leaves the workload's own word") {
    Course course;
    CHECK_FALSE(course.fails(0, {}));
    CHECK(course.last.reason == course.own.reason);
    CHECK_FALSE(course.fails(0, {pod_with("state: {running: {}}")}));
    CHECK(course.last.reason == course.own.reason);
    CHECK_FALSE(course.fails(0, {yaml("status: nonsense"), yaml("[]")}, {yaml("x")}));
  }
}
