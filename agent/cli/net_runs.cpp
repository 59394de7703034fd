#include "agent/cli/runs.hpp"
#include "agent/cli/verb.hpp"

namespace gitopsctl::agent::cli {

std::span<const RunEntry> net_runs() noexcept { return {}; }

}  // namespace gitopsctl::agent::cli
