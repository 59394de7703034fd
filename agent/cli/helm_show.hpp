#pragma once

#include "agent/cli/helm_inputs.hpp"
#include "agent/cli/invocation.hpp"

namespace gitopsctl::agent::cli {

/// The verb `helm show`, with or without a network.
[[nodiscard]] Result<int> helm_show(const Invocation& invocation, const HelmNetwork& network);
/// The verb `helm get-values`, with or without a network.
[[nodiscard]] Result<int> helm_get_values(const Invocation& invocation, const HelmNetwork& network);

}  // namespace gitopsctl::agent::cli
