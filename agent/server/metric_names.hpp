#pragma once

#include <string_view>

/// The names of the agent's own metrics, in one place so that dashboards and code agree. All of one channel carry the labels
/// `repository` and `channel`. docs/metrics.md explains them to people.
namespace gitopsctl::agent::metric {

/// Gauge, always 1; labels version, commit.
inline constexpr std::string_view build_info = "gitopsctl_build_info";
/// Counter; label outcome: succeeded, failed, held, interrupted.
inline constexpr std::string_view reconcile_total = "gitopsctl_reconcile_total";
/// Histogram of one pass over a channel.
inline constexpr std::string_view reconcile_seconds = "gitopsctl_reconcile_duration_seconds";
/// Histogram from the moment a commit was first seen to the end of its deployment.
inline constexpr std::string_view commit_to_applied_seconds = "gitopsctl_commit_to_applied_seconds";
/// Counter; label result: rendered, reused, failed.
inline constexpr std::string_view renders_total = "gitopsctl_renders_total";
/// Counter; label action: create, update, remove, adopt.
inline constexpr std::string_view changes_total = "gitopsctl_object_changes_total";
/// Counter of objects that were found changed by somebody else and put right.
inline constexpr std::string_view drift_healed_total = "gitopsctl_drift_healed_total";
/// Gauge: objects in the channel's inventories.
inline constexpr std::string_view objects = "gitopsctl_objects";
/// Gauge; label release: 1 when the release is at its branch's commit and healthy, else 0.
inline constexpr std::string_view release_ready = "gitopsctl_release_ready";
/// Gauge; label guard: 1 while it holds the channel.
inline constexpr std::string_view held = "gitopsctl_held";
/// Counters per repository; label type: list, fetch, push.
inline constexpr std::string_view git_requests_total = "gitopsctl_git_requests_total";
inline constexpr std::string_view git_bytes_total = "gitopsctl_git_bytes_total";
inline constexpr std::string_view git_errors_total = "gitopsctl_git_errors_total";
/// Gauge; label kind: deploy, candidate.
inline constexpr std::string_view work_queue_depth = "gitopsctl_work_queue_depth";

}  // namespace gitopsctl::agent::metric
