#include <algorithm>
#include <functional>
#include <string_view>

#include "agent/reconcile/channel_run.hpp"
#include "agent/reconcile/crew.hpp"
#include "base/process/crash_point.hpp"
#include "base/result/no_throw.hpp"

namespace gitopsctl::agent {

void ChannelRun::begin_record() {
  const bool writes = std::any_of(items_.begin(), items_.end(),
                                  [&](const Item& item) { return !item.failed && has_work(item) && !leave_alone(item); });
  // The last one: a run was killed after the deployment and before its line of history.
  recorded_ = writes || !record_.known || record_.commit != commit_ || switches_.reported_revision != record_.commit;
  if (writes || !repeats()) begin_line();
}

/// True for a run that somebody or something other than a new commit set off.
bool ChannelRun::repeats() const {
  return request_.trigger == "retry" || request_.trigger == "drift" || request_.trigger == "switch";
}

/// Puts the run into the store as `running`. What fails again and again for one commit is one line.
void ChannelRun::begin_line() {
  if (!recorded_ || s_.store == nullptr || line_begun_) return;
  deployment_.id = repeats() && s_.repeated_commit == commit_ ? s_.repeated_id : run_id_;
  deployment_.repository = s_.setup.key.repository;
  deployment_.channel = s_.setup.key.channel;
  deployment_.commit = commit_;
  deployment_.from_commit = record_.commit;
  deployment_.render_digest = digest_;
  deployment_.trigger = request_.trigger;
  deployment_.outcome = "running";
  deployment_.started = started_;
  // A missing line of history is worth a warning, never a failed deployment.
  if (auto begun = s_.store->begin_deployment(deployment_); !begun.ok()) {
    channel_status_.warnings.push_back("history is not recorded: " + begun.error().to_string());
    return;
  }
  line_begun_ = true;
}

Result<void> ChannelRun::write() {
  const WriteContext context{s_.environment,
                             s_.clock,
                             lease_name_,
                             lease_.fence,
                             s_.setup.installation_key,
                             run_id_,
                             [this] { return may_continue(); },
                             interrupt_.stop};
  GITOPSCTL_CHECK(tighten_all(context));
  GITOPSCTL_CHECK(apply_all(context));
  // Something may have failed only now; then what the plan wanted removed stays for this run.
  if (std::any_of(items_.begin(), items_.end(), [](const Item& item) { return item.failed; })) note_held_back();
  if (!prune_skipped_) GITOPSCTL_CHECK(prune_all(context));
  return settle_all(context);
}

/// What a commit forbids to delete is forbidden from here on, also where nothing else of it is written: of a release that is
/// suspended, that fails, or whose drift stays. A later commit may take the release out of the file, and then its inventory
/// alone decides.
Result<void> ChannelRun::tighten_all(const WriteContext& context) {
  for (auto& item : items_) {
    const auto known = s_.inventories->find(item.name);
    if (item.release == nullptr || known == s_.inventories->end()) continue;
    Inventory& inventory = known->second;
    auto wanted = channels::stricter(recorded_removal(inventory), channels::removal_settings(*channel_, *item.release));
    if (wanted == recorded_removal(inventory)) continue;
    GITOPSCTL_CHECK(may_continue());
    inventory.prune = item.inventory.prune = wanted.prune;
    inventory.allow_delete = item.inventory.allow_delete = std::move(wanted.allow_delete);
    inventory.run_id = item.inventory.run_id = context.run_id;
    inventory.fence = item.inventory.fence = context.fence;
    GITOPSCTL_CHECK(write_inventory(s_.environment, inventory, write_options(context, inventory)));
    item.inventory.resource_version = inventory.resource_version;
    item.inventory.stored_digest = inventory.stored_digest;
  }
  return {};
}

/// Each release after those it depends on, as many at once as the environment is worth.
Result<void> ChannelRun::apply_all(const WriteContext& context) {
  const auto items = in_order();
  std::map<std::string_view, std::size_t> places;
  for (std::size_t i = 0; i < items.size(); ++i) places.emplace(items[i]->name, i);
  std::vector<std::vector<std::size_t>> needs(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i]->release == nullptr) continue;
    for (const auto& name : items[i]->release->depends_on) {
      if (const auto found = places.find(name); found != places.end() && found->second < i)
        needs[i].push_back(found->second);
    }
  }
  do_in_order(needs, s_.environment.writers(), [&](std::size_t i) {
    const auto done = no_throw("a release", [&] { return apply_item(*items[i], context); });
    if (done.ok()) return true;
    const std::lock_guard lock(mutex_);
    if (!ended_) ended_ = done.error();
    return false;
  });
  if (ended_) return *ended_;
  return {};
}

/// One release of apply_all(). An Error ends the run.
Result<void> ChannelRun::apply_item(Item& item, const WriteContext& shared) {
  if (item.release == nullptr || item.failed || !item.planned || leave_alone(item)) return {};
  if (const std::string* waits_for = failed_dependency(item); waits_for != nullptr) {
    item.failed = true;
    item.changes.errors.push_back(
        Error(ErrorCode::unavailable, "waits for release '" + *waits_for + "', which is not deployed")
            .at(item.release->where)
            .with_hint("it goes on by itself when that release is deployed"));
    return {};
  }
  WriteContext context = shared;
  context.on_wait = [this, &item](const std::string& what) {
    const std::lock_guard lock(mutex_);
    report_waiting(item, what);
  };
  ReleaseGoal goal = goal_of(item);
  // Nothing of it is left to be pruned, so its inventory need not wait for the other releases.
  goal.settles_next = s_.environment.writers() > 1 && !item.former_namespace && !has_leftovers(item);
  const WriteReport report = apply_release(context, item.inventory, goal, item.changes);
  {
    const std::lock_guard lock(mutex_);
    GITOPSCTL_CHECK(note_report(item, report));
  }
  if (item.failed || !goal.settles_next) return {};
  GITOPSCTL_CHECK(settle_release(context, item.inventory, goal));
  item.settled = true;
  return {};
}

