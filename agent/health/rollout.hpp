#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "agent/environment/environment.hpp"
#include "base/time/clock.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::agent {

/// Tells early that a rollout will not come to its end, from what its pods and the warnings about it say, and how long they
/// have been saying it (docs/cluster.md has the table). Pure but for its memory of what was seen when. Not thread-safe.
class RolloutMemory {
 public:
  // How long a sign must last before it counts (specs: cluster-apply §6).
  static constexpr Millis pull_grace{20'000};       ///< images that cannot be pulled: registries have bad moments
  static constexpr Millis config_grace{20'000};     ///< a missing ConfigMap may come with the same commit
  static constexpr Millis create_grace{10'000};     ///< pods that are refused: quota, admission, service account
  static constexpr Millis schedule_grace{135'000};  ///< no node has room: an autoscaler may bring one
  static constexpr Millis volume_grace{30'000};     ///< no volume can be made for a claim
  static constexpr Millis scaler_grace{60'000};     ///< an autoscaler gets no metric: they come late for new pods
  static constexpr std::int64_t crashes = 3;        ///< restarts since it was seen first; one less when all end alike

  /// What is known of a workload whose own word is `own` (not ready, not failed). `pods`: of its new revision alone.
  /// `warnings`: Events about it. `now` is monotonic.
  [[nodiscard]] Health judge(const Value& workload, const Health& own, const std::vector<Value>& pods,
                             const std::vector<Value>& warnings, Millis now);
  /// What is known of any other object whose own word is `own` (not ready, not failed): failed when `sign` (not empty) has
  /// been seen for `grace`.
  [[nodiscard]] Health judge_sign(const std::string& uid, const Health& own, const std::string& sign, Millis grace,
                                  Millis now);
  /// Of a workload that is ready, or gone.
  void forget(const std::string& uid) { workloads_.erase(uid); }

 private:
  struct Sign {
    std::string reason;
    Millis since{0};
  };
  struct Container {
    Sign waiting;
    std::int64_t restarts = 0;  ///< when it was seen first
    std::int64_t seen_restarts = 0;
    std::int64_t exit_code = -1;
    bool same_exit = true;
  };
  struct Workload {
    std::map<std::string, Container> containers;  ///< by pod uid and container
    Sign refused;
    std::map<std::string, Sign> unscheduled;  ///< by pod uid
  };
  static Millis lasted(Sign& sign, const std::string& reason, Millis now);
  static Health judge_container(Container& memory, const Value& status, const std::string& place, Millis now);
  static Health judge_pod(Workload& memory, const Value& pod, Millis now);

  std::map<std::string, Workload> workloads_;  ///< by uid
};

}  // namespace gitopsctl::agent
