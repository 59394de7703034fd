#pragma once

#include "agent/cli/invocation.hpp"
#include "agent/isolate/render_rules.hpp"
#include "base/result/result.hpp"

namespace gitopsctl::agent::cli {

/// What `--isolate` and `--render-limit` say, for verbs that have them.
[[nodiscard]] Result<RenderRules> render_rules(const Invocation& invocation);

}  // namespace gitopsctl::agent::cli
