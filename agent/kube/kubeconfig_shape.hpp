#pragma once

#include "base/config/shape.hpp"

namespace gitopsctl::agent::detail {

/// What a kubeconfig may hold, as far as we read it.
[[nodiscard]] const ConfigShape& kubeconfig_shape();

/// `value` without the keys that `shape` does not know: newer programs write newer keys, and kubectl passes over them.
[[nodiscard]] Value known_part(const Value& value, const ConfigShape& shape);

}  // namespace gitopsctl::agent::detail
