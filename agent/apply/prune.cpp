#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "agent/apply/apply.hpp"
#include "agent/apply/order.hpp"
#include "base/process/crash_point.hpp"

namespace gitopsctl::agent {

channels::LiveItem to_live_item(const LiveObject& object) {
  channels::LiveItem item;
  item.uid = object.uid;
  item.owner = object.label("applyset.kubernetes.io/part-of");
  item.body = object.body;
  item.deleting = object.deleting;
  item.applied = object.applied;
  return item;
}

namespace {

// A delete that loses against another writer is judged anew this often.
constexpr int max_tries = 3;
// What finalizers keep is waited for this long; a namespace takes some seconds.
constexpr Millis gone_patience{10'000};
constexpr Millis gone_poll{200};

/// What to do with one object, after a fresh look at it.
enum class Judgement : std::uint8_t {
  remove,
  keep,
  going,  ///< ours, and being deleted
  gone,
};

Judgement judge(const channels::LiveReleaseInput& rules, const InventoryEntry& entry,
                const std::optional<LiveObject>& live) {
  if (!live) return Judgement::gone;
  channels::LiveReleaseInput input = rules;
  input.desired.clear();
  input.errors.clear();
  input.settings.allow_empty = true;  // that the set as a whole may shrink was decided by the plan
  input.entries = {{entry.id, entry.uid, entry.hash, channels::RecordedState::applied}};
  channels::LiveState state;
  state[entry.id] = to_live_item(*live);
  const auto changes = channels::plan_release_live(input, state);
  for (const auto& change : changes.changes) {
    if (change.action == channels::Action::remove) return Judgement::remove;
  }
  // An object that another release or tool took over is not ours to keep.
  const auto owner = live->label("applyset.kubernetes.io/part-of");
  const bool ours = owner == rules.owner ||
                    std::find(rules.former_owners.begin(), rules.former_owners.end(), owner) != rules.former_owners.end();
  const bool same = entry.uid.empty() || entry.uid == live->uid;
  if (!ours || !same) return Judgement::gone;
  return live->deleting ? Judgement::going : Judgement::keep;
}

std::string finalizers_of(const LiveObject& object) {
  std::string out;
  if (const Value* list = object.body.find_path({"metadata", "finalizers"}); list != nullptr) {
    for (const auto& name : list->as_list()) out += (out.empty() ? "" : ", ") + std::string(name.as_string());
  }
  return out;
}

/// Waits for objects whose delete was accepted. Until they are gone they stay in the inventory: else nobody would know of
/// what finalizers keep. An Error only when the run may not go on, or when nobody can tell.
Result<void> wait_until_gone(const WriteContext& context, Inventory& inventory, std::vector<render::ObjectId> going,
                             Millis patience, WriteReport& report) {
  const Deadline deadline(context.clock, patience);
  while (!going.empty()) {
    GITOPSCTL_TRY(const auto live, context.environment.get_many(going));
    std::vector<render::ObjectId> still;
    std::vector<std::string> why;
    for (std::size_t i = 0; i < going.size(); ++i) {
      InventoryEntry* entry = inventory.find(going[i]);
      if (live[i] && (entry->uid.empty() || entry->uid == live[i]->uid)) {
        still.push_back(going[i]);
        why.push_back(finalizers_of(*live[i]));
      } else {
        std::erase_if(inventory.entries, [&](const InventoryEntry& one) { return one.id == going[i]; });
      }
    }
    if (!still.empty() && deadline.passed()) {
      for (std::size_t i = 0; i < still.size(); ++i) {
        report.warnings.push_back(still[i].to_string() + " is being deleted, and still there" +
                                  (why[i].empty() ? "" : ": its finalizers are " + why[i]));
      }
      return {};
    }
    going = std::move(still);
    if (going.empty()) return {};
    GITOPSCTL_CHECK(context.may_continue());
    context.clock.sleep(gone_poll, context.stop);
  }
  return {};
}

/// Deletion runs against the order of creation; what holds others (definitions, then namespaces) goes last, whatever their
/// waves say.
struct RemovalStep {
  int holder = 0;
  ApplyStep reversed;
  friend auto operator<=>(const RemovalStep&, const RemovalStep&) = default;
  /// Whether what is in this step goes only when what is in `earlier` is gone.
  [[nodiscard]] bool waits_for(const RemovalStep& earlier) const {
    return reversed.wave != earlier.reversed.wave || reversed.depth != earlier.reversed.depth;
  }
};

RemovalStep removal_step(const render::ObjectId& id, const ApplyOrder& order) {
  if (id.kind == "Namespace") return {2, {}};
  if (id.kind == "CustomResourceDefinition") return {1, {}};
  const ApplyStep step = order.step_of(id);
  return {0, {-step.wave, -step.depth, -step.kind}};
}

/// As the annotations of what is removed say it.
ApplyOrder removal_order(const channels::ReleaseChanges& changes) {
  std::vector<render::Object> objects;
  for (const auto& change : changes.changes) {
    if (change.action == channels::Action::remove) objects.push_back({change.id, {}, change.before, {}, 0});
  }
  return read_order(objects, nullptr);
}

}  // namespace

WriteReport prune_release(const WriteContext& context, Inventory& inventory, const channels::LiveReleaseInput& rules,
                          const channels::ReleaseChanges& changes) {
  WriteReport report;
  const ApplyOptions options = write_options(context, inventory);
  std::vector<render::ObjectId> ids;
  std::set<render::ObjectId> desired;
  for (const auto& object : rules.desired) desired.insert(object.id);
  std::map<render::ObjectId, std::string> removed;  // with their uids
  for (const auto& change : changes.changes) {
    if (change.action == channels::Action::remove) removed.emplace(change.id, change.seen_uid);
  }
  for (const auto& entry : inventory.entries) {
    // Entries that the plan neither wants nor names are gone or somebody else's: the judgement below drops or keeps them.
    if (!desired.contains(entry.id)) ids.push_back(entry.id);
  }
  const ApplyOrder order = removal_order(changes);
  std::ranges::stable_sort(ids, {}, [&](const render::ObjectId& id) { return removal_step(id, order); });

  const auto drop = [&](const render::ObjectId& id) {
    std::erase_if(inventory.entries, [&](const InventoryEntry& entry) { return entry.id == id; });
  };
  // Which objects are about to go is written down before the first of them goes.
  if (!removed.empty()) {
    for (auto& entry : inventory.entries) {
      const auto found = removed.find(entry.id);
      if (found == removed.end()) continue;
      entry.state = EntryState::pruning;
      // The uid that was approved, so that the rest is the same approval's after a kill.
      if (entry.uid.empty()) entry.uid = found->second;
    }
    inventory.run_id = context.run_id;
    inventory.fence = context.fence;
    if (auto written = write_inventory(context.environment, inventory, options); !written.ok()) {
      report.errors.push_back(written.error());
      return report;
    }
    crash_point(CrashPoint::prune_after_mark);
  }
  std::vector<render::ObjectId> deleted_now;
  std::vector<render::ObjectId> deleted_before;
  std::optional<RemovalStep> last;  // of what was deleted last
  const auto wait = [&](std::vector<render::ObjectId> going, Millis patience) {
    const auto waited = wait_until_gone(context, inventory, std::move(going), patience, report);
    if (waited.ok()) return true;
    report.errors.push_back(waited.error());
    report.interrupted = waited.error().code() == ErrorCode::cancelled;
    return false;
  };
  for (const auto& id : ids) {
    const RemovalStep step = removal_step(id, order);
    if (last && step.holder == 0 && step.waits_for(*last) && removed.contains(id)) {
      if (!wait(std::exchange(deleted_now, {}), gone_patience)) return report;
    }
    for (int i = 0;; ++i) {
      if (auto go_on = context.may_continue(); !go_on.ok()) {
        report.errors.push_back(go_on.error());
        report.interrupted = true;
        return report;
      }
      auto live = context.environment.get(id);
      if (!live.ok()) {
        report.errors.push_back(live.error().in(id.to_string()));
        return report;
      }
      const Judgement judgement = judge(rules, *inventory.find(id), *live);
      if (judgement == Judgement::gone) {
        drop(id);
        break;
      }
      if (judgement == Judgement::going) {
        inventory.find(id)->state = EntryState::pruning;
        deleted_before.push_back(id);
        break;
      }
      if (judgement == Judgement::keep || !removed.contains(id)) {
        // Also what a fresh look would remove but the plan did not: the guards have not seen that.
        inventory.find(id)->state = judgement == Judgement::keep ? EntryState::kept : EntryState::applied;
        ++report.kept;
        break;
      }
      crash_point(CrashPoint::prune_before_delete);
      auto deleted = context.environment.remove(id, {(*live)->uid, (*live)->resource_version}, options);
      crash_point(CrashPoint::prune_after_delete);
      if (deleted.ok()) {
        deleted_now.push_back(id);
        last = step;
        ++report.removed;
        break;
      }
      if (deleted.error().code() != ErrorCode::conflict || i + 1 == max_tries) {
        report.errors.push_back(deleted.error().in(id.to_string()));
        return report;
      }
    }
  }
  // Those of an earlier run had their time.
  if (wait(std::move(deleted_before), Millis(0))) wait(std::move(deleted_now), gone_patience);
  return report;
}

}  // namespace gitopsctl::agent
