#include "agent/apply/apply.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <span>

#include "agent/apply/order.hpp"
#include "base/crypto/digest.hpp"
#include "base/process/crash_point.hpp"
#include "render/manifest/redact.hpp"

namespace gitopsctl::agent {

namespace {

// A delete that loses against another writer looks again this often.
constexpr int max_tries = 3;
// How often readiness is asked for while waiting: soon at first, and not so often what takes its time.
constexpr Millis first_poll{250};
constexpr Millis last_poll{1'000};

/// An object that must be written.
struct Write {
  PlannedApply apply;
  ApplyStep step;
  std::string recreates;   ///< uid of the object that is deleted first; empty: none
  std::string seen_owner;  ///< whose that was
};

/// The objects that must be written, in apply order.
std::vector<Write> pending_writes(const render::RenderedSet& set, const channels::ReleaseChanges& changes,
                                  const ApplyOrder& order) {
  using channels::Action;
  std::map<render::ObjectId, const channels::Change*> wanted;
  for (const auto& change : changes.changes) {
    if (change.action == Action::create || change.action == Action::update || change.action == Action::adopt ||
        change.action == Action::recreate) {
      wanted[change.id] = &change;
    }
  }
  std::vector<Write> out;
  for (const auto& object : set.objects) {
    const auto it = wanted.find(object.id);
    if (it == wanted.end()) continue;
    Write write{
        {&object, ApplyPreconditions{it->second->seen_uid, it->second->seen_owner}}, order.step_of(object.id), {}, {}};
    if (it->second->action == Action::recreate) {
      write.recreates = it->second->seen_uid;
      write.seen_owner = it->second->seen_owner;
      write.apply.seen = ApplyPreconditions{};
    }
    out.push_back(std::move(write));
  }
  std::ranges::stable_sort(out, {}, &Write::step);
  return out;
}

std::string_view version_of(std::string_view api_version) {
  const auto slash = api_version.find('/');
  return slash == std::string_view::npos ? api_version : api_version.substr(slash + 1);
}

/// Adds what the goal has to the inventory; true when that changed it.
bool make_union(Inventory& inventory, const ReleaseGoal& goal) {
  std::vector<InventoryEntry> fresh;
  for (const auto& object : goal.set->objects) {
    if (inventory.find(object.id) != nullptr) continue;
    InventoryEntry& entry = fresh.emplace_back();
    entry.id = object.id;
    entry.version = version_of(object.api_version);
    entry.state = EntryState::intended;
  }
  const bool changed = !fresh.empty();
  inventory.add_all(std::move(fresh));
  const auto known = inventory.sensitive.size();
  add_sensitive(inventory.sensitive, goal.sensitive);
  return changed || inventory.sensitive.size() != known;
}

/// Until a write is answered nobody knows what was applied last, and an old hash would be a lie: a run that takes over from
/// here applies the object again, whatever it wants it to be.
void expect_answers(Inventory& inventory, const std::vector<Write>& writes) {
  for (const auto& write : writes) {
    InventoryEntry& entry = inventory.add(write.apply.object->id);
    entry.hash.clear();
    entry.live_hash.clear();
    entry.state = write.recreates.empty() ? EntryState::intended : EntryState::recreating;
    // Which one is deleted, so that an approval of that stays good for the rest after a kill.
    if (!write.recreates.empty()) entry.uid = write.recreates;
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

/// Waits until what was deleted to be made anew is gone.
Result<void> wait_until_cleared(const WriteContext& context, std::vector<render::ObjectId> going, Millis timeout) {
  const Deadline deadline(context.clock, timeout);
  for (;;) {
    GITOPSCTL_TRY(const auto live, context.environment.get_many(going));
    std::vector<render::ObjectId> still;
    for (std::size_t i = 0; i < going.size(); ++i) {
      // One that somebody else made meanwhile is met by the apply.
      if (live[i] && live[i]->deleting) still.push_back(going[i]);
    }
    if (still.empty()) return {};
    going = std::move(still);
    if (deadline.passed()) {
      return Error(ErrorCode::timeout, going.front().to_string() + " was deleted to be made anew, and is not gone after " +
                                           format_duration(timeout))
          .with_hint("finalizers keep it: look at its metadata.finalizers");
    }
    GITOPSCTL_CHECK(context.may_continue());
    if (context.on_wait) context.on_wait(going.front().to_string() + " is being deleted, to be made anew");
    context.clock.sleep(first_poll, context.stop);
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

namespace {

/// One apply_release().
class ReleaseWriter {
 public:
  ReleaseWriter(const WriteContext& context, Inventory& inventory, const ReleaseGoal& goal)
      : context_(context),
        inventory_(inventory),
        goal_(goal),
        // Mistakes in it were errors of the plan.
        order_(read_order(goal.set->objects, nullptr)),
        options_(write_options(context, inventory)),
        // An earlier run did not come to its end: nobody knows yet whether what it wrote became ready.
        unfinished_(inventory.phase == "applying") {
    options_.sensitive = &goal.sensitive;
    options_.force = &goal.force;
    for (const auto& object : goal.set->objects) add_scaled(object.body, scaled_);
    options_.scaled = &scaled_;
  }

  WriteReport run(const channels::ReleaseChanges& changes) {
    const auto writes = pending_writes(*goal_.set, changes, order_);
    if (begin(writes) && write_all(writes) && flush()) wait_for_all();
    return std::move(report_);
  }

 private:
  bool stop_with(const Error& error, bool interrupted) {
    report_.errors.push_back(error);
    report_.interrupted = interrupted || error.code() == ErrorCode::cancelled;
    // Uids and hashes of what was answered: the next run need not find them out. When it fails they stay unknown.
    if (report_.interrupted && unstored_) {
      unstored_ = false;
      static_cast<void>(write_inventory(context_.environment, inventory_, options_).ok());
    }
    return false;
  }
  bool may_continue() {
    const auto go_on = context_.may_continue();
    return go_on.ok() || stop_with(go_on.error(), true);
  }
  bool store() {
    unstored_ = false;
    const auto written = write_inventory(context_.environment, inventory_, options_);
    return written.ok() || stop_with(written.error(), false);
  }
  bool wait(const std::vector<render::ObjectId>& ids) {
    if (ids.empty()) return true;
    const auto ready = wait_until_ready(context_, ids, goal_.timeout);
    return ready.ok() || stop_with(ready.error(), ready.error().code() == ErrorCode::cancelled);
  }

  /// Step 1: the union.
  bool begin(const std::vector<Write>& writes) {
    if (!make_union(inventory_, goal_) && writes.empty()) return true;
    if (!may_continue()) return false;
    expect_answers(inventory_, writes);
    inventory_.phase = "applying";
    inventory_.attempt = goal_.commit;
    inventory_.run_id = context_.run_id;
    inventory_.fence = context_.fence;
    crash_point(CrashPoint::inventory_before_union);
    if (!store()) return false;
    crash_point(CrashPoint::inventory_after_union);
    return true;
  }

  bool write_all(const std::vector<Write>& writes) {
    crash_point(CrashPoint::apply_before_first);
    // One group per kind: what others build on (namespaces, definitions, configuration) is there before what uses it.
    for (std::size_t first = 0; first < writes.size();) {
      std::size_t end = first + 1;
      while (end < writes.size() && is_one_group(writes[first], writes[end])) ++end;
      const std::span<const Write> group(writes.begin() + static_cast<std::ptrdiff_t>(first), end - first);
      if (!wait_before(group) || !may_continue() || !clear(group) || !write_group(group)) return false;
      first = end;
    }
    crash_point(CrashPoint::apply_after_last);
    return true;
  }

  static bool is_one_group(const Write& one, const Write& other) {
    const auto& a = one.apply.object->id;
    const auto& b = other.apply.object->id;
    return a.kind == b.kind && one.step.wave == other.step.wave && one.step.depth == other.step.depth;
  }

  /// What a group comes after must be ready: earlier waves, and what its objects depend on. Releases without either wait for
  /// nothing here.
  bool wait_before(std::span<const Write> group) {
    const int wave = group.front().step.wave;
    std::set<render::ObjectId> needed;
    for (const auto& [id, step] : order_.steps) {
      if (step.wave < wave && is_waited_for(id)) needed.insert(id);
    }
    for (const auto& write : group) {
      if (const auto needs = order_.needs.find(write.apply.object->id); needs != order_.needs.end()) {
        needed.insert(needs->second.begin(), needs->second.end());
      }
    }
    std::erase_if(needed, [&](const render::ObjectId& id) { return seen_ready_.contains(id); });
    if (needed.empty()) return true;
    // The uids of the earlier ones are kept before anything is waited for.
    if (unstored_ && !store()) return false;
    if (!wait({needed.begin(), needed.end()})) return false;
    seen_ready_.insert(needed.begin(), needed.end());
    return true;
  }

  /// Deletes what is made anew, and waits until it is gone.
  bool clear(std::span<const Write> group) {
    std::vector<render::ObjectId> going;
    for (const auto& write : group) {
      if (write.recreates.empty()) continue;
      const auto& id = write.apply.object->id;
      if (const auto deleted = delete_seen(write); !deleted.ok())
        return stop_with(deleted.error().in(id.to_string()), false);
      going.push_back(id);
    }
    if (going.empty()) return true;
    const auto gone = wait_until_cleared(context_, going, goal_.timeout);
    return gone.ok() || stop_with(gone.error(), gone.error().code() == ErrorCode::cancelled);
  }

  /// Deletes the object that the plan saw, as long as it is whose it was then; nothing when it is gone already.
  Result<void> delete_seen(const Write& write) {
    const auto& id = write.apply.object->id;
    for (int i = 0;; ++i) {
      GITOPSCTL_TRY(const auto live, context_.environment.get(id));
      if (!live || live->deleting) return {};
      const auto owner = live->label("applyset.kubernetes.io/part-of");
      if (live->uid != write.recreates || (owner != options_.owner && owner != write.seen_owner)) {
        return Error(ErrorCode::conflict, "is not the object any more that was planned for")
            .with_hint("the next run plans with what is there now");
      }
      auto deleted = context_.environment.remove(id, {live->uid, live->resource_version, true}, options_);
      if (deleted.ok() || deleted.error().code() != ErrorCode::conflict || i + 1 == max_tries) return deleted;
    }
  }

  bool write_group(std::span<const Write> group) {
    std::vector<PlannedApply> applies;
    for (const auto& write : group) applies.push_back(write.apply);
    crash_point(CrashPoint::apply_before_write);
    std::vector<ApplyOutcome> outcomes;
    std::vector<std::optional<Written>> written(applies.size());
    ApplyOptions options = options_;
    options.written = [&](std::size_t i, ApplyOutcome& outcome) {
      written[i] = look_at(*applies[i].object, outcome.object);
      // Of a thousand objects nobody needs the answers any more.
      outcome.object.body = Value();
    };
    const auto applied = context_.environment.apply_many(applies, options, outcomes);
    crash_point(CrashPoint::apply_after_write);
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const render::Object& object = *applies[i].object;
      note(object, outcomes[i], written[i] ? *std::move(written[i]) : look_at(object, outcomes[i].object));
    }
    if (applied.ok()) return true;
    const std::size_t at = std::min(outcomes.size(), applies.size() - 1);
    return stop_with(applied.error().in(applies[at].object->id.to_string()), false);
  }

  /// What is kept of an object that was written.
  struct Written {
    std::string hash;       ///< of what was wanted
    std::string live_hash;  ///< of what it is
    bool ready = false;
  };
  [[nodiscard]] Written look_at(const render::Object& object, const LiveObject& live) const {
    return {hash_of(object), live_hash(context_.environment, live, context_.installation_key),
            context_.environment.health(live).state == Health::State::ready};
  }
  [[nodiscard]] std::string hash_of(const render::Object& object) const {
    const auto place = static_cast<std::size_t>(&object - goal_.set->objects.data());
    if (goal_.planned != nullptr && place < goal_.planned->size() && (*goal_.planned)[place].id == object.id) {
      return (*goal_.planned)[place].hash;
    }
    return applied_hash(object, context_.installation_key, goal_.sensitive);
  }

  void note(const render::Object& object, const ApplyOutcome& outcome, Written written) {
    InventoryEntry& entry = inventory_.add(object.id);
    entry.version = version_of(object.api_version);
    entry.uid = outcome.object.uid;
    entry.hash = std::move(written.hash);
    entry.live_hash = std::move(written.live_hash);
    entry.state = EntryState::applied;
    report_.warnings.insert(report_.warnings.end(), outcome.warnings.begin(), outcome.warnings.end());
    report_.observed[object.id] = outcome.object.resource_version;
    written_ = true;
    unstored_ = true;
    // The answer of the write says how the object is now; most kinds have nothing to wait for.
    if (!written.ready) unready_.insert(object.id);
    (outcome.state == ApplyState::created ? report_.created : report_.updated)++;
  }

  [[nodiscard]] bool is_waited_for(const render::ObjectId& id) const { return unfinished_ || unready_.contains(id); }
  [[nodiscard]] std::vector<render::ObjectId> waited_for() const {
    std::vector<render::ObjectId> out;
    for (const auto& object : goal_.set->objects) {
      if (is_waited_for(object.id)) out.push_back(object.id);
    }
    return out;
  }

  /// The uids are kept before anything is waited for.
  bool flush() {
    if (!written_ || (goal_.settles_next && waited_for().empty())) return true;
    crash_point(CrashPoint::inventory_before_flush);
    if (!store()) return false;
    crash_point(CrashPoint::inventory_after_flush);
    return true;
  }

  void wait_for_all() {
    if (!written_ && !unfinished_) return;
    crash_point(CrashPoint::apply_before_wait);
    if (wait(waited_for())) crash_point(CrashPoint::apply_after_wait);
  }

  const WriteContext& context_;
  Inventory& inventory_;
  const ReleaseGoal& goal_;
  ApplyOrder order_;
  ApplyOptions options_;
  ScaledWorkloads scaled_;
  bool unfinished_;
  bool unstored_ = false;  ///< something was answered that the stored inventory does not know
  WriteReport report_;
  bool written_ = false;
  std::set<render::ObjectId> unready_;  ///< of those that were written
  std::set<render::ObjectId> seen_ready_;
};

}  // namespace

WriteReport apply_release(const WriteContext& context, Inventory& inventory, const ReleaseGoal& goal,
                          const channels::ReleaseChanges& changes) {
  return ReleaseWriter(context, inventory, goal).run(changes);
}

Result<void> settle_release(const WriteContext& context, Inventory& inventory, const ReleaseGoal& goal) {
  std::set<render::ObjectId> wanted;
  for (const auto& object : goal.set->objects) wanted.insert(object.id);
  for (auto& entry : inventory.entries) {
    // Whatever is wanted and was neither created nor changed in this run is there already, as it should be.
    if (wanted.contains(entry.id)) entry.state = EntryState::applied;
  }
  if (inventory.render_digest != goal.set->render_digest) inventory.previous_digest = inventory.render_digest;
  const bool begun = inventory.phase == "applying";
  inventory.phase = "applied";
  inventory.attempt.clear();
  inventory.render_key = goal.render_key;
  inventory.render_digest = goal.set->render_digest;
  inventory.seal_digest = goal.set->seal_digest;
  inventory.profile = goal.profile;
  inventory.charts = goal.charts;
  inventory.sources = goal.sources;
  inventory.prune = goal.prune;
  inventory.allow_delete = goal.allow_delete;
  const bool leftovers = std::any_of(inventory.entries.begin(), inventory.entries.end(),
                                     [&](const InventoryEntry& entry) { return !wanted.contains(entry.id); });
  // What was sensitive in an object that is kept without being rendered is so still.
  std::vector<render::SensitivePath> sensitive = goal.sensitive;
  if (leftovers) add_sensitive(sensitive, inventory.sensitive);
  inventory.sensitive = std::move(sensitive);
  // Commit, time and run are written along with a change, and are no reason for one.
  if (!begun && is_stored(inventory)) return {};
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
