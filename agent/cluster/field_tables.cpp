#include "agent/cluster/field_tables.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/json/json.hpp"

namespace gitopsctl::agent::detail {

namespace {

using channels::FieldStep;
using channels::FieldSteps;

/// The key of the step that is `back` keys from the end, items left out; empty when there is none.
std::string_view key_from_end(const FieldSteps& path, std::size_t back) {
  for (auto step = path.rbegin(); step != path.rend(); ++step) {
    if (step->kind != FieldStep::Kind::key) continue;
    if (back == 0) return step->key;
    --back;
  }
  return {};
}

struct KeyedList {
  std::string_view parent;  ///< key before it; empty: any
  std::string_view name;
  std::array<std::string_view, 2> keys;
};

// Lists with x-kubernetes-list-type `map` that manifests write.
constexpr std::array keyed_lists = {
    KeyedList{"spec", "containers", {"name"}},
    KeyedList{"spec", "initContainers", {"name"}},
    KeyedList{"spec", "ephemeralContainers", {"name"}},
    KeyedList{"spec", "volumes", {"name"}},
    KeyedList{"spec", "imagePullSecrets", {"name"}},
    KeyedList{"spec", "hostAliases", {"ip"}},
    KeyedList{"spec", "topologySpreadConstraints", {"topologyKey", "whenUnsatisfiable"}},
    KeyedList{"spec", "resourceClaims", {"name"}},
    KeyedList{"containers", "ports", {"containerPort", "protocol"}},
    KeyedList{"initContainers", "ports", {"containerPort", "protocol"}},
    KeyedList{"spec", "ports", {"port", "protocol"}},
    KeyedList{"", "env", {"name"}},
    KeyedList{"", "volumeMounts", {"mountPath"}},
    KeyedList{"", "volumeDevices", {"devicePath"}},
    KeyedList{"", "webhooks", {"name"}},
    KeyedList{"", "ownerReferences", {"uid"}},
    KeyedList{"", "conditions", {"type"}},
    KeyedList{"", "secrets", {"name"}},
};

/// A field that defaulting fills in. The value is JSON; of fields with several defaults there are several rows.
struct Default {
  std::string_view parent;  ///< key before it; empty: any
  std::string_view name;
  std::string_view json;
};

constexpr std::array defaults = {
    // Pods and their templates
    Default{"spec", "restartPolicy", R"("Always")"},
    Default{"spec", "dnsPolicy", R"("ClusterFirst")"},
    Default{"spec", "schedulerName", R"("default-scheduler")"},
    Default{"spec", "terminationGracePeriodSeconds", "30"},
    Default{"spec", "securityContext", "{}"},
    Default{"spec", "enableServiceLinks", "true"},
    Default{"", "terminationMessagePath", R"("/dev/termination-log")"},
    Default{"", "terminationMessagePolicy", R"("File")"},
    Default{"", "imagePullPolicy", R"("IfNotPresent")"},
    Default{"", "imagePullPolicy", R"("Always")"},
    Default{"", "resources", "{}"},
    Default{"", "protocol", R"("TCP")"},
    Default{"", "failureThreshold", "3"},
    Default{"", "successThreshold", "1"},
    Default{"", "periodSeconds", "10"},
    Default{"", "timeoutSeconds", "1"},
    Default{"httpGet", "scheme", R"("HTTP")"},
    Default{"httpGet", "path", R"("/")"},
    Default{"grpc", "service", R"("")"},
    Default{"", "defaultMode", "420"},
    Default{"fieldRef", "apiVersion", R"("v1")"},
    Default{"", "divisor", R"("0")"},
    Default{"hostPath", "type", R"("")"},
    Default{"serviceAccountToken", "expirationSeconds", "3600"},
    Default{"emptyDir", "medium", R"("")"},
    Default{"secret", "optional", "false"},
    Default{"topologySpreadConstraints", "nodeAffinityPolicy", R"("Honor")"},
    Default{"topologySpreadConstraints", "nodeTaintsPolicy", R"("Ignore")"},
    // workloads
    Default{"spec", "replicas", "1"},
    Default{"spec", "revisionHistoryLimit", "10"},
    Default{"spec", "progressDeadlineSeconds", "600"},
    Default{"spec", "podManagementPolicy", R"("OrderedReady")"},
    Default{"strategy", "type", R"("RollingUpdate")"},
    Default{"updateStrategy", "type", R"("RollingUpdate")"},
    Default{"rollingUpdate", "maxSurge", R"("25%")"},
    Default{"rollingUpdate", "maxSurge", "0"},
    Default{"rollingUpdate", "maxUnavailable", R"("25%")"},
    Default{"rollingUpdate", "maxUnavailable", "1"},
    Default{"rollingUpdate", "partition", "0"},
    Default{"persistentVolumeClaimRetentionPolicy", "whenDeleted", R"("Retain")"},
    Default{"persistentVolumeClaimRetentionPolicy", "whenScaled", R"("Retain")"},
    Default{"spec", "backoffLimit", "6"},
    Default{"spec", "completions", "1"},
    Default{"spec", "parallelism", "1"},
    Default{"spec", "completionMode", R"("NonIndexed")"},
    Default{"spec", "podReplacementPolicy", R"("TerminatingOrFailed")"},
    Default{"spec", "suspend", "false"},
    Default{"spec", "manualSelector", "false"},
    Default{"spec", "concurrencyPolicy", R"("Allow")"},
    Default{"spec", "failedJobsHistoryLimit", "1"},
    Default{"spec", "successfulJobsHistoryLimit", "3"},
    Default{"spec", "volumeMode", R"("Filesystem")"},
    Default{"spec", "persistentVolumeReclaimPolicy", R"("Retain")"},
    // services and the like
    Default{"spec", "type", R"("ClusterIP")"},
    Default{"spec", "sessionAffinity", R"("None")"},
    Default{"spec", "internalTrafficPolicy", R"("Cluster")"},
    Default{"spec", "externalTrafficPolicy", R"("Cluster")"},
    Default{"spec", "allocateLoadBalancerNodePorts", "true"},
    Default{"spec", "ipFamilyPolicy", R"("SingleStack")"},
    Default{"clientIP", "timeoutSeconds", "10800"},
    Default{"", "type", R"("Opaque")"},
    Default{"", "matchPolicy", R"("Equivalent")"},
    Default{"", "reinvocationPolicy", R"("Never")"},
    Default{"", "namespaceSelector", "{}"},
    Default{"", "objectSelector", "{}"},
    Default{"webhooks", "timeoutSeconds", "10"},
    Default{"webhooks", "failurePolicy", R"("Fail")"},
    Default{"rules", "scope", R"("*")"},
    Default{"service", "port", "443"},
    Default{"", "reclaimPolicy", R"("Delete")"},
    Default{"", "volumeBindingMode", R"("Immediate")"},
    Default{"spec", "minReplicas", "1"},
    Default{"subjects", "apiGroup", R"("rbac.authorization.k8s.io")"},
    Default{"roleRef", "apiGroup", R"("rbac.authorization.k8s.io")"},
    Default{"conversion", "strategy", R"("None")"},
};

/// Fields that the server chooses a value for.
struct Chosen {
  std::string_view kind;
  std::string_view name;
};
constexpr std::array chosen = {
    Chosen{"Service", "clusterIP"},
    Chosen{"Service", "clusterIPs"},
    Chosen{"Service", "ipFamilies"},
    Chosen{"Service", "nodePort"},
    Chosen{"Service", "targetPort"},
    Chosen{"Service", "healthCheckNodePort"},
    Chosen{"Namespace", "finalizers"},
    Chosen{"Namespace", "kubernetes.io/metadata.name"},
    Chosen{"Job", "selector"},
    Chosen{"PersistentVolumeClaim", "storageClassName"},
    Chosen{"PersistentVolumeClaim", "volumeName"},
    Chosen{"HorizontalPodAutoscaler", "metrics"},
    Chosen{"HorizontalPodAutoscaler", "behavior"},
};

bool is_empty(const Value& value) { return (value.is_map() || value.is_list()) ? value.size() == 0 : value.is_nothing(); }

}  // namespace

std::optional<ListShape> built_in_list(std::string_view kind, const FieldSteps& path) {
  const auto name = key_from_end(path, 0);
  const auto parent = key_from_end(path, 1);
  if (name == "finalizers") return ListShape{ListShape::Kind::set};
  // The ports of everything else that has a `spec.ports` are told apart in other ways.
  if (name == "ports" && parent == "spec" && kind != "Service") return std::nullopt;
  for (const auto& list : keyed_lists) {
    if (list.name != name || (!list.parent.empty() && list.parent != parent)) continue;
    ListShape shape{ListShape::Kind::keyed};
    for (const auto key : list.keys) {
      if (!key.empty()) shape.keys.emplace_back(key);
    }
    return shape;
  }
  return std::nullopt;
}

bool is_built_in_default(std::string_view kind, const FieldSteps& path, const Value& value) {
  const auto name = key_from_end(path, 0);
  const auto parent = key_from_end(path, 1);
  if (std::ranges::any_of(chosen, [&](const Chosen& one) { return one.kind == kind && one.name == name; })) return true;
  if (parent == "labels" || parent == "annotations") return false;
  if (is_empty(value)) return true;
  const auto known = [&](const Default& one) {
    if (one.name != name || (!one.parent.empty() && one.parent != parent)) return false;
    const auto wanted = parse_json(one.json);
    return wanted.ok() && json_equal(*wanted, value);
  };
  return std::ranges::any_of(defaults, known);
}

}  // namespace gitopsctl::agent::detail
