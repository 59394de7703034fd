#include <algorithm>
#include <utility>

#include "agent/reconcile/channel_run.hpp"
#include "base/crypto/digest.hpp"
#include "base/process/crash_point.hpp"

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
  collect_items();
  refuse_double_claims();
  const channels::Handover handover = hand_over();
  for (auto& item : items_) {
    GITOPSCTL_CHECK(interrupt_.check("planning"));
    GITOPSCTL_CHECK(plan_item(item, handover));
  }
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
  Sha256 sum;
  sum.add_field(digest_);
  for (const auto& release : changes_.releases) {
    for (const auto& change : release.changes) {
      sum.add_field(release.release);
      sum.add_field(change.id.to_string());
      sum.add_field(channels::action_name(change.action));
    }
  }
  changes_.plan_digest = "sha256:" + sum.hex();
  crash_point(CrashPoint::plan_after_changes);
  return {};
}

/// One item for every release of the file and for every inventory whose release the file does not have any more.
void ChannelRun::collect_items() {
  items_.clear();
  for (const auto& release : channel_.releases) add_listed(release);
  for (const auto& [name, inventory] : *s_.inventories) {
    if (channel_.find(name) != nullptr) continue;
    Item item;
    item.name = name;
    item.inventory = inventory;
    item.deployed = true;
    items_.push_back(std::move(item));
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
  }
  items_.push_back(std::move(item));
}

/// The objects that a release is to own. Of one that does not render nobody knows.
std::vector<render::ObjectId> ChannelRun::wanted_ids(const Item& item) const {
  return item.release == nullptr ? std::vector<render::ObjectId>() : s_.stage.state(item.name).ids;
}

/// Two releases of this channel that want one object are both refused.
void ChannelRun::refuse_double_claims() {
  std::map<render::ObjectId, std::vector<Item*>> claims;
  for (auto& item : items_) {
    for (auto& id : wanted_ids(item)) claims[std::move(id)].push_back(&item);
  }
  for (const auto& [id, claimants] : claims) {
    if (claimants.size() < 2) continue;
    std::string names;
    for (const auto* item : claimants) names += (names.empty() ? "'" : ", '") + item->name + "'";
    for (auto* item : claimants) {
      item->failed = true;
      item->changes.errors.push_back(Error(ErrorCode::conflict, id.to_string() + " is in the releases " + names)
                                         .at(item->release->where)
                                         .with_hint("an object belongs to one release: take it out of the others"));
    }
  }
}

/// Who owns, who wants and who cannot be planned: what lets an object go from one release to another in one run.
channels::Handover ChannelRun::hand_over() {
  channels::Handover out;
  for (const auto& item : items_) {
    out.owners[owner_id(item.inventory)] = item.name;
    out.sensitive[item.name] = item.inventory.sensitive;
    for (auto& id : wanted_ids(item)) out.claimed_by[std::move(id)] = item.name;
    if (item.failed || (item.release != nullptr && !s_.stage.state(item.name).errors.empty())) out.failing.insert(item.name);
  }
  return out;
}

/// True when the live objects of a release must be looked at: after a restart, when its rendering changed, or when somebody
/// wrote to its objects.
bool ChannelRun::must_look(const Item& item) const {
  if (item.release == nullptr || !item.deployed || item.inventory.phase != "applied") return true;
  const auto known = s_.memory.find(item.name);
  if (known == s_.memory.end()) return true;
  const RenderState& state = s_.stage.state(item.name);
  if (known->second.settled_key != state.key || item.inventory.render_key != state.key) return true;
  // What the file says about removing is no part of the rendering, but of what is recorded.
  if (item.inventory.prune != channel_.prunes(*item.release)) return true;
  if (item.inventory.allow_delete != item.release->allow_delete) return true;
  return !unmoved(item, known->second);
}

bool ChannelRun::unmoved(const Item& item, const ReleaseMemory& memory) const {
  if (!others_wrote_) return true;
  std::vector<render::ObjectId> ids;
  for (const auto& entry : item.inventory.entries) ids.push_back(entry.id);
  const auto live = s_.environment.get_many(ids);
  if (!live.ok()) return false;  // the plan meets the same error and reports it
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto seen = memory.observed.find(ids[i]);
    if (!(*live)[i] || seen == memory.observed.end() || seen->second != (*live)[i]->resource_version) return false;
  }
  return true;
}

