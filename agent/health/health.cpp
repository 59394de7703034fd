#include "agent/health/health.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/text/escape.hpp"

namespace gitopsctl::agent {
namespace {

using State = Health::State;

// Of a text that a server put into a condition.
constexpr std::size_t max_words = 300;
// What a Deployment without a deadline has after defaulting: the largest int32.
constexpr std::int64_t no_deadline = 2'147'483'647;

Health ready(std::string reason = {}) { return {State::ready, std::move(reason)}; }
Health progressing(std::string reason) { return {State::progressing, std::move(reason)}; }
Health failed(std::string reason) { return {State::failed, std::move(reason)}; }

/// An object as the rules read it.
class Subject {
 public:
  explicit Subject(const Value& body) : body_(body) {}

  [[nodiscard]] std::string_view text(std::initializer_list<std::string_view> path) const { return body_.string_at(path); }
  [[nodiscard]] std::optional<std::int64_t> number(std::initializer_list<std::string_view> path) const {
    const Value* value = body_.find_path(path);
    return value != nullptr && value->is_int() ? std::optional(value->as_int()) : std::nullopt;
  }
  [[nodiscard]] std::int64_t spec(std::string_view field, std::int64_t otherwise) const {
    return number({"spec", field}).value_or(otherwise);
  }
  [[nodiscard]] std::int64_t status(std::string_view field) const { return number({"status", field}).value_or(0); }
  [[nodiscard]] bool flag(std::initializer_list<std::string_view> path) const {
    const Value* value = body_.find_path(path);
    return value != nullptr && value->as_bool();
  }
  [[nodiscard]] std::size_t size(std::initializer_list<std::string_view> path) const {
    const Value* value = body_.find_path(path);
    return value == nullptr ? 0 : value->size();
  }
  [[nodiscard]] const Value* condition(std::string_view type) const {
    const Value* conditions = body_.find_path({"status", "conditions"});
    if (conditions == nullptr) return nullptr;
    for (const auto& condition : conditions->as_list()) {
      if (condition.string_at({"type"}) == type) return &condition;
    }
    return nullptr;
  }
  [[nodiscard]] bool is(std::string_view type, std::string_view status) const {
    const Value* found = condition(type);
    return found != nullptr && found->string_at({"status"}) == status;
  }
  /// `Reason: message` of a condition, safe to show; `otherwise` when it says nothing.
  [[nodiscard]] std::string words(std::string_view type, std::string_view otherwise) const {
    const Value* found = condition(type);
    if (found == nullptr) return std::string(otherwise);
    std::string out(found->string_at({"reason"}));
    if (const auto message = found->string_at({"message"}); !message.empty()) {
      if (!out.empty()) out += ": ";
      out += message.substr(0, max_words);
    }
    return out.empty() ? std::string(otherwise) : terminal_safe(out);
  }

