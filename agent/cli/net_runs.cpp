#include "agent/cli/runs.hpp"
#include "agent/cli/verb.hpp"

namespace gitopsctl::agent::cli {

namespace {

constexpr RunEntry entries[] = {
    {"doctor", run_doctor},
    {"agent", run_agent},
    {"apply", run_apply},
    {"approve", run_approve},
    {"demo", run_demo},
    {"diff", run_diff},
    {"promote", run_promote},
    {"events", run_events},
    {"history", run_history},
    {"install", run_install},
    {"resume", run_resume},
    {"rollback", run_rollback},
    {"status", run_status},
    {"suspend", run_suspend},
    {"sync", run_sync},
    {"tree", run_tree},
    {"uninstall", run_uninstall},
    {"why", run_why},
    {"render", run_render_revision},
};

}  // namespace

std::span<const RunEntry> net_runs() noexcept { return entries; }

}  // namespace gitopsctl::agent::cli
