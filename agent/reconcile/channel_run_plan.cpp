#include <algorithm>
#include <functional>
#include <iterator>
#include <mutex>
#include <set>
#include <utility>

#include "agent/reconcile/channel_run.hpp"
#include "agent/reconcile/crew.hpp"
#include "base/process/crash_point.hpp"
#include "base/result/no_throw.hpp"

namespace gitopsctl::agent {

using channels::Action;

namespace {

bool has_action(const channels::ReleaseChanges& changes, std::initializer_list<Action> actions) {
  return std::any_of(changes.changes.begin(), changes.changes.end(), [&](const channels::Change& change) {
    return std::find(actions.begin(), actions.end(), change.action) != actions.end();
  });
}

/// True when nothing but somebody else's hand makes a difference.
bool only_drift(const channels::ReleaseChanges& changes) {
  return std::all_of(changes.changes.begin(), changes.changes.end(), [](const channels::Change& change) {
    return change.action == Action::unchanged || change.action == Action::keep || change.cause == channels::Cause::drift;
  });
}

}  // namespace

Result<void> ChannelRun::plan() {
  crash_point(CrashPoint::plan_before_live);
  GITOPSCTL_CHECK(find_unlisted_inventories());
  collect_items();
  refuse_double_claims();
  ask_for_versions();
  channels::Handover handover = hand_over();
  const auto plan_one = [&](std::size_t i) -> Result<channels::PlanOutcome> {
    GITOPSCTL_CHECK(interrupt_.check("planning"));
    return plan_item(i, handover);
  };
  GITOPSCTL_CHECK(channels::plan_until_settled(handover, items_.size(), plan_one));
  crash_point(CrashPoint::plan_after_live);
  hold_back_removals();

  changes_.channel = s_.setup.key.channel;
  changes_.from = "live";
  changes_.to = commit_;
  changes_.live = true;
  changes_.render_digest = digest_;
  for (const auto& item : items_) {
    // What nobody touches needs nobody's leave.
    if (!leave_alone(item)) changes_.releases.push_back(item.changes);
  }
  channels::set_policy(changes_, record_.known ? &record_.policy : nullptr, policy_after(), *channel_);
  for (const auto& item : items_) {
    if (item.release == nullptr || !s_.inventories->contains(item.name)) continue;
    auto moves = channels::compare_removal(item.name, recorded_removal(item.inventory), removal_after(item));
    changes_.policy_changes.insert(changes_.policy_changes.end(), moves.begin(), moves.end());
  }
  channel_status_.approval_digest = changes_.approval_digest;
  channel_status_.approval_seal = seal_;
  crash_point(CrashPoint::plan_after_changes);
  return {};
}

/// An inventory that lost its labels is not listed, but stands where it stood: where the release is now, or where its
/// Release object says that it was.
Result<void> ChannelRun::find_unlisted_inventories() {
  unreadable_ = s_.unreadable;
  std::vector<InventoryPlace> places;
  for (auto& place : unlisted_places(s_.setup.key, *channel_, switches_)) {
    const auto& release = place.identity.release;
    if (!s_.inventories->contains(release) && !unreadable_.contains(release)) places.push_back(std::move(place));
  }
  GITOPSCTL_TRY(auto found, find_unlisted(s_.environment, places));
  for (auto& unlisted : found) unreadable_.emplace(unlisted.release, std::move(unlisted));
  return {};
}

/// One item for every release of the file and for every inventory whose release the file does not have any more.
void ChannelRun::collect_items() {
  items_.clear();
  for (const auto& release : channel_->releases) add_listed(release);
  for (const auto& [name, inventory] : *s_.inventories) {
    if (channel_->find(name) != nullptr) continue;
    Item item;
    item.name = name;
    item.inventory = inventory;
    item.deployed = true;
    items_.push_back(std::move(item));
  }
  for (const auto& [name, unreadable] : unreadable_) {
    if (channel_->find(name) != nullptr) continue;
    Item item;
    item.name = name;
    item.inventory.identity = s_.setup.key.release(name);
    item.inventory.namespace_ = unreadable.namespace_;
    item.inventory.release_namespace = unreadable.namespace_ == home_namespace ? std::string() : unreadable.namespace_;
    item.unreadable = unreadable;
    items_.push_back(std::move(item));
  }
  for (auto& item : items_) {
    if (!item.unreadable) continue;
    item.deployed = true;
    item.failed = true;
    item.changes.errors = item.unreadable->errors;
  }
  std::sort(items_.begin(), items_.end(), [](const Item& a, const Item& b) { return a.name < b.name; });
}

void ChannelRun::add_listed(const channels::Release& release) {
  Item item;
  item.release = &release;
  item.name = release.name;
  if (const auto known = s_.inventories->find(release.name); known != s_.inventories->end()) {
    item.inventory = known->second;
    item.deployed = true;
    if (item.inventory.release_namespace != release.namespace_) {
      item.former_namespace = std::exchange(item.inventory.release_namespace, release.namespace_);
    }
  } else {
    item.inventory.identity = s_.setup.key.release(release.name);
    item.inventory.namespace_ = release.namespace_.empty() ? std::string(home_namespace) : release.namespace_;
    item.inventory.release_namespace = release.namespace_;
    if (const auto there = unreadable_.find(release.name); there != unreadable_.end()) item.unreadable = there->second;
  }
  items_.push_back(std::move(item));
}

/// The objects that a release is to own. Of one that does not render nobody knows.
std::vector<render::ObjectId> ChannelRun::wanted_ids(const Item& item) const {
  return item.release == nullptr ? std::vector<render::ObjectId>() : s_.stage.state(item.name).ids;
}

/// Releases of this channel that want one object are all refused.
void ChannelRun::refuse_double_claims() {
  std::map<std::string, std::vector<render::ObjectId>> claims;
  for (const auto& item : items_) claims[item.name] = wanted_ids(item);
  const auto conflicts = channels::claim_conflicts(claims);
  for (auto& item : items_) {
    const auto found = conflicts.find(item.name);
    if (found == conflicts.end()) continue;
    item.failed = true;
    for (const auto& error : found->second) item.changes.errors.push_back(Error(error).at(item.release->where));
  }
}

/// Who owns, who wants and who cannot be planned: what lets an object go from one release to another in one run.
channels::Handover ChannelRun::hand_over() {
  std::vector<channels::HandoverParty> parties;
  for (const auto& item : items_) {
    channels::HandoverParty party{item.name, {owner_id(item.inventory)}, wanted_ids(item), item.failed,
                                  false,     item.inventory.sensitive};
    if (item.unreadable) {
      party.unreadable = true;
      party.owners.insert(party.owners.end(), item.unreadable->owners.begin(), item.unreadable->owners.end());
    }
    if (item.release != nullptr && !s_.stage.state(item.name).errors.empty()) party.failing = true;
    parties.push_back(std::move(party));
  }
  return channels::make_handover(parties);
}

/// True when the live objects of a release must be looked at: after a restart, when its rendering changed, or when somebody
/// wrote to its objects.
bool ChannelRun::must_look(const Item& item) const {
  return !knows(item) || !unmoved(item, s_.memory.find(item.name)->second);
}

/// True when all that a plan would find is known, unless somebody wrote to the objects.
bool ChannelRun::knows(const Item& item) const {
  if (item.release == nullptr || !item.deployed || item.inventory.phase != "applied") return false;
  // A delete was accepted, and nobody has seen yet that the object is gone.
  const auto& entries = item.inventory.entries;
  if (std::any_of(entries.begin(), entries.end(), [](const auto& one) { return one.state == EntryState::pruning; }))
    return false;
  const auto known = s_.memory.find(item.name);
  if (known == s_.memory.end()) return false;
  const RenderState& state = s_.stage.state(item.name);
  if (known->second.settled_key != state.key || item.inventory.render_key != state.key) return false;
  // What the file says about removing is no part of the rendering, but of what is recorded.
  return recorded_removal(item.inventory) == removal_after(item);
}

/// Where everything must be looked at – a first sync, a restart, a regular look for drift – lists tell of most objects that
/// they are not there, or as they were.
void ChannelRun::ask_for_versions() {
  versions_.clear();
  std::vector<render::ObjectId> ids;
  for (const auto& item : items_) {
    if (item.unreadable || (!others_wrote_ && knows(item))) continue;
    auto wanted = wanted_ids(item);
    if (item.deployed && !s_.memory.contains(item.name)) {
      // Nothing is remembered that a version could be compared with: what is there is read whole. Only of what is new a
      // list can tell that there is nothing to read.
      std::erase_if(wanted, [&](const auto& id) { return item.inventory.find(id) != nullptr; });
    } else {
      for (const auto& entry : item.inventory.entries) ids.push_back(entry.id);
    }
    std::ranges::move(wanted, std::back_inserter(ids));
    if (!item.deployed) ids.push_back({"", "Namespace", "", item.inventory.namespace_});
  }
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  // Without an answer the objects themselves are asked for.
  if (auto known = s_.environment.known_versions(ids); known.ok()) versions_ = *std::move(known);
}

/// True when must_look() has to ask the environment: somebody wrote, and no list told of all of the release's objects.
bool ChannelRun::asks_whether_moved(const Item& item) const {
  return others_wrote_ && knows(item) && std::ranges::any_of(item.inventory.entries, [&](const InventoryEntry& entry) {
           return !versions_.contains(entry.id);
         });
}

bool ChannelRun::unmoved(const Item& item, const ReleaseMemory& memory) const {
  if (!others_wrote_) return true;
  const auto moved = [&memory](const render::ObjectId& id, const std::string& version) {
    const auto seen = memory.observed.find(id);
    return seen == memory.observed.end() || seen->second != version;
  };
  std::vector<render::ObjectId> ids;
  ids.reserve(item.inventory.entries.size());
  for (const auto& entry : item.inventory.entries) {
    const auto known = versions_.find(entry.id);
    if (known == versions_.end()) {
      ids.push_back(entry.id);
    } else if (!known->second || moved(entry.id, *known->second)) {
      return false;
    }
  }
  if (ids.empty()) return true;
  const auto live = s_.environment.get_many(ids);
  if (!live.ok()) return false;  // the plan meets the same error and reports it
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!(*live)[i] || moved(ids[i], (*live)[i]->resource_version)) return false;
  }
  return true;
}

