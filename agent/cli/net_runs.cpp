#include "agent/cli/runs.hpp"
#include "agent/cli/verb.hpp"

namespace gitopsctl::agent::cli {

namespace {

constexpr RunEntry entries[] = {
    {"doctor", run_doctor},
    {"agent", run_agent},
    {"apply", run_apply},
    {"approve", run_approve},
    {"chart deps", run_chart_deps},
    {"chart lock", run_chart_lock},
    {"chart pull", run_chart_pull},
    {"demo", run_demo},
    {"diff", run_diff},
    {"promote", run_promote},
    {"events", run_events},
    {"helm get-values", run_helm_get_values_network},
    {"helm show", run_helm_show_network},
    {"helm template", run_helm_template_network},
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