Result<void> ChannelRun::plan_item(Item& item, const channels::Handover& handover) {
  PlanSubject subject;
  subject.channel = &channel_;
  subject.release = item.release;
  subject.inventory = &item.inventory;
  subject.namespaces = &s_.setup.namespaces;
  const std::vector<Error> claimed_twice = std::move(item.changes.errors);
  const bool look = must_look(item);
  if (item.release != nullptr) {
    subject.state = &s_.stage.state(item.name);
    if (look) GITOPSCTL_CHECK(s_.stage.materialise(*item.release, tree_));
    if (!item.release->renamed_from.empty()) {
      if (const auto old = s_.inventories->find(item.release->renamed_from); old != s_.inventories->end()) {
        subject.former_owners.push_back(owner_id(old->second));
      }
    }
  }
  item.input = make_plan_input(s_.environment, subject, s_.setup.installation_key);
  item.input.errors.insert(item.input.errors.end(), claimed_twice.begin(), claimed_twice.end());
  if (!look || !item.input.errors.empty()) {
    item.changes = {};
    item.changes.release = item.name;
    item.changes.namespace_ = item.input.namespace_;
    item.changes.driver = item.input.driver;
    item.changes.from_digest = item.input.from_digest;
    item.changes.to_digest = item.input.to_digest;
    item.changes.errors = item.input.errors;
    item.changes.warnings = item.input.warnings;
    item.changes.unchanged = item.inventory.entries.size();
    item.failed = !item.changes.errors.empty();
    return {};
  }
  ReleaseMemory& memory = s_.memory[item.name];
  memory = {};
  GITOPSCTL_TRY(const channels::LiveState live, look_up_live(s_.environment, item.input, memory.observed));
  item.changes = channels::plan_release_live(item.input, live, handover);
  item.planned = true;
  item.failed = !item.changes.errors.empty();
  item.taken_over_anew = !item.deployed && std::any_of(live.begin(), live.end(), [&](const auto& object) {
    return object.second && object.second->owner == item.input.owner;
  });
  return {};
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
  return !channel_.self_heal && item.deployed && item.inventory.phase == "applied" && only_drift(item.changes);
}

/// True when the commit brings another policy than the deployed one: taking that over is guarded as a write is, else a
/// commit without objects could end a freeze.
bool ChannelRun::policy_moves() const {
  return record_.known && !json_equal(encode_policy(record_.policy), encode_policy(channel_.policy));
}

bool ChannelRun::has_work(const Item& item) const {
  return has_action(item.changes, {Action::create, Action::update, Action::adopt, Action::remove});
}

/// False when the run must wait for somebody or something.
bool ChannelRun::guard() {
  crash_point(CrashPoint::plan_before_guard);
  const bool anything = policy_moves() || std::any_of(items_.begin(), items_.end(), [&](const Item& item) {
                          return !item.failed && has_work(item) && !leave_alone(item);
                        });
  channels::Policy policy = record_.known ? record_.policy : channel_.policy;
  // What is deployed already was approved when it was deployed; healing it needs no second approval.
  if (record_.known && record_.render_digest == digest_) policy.approvals = 0;
  channels::GuardFacts facts;
  facts.channel = s_.setup.key.channel;
  facts.revision = commit_;
  facts.policy = &policy;
  facts.changes = &changes_;
  for (const auto& item : items_) facts.live_objects += item.inventory.entries.size();
  facts.suspended = switches_.suspend || channel_.suspend;
  facts.suspended_by = switches_.suspended_by;
  facts.suspend_reason = switches_.suspend ? switches_.suspend_reason : "the channel file says `suspend: true`";
  if (!switches_.held_digest.empty() && !rolled_back_) facts.held_digest = switches_.held_digest;
  facts.now = s_.clock.now();
  // Without an answer there are no approvals: the guards wait.
  if (const auto approvals = list_approvals(s_.environment, s_.setup.key); approvals.ok()) {
    for (const auto& approval : *approvals) facts.approvals[approval.digest].push_back(approval.by);
  }
  verdicts_ = channels::evaluate_guards(facts);
  crash_point(CrashPoint::plan_after_guard);
  if (facts.suspended) return false;
  return !anything || channels::may_write(verdicts_);
}

}  // namespace gitopsctl::agent