/// What the releases of the commit make, as far as others of its objects can need it.
const std::set<render::ObjectId>& ChannelRun::coming() {
  if (!coming_) {
    std::vector<const RenderState*> states;
    for (const auto& release : channel_->releases) states.push_back(&s_.stage.state(release.name));
    coming_ = things_to_come(states);
  }
  return *coming_;
}

/// Looks at the releases from `first` on that nobody looked at yet in this run, as many at once as the environment is worth:
/// what it takes is waiting for answers. Of a release that is planned anew only at itself.
Result<void> ChannelRun::look_ahead(std::size_t first) {
  const std::size_t hands = std::max<std::size_t>(1, s_.environment.writers());
  const bool again = items_[first].looked;
  std::vector<std::size_t> unsure;
  std::vector<std::size_t> group;
  for (std::size_t i = first; i < items_.size() && unsure.size() + group.size() < hands; ++i) {
    Item& item = items_[i];
    if (i != first && (again || item.looked)) continue;
    item.looked = true;
    looks_[i] = {};
    if (item.unreadable) continue;
    if (asks_whether_moved(item)) {
      unsure.push_back(i);
    } else if (must_look(item)) {
      group.push_back(i);
    }
  }
  const auto for_all = [&](const std::vector<std::size_t>& places,
                           const std::function<void(std::size_t)>& work) -> Result<void> {
    std::vector<Result<void>> done(places.size());
    do_in_order(std::vector<std::vector<std::size_t>>(places.size()), hands, [&](std::size_t i) {
      done[i] = no_throw("a look", [&]() -> Result<void> {
        work(places[i]);
        return {};
      });
      return true;
    });
    for (const auto& one : done) {
      if (!one.ok()) return one.error();
    }
    return {};
  };
  std::vector<unsigned char> moved(items_.size(), 0);
  GITOPSCTL_CHECK(for_all(unsure, [&](std::size_t i) { moved[i] = must_look(items_[i]) ? 1 : 0; }));
  std::ranges::copy_if(unsure, std::back_inserter(group), [&](std::size_t i) { return moved[i] != 0; });
  for (const std::size_t i : group) GITOPSCTL_CHECK(prepare_look(items_[i], looks_[i]));
  std::erase_if(group, [&](std::size_t i) { return !looks_[i].asks; });
  std::mutex of_trees;
  return for_all(group, [&](std::size_t i) {
    Look& look = looks_.at(i);
    LookAids aids;
    aids.known = &versions_;
    aids.coming = &*coming_;
    if (look.former) {
      aids.former = [&] {
        const std::lock_guard lock(of_trees);
        return look.former();
      };
    }
    look.live = look_up_live(s_.environment, items_[i].input, look.observed, s_.setup.installation_key, aids);
  });
}

