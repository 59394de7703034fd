#pragma once

#include "agent/cli/invocation.hpp"
#include "base/result/result.hpp"

namespace gitopsctl::agent::cli {

// One function per verb, each in agent/cli/<verb>.cpp. A new one is declared here and named in local_runs.cpp (it runs in
// `gitopsctl` and must not reach libcurl, libgit2 or SQLite) or in net_runs.cpp (`gitopsctl-net`, everything is there).

[[nodiscard]] Result<int> run_agent(const Invocation& invocation);
[[nodiscard]] Result<int> run_apply(const Invocation& invocation);
[[nodiscard]] Result<int> run_approve(const Invocation& invocation);
[[nodiscard]] Result<int> run_channel_check(const Invocation& invocation);
[[nodiscard]] Result<int> run_channel_schema(const Invocation& invocation);
[[nodiscard]] Result<int> run_chart_deps(const Invocation& invocation);
[[nodiscard]] Result<int> run_chart_lock(const Invocation& invocation);
[[nodiscard]] Result<int> run_chart_pull(const Invocation& invocation);
[[nodiscard]] Result<int> run_completion(const Invocation& invocation);
[[nodiscard]] Result<int> run_demo(const Invocation& invocation);
[[nodiscard]] Result<int> run_diff(const Invocation& invocation);
[[nodiscard]] Result<int> run_doctor(const Invocation& invocation);
[[nodiscard]] Result<int> run_events(const Invocation& invocation);
[[nodiscard]] Result<int> run_help(const Invocation& invocation);
[[nodiscard]] Result<int> run_history(const Invocation& invocation);
[[nodiscard]] Result<int> run_helm_get_values(const Invocation& invocation);
[[nodiscard]] Result<int> run_helm_get_values_network(const Invocation& invocation);
[[nodiscard]] Result<int> run_helm_lint(const Invocation& invocation);
[[nodiscard]] Result<int> run_helm_show(const Invocation& invocation);
[[nodiscard]] Result<int> run_helm_show_network(const Invocation& invocation);
[[nodiscard]] Result<int> run_helm_template(const Invocation& invocation);
[[nodiscard]] Result<int> run_helm_template_network(const Invocation& invocation);
[[nodiscard]] Result<int> run_install(const Invocation& invocation);
[[nodiscard]] Result<int> run_promote(const Invocation& invocation);
[[nodiscard]] Result<int> run_render(const Invocation& invocation);
[[nodiscard]] Result<int> run_render_revision(const Invocation& invocation);
[[nodiscard]] Result<int> run_resume(const Invocation& invocation);
[[nodiscard]] Result<int> run_rollback(const Invocation& invocation);
[[nodiscard]] Result<int> run_schema(const Invocation& invocation);
[[nodiscard]] Result<int> run_status(const Invocation& invocation);
[[nodiscard]] Result<int> run_suspend(const Invocation& invocation);
[[nodiscard]] Result<int> run_sync(const Invocation& invocation);
[[nodiscard]] Result<int> run_tree(const Invocation& invocation);
[[nodiscard]] Result<int> run_uninstall(const Invocation& invocation);
[[nodiscard]] Result<int> run_task(const Invocation& invocation);
[[nodiscard]] Result<int> run_tasks_check(const Invocation& invocation);
[[nodiscard]] Result<int> run_version(const Invocation& invocation);
[[nodiscard]] Result<int> run_why(const Invocation& invocation);

}  // namespace gitopsctl::agent::cli
