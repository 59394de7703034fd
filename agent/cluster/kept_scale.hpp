#pragma once

#include <string>
#include <vector>

#include "agent/kube/client.hpp"
#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::agent::detail {

/// True for a workload with replicas of which `wish` says nothing.
[[nodiscard]] bool leaves_scale_open(const render::ObjectId& id, const Value& wish);

/// True when `manager` applied spec.replicas of `live` and nobody else owns it: a body without it would take it away.
[[nodiscard]] bool owns_scale_alone(const Value& live, std::string_view manager);

/// Whoever hands the number of replicas of a workload to an autoscaler takes it out of the manifest; but a field that we
/// alone own and no longer send goes back to its default, and all pods but one would be killed. So when an autoscaler
/// targets the workload, `wish` gets the number that `live` has, until the autoscaler has written it once. Only for this
/// room.
Result<void> keep_scale(const KubeClient& client, const render::ObjectId& id, const Value& live, std::string_view manager,
                        Value& wish, std::vector<std::string>& warnings);

}  // namespace gitopsctl::agent::detail
