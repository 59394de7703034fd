#pragma once

#include <cstdint>

#include "base/config/shape.hpp"
#include "base/yaml/yaml.hpp"

namespace gitopsctl::agent::detail {

/// What a kubeconfig may hold, as far as we read it.
[[nodiscard]] const ConfigShape& kubeconfig_shape();
/// How its YAML is read: bounded, and quoting nothing of what may be a token.
[[nodiscard]] YamlOptions kubeconfig_yaml(std::uint64_t max_bytes);

/// `value` without the keys that `shape` does not know: newer programs write newer keys, and kubectl passes over them.
[[nodiscard]] Value known_part(const Value& value, const ConfigShape& shape);

}  // namespace gitopsctl::agent::detail
