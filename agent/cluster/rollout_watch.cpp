#include "agent/cluster/rollout_watch.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "agent/health/health.hpp"

namespace gitopsctl::agent::detail {
namespace {

constexpr Millis look_interval{2'000};
/// Events are only asked for about what has not become ready after so long.
constexpr Millis warning_delay{10'000};
/// The same where they alone say why there are no pods, or no volume.
constexpr Millis refusal_delay{3'000};
constexpr std::size_t max_looks = 1'000;
constexpr std::string_view revision_annotation = "deployment.kubernetes.io/revision";
constexpr std::string_view template_hash = "pod-template-hash";
constexpr std::string_view revision_hash = "controller-revision-hash";

/// `spec.selector` in the form of a query; empty when it is in no known form, so that nothing is listed by it.
std::string selector_of(const Value& workload) {
  std::string out;
  const auto add = [&](const std::string& term) { out += (out.empty() ? "" : ",") + term; };
  if (const Value* labels = workload.find_path({"spec", "selector", "matchLabels"})) {
    for (const auto& label : labels->as_map()) add(label.key.str() + "=" + std::string(label.value.as_string()));
  }
  const Value* expressions = workload.find_path({"spec", "selector", "matchExpressions"});
  if (expressions == nullptr) return out;
  for (const auto& expression : expressions->as_list()) {
    const std::string key(expression.string_at({"key"}));
    const auto how = expression.string_at({"operator"});
    std::string values;
    if (const Value* list = expression.find("values")) {
      for (const auto& value : list->as_list()) values += (values.empty() ? "" : ",") + std::string(value.as_string());
    }
    if (how == "In")
      add(key + " in (" + values + ")");
    else if (how == "NotIn")
      add(key + " notin (" + values + ")");
    else if (how == "Exists")
      add(key);
    else if (how == "DoesNotExist")
      add("!" + key);
    else
      return {};
  }
  return out;
}

bool controlled_by(const Value& object, std::string_view uid) {
  const Value* owners = object.find_path({"metadata", "ownerReferences"});
  if (owners == nullptr) return false;
  for (const auto& owner : owners->as_list()) {
    const Value* controller = owner.find("controller");
    if (controller != nullptr && controller->as_bool() && owner.string_at({"uid"}) == uid) return true;
  }
  return false;
}

bool has_ready_endpoint(const Value& slice) {
  const Value* endpoints = slice.find("endpoints");
  return endpoints != nullptr && std::ranges::any_of(endpoints->as_list(), [](const Value& endpoint) {
           const Value* ready = endpoint.find_path({"conditions", "ready"});
           return ready == nullptr || ready->as_bool();  // who says nothing is ready
         });
}

/// What tells more about an object than its own word.
enum class Ask : std::uint8_t { nothing, pods, volume, time, webhooks };

Ask what_to_ask(const Value& body) {
  const auto kind = body.string_at({"kind"});
  const auto version = body.string_at({"apiVersion"});
  if (version == "apps/v1") {
    const bool known = kind == "Deployment" || kind == "StatefulSet" || kind == "DaemonSet" || kind == "ReplicaSet";
    return known ? Ask::pods : Ask::nothing;
  }
  if ((version == "batch/v1" && kind == "Job") || (version == "v1" && kind == "Pod")) return Ask::pods;
  if (version == "v1" && kind == "PersistentVolumeClaim") return Ask::volume;
  if (version.starts_with("autoscaling/") && kind == "HorizontalPodAutoscaler") return Ask::time;
  if (version.starts_with("admissionregistration.k8s.io/") && kind.ends_with("WebhookConfiguration")) return Ask::webhooks;
  return Ask::nothing;
}

}  // namespace

Result<std::vector<Value>> RolloutWatch::children(const std::string& group, const std::string& kind, const Value& owner,
                                                  const std::string& selector) const {
  std::vector<Value> out;
  if (selector.empty()) return out;
  KubeListOptions options;
  options.namespace_ = owner.string_at({"metadata", "namespace"});
  options.label_selector = selector;
  GITOPSCTL_TRY(auto listed, client_.list({group, "", kind}, options, {}));
  for (auto& item : listed.items) {
    if (controlled_by(item, owner.string_at({"metadata", "uid"}))) out.push_back(std::move(item));
  }
  return out;
}

Result<std::vector<Value>> RolloutWatch::owned_pods(const Value& owner, const std::string& selector) const {
  return children("", "Pod", owner, selector);
}

/// The pods of the revision that is being rolled out: what an older one does says nothing about it.
Result<std::vector<Value>> RolloutWatch::new_pods(const Value& workload) const {
  const auto kind = workload.string_at({"kind"});
  const std::string selector = selector_of(workload);
  if (kind == "Deployment") {
    GITOPSCTL_TRY(const auto sets, children("apps", "ReplicaSet", workload, selector));
    const auto revision = workload.string_at({"metadata", "annotations", revision_annotation});
    for (const auto& set : sets) {
      if (set.string_at({"metadata", "annotations", revision_annotation}) != revision) continue;
      const std::string hash(set.string_at({"metadata", "labels", template_hash}));
      return owned_pods(set, std::string(template_hash) + "=" + hash);
    }
    return std::vector<Value>();
  }
  if (kind == "StatefulSet") {
    const std::string update(workload.string_at({"status", "updateRevision"}));
    if (update.empty()) return std::vector<Value>();
    return owned_pods(workload, std::string(revision_hash) + "=" + update);
  }
  if (kind == "DaemonSet") {
    GITOPSCTL_TRY(const auto revisions, children("apps", "ControllerRevision", workload, selector));
    const Value* newest = nullptr;
    const auto number = [](const Value& revision) {
      const Value* value = revision.find("revision");
      return value == nullptr ? 0 : value->as_int();
    };
    for (const auto& revision : revisions) {
      if (newest == nullptr || number(revision) > number(*newest)) newest = &revision;
    }
    if (newest == nullptr) return std::vector<Value>();
    const std::string hash(newest->string_at({"metadata", "labels", revision_hash}));
    return owned_pods(workload, std::string(revision_hash) + "=" + hash);
  }
  return owned_pods(workload, selector);  // of a ReplicaSet or a Job
}

std::vector<Value> RolloutWatch::warnings(const Value& workload) const {
  KubeListOptions options;
  options.namespace_ = workload.string_at({"metadata", "namespace"});
  options.field_selector = "involvedObject.uid=" + std::string(workload.string_at({"metadata", "uid"})) + ",type=Warning";
  auto listed = client_.list({"", "", "Event"}, options, {});
  return listed.ok() ? std::move(listed->items) : std::vector<Value>();
}

/// A claim that is bound only when a pod uses it is as it should be without one; with one, the workload tells.
bool RolloutWatch::waits_for_consumer(const Value& claim) const {
  if (claim.string_at({"status", "phase"}) != "Pending") return false;
  const std::string name(claim.string_at({"spec", "storageClassName"}));
  if (name.empty()) return false;
  const auto found = client_.find({"storage.k8s.io", "StorageClass", "", name}, {}, {});
  return found.ok() && *found && (*found)->string_at({"volumeBindingMode"}) == "WaitForFirstConsumer";
}

Health RolloutWatch::judge_workload(const Value& body, const Health& own, Millis since, Millis now) {
  const bool is_pod = body.string_at({"kind"}) == "Pod";
  const auto pods = is_pod ? Result<std::vector<Value>>(std::vector<Value>{body}) : new_pods(body);
  if (!pods.ok()) return own;  // without the right to see pods, the workload's own word is all there is
  const bool by_events = body.string_at({"kind"}) != "Deployment" && pods->empty();
  const auto told = since >= (by_events ? refusal_delay : warning_delay) ? warnings(body) : std::vector<Value>();
  const std::lock_guard lock(mutex_);
  return memory_.judge(body, own, *pods, told, now);
}

Health RolloutWatch::judge_claim(const Value& body, Health own, Millis since, Millis now) {
  if (waits_for_consumer(body)) return {Health::State::ready, "is bound when a pod uses it"};
  std::string sign;
  if (since >= refusal_delay) {
    for (const auto& warning : warnings(body)) {
      if (warning.string_at({"reason"}) != "ProvisioningFailed") continue;
      sign = "ProvisioningFailed";
      own.reason += "; " + sign + ": " + scrub(warning.string_at({"message"}), 300);
      break;
    }
  }
  const std::lock_guard lock(mutex_);
  return memory_.judge_sign(std::string(body.string_at({"metadata", "uid"})), own, sign, RolloutMemory::volume_grace, now);
}

/// A webhook stops what it is asked about as long as nobody answers for it.
Health RolloutWatch::judge_webhooks(const Value& body) const {
  const Value* webhooks = body.find("webhooks");
  if (webhooks == nullptr) return {Health::State::ready, {}};
  std::set<std::pair<std::string, std::string>> services;
  for (const auto& webhook : webhooks->as_list()) {
    const std::string name(webhook.string_at({"clientConfig", "service", "name"}));
    if (!name.empty()) services.emplace(webhook.string_at({"clientConfig", "service", "namespace"}), name);
  }
  for (const auto& [space, name] : services) {
    KubeListOptions options;
    options.namespace_ = space;
    options.label_selector = "kubernetes.io/service-name=" + name;
    const auto slices = client_.list({"discovery.k8s.io", "", "EndpointSlice"}, options, {});
    if (!slices.ok()) continue;  // what may not be seen says nothing
    if (std::ranges::none_of(slices->items, has_ready_endpoint)) {
      return {Health::State::progressing, "its service " + scrub(space + "/" + name) + " has no endpoint that is ready"};
    }
  }
  return {Health::State::ready, {}};
}

Health RolloutWatch::judge(const Value& body) {
  Health own = health_of(body);
  const std::string uid(body.string_at({"metadata", "uid"}));
  const Ask ask = what_to_ask(body);
  const bool going = !body.string_at({"metadata", "deletionTimestamp"}).empty();
  if (ask == Ask::webhooks && own.state == Health::State::ready && !going) return judge_webhooks(body);
  if (own.state != Health::State::progressing || going || ask == Ask::nothing || ask == Ask::webhooks || uid.empty()) {
    const std::lock_guard lock(mutex_);
    memory_.forget(uid);
    looks_.erase(uid);
    return own;
  }
  const Millis now = clock_.monotonic();
  Millis first = now;
  {
    const std::lock_guard lock(mutex_);
    if (!looks_.contains(uid) && looks_.size() >= max_looks) looks_.erase(looks_.begin());
    const auto [place, fresh] = looks_.try_emplace(uid, Look{now, now, own});
    first = place->second.first;
    if (!fresh && now - place->second.last < look_interval) return place->second.health;
    place->second.last = now;
  }
  Health health;
  if (ask == Ask::pods) {
    health = judge_workload(body, own, now - first, now);
  } else if (ask == Ask::volume) {
    health = judge_claim(body, own, now - first, now);
  } else {
    const bool bad = own.reason.starts_with("Failed") || own.reason.starts_with("InvalidSelector");
    const std::lock_guard lock(mutex_);
    health = memory_.judge_sign(uid, own, bad ? "metric" : "", RolloutMemory::scaler_grace, now);
  }
  const std::lock_guard lock(mutex_);
  if (const auto place = looks_.find(uid); place != looks_.end()) place->second.health = health;
  return health;
}

}  // namespace gitopsctl::agent::detail