Result<void> ChannelRun::prune_all(const WriteContext& context) {
  crash_point(CrashPoint::prune_before_first);
  for (auto& item : items_) {
    if (!item.planned || leave_alone(item)) continue;
    GITOPSCTL_CHECK(note_report(item, prune_release(context, item.inventory, item.input, item.changes)));
  }
  crash_point(CrashPoint::prune_after_last);
  return {};
}

/// Takes a report into the item. An interruption ends the run; any other error is the release's own.
Result<void> ChannelRun::note_report(Item& item, const WriteReport& report) {
  item.report.created += report.created;
  item.report.updated += report.updated;
  item.report.removed += report.removed;
  item.report.kept += report.kept;
  item.changes.warnings.insert(item.changes.warnings.end(), report.warnings.begin(), report.warnings.end());
  // A request that was broken off by the end of the agent says nothing about the release.
  for (const auto& error : report.errors) {
    if (report.interrupted || error.code() == ErrorCode::cancelled) return error;
  }
  for (const auto& [id, version] : report.observed) s_.memory[item.name].observed[id] = version;
  if (report.errors.empty()) return {};
  item.failed = true;
  item.changes.errors.insert(item.changes.errors.end(), report.errors.begin(), report.errors.end());
  return {};
}

void ChannelRun::note_held_back() {
  prune_skipped_ = true;
  for (auto& item : items_) {
    for (const auto& change : item.changes.changes) {
      if (change.action == channels::Action::remove) item.held_back = true;
    }
  }
}

/// True when the release still has entries that it does not want and that no rule keeps.
bool ChannelRun::has_leftovers(const Item& item) const {
  std::set<render::ObjectId> wanted;
  for (const auto& object : item.input.desired) wanted.insert(object.id);
  return std::any_of(item.inventory.entries.begin(), item.inventory.entries.end(), [&](const InventoryEntry& entry) {
    return entry.state != EntryState::kept && !wanted.contains(entry.id);
  });
}

/// Shrinks the inventories of what succeeded.
Result<void> ChannelRun::settle_all(const WriteContext& context) {
  bool forget = false;
  for (auto& item : items_) {
    if (!item.planned) continue;
    if (leave_alone(item)) {
      // Suspended, and as it should be: nothing of it needs to be planned again until something moves.
      const bool same = item.release != nullptr && !item.failed && !item.held_back && !has_work(item);
      if (same) s_.memory[item.name].settled_key = s_.stage.state(item.name).key;
      continue;
    }
    if (item.failed) {
      // What a failed release wrote is in its stored inventory; the copy in memory is not to be older.
      forget = true;
      s_.memory.erase(item.name);
      continue;
    }
    if (item.release != nullptr && prune_skipped_ && has_leftovers(item)) {
      // Not settled: the next run looks at it again, until nothing fails and they can go.
      s_.memory.erase(item.name);
    } else if (item.release != nullptr) {
      if (!item.settled) GITOPSCTL_CHECK(settle_release(context, item.inventory, goal_of(item)));
      s_.memory[item.name].settled_key = s_.stage.state(item.name).key;
      if (item.former_namespace) {
        GITOPSCTL_CHECK(s_.status.remove_release(item.name, *item.former_namespace));
        item.former_namespace.reset();
      }
    } else if (!prune_skipped_) {
      GITOPSCTL_CHECK(settle_removed(context, item.inventory));
      if (item.inventory.entries.empty()) {
        GITOPSCTL_CHECK(s_.status.remove_release(item.name, item.inventory.release_namespace));
        s_.inventories->erase(item.name);
        s_.memory.erase(item.name);
        continue;
      }
    }
    (*s_.inventories)[item.name] = item.inventory;
  }
  if (forget) s_.inventories.reset();
  return {};
}

/// Releases so that each comes after those it depends on (rings are mistakes of the file, met before).
std::vector<ChannelRun::Item*> ChannelRun::in_order() {
  std::map<std::string, Item*> by_name;
  for (auto& item : items_) by_name[item.name] = &item;
  std::vector<Item*> out;
  std::set<std::string> seen;
  const std::function<void(Item&)> visit = [&](Item& item) {
    if (!seen.insert(item.name).second) return;
    if (item.release != nullptr) {
      for (const auto& name : item.release->depends_on) {
        if (const auto it = by_name.find(name); it != by_name.end()) visit(*it->second);
      }
    }
    out.push_back(&item);
  };
  for (const auto& release : channel_->releases) visit(*by_name.at(release.name));
  for (auto& item : items_) visit(item);
  return out;
}

const std::string* ChannelRun::failed_dependency(const Item& item) const {
  for (const auto& name : item.release->depends_on) {
    for (const auto& other : items_) {
      if (other.name == name && other.failed) return &name;
    }
  }
  return nullptr;
}

ReleaseGoal ChannelRun::goal_of(const Item& item) const {
  const RenderState& state = s_.stage.state(item.name);
  ReleaseGoal goal;
  goal.set = state.set.get();
  goal.planned = &item.input.desired;
  goal.commit = commit_;
  goal.render_key = state.key;
  goal.profile = item.release->profile;
  goal.charts = state.charts;
  goal.sources = records_of(state.reads);
  const auto removal = removal_after(item);
  goal.prune = removal.prune;
  goal.allow_delete = removal.allow_delete;
  goal.sensitive = state.sensitive;
  goal.force = item.release->force;
  if (item.release->timeout) goal.timeout = *item.release->timeout;
  return goal;
}

}  // namespace gitopsctl::agent
