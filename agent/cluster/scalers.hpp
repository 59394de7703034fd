#pragma once

#include <mutex>
#include <set>
#include <string>

#include "agent/environment/scaling.hpp"
#include "agent/kube/client.hpp"
#include "base/result/result.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::agent::detail {

/// Who scales which workload of a cluster. One for one call: each namespace is asked about once, when it is asked for
/// first. Only for this room. Thread-safe.
class ScalerBook {
 public:
  /// `client` must outlive it, and so must `planned`: what scales in the set that is applied; null: nothing is known of it.
  ScalerBook(const KubeClient& client, const ScaledWorkloads* planned) : client_(client), planned_(planned) {}
  /// `HorizontalPodAutoscaler web`; empty: nobody. Without the right to see them the manifests are all that is known.
  [[nodiscard]] Result<std::string> scaler_of(const render::ObjectId& workload);

 private:
  Result<void> read(const KubeKind& kind, const std::string& namespace_);

  const KubeClient& client_;
  const ScaledWorkloads* planned_;
  std::mutex mutex_;
  std::set<std::string> read_;
  ScaledWorkloads known_;
};

}  // namespace gitopsctl::agent::detail
