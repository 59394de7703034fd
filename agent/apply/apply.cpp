#include "agent/apply/apply.hpp"

#include <algorithm>
#include <set>

#include "base/crypto/digest.hpp"
#include "base/process/crash_point.hpp"
#include "render/manifest/redact.hpp"

namespace gitopsctl::agent {

namespace {

// How often readiness is asked for while waiting: soon at first, and not so often what takes its time.
constexpr Millis first_poll{250};
constexpr Millis last_poll{1'000};

/// The objects that must be written, in apply order.
std::vector<PlannedApply> pending_writes(const render::RenderedSet& set, const channels::ReleaseChanges& changes) {
  std::map<render::ObjectId, const channels::Change*> wanted;
  for (const auto& change : changes.changes) {
    if (change.action == channels::Action::create || change.action == channels::Action::update ||
        change.action == channels::Action::adopt) {
      wanted[change.id] = &change;
    }
  }
  std::vector<PlannedApply> out;
  for (const auto& object : set.objects) {
    const auto it = wanted.find(object.id);
    if (it != wanted.end()) out.push_back({&object, ApplyPreconditions{it->second->seen_uid, it->second->seen_owner}});
  }
  return out;
}

std::string_view version_of(std::string_view api_version) {
  const auto slash = api_version.find('/');
  return slash == std::string_view::npos ? api_version : api_version.substr(slash + 1);
}

/// Adds what the goal has to the inventory; true when that changed it.
bool make_union(Inventory& inventory, const ReleaseGoal& goal) {
  bool changed = false;
  for (const auto& object : goal.set->objects) {
    if (inventory.find(object.id) != nullptr) continue;
    InventoryEntry& entry = inventory.add(object.id);
    entry.version = version_of(object.api_version);
    entry.state = EntryState::intended;
    changed = true;
  }
  const auto known = inventory.sensitive.size();
  add_sensitive(inventory.sensitive, goal.sensitive);
  return changed || inventory.sensitive.size() != known;
}

/// Until a write is answered nobody knows what was applied last, and an old hash would be a lie: a run that takes over from
/// here applies the object again, whatever it wants it to be.
void expect_answers(Inventory& inventory, const std::vector<PlannedApply>& writes) {
  for (const auto& write : writes) {
    InventoryEntry& entry = inventory.add(write.object->id);
    entry.hash.clear();
    entry.live_hash.clear();
    entry.state = EntryState::intended;
  }
}

Result<void> wait_until_ready(const WriteContext& context, const std::vector<render::ObjectId>& ids, Millis timeout) {
  const Deadline deadline(context.clock, timeout);
  std::vector<render::ObjectId> waiting = ids;
  for (Millis pause = first_poll;; pause = std::min(pause * 2, last_poll)) {
    GITOPSCTL_TRY(const auto live, context.environment.get_many(waiting));
    std::vector<render::ObjectId> still;
    std::string reason;  // of the first that is not ready
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (!live[i]) {
        if (still.empty()) reason = "it was deleted by somebody else";
        still.push_back(waiting[i]);
        continue;
      }
      const Health health = context.environment.health(*live[i]);
      if (health.state == Health::State::ready) continue;
      if (health.state == Health::State::failed) {
        return Error(ErrorCode::unavailable, waiting[i].to_string() + " failed: " + health.reason);
      }
      if (still.empty()) reason = health.reason;
      still.push_back(waiting[i]);
    }
    if (still.empty()) return {};
    waiting = std::move(still);
    if (deadline.passed()) {
      return Error(ErrorCode::timeout, waiting.front().to_string() + " is not ready after " + format_duration(timeout) +
                                           (reason.empty() ? "" : ": " + reason))
          .with_hint("look at the object, or give the release a longer `timeout`");
    }
    GITOPSCTL_CHECK(context.may_continue());
    if (context.on_wait) {
      const std::string more = waiting.size() > 1 ? " (and " + std::to_string(waiting.size() - 1) + " more)" : "";
      context.on_wait(waiting.front().to_string() + (reason.empty() ? " is not ready" : ": " + reason) + more);
    }
    context.clock.sleep(pause, context.stop);
  }
}

/// True when writing the inventory would change nothing.
bool is_stored(const Inventory& inventory) {
  return !inventory.resource_version.empty() && sha256_hex(encode_inventory(inventory)) == inventory.stored_digest;
}

}  // namespace

void add_sensitive(std::vector<render::SensitivePath>& paths, const std::vector<render::SensitivePath>& more) {
  for (const auto& path : more) {
    const bool known = std::any_of(paths.begin(), paths.end(), [&](const render::SensitivePath& one) {
      return one.kind == path.kind && one.name == path.name && one.keys == path.keys;
    });
    if (!known) paths.push_back(path);
  }
}

std::string owner_id(const Inventory& inventory) { return inventory.identity.apply_set_id(inventory.namespace_); }

ApplyOptions write_options(const WriteContext& context, const Inventory& inventory) {
  ApplyOptions options;
  options.owner = owner_id(inventory);
  options.lease = context.lease;
  options.fence = context.fence;
  return options;
}

std::string applied_hash(const render::Object& object, const std::string& installation_key,
                         const std::vector<render::SensitivePath>& sensitive) {
  const std::string bytes = render::canonical_bytes(object.body);
  const bool keyed = object.is_secret() || (!sensitive.empty() && render::holds_secrets(object.body, sensitive));
  return keyed ? "hmac:" + hmac_sha256_hex(installation_key, bytes) : "sha256:" + sha256_hex(bytes);
}

std::string live_hash(const Environment& environment, const LiveObject& object, const std::string& installation_key) {
  const std::string owned = environment.owned_fields(object);
  // Keyed, because the values of Secrets are in it.
  if (!owned.empty()) return "hmac:" + hmac_sha256_hex(installation_key, "owned fields\n" + owned);
  return "sha256:" + sha256_hex(render::canonical_bytes(object.body));
}

WriteReport apply_release(const WriteContext& context, Inventory& inventory, const ReleaseGoal& goal,
                          const channels::ReleaseChanges& changes) {
  WriteReport report;
  const auto stop_with = [&](const Error& error, bool interrupted) {
    report.errors.push_back(error);
    report.interrupted = interrupted;
    return report;
  };
  const auto writes = pending_writes(*goal.set, changes);
  // An earlier run did not come to its end: nobody knows yet whether what it wrote became ready.
  const bool unfinished = inventory.phase == "applying";
  ApplyOptions options = write_options(context, inventory);
  options.sensitive = &goal.sensitive;

  if (make_union(inventory, goal) || !writes.empty()) {
    if (auto go_on = context.may_continue(); !go_on.ok()) return stop_with(go_on.error(), true);
    expect_answers(inventory, writes);
    inventory.phase = "applying";
    inventory.attempt = goal.commit;
    inventory.run_id = context.run_id;
    inventory.fence = context.fence;
    crash_point(CrashPoint::inventory_before_union);
    if (auto written = write_inventory(context.environment, inventory, options); !written.ok()) {
      return stop_with(written.error(), false);
    }
    crash_point(CrashPoint::inventory_after_union);
  }

  crash_point(CrashPoint::apply_before_first);
  std::vector<render::ObjectId> written_ids;
  // One group per kind: what others build on (namespaces, definitions, configuration) is there before what uses it.
  for (std::size_t first = 0; first < writes.size();) {
    std::size_t end = first + 1;
    while (end < writes.size() && writes[end].object->id.kind == writes[first].object->id.kind) ++end;
    if (auto go_on = context.may_continue(); !go_on.ok()) return stop_with(go_on.error(), true);
    const std::vector<PlannedApply> group(writes.begin() + static_cast<std::ptrdiff_t>(first),
                                          writes.begin() + static_cast<std::ptrdiff_t>(end));
    crash_point(CrashPoint::apply_before_write);
    std::vector<ApplyOutcome> outcomes;
    const auto applied = context.environment.apply_many(group, options, outcomes);
    crash_point(CrashPoint::apply_after_write);
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const render::Object& object = *group[i].object;
      InventoryEntry& entry = inventory.add(object.id);
      entry.version = version_of(object.api_version);
      entry.uid = outcomes[i].object.uid;
      entry.hash = applied_hash(object, context.installation_key, goal.sensitive);
      entry.live_hash = live_hash(context.environment, outcomes[i].object, context.installation_key);
      report.warnings.insert(report.warnings.end(), outcomes[i].warnings.begin(), outcomes[i].warnings.end());
      entry.state = EntryState::applied;
      report.observed[object.id] = outcomes[i].object.resource_version;
      written_ids.push_back(object.id);
      (outcomes[i].state == ApplyState::created ? report.created : report.updated)++;
    }
    if (!applied.ok()) {
      const std::size_t at = std::min(outcomes.size(), group.size() - 1);
      return stop_with(applied.error().in(group[at].object->id.to_string()), false);
    }
    first = end;
  }
  crash_point(CrashPoint::apply_after_last);

