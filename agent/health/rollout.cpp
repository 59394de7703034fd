#include "agent/health/rollout.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text/escape.hpp"

namespace gitopsctl::agent {
namespace {

using State = Health::State;

constexpr std::size_t max_words = 300;
// Of workloads that never got ready and that nobody asks about any more.
constexpr std::size_t max_workloads = 1'000;
constexpr std::size_t max_containers = 1'000;

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

std::string safe(std::string_view text) { return terminal_safe(text.substr(0, max_words)); }

std::string said(std::string_view reason, std::string_view message) {
  std::string out = safe(reason);
  if (!message.empty()) out += ": " + safe(message);
  return out;
}

std::int64_t number(const Value& map, std::initializer_list<std::string_view> path, std::int64_t otherwise) {
  const Value* value = map.find_path(path);
  return value != nullptr && value->is_int() ? value->as_int() : otherwise;
}

const Value* condition(const Value& body, std::string_view type) {
  const Value* conditions = body.find_path({"status", "conditions"});
  if (conditions == nullptr) return nullptr;
  for (const auto& one : conditions->as_list()) {
    if (one.string_at({"type"}) == type) return &one;
  }
  return nullptr;
}

/// The worse of two words: a failure over a reason over nothing.
void add(Health& worst, Health&& next) {
  if (next.state == State::failed ? worst.state != State::failed : worst.reason.empty()) worst = std::move(next);
}

}  // namespace

Millis RolloutMemory::lasted(Sign& sign, const std::string& reason, Millis now) {
  if (reason.empty()) {
    sign = {};
    return Millis(0);
  }
  if (sign.reason != reason) sign = {reason, now};
  return now - sign.since;
}

Health RolloutMemory::judge_container(Container& memory, const Value& status, const std::string& place, Millis now) {
  const std::int64_t restarts = number(status, {"restartCount"}, 0);
  const std::int64_t exit_code = number(status, {"lastState", "terminated", "exitCode"}, -1);
  if (restarts > memory.seen_restarts && exit_code >= 0) {
    if (memory.exit_code >= 0 && memory.exit_code != exit_code) memory.same_exit = false;
    memory.exit_code = exit_code;
  }
  memory.seen_restarts = std::max(memory.seen_restarts, restarts);

  const Value* waiting = status.find_path({"state", "waiting"});
  std::string reason(waiting == nullptr ? std::string_view() : waiting->string_at({"reason"}));
  const std::string words = place + said(reason, waiting == nullptr ? "" : waiting->string_at({"message"}));
  if (reason == "InvalidImageName") return {State::failed, words};
  // The same thing under two names that take turns.
  if (is_one_of(reason, {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "RegistryUnavailable"})) {
    return {lasted(memory.waiting, "image", now) >= pull_grace ? State::failed : State::progressing, words};
  }
  if (is_one_of(reason, {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})) {
    return {lasted(memory.waiting, "container", now) >= config_grace ? State::failed : State::progressing, words};
  }
  lasted(memory.waiting, {}, now);
  if (reason == "CrashLoopBackOff") {
    std::string how = place + "CrashLoopBackOff: ended " + std::to_string(restarts) + " times";
    const auto why = status.string_at({"lastState", "terminated", "reason"});
    if (exit_code >= 0) how += ", last with exit code " + std::to_string(exit_code);
    if (!why.empty() && why != "Error") how += " (" + safe(why) + ")";
    const std::int64_t needed = memory.same_exit && memory.exit_code >= 0 ? crashes - 1 : crashes;
    return {restarts - memory.restarts >= needed ? State::failed : State::progressing, how};
  }
  if (!reason.empty() && !is_one_of(reason, {"ContainerCreating", "PodInitializing"})) return {State::progressing, words};
  return {State::progressing, {}};
}

Health RolloutMemory::judge_pod(Workload& memory, const Value& pod, Millis now) {
  Health worst{State::progressing, {}};
  const std::string uid(pod.string_at({"metadata", "uid"}));
  const std::string name = "pod " + safe(pod.string_at({"metadata", "name"}));
  const Value* scheduled = condition(pod, "PodScheduled");
  const bool unscheduled = scheduled != nullptr && scheduled->string_at({"status"}) == "False" &&
                           scheduled->string_at({"reason"}) == "Unschedulable";
  if (unscheduled) {
    const Millis span = lasted(memory.unscheduled[uid], "Unschedulable", now);
    add(worst, {span >= schedule_grace ? State::failed : State::progressing,
                name + ": " + said("Unschedulable", scheduled->string_at({"message"}))});
  } else {
    memory.unscheduled.erase(uid);
  }
  for (const std::string_view list : {"initContainerStatuses", "containerStatuses"}) {
    const Value* statuses = pod.find_path({"status", list});
    if (statuses == nullptr) continue;
    for (const auto& status : statuses->as_list()) {
      const std::string container(status.string_at({"name"}));
      const std::string key = uid + '/' + container;
      auto known = memory.containers.find(key);
      if (known == memory.containers.end()) {
        if (memory.containers.size() >= max_containers) continue;
        known = memory.containers.emplace(key, Container{}).first;
        known->second.restarts = number(status, {"restartCount"}, 0);
        known->second.seen_restarts = known->second.restarts;
      }
      add(worst, judge_container(known->second, status, name + ", container " + safe(container) + ": ", now));
    }
  }
  return worst;
}

Health RolloutMemory::judge_sign(const std::string& uid, const Health& own, const std::string& sign, Millis grace,
                                 Millis now) {
  if (!workloads_.contains(uid) && workloads_.size() >= max_workloads) workloads_.erase(workloads_.begin());
  if (lasted(workloads_[uid].refused, sign, now) < grace || sign.empty()) return own;
  return {State::failed, own.reason};
}

Health RolloutMemory::judge(const Value& workload, const Health& own, const std::vector<Value>& pods,
                            const std::vector<Value>& warnings, Millis now) {
  const std::string uid(workload.string_at({"metadata", "uid"}));
  if (!workloads_.contains(uid) && workloads_.size() >= max_workloads) workloads_.erase(workloads_.begin());
  Workload& memory = workloads_[uid];
  Health worst{State::progressing, {}};

  // Pods that cannot be made: the condition of those that have one, else the warnings.
  std::string refused;
  if (const Value* failure = condition(workload, "ReplicaFailure");
      failure != nullptr && failure->string_at({"status"}) == "True") {
    refused = said(failure->string_at({"reason"}), failure->string_at({"message"}));
  }
  for (const auto& warning : warnings) {
    if (refused.empty() && warning.string_at({"reason"}) == "FailedCreate") {
      refused = said("FailedCreate", warning.string_at({"message"}));
    }
  }
  const Millis refused_for = lasted(memory.refused, refused.empty() ? "" : "refused", now);
  if (!refused.empty()) {
    // Once pods are there the warning is an old one.
    const bool counts = pods.empty() || condition(workload, "ReplicaFailure") != nullptr;
    add(worst, {counts && refused_for >= create_grace ? State::failed : State::progressing, refused});
  }
  for (const auto& pod : pods) add(worst, judge_pod(memory, pod, now));
  if (worst.reason.empty()) return own;
  if (worst.state != State::failed && !own.reason.empty()) worst.reason = own.reason + "; " + worst.reason;
  return worst;
}

}  // namespace gitopsctl::agent
