#pragma once

#include <span>
#include <string_view>

namespace gitopsctl {

/// The named places at which the crash tests kill the program. One table: a place that is not listed cannot be used, and
/// the tests fail for a listed place that is never reached. Names are `stage.place`.
#define GITOPSCTL_CRASH_POINTS(X)                       \
  X(fetch_before_listing, "fetch.before_listing")       \
  X(fetch_after_listing, "fetch.after_listing")         \
  X(fetch_before_pack, "fetch.before_pack")             \
  X(fetch_pack_half, "fetch.pack_half")                 \
  X(fetch_before_ref_update, "fetch.before_ref_update") \
  X(fetch_ref_file_half, "fetch.ref_file_half")         \
  X(fetch_after_ref_update, "fetch.after_ref_update")   \
  X(candidate_before_tree, "candidate.before_tree")     \
  X(candidate_after_tree, "candidate.after_tree")       \
  X(candidate_after_commit, "candidate.after_commit")   \
  X(candidate_before_push, "candidate.before_push")     \
  X(candidate_push_half, "candidate.push_half")         \
  X(candidate_push_answered, "candidate.push_answered") \
  X(candidate_after_push, "candidate.after_push")       \
  X(render_before_channel, "render.before_channel")     \
  X(render_after_channel, "render.after_channel")       \
  X(render_before_release, "render.before_release")     \
  X(render_after_release, "render.after_release")       \
  X(render_after_all, "render.after_all")               \
  X(plan_before_live, "plan.before_live")               \
  X(plan_after_live, "plan.after_live")                 \
  X(plan_after_changes, "plan.after_changes")           \
  X(plan_before_guard, "plan.before_guard")             \
  X(plan_after_guard, "plan.after_guard")               \
  X(apply_before_first, "apply.before_first")           \
  X(apply_before_write, "apply.before_write")           \
  X(apply_after_write, "apply.after_write")             \
  X(apply_before_wait, "apply.before_wait")             \
  X(apply_after_wait, "apply.after_wait")               \
  X(apply_after_last, "apply.after_last")               \
  X(prune_before_first, "prune.before_first")           \
  X(prune_after_mark, "prune.after_mark")               \
  X(prune_before_delete, "prune.before_delete")         \
  X(prune_after_delete, "prune.after_delete")           \
  X(prune_after_last, "prune.after_last")               \
  X(inventory_before_union, "inventory.before_union")   \
  X(inventory_after_union, "inventory.after_union")     \
  X(inventory_before_flush, "inventory.before_flush")   \
  X(inventory_after_flush, "inventory.after_flush")     \
  X(inventory_before_shrink, "inventory.before_shrink") \
  X(inventory_after_shrink, "inventory.after_shrink")   \
  X(environment_in_object, "environment.in_object")     \
  X(environment_in_group, "environment.in_group")       \
  X(environment_in_delete, "environment.in_delete")     \
  X(store_before_begin, "store.before_begin")           \
  X(store_in_transaction, "store.in_transaction")       \
  X(store_before_commit, "store.before_commit")         \
  X(store_after_commit, "store.after_commit")           \
  X(store_before_status, "store.before_status")         \
  X(store_after_status, "store.after_status")

enum class CrashPoint : unsigned char {
#define X(id, name) id,
  GITOPSCTL_CRASH_POINTS(X)
#undef X
};

/// Every name, in the order of the enumerators.
[[nodiscard]] std::span<const std::string_view> crash_point_names() noexcept;

/// In test builds (GITOPSCTL_CRASH_TESTS) kills the process with SIGKILL when `GITOPSCTL_CRASH_AT` is this point's name,
/// optionally followed by `:N` for the N-th time it is reached (from 1). With `GITOPSCTL_CRASH_SIGNAL=stop` it is SIGSTOP,
/// so that a test can do something at that moment and let the process go on. With `GITOPSCTL_CRASH_LOG=FILE` every point
/// reached appends its name to FILE. In release builds it is nothing at all.
#ifdef GITOPSCTL_CRASH_TESTS
void crash_point(CrashPoint point) noexcept;
#else
inline void crash_point(CrashPoint /*point*/) noexcept {}
#endif

}  // namespace gitopsctl
