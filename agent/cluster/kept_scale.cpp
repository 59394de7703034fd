#include "agent/cluster/kept_scale.hpp"

#include <algorithm>

namespace gitopsctl::agent::detail {

bool leaves_scale_open(const render::ObjectId& id, const Value& wish) {
  const bool scalable =
      id.group == "apps" && (id.kind == "Deployment" || id.kind == "StatefulSet" || id.kind == "ReplicaSet");
  return scalable && wish.find_path({"spec", "replicas"}) == nullptr;
}

bool owns_scale_alone(const Value& live, std::string_view manager) {
  const Value* entries = live.find_path({"metadata", "managedFields"});
  if (entries == nullptr) return false;
  bool ours = false;
  for (const auto& entry : entries->as_list()) {
    if (entry.find_path({"fieldsV1", "f:spec", "f:replicas"}) == nullptr) continue;
    const bool us = entry.string_at({"manager"}) == manager && entry.string_at({"operation"}) == "Apply" &&
                    entry.string_at({"subresource"}).empty();
    if (!us) return false;
    ours = true;
  }
  return ours;
}

Result<void> keep_scale(const KubeClient& client, const render::ObjectId& id, const Value& live, std::string_view manager,
                        Value& wish, std::vector<std::string>& warnings) {
  const Value* replicas = live.find_path({"spec", "replicas"});
  if (replicas == nullptr || !owns_scale_alone(live, manager)) return {};
  KubeListOptions options;
  options.namespace_ = id.namespace_;
  const auto scalers = client.list({"autoscaling", "", "HorizontalPodAutoscaler"}, options, {});
  if (!scalers.ok()) {
    using Class = KubeErrorClass;
    // Without such a kind there is none; without the right to see them the manifest is all that is known.
    if (scalers.error().is(Class::no_match) || scalers.error().is(Class::forbidden)) return {};
    return scalers.error();
  }
  const auto scaler = std::ranges::find_if(scalers->items, [&](const Value& one) {
    return one.string_at({"spec", "scaleTargetRef", "kind"}) == id.kind &&
           one.string_at({"spec", "scaleTargetRef", "name"}) == id.name;
  });
  if (scaler == scalers->items.end()) return {};
  wish.child_map("spec").set("replicas", *replicas);
  warnings.push_back(id.to_string() + ": .spec.replicas stays as it is for HorizontalPodAutoscaler " +
                     std::string(scaler->string_at({"metadata", "name"})));
  return {};
}

}  // namespace gitopsctl::agent::detail
