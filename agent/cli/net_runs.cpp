#include "agent/cli/runs.hpp"
#include "agent/cli/verb.hpp"

namespace gitopsctl::agent::cli {

namespace {

constexpr RunEntry entries[] = {
    {"approve", run_approve},   {"events", run_events}, {"history", run_history}, {"resume", run_resume},
    {"rollback", run_rollback}, {"status", run_status}, {"suspend", run_suspend}, {"sync", run_sync},
    {"tree", run_tree},         {"why", run_why},
};

}  // namespace

std::span<const RunEntry> net_runs() noexcept { return entries; }

}  // namespace gitopsctl::agent::cli