/// What the look at a release needs from here.
Result<void> ChannelRun::prepare_look(Item& item, Look& look) {
  static_cast<void>(coming());
  PlanSubject subject;
  subject.channel = channel_.get();
  subject.release = item.release;
  subject.inventory = &item.inventory;
  subject.namespaces = &s_.setup.namespaces;
  if (item.release != nullptr) {
    subject.state = &s_.stage.state(item.name);
    GITOPSCTL_CHECK(s_.stage.materialise(*item.release, tree_));
    if (!item.release->renamed_from.empty()) {
      if (const auto old = s_.inventories->find(item.release->renamed_from); old != s_.inventories->end()) {
        subject.former_owners.push_back(owner_id(old->second));
      }
    }
  }
  item.input = make_plan_input(s_.environment, subject, s_.setup.installation_key);
  look.found = item.input.errors;
  look.asks = item.input.errors.empty() && item.changes.errors.empty();
  if (!look.asks) return {};
  s_.memory[item.name] = {};
  look.former = former_rendering(item.inventory, subject, s_.setup.key, s_.setup.channel_file, s_.setup.installation_key,
                                 s_.tree_of, s_.setup.charts, s_.setup.render_rules, s_.stage.sources());
  return {};
}

Result<channels::PlanOutcome> ChannelRun::plan_item(std::size_t place, const channels::Handover& handover) {
  if (!looks_.contains(place)) GITOPSCTL_CHECK(look_ahead(place));
  Look look = std::move(looks_.extract(place).mapped());
  Item& item = items_[place];
  const std::vector<Error> met_before = std::move(item.changes.errors);
  if (!look.asks) return skip_plan(item, look.found, met_before);
  if (!look.live.ok()) {
    if (!look_errors_.is_of_one_release(look.live.error())) return look.live.error();
    return skip_plan(item, {look.live.error()}, met_before);
  }
  s_.memory[item.name].observed = std::move(look.observed);
  const channels::LiveState& live = *look.live;
  item.changes = channels::plan_release_live(item.input, live, handover);
  item.planned = true;
  item.failed = !item.changes.errors.empty();
  item.taken_over_anew = !item.deployed && std::any_of(live.begin(), live.end(), [&](const auto& object) {
    return object.second && object.second->owner == item.input.owner;
  });
  return channels::PlanOutcome{item.name, item.failed, channels::takes_from(item.input, live, handover)};
}

