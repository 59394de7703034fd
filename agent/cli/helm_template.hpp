#pragma once

#include "agent/cli/helm_inputs.hpp"
#include "agent/cli/invocation.hpp"

namespace gitopsctl::agent::cli {

/// The verb `helm template`, with or without a network.
[[nodiscard]] Result<int> helm_template(const Invocation& invocation, const HelmNetwork& network);

}  // namespace gitopsctl::agent::cli
