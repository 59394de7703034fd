#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/value/value.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::agent {

/// Workloads, and the words for who scales each: `HorizontalPodAutoscaler web`.
using ScaledWorkloads = std::map<render::ObjectId, std::string>;

/// True for a workload with replicas, which an autoscaler may set.
[[nodiscard]] bool is_scalable(const render::ObjectId& id) noexcept;
/// Adds what `object` scales, if it is a HorizontalPodAutoscaler or one of KEDA's ScaledObjects.
void add_scaled(const Value& object, ScaledWorkloads& out);

}  // namespace gitopsctl::agent