/// What is known of a release without looking at its objects. `found` are the errors of its plan's input, when that was
/// made; `met_before` those of a stage before.
channels::PlanOutcome ChannelRun::skip_plan(Item& item, const std::vector<Error>& found,
                                            const std::vector<Error>& met_before) const {
  item.changes = {};
  item.changes.release = item.name;
  item.changes.namespace_ = item.inventory.release_namespace;
  item.changes.from_digest = item.inventory.render_digest;
  item.changes.unchanged = item.inventory.entries.size();
  item.changes.errors = found;
  if (item.release != nullptr) {
    const RenderState& state = s_.stage.state(item.name);
    item.changes.driver = item.release->driver_name;
    item.changes.to_digest = state.render_digest;
    item.changes.warnings = state.warnings;
    if (found.empty()) item.changes.errors = state.errors;
  }
  item.changes.errors.insert(item.changes.errors.end(), met_before.begin(), met_before.end());
  item.failed = !item.changes.errors.empty();
  return channels::PlanOutcome{item.name, item.failed, {}};
}

/// Nothing is removed by a run in which anything failed; the plan says so before the guards look at it.
void ChannelRun::hold_back_removals() {
  if (std::none_of(items_.begin(), items_.end(), [](const Item& item) { return item.failed; })) return;
  prune_skipped_ = true;
  for (auto& item : items_) {
    for (auto& change : item.changes.changes) {
      if (change.action != Action::remove) continue;
      item.held_back = true;
      change.action = Action::keep;
      change.why = "a release of the channel failed, so nothing is removed";
    }
  }
}

