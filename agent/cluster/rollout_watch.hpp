#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "agent/environment/environment.hpp"
#include "agent/health/rollout.hpp"
#include "agent/kube/client.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::agent::detail {

/// Health with what the pods of a workload say: of one that is not ready, the pods of its new revision are looked at every
/// two seconds, and after a while the warnings about it. Claims, autoscalers and webhook configurations are asked about in
/// their own ways. What may not be read is left out. Only for this room.
/// Thread-safe.
class RolloutWatch {
 public:
  RolloutWatch(const KubeClient& client, Clock& clock) : client_(client), clock_(clock) {}

  [[nodiscard]] Health judge(const Value& body);

 private:
  struct Look {
    Millis first{0};
    Millis last{0};
    Health health;
  };
  [[nodiscard]] Result<std::vector<Value>> new_pods(const Value& workload) const;
  [[nodiscard]] Result<std::vector<Value>> owned_pods(const Value& owner, const std::string& selector) const;
  [[nodiscard]] Result<std::vector<Value>> children(const std::string& group, const std::string& kind, const Value& owner,
                                                    const std::string& selector) const;
  [[nodiscard]] std::vector<Value> warnings(const Value& workload) const;
  [[nodiscard]] bool waits_for_consumer(const Value& claim) const;
  [[nodiscard]] Health judge_workload(const Value& body, const Health& own, Millis since, Millis now);
  [[nodiscard]] Health judge_claim(const Value& body, Health own, Millis since, Millis now);
  [[nodiscard]] Health judge_webhooks(const Value& body) const;

  const KubeClient& client_;
  Clock& clock_;
  std::mutex mutex_;
  RolloutMemory memory_;
  std::map<std::string, Look> looks_;  ///< by uid, of what is not ready
};

}  // namespace gitopsctl::agent::detail
