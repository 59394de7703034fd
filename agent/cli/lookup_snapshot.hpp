#pragma once

#include "agent/cli/invocation.hpp"
#include "agent/reconcile/release_sources.hpp"
#include "base/result/result.hpp"
#include "render/inputs/inputs.hpp"

namespace gitopsctl::agent::cli {

/// The objects in the file that `--lookup-snapshot` names, for verbs that have it; empty without the flag.
[[nodiscard]] Result<render::Lookup> snapshot_lookup(const Invocation& invocation);
/// The same for the releases of a channel.
[[nodiscard]] Result<SourceAccess> snapshot_sources(const Invocation& invocation);

}  // namespace gitopsctl::agent::cli
