#include "tests/support/pod_fates.hpp"

namespace gitopsctl::support {
namespace {

constexpr const char* a_day = "  delay: {durationMilliseconds: 86400000}\n";

/// A stage for pending pods with that fate that nothing was done to (`begun` False) or was (True), and whose label `told` is
/// there or not (Exists, DoesNotExist; empty: whatever it is). The weight lets it win over kwok's own for pending pods,
/// which has none.
std::string stage(const std::string& name, std::string_view fate, bool begun, const std::string& status,
                  const std::string& delay, const std::string& told) {
  std::string out = "apiVersion: kwok.x-k8s.io/v1alpha1\nkind: Stage\nmetadata: {name: " + name + R"yaml(}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  weight: 1
)yaml" + delay +
                    "  selector:\n    matchLabels: {fate: " + std::string(fate) + R"yaml(}
    matchExpressions:
    - {key: .metadata.deletionTimestamp, operator: DoesNotExist}
    - {key: .status.phase, operator: In, values: [Pending]}
    - key: '.status.conditions.[] | select( .type == "Initialized" ) | .status'
      operator: )yaml" +
                    (begun ? "In" : "NotIn") +
                    R"yaml(
      values: ["True"]
)yaml" + (told.empty() ? "" : "    - {key: .metadata.labels.told, operator: " + told + "}\n") +
                    R"yaml(  next:
    statusTemplate: |
)yaml";
  for (std::size_t from = 0; from < status.size();) {
    const auto end = status.find('\n', from) + 1;
    out += "      " + status.substr(from, end - from);
    from = end;
  }
  return out;
}

/// The start and the conditions of a pod on its node; `ready` is True or False.
std::string conditions(const std::string& ready) {
  std::string out =
      "startTime: {{ Now | Quote }}\nconditions:\n- {type: Initialized, status: \"True\", lastTransitionTime: {{ Now | "
      "Quote }}}\n";
  for (const std::string type : {"Ready", "ContainersReady"}) {
    out += "- {type: " + type + ", status: \"" + ready + "\", lastTransitionTime: {{ Now | Quote }}";
    out += ready == "True" ? "}\n" : ", reason: ContainersNotReady, message: 'containers with unready status'}\n";
  }
  return out;
}

/// The statuses of all containers; `state` are fields of each.
std::string containers(const std::string& state) {
  return "containerStatuses:\n{{ range .spec.containers }}\n- name: {{ .name | Quote }}\n  image: {{ .image | Quote }}\n"
         "  imageID: \"\"\n" +
         state + "{{ end }}\n";
}

// The words of messages are those of the kubelet 1.36 (pkg/kubelet/kuberuntime and pkg/kubelet/images).
constexpr const char* crash_loop_state = R"yaml(  ready: false
  started: false
  restartCount: 4
  state: {waiting: {reason: CrashLoopBackOff, message: "back-off 1m20s restarting failed container"}}
  lastState: {terminated: {exitCode: 1, reason: Error, startedAt: {{ Now | Quote }}, finishedAt: {{ Now | Quote }}}}
)yaml";
constexpr const char* image_pull_state = R"yaml(  ready: false
  started: false
  restartCount: 0
  state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image {{ .image | Quote }}'}}
)yaml";
constexpr const char* unready_state = R"yaml(  ready: false
  started: true
  restartCount: 0
  state: {running: {startedAt: {{ Now | Quote }}}}
)yaml";
constexpr const char* ready_state = R"yaml(  ready: true
  started: true
  restartCount: 0
  state: {running: {startedAt: {{ Now | Quote }}}}
)yaml";
constexpr const char* failed_state = R"yaml(  ready: false
  started: false
  restartCount: 0
  state: {terminated: {exitCode: 1, reason: Error, startedAt: {{ Now | Quote }}, finishedAt: {{ Now | Quote }}}}
)yaml";

}  // namespace

const std::map<std::string, std::string>& pod_fate_stages() {
  using namespace pod_fate;
  static const std::map<std::string, std::string> stages = [] {
    std::map<std::string, std::string> out;
    const auto add = [&](const std::string& name, std::string_view fate, const std::string& status,
                         const std::string& delay = {}, bool begun = false,
                         const std::string& told = {}) { out.emplace(name, stage(name, fate, begun, status, delay, told)); };
    const std::string unready = conditions("False");
    add("fate-crash-loop", crash_loop, "phase: Running\n" + unready + containers(crash_loop_state));
    add("fate-never-ready", never_ready, "phase: Running\n" + unready + containers(unready_state));
    add("fate-not-told", ready_when_told, "phase: Pending\n", a_day, false, "DoesNotExist");
    add("fate-told", ready_when_told, "phase: Running\n" + conditions("True") + containers(ready_state), {}, false,
        "Exists");
    add("fate-fails", fails, "phase: Failed\n" + unready + containers(failed_state));
    // Pods none of whose containers ever started stay Pending; kwok's own stage would make them ready in the end.
    add("fate-image-pull", image_pull, "phase: Pending\n" + unready + containers(image_pull_state));
    add("fate-image-pull-stays", image_pull, "phase: Pending\n", a_day, true);
    add("fate-never-starts", never_starts, "phase: Pending\n", a_day);
    return out;
  }();
  return stages;
}

}  // namespace gitopsctl::support