/// Drift that nobody wants healed, and releases that are suspended by themselves.
bool ChannelRun::leave_alone(const Item& item) const {
  if (switches_.suspended_releases.contains(item.name)) return true;
  if (item.release != nullptr && item.release->suspend) return true;
  return !channel_->policy.self_heal && item.deployed && item.inventory.phase == "applied" && has_work(item) &&
         only_drift(item.changes);
}

/// The policy once this run has come to its end. A rollback brings back what was deployed, not the policy of that time:
/// else going back would be a way around a guard that was made stricter meanwhile.
const channels::Policy& ChannelRun::policy_after() const {
  return rolled_back_ && record_.known ? record_.policy : channel_->policy;
}

/// What the inventory of a listed release says about removing, once this run has come to its end. What is not brought to the
/// commit, or only by going back, gets no further freedom from it.
channels::RemovalSettings ChannelRun::removal_after(const Item& item) const {
  auto wanted = channels::removal_settings(*channel_, *item.release);
  if (!item.deployed || !(rolled_back_ || item.failed || leave_alone(item))) return wanted;
  return channels::stricter(recorded_removal(item.inventory), wanted);
}

bool ChannelRun::has_work(const Item& item) const {
  return has_action(item.changes, {Action::create, Action::update, Action::adopt, Action::recreate, Action::remove});
}

/// How many objects of the channel there are besides those that stay whatever a commit says: what its releases want and the
/// environment has, and what is to be removed. Leftovers that a rule keeps would make every removal look small.
std::size_t ChannelRun::objects_at_stake() const {
  // Only removals are measured by it, and it looks at every object of the channel.
  if (changes_.counts().deleted() == 0) return 0;
  std::set<render::ObjectId> wanted;
  for (const auto& item : items_) {
    for (auto& id : wanted_ids(item)) wanted.insert(std::move(id));
  }
  std::set<render::ObjectId> counted;
  for (const auto& item : items_) {
    for (const auto& entry : item.inventory.entries) {
      if (wanted.contains(entry.id)) counted.insert(entry.id);
    }
  }
  for (const auto& release : changes_.releases) {
    for (const auto& change : release.changes) {
      if (change.action == Action::remove) counted.insert(change.id);
    }
  }
  return counted.size();
}

/// False when the run must wait for somebody or something.
bool ChannelRun::guard() {
  crash_point(CrashPoint::plan_before_guard);
  // Taking another policy over is guarded as a write is: a commit without objects could end a freeze else.
  const bool anything = changes_.changes_policy() || std::any_of(items_.begin(), items_.end(), [&](const Item& item) {
                          return !item.failed && has_work(item) && !leave_alone(item);
                        });
  // That this content was deployed once frees of nothing: of a release that was suspended then, nothing was written.
  const channels::Policy& policy = record_.known ? record_.policy : channel_->policy;
  channels::GuardFacts facts;
  facts.channel = s_.setup.key.channel;
  facts.revision = commit_;
  facts.policy = &policy;
  facts.changes = &changes_;
  facts.live_objects = objects_at_stake();
  facts.suspended = switches_.suspend || channel_->suspend;
  facts.suspended_by = switches_.suspended_by;
  facts.suspend_reason = switches_.suspend ? switches_.suspend_reason : "the channel file says `suspend: true`";
  if (!switches_.held_digest.empty() && !rolled_back_) facts.held_digest = switches_.held_digest;
  facts.now = s_.clock.now();
  verdicts_ = channels::evaluate_guards(facts);
  // What passes without approvals passes with them. Without an answer there are none: the guards wait.
  const bool waits = std::ranges::any_of(
      verdicts_, [](const channels::Verdict& verdict) { return verdict.decision != channels::Decision::pass; });
  if (waits) {
    if (const auto approvals = list_approvals(s_.environment, s_.setup.key); approvals.ok()) {
      for (const auto& approval : *approvals) {
        if (approval.covers(seal_)) facts.approvals[approval.digest].push_back(approval.by);
      }
      verdicts_ = channels::evaluate_guards(facts);
    }
  }
  crash_point(CrashPoint::plan_after_guard);
  if (facts.suspended) return false;
  return !anything || channels::may_write(verdicts_);
}

}  // namespace gitopsctl::agent
