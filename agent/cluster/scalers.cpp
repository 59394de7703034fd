#include "agent/cluster/scalers.hpp"

namespace gitopsctl::agent::detail {

Result<void> ScalerBook::read(const KubeKind& kind, const std::string& namespace_) {
  // Asking for a kind that is not there would make discovery look again every time.
  const auto table = client_.discovery().table({});
  if (!table.ok()) return table.error();
  if (table->table->find(kind.group, "", kind.kind) == nullptr) return {};
  KubeListOptions options;
  options.namespace_ = namespace_;
  const auto listed = client_.list(kind, options, {});
  if (!listed.ok()) {
    using Class = KubeErrorClass;
    if (listed.error().is(Class::no_match) || listed.error().is(Class::forbidden)) return {};
    return listed.error();
  }
  for (const auto& object : listed->items) add_scaled(object, known_);
  return {};
}

Result<std::string> ScalerBook::scaler_of(const render::ObjectId& workload) {
  if (!is_scalable(workload)) return std::string();
  if (planned_ != nullptr) {
    if (const auto found = planned_->find(workload); found != planned_->end()) return found->second;
  }
  const std::lock_guard lock(mutex_);
  if (!read_.contains(workload.namespace_)) {
    GITOPSCTL_CHECK(read({"autoscaling", "", "HorizontalPodAutoscaler"}, workload.namespace_));
    GITOPSCTL_CHECK(read({"keda.sh", "", "ScaledObject"}, workload.namespace_));
    read_.insert(workload.namespace_);
  }
  const auto found = known_.find(workload);
  return found == known_.end() ? std::string() : found->second;
}

}  // namespace gitopsctl::agent::detail