  if (!written_ids.empty()) {
    crash_point(CrashPoint::inventory_before_flush);
    if (auto written = write_inventory(context.environment, inventory, options); !written.ok()) {
      return stop_with(written.error(), false);
    }
    crash_point(CrashPoint::inventory_after_flush);
  }
  if (unfinished) {
    written_ids.clear();
    for (const auto& object : goal.set->objects) written_ids.push_back(object.id);
  }
  if (!written_ids.empty()) {
    crash_point(CrashPoint::apply_before_wait);
    if (auto ready = wait_until_ready(context, written_ids, goal.timeout); !ready.ok()) {
      return stop_with(ready.error(), ready.error().code() == ErrorCode::cancelled);
    }
    crash_point(CrashPoint::apply_after_wait);
  }
  return report;
}

Result<void> settle_release(const WriteContext& context, Inventory& inventory, const ReleaseGoal& goal) {
  std::set<render::ObjectId> wanted;
  for (const auto& object : goal.set->objects) wanted.insert(object.id);
  for (auto& entry : inventory.entries) {
    // Whatever is wanted and was neither created nor changed in this run is there already, as it should be.
    if (wanted.contains(entry.id)) entry.state = EntryState::applied;
  }
  if (inventory.render_digest != goal.set->render_digest) inventory.previous_digest = inventory.render_digest;
  inventory.phase = "applied";
  inventory.attempt.clear();
  inventory.render_key = goal.render_key;
  inventory.render_digest = goal.set->render_digest;
  inventory.seal_digest = goal.set->seal_digest;
  inventory.profile = goal.profile;
  inventory.prune = goal.prune;
  inventory.allow_delete = goal.allow_delete;
  const bool leftovers = std::any_of(inventory.entries.begin(), inventory.entries.end(),
                                     [&](const InventoryEntry& entry) { return !wanted.contains(entry.id); });
  // What was sensitive in an object that is kept without being rendered is so still.
  std::vector<render::SensitivePath> sensitive = goal.sensitive;
  if (leftovers) add_sensitive(sensitive, inventory.sensitive);
  inventory.sensitive = std::move(sensitive);
  // Commit, time and run are written along with a change, and are no reason for one.
  if (is_stored(inventory)) return {};
  inventory.commit = goal.commit;
  inventory.rendered_at = context.clock.now();
  inventory.run_id = context.run_id;
  inventory.fence = context.fence;
  crash_point(CrashPoint::inventory_before_shrink);
  GITOPSCTL_CHECK(write_inventory(context.environment, inventory, write_options(context, inventory)));
  crash_point(CrashPoint::inventory_after_shrink);
  return {};
}

Result<void> settle_removed(const WriteContext& context, Inventory& inventory) {
  if (inventory.entries.empty()) {
    crash_point(CrashPoint::inventory_before_shrink);
    GITOPSCTL_CHECK(delete_inventory(context.environment, inventory, write_options(context, inventory)));
  } else {
    inventory.phase = "applied";
    if (is_stored(inventory)) return {};
    inventory.run_id = context.run_id;
    inventory.fence = context.fence;
    GITOPSCTL_CHECK(write_inventory(context.environment, inventory, write_options(context, inventory)));
  }
  crash_point(CrashPoint::inventory_after_shrink);
  return {};
}

}  // namespace gitopsctl::agent
