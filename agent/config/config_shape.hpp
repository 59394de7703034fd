#pragma once

#include "base/config/shape.hpp"

namespace gitopsctl::agent::detail {

/// The agent's file, from which both its check and its JSON Schema come.
[[nodiscard]] const ConfigShape& agent_shape();

}  // namespace gitopsctl::agent::detail
