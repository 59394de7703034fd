#include "agent/cluster/rollout_watch.hpp"

#include <charconv>
#include <optional>

#include "agent/health/health.hpp"

namespace gitopsctl::agent::detail {
namespace {

constexpr Millis look_interval{2'000};
/// Events are only asked for about what has not become ready after so long.
constexpr Millis warning_delay{10'000};
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

Health RolloutWatch::judge(const Value& body) {
  Health own = health_of(body);
  const std::string uid(body.string_at({"metadata", "uid"}));
  const auto kind = body.string_at({"kind"});
  const auto version = body.string_at({"apiVersion"});
  const bool apps =
      version == "apps/v1" && (kind == "Deployment" || kind == "StatefulSet" || kind == "DaemonSet" || kind == "ReplicaSet");
  const bool workload = apps || (version == "batch/v1" && kind == "Job");
  const bool claim = version == "v1" && kind == "PersistentVolumeClaim";
  const bool waits = own.state == Health::State::progressing && body.string_at({"metadata", "deletionTimestamp"}).empty();
  if (!waits || !(workload || claim) || uid.empty()) {
    const std::lock_guard lock(mutex_);
    memory_.forget(uid);
    looks_.erase(uid);
    return own;
  }
  if (claim) return waits_for_consumer(body) ? Health{Health::State::ready, "is bound when a pod uses it"} : own;
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
  const auto pods = new_pods(body);
  if (!pods.ok()) return own;  // without the right to see pods, the workload's own word is all there is
  const auto told = now - first >= warning_delay ? warnings(body) : std::vector<Value>();
  const std::lock_guard lock(mutex_);
  Health health = memory_.judge(body, own, *pods, told, now);
  if (const auto place = looks_.find(uid); place != looks_.end()) place->second.health = health;
  return health;
}

}  // namespace gitopsctl::agent::detail