 private:
  const Value& body_;
};

std::string count(std::int64_t have, std::int64_t want, std::string_view what) {
  return std::to_string(have) + " of " + std::to_string(want) + ' ' + std::string(what);
}

/// The controller has not looked at the object yet.
std::optional<Health> unobserved(const Subject& it) {
  if (it.number({"status", "observedGeneration"})) return std::nullopt;
  return progressing("its controller has not looked at it yet");
}

Health deployment(const Subject& it) {
  if (it.flag({"spec", "paused"})) return ready("is paused");
  if (const auto waits = unobserved(it)) return *waits;
  const Value* progress = it.condition("Progressing");
  if (progress != nullptr && progress->string_at({"reason"}) == "ProgressDeadlineExceeded") {
    return failed(it.words("Progressing", "ProgressDeadlineExceeded"));
  }
  if (it.is("ReplicaFailure", "True")) return progressing(it.words("ReplicaFailure", "pods cannot be made"));
  const std::int64_t wanted = it.spec("replicas", 1);
  const std::int64_t updated = it.status("updatedReplicas");
  if (it.status("replicas") < wanted) return progressing(count(it.status("replicas"), wanted, "pods are made"));
  if (updated < wanted) return progressing(count(updated, wanted, "pods are updated"));
  if (it.status("replicas") > wanted) {
    return progressing(std::to_string(it.status("replicas") - wanted) + " old pods are still there");
  }
  if (it.status("availableReplicas") < updated) {
    return progressing(count(it.status("availableReplicas"), updated, "pods are available"));
  }
  if (it.status("readyReplicas") < wanted) return progressing(count(it.status("readyReplicas"), wanted, "pods are ready"));
  const bool deadline = it.spec("progressDeadlineSeconds", no_deadline) != no_deadline;
  if (deadline && (progress == nullptr || progress->string_at({"reason"}) != "NewReplicaSetAvailable")) {
    return progressing("the new pods are not all there");
  }
  if (!it.is("Available", "True")) return progressing(it.words("Available", "is not available yet"));
  return ready();
}

Health replica_set(const Subject& it) {
  if (const auto waits = unobserved(it)) return *waits;
  if (it.is("ReplicaFailure", "True")) return progressing(it.words("ReplicaFailure", "pods cannot be made"));
  const std::int64_t wanted = it.spec("replicas", 1);
  if (it.status("fullyLabeledReplicas") < wanted) {
    return progressing(count(it.status("fullyLabeledReplicas"), wanted, "pods are made"));
  }
  if (it.status("availableReplicas") < wanted) {
    return progressing(count(it.status("availableReplicas"), wanted, "pods are available"));
  }
  if (it.status("readyReplicas") < wanted) return progressing(count(it.status("readyReplicas"), wanted, "pods are ready"));
  if (it.status("replicas") > wanted) return progressing("pods beyond the wanted number are still there");
  return ready();
}

Health stateful_set(const Subject& it) {
  if (it.text({"spec", "updateStrategy", "type"}) == "OnDelete") return ready("updates when its pods are deleted");
  if (const auto waits = unobserved(it)) return *waits;
  const std::int64_t wanted = it.spec("replicas", 1);
  if (it.status("replicas") < wanted) return progressing(count(it.status("replicas"), wanted, "pods are made"));
  if (it.status("readyReplicas") < wanted) return progressing(count(it.status("readyReplicas"), wanted, "pods are ready"));
  if (it.status("replicas") > wanted) return progressing("pods beyond the wanted number are still there");
  if (it.spec("minReadySeconds", 0) > 0 && it.status("availableReplicas") < wanted) {
    return progressing(count(it.status("availableReplicas"), wanted, "pods are available"));
  }
  const std::int64_t partition = it.number({"spec", "updateStrategy", "rollingUpdate", "partition"}).value_or(0);
  if (partition > 0) {
    const std::int64_t share = std::max<std::int64_t>(0, wanted - partition);
    const std::int64_t updated = it.status("updatedReplicas");
    return updated < share ? progressing(count(updated, share, "pods are updated")) : ready();
  }
  if (it.text({"status", "currentRevision"}) != it.text({"status", "updateRevision"})) {
    return progressing(count(it.status("updatedReplicas"), wanted, "pods are updated"));
  }
  if (it.status("currentReplicas") < wanted) {
    return progressing(count(it.status("currentReplicas"), wanted, "pods are updated"));
  }
  return ready();
}

Health daemon_set(const Subject& it) {
  if (!it.number({"metadata", "generation"})) return progressing("its controller has not looked at it yet");
  if (const auto waits = unobserved(it)) return *waits;
  const auto wanted = it.number({"status", "desiredNumberScheduled"});
  if (!wanted) return progressing("nobody knows yet on how many nodes it is to run");
  const bool on_delete = it.text({"spec", "updateStrategy", "type"}) == "OnDelete";
  struct Row {
    std::string_view field;
    std::string_view what;
    bool counts;
  };
  const std::array<Row, 4> rows{{{"currentNumberScheduled", "pods are made", true},
                                 {"updatedNumberScheduled", "pods are updated", !on_delete},
                                 {"numberAvailable", "pods are available", true},
                                 {"numberReady", "pods are ready", true}}};
  for (const auto& row : rows) {
    if (row.counts && it.status(row.field) < *wanted) return progressing(count(it.status(row.field), *wanted, row.what));
  }
  return ready();
}

Health pod(const Subject& it) {
  const auto phase = it.text({"status", "phase"});
  if (phase == "Succeeded") return ready("has done its work");
  if (phase == "Failed") {
    const auto reason = it.text({"status", "reason"});
    return failed(reason.empty() ? "its containers failed" : terminal_safe(reason));
  }
  if (phase == "Running" && it.is("Ready", "True")) return ready();
  if (it.is("PodScheduled", "False")) return progressing(it.words("PodScheduled", "no node takes it"));
  return progressing(it.words("Ready", "is not running yet"));
}

Health job(const Subject& it) {
  if (it.is("Complete", "True")) return ready("has done its work");
  if (it.is("Failed", "True")) return failed(it.words("Failed", "has failed"));
  if (it.is("FailureTarget", "True")) return failed(it.words("FailureTarget", "is failing"));
  if (it.is("Suspended", "True") || it.flag({"spec", "suspend"})) return ready("is suspended");
  return progressing(count(it.status("succeeded"), it.spec("completions", 1), "pods have succeeded"));
}

Health claim(const Subject& it) {
  const auto phase = it.text({"status", "phase"});
  if (phase == "Bound") return ready();
  if (phase == "Lost") return failed("has lost its volume");
  return progressing("is not bound to a volume");
}

Health volume(const Subject& it) {
  const auto phase = it.text({"status", "phase"});
  if (phase == "Available" || phase == "Bound") return ready();
  if (phase == "Failed") return failed("its volume has failed");
  return progressing("its volume is " + (phase.empty() ? std::string("not ready") : terminal_safe(phase)));
}

Health service(const Subject& it) {
  if (it.text({"spec", "type"}) != "LoadBalancer") return ready();
  if (it.size({"status", "loadBalancer", "ingress"}) > 0 || it.size({"spec", "externalIPs"}) > 0) return ready();
  return progressing("has no address from a load balancer yet");
}

Health definition(const Subject& it) {
  if (it.is("NamesAccepted", "False")) return failed(it.words("NamesAccepted", "its names are taken"));
  if (it.is("Established", "True")) return ready();
  const Value* established = it.condition("Established");
  const bool refused = established != nullptr && established->string_at({"status"}) == "False" &&
                       established->string_at({"reason"}) != "Installing";
  return refused ? failed(it.words("Established", "is not accepted")) : progressing("is not served yet");
}

Health api_service(const Subject& it) {
  return it.is("Available", "True") ? ready() : progressing(it.words("Available", "does not answer yet"));
}

Health name_space(const Subject& it) {
  return it.text({"status", "phase"}) == "Active" ? ready() : progressing("is not active");
}

/// Why an autoscaler does not work; what it says of its load is no such thing.
Health autoscaler(const Subject& it) {
  const auto bad = [&](std::string_view type, const auto& is_bad) {
    const Value* condition = it.condition(type);
    return condition != nullptr && condition->string_at({"status"}) != "True" && is_bad(condition->string_at({"reason"}));
  };
  const auto no_scale = [](std::string_view reason) { return reason == "FailedGetScale" || reason == "FailedUpdateScale"; };
  const auto no_metric = [](std::string_view reason) {
    return (reason.starts_with("FailedGet") && reason.ends_with("Metric")) || reason == "FailedComputeMetricsReplicas" ||
           reason == "InvalidSelector";
  };
  if (bad("AbleToScale", no_scale)) return progressing(it.words("AbleToScale", "cannot scale"));
  if (bad("ScalingActive", no_metric)) return progressing(it.words("ScalingActive", "has no metric"));
  return ready();
}

Health budget(const Subject& it) { return unobserved(it).value_or(ready()); }

Health always(const Subject& it) { return it.flag({"spec", "suspend"}) ? ready("is suspended") : ready(); }

/// Everything else, by its conditions.
Health by_conditions(const Subject& it) {
  const Value* condition = it.condition("Ready");
  if (condition == nullptr || condition->string_at({"status"}) == "True") return ready();
  return progressing(it.words("Ready", "is not ready"));
}

struct Rule {
  std::string_view group;
  std::string_view kind;
  Health (*judge)(const Subject&);
};

constexpr std::array<Rule, 17> rules{{
    {"apps", "Deployment", deployment},
    {"apps", "ReplicaSet", replica_set},
    {"apps", "StatefulSet", stateful_set},
    {"apps", "DaemonSet", daemon_set},
    {"", "Pod", pod},
    {"batch", "Job", job},
    {"batch", "CronJob", always},
    {"", "PersistentVolumeClaim", claim},
    {"", "PersistentVolume", volume},
    {"", "Service", service},
    {"apiextensions.k8s.io", "CustomResourceDefinition", definition},
    {"apiregistration.k8s.io", "APIService", api_service},
    {"", "Namespace", name_space},
    {"policy", "PodDisruptionBudget", budget},
    {"autoscaling", "HorizontalPodAutoscaler", autoscaler},
    // It tells how others use it, not whether it is as it should be.
    {"networking.k8s.io", "Ingress", always},
    {"", "ReplicationController", replica_set},
}};

}  // namespace

Health health_of(const Value& body) {
  const Subject it(body);
  if (!it.text({"metadata", "deletionTimestamp"}).empty()) return progressing("is being deleted");
  const auto observed = it.number({"status", "observedGeneration"});
  const auto generation = it.number({"metadata", "generation"});
  if (observed && generation && *observed != *generation) {
    return progressing("its controller has not seen the last change yet");
  }
  if (it.is("Stalled", "True")) return failed(it.words("Stalled", "is stalled"));
  if (it.is("Reconciling", "True")) return progressing(it.words("Reconciling", "is being reconciled"));
  const auto api_version = it.text({"apiVersion"});
  const auto slash = api_version.find('/');
  const auto group = slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
  const auto kind = it.text({"kind"});
  const auto* const rule =
      std::ranges::find_if(rules, [&](const Rule& one) { return one.kind == kind && one.group == group; });
  return rule == rules.end() ? by_conditions(it) : rule->judge(it);
}

}  // namespace gitopsctl::agent
