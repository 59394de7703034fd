#include "channels/plan/live_plan.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "channels/plan/plan_digest.hpp"
#include "channels/plan/recreate_rules.hpp"
#include "channels/plan/reserved.hpp"
#include "render/manifest/redact.hpp"

namespace gitopsctl::channels {

namespace {

using render::ObjectId;

constexpr std::string_view adopt_from = "gitopsctl.dev/adopt-from";
constexpr std::string_view owner_label = "applyset.kubernetes.io/part-of";
// Written by controllers of the cluster on objects that others own (specs: cluster-apply §2.2).
constexpr std::string_view revision_annotation = "deployment.kubernetes.io/revision";

/// `live` with every field of `desired` set, and without the fields that we applied and no longer desire: what the object
/// looks like after an apply. Lists are taken as a whole.
Value overlay(const Value& live, const Value& desired, const Value& applied) {
  if (!live.is_map() || !desired.is_map()) return desired;
  Value out = live.is_nil_container() ? Value::map() : live.shallow_copy();
  for (const auto& member : applied.as_map()) {
    if (desired.find(member.key.view()) == nullptr) out.erase(member.key.view());
  }
  for (const auto& member : desired.as_map()) {
    const Value* here = live.find(member.key.view());
    const Value* before = applied.find(member.key.view());
    out.set(member.key,
            here == nullptr ? member.value : overlay(*here, member.value, before == nullptr ? Value() : *before));
  }
  return out;
}

/// What a reader wants to see of an object: without what the server and the inventory write into it.
Value shown(const Value& body) {
  Value out = render::canonical_value(body);
  const auto drop = [&out](std::string_view part, std::string_view key) {
    const Value* metadata = out.find("metadata");
    const Value* map = metadata == nullptr ? nullptr : metadata->find(part);
    if (map == nullptr || map->find(key) == nullptr) return;
    Value rest = *map;  // canonical_value made the containers, so nobody else sees the change
    rest.erase(key);
    if (rest.size() == 0) Value(*metadata).erase(part);
  };
  drop("labels", owner_label);
  drop("annotations", revision_annotation);
  return out;
}

class ReleasePlan {
 public:
  ReleasePlan(const LiveReleaseInput& input, const LiveState& live, const Handover& handover)
      : input_(input), live_(live), handover_(handover), settings_(input.settings) {
    settings_.whole_release = !input.listed;
    for (const auto& entry : input.entries) entries_.emplace(entry.id, &entry);
    out_.release = input.release;
    out_.namespace_ = input.namespace_;
    out_.driver = input.driver;
    out_.from_digest = input.from_digest;
    out_.to_digest = input.to_digest;
    out_.no_longer_listed = !input.listed;
    out_.warnings = input.warnings;
    out_.errors = input.errors;
  }

  ReleaseChanges run() {
    if (out_.errors.empty()) {
      std::set<ObjectId> desired;
      for (const auto& object : input_.desired) {
        desired.insert(object.id);
        plan_desired(object);
      }
      for (const auto& [id, entry] : entries_) {
        if (!desired.contains(id)) plan_leaving(*entry);
      }
      check_empty();
    }
    if (!out_.errors.empty()) {
      out_.changes.clear();
      out_.unchanged = 0;
      out_.to_digest.clear();
    }
    std::sort(out_.changes.begin(), out_.changes.end(), [](const Change& a, const Change& b) { return a.id < b.id; });
    return std::move(out_);
  }

 private:
  /// False, and an error, when the object was not looked up.
  bool look_up(const ObjectId& id, const LiveItem*& item) {
    const auto it = live_.find(id);
    if (it == live_.end()) {
      out_.errors.push_back(Error(ErrorCode::internal, "the live state of " + id.to_string() + " was not read"));
      return false;
    }
    item = it->second ? &*it->second : nullptr;
    return true;
  }

  [[nodiscard]] bool ours(const std::string& owner) const {
    return owner == input_.owner ||
           std::find(input_.former_owners.begin(), input_.former_owners.end(), owner) != input_.former_owners.end();
  }

  [[nodiscard]] std::string owner_name(const std::string& owner) const {
    const auto it = handover_.owners.find(owner);
    return it == handover_.owners.end() ? "another owner (" + owner + ")" : "release " + it->second;
  }

  void plan_desired(const DesiredObject& desired) {
    const LiveItem* item = nullptr;
    if (!look_up(desired.id, item)) return;
    if (refuse_reserved(desired, item)) return;
    const auto it = entries_.find(desired.id);
    const RecordedEntry* entry = it == entries_.end() ? nullptr : it->second;
    const bool was_applied = entry != nullptr && !entry->hash.empty() && entry->hash == desired.hash;

    Change change;
    change.id = desired.id;
    change.source = desired.source;
    change.cause = was_applied ? Cause::drift : Cause::commit;
    if (item != nullptr) {
      change.seen_uid = item->uid;
      change.seen_owner = item->owner;
    }
    if (item == nullptr || item->deleting) {
      change.action = Action::create;
      const bool recreating = entry != nullptr && entry->state == RecordedState::recreating;
      if (recreating && item == nullptr) out_.removed_before.emplace_back(entry->id, entry->uid);
      if (item != nullptr) {
        change.why = "is being deleted; it is made anew when it is gone";
      } else if (recreating) {
        change.why = "was deleted to be made anew";
      } else if (was_applied) {
        change.why = "is missing from the environment";
      } else {
        change.why = desired.unchecked;
      }
      show(change, {}, shown(desired.body));
      out_.changes.push_back(std::move(change));
      return;
    }
    if (!claim(desired, *item, entry, change)) return;
    if (item->refused && !(was_applied && item->as_applied)) {
      if (recreate(desired, *item, change)) return;
      out_.errors.push_back(Error(*item->refused).at({desired.source, 0, 0}));
      return;
    }
    const bool covered = covers(desired, *item, was_applied);
    // Of what we make anew ourselves the entry has the uid that was deleted.
    const bool made_anew =
        entry != nullptr && !entry->uid.empty() && entry->uid != item->uid && entry->state != RecordedState::recreating;
    if (change.action == Action::update && change.why.empty()) {
      if (covered && was_applied && !made_anew) {
        ++out_.unchanged;
        return;
      }
      if (made_anew) change.why = "was made anew by somebody else";
    }
    const Value before = shown(item->body);
    const Value applied = item->applied.is_nothing() ? Value() : shown(item->applied);
    const Value after = item->predicted ? shown(*item->predicted) : overlay(before, shown(desired.body), applied);
    out_.warnings.insert(out_.warnings.end(), item->warnings.begin(), item->warnings.end());
    if (covered && change.why.empty() && json_equal(before, after)) {
      const bool unknown = entry == nullptr || entry->hash.empty();
      change.why = unknown ? "what was applied last is not known" : "fields that left the manifest are given up";
    }
    show(change, before, after, item->owner);
    if (item->causes) change.causes = place_causes(*item->causes, change.before, change.after);
    out_.changes.push_back(std::move(change));
  }

  /// True when the refusal is dealt with: by deleting the object and making it anew, or by an error that says how to allow
  /// that.
  bool recreate(const DesiredObject& desired, const LiveItem& item, Change& change) {
    if (item.immutable.empty()) return false;
    if (auto why_not = forbids_recreation(desired.id, desired.body, item.body, change.action == Action::adopt)) {
      out_.errors.push_back(Error(ErrorCode::invalid_input, desired.id.to_string() + ": " + item.immutable +
                                                                " cannot be changed in place, and " + why_not->reason)
                                .at({desired.source, 0, 0})
                                .with_hint(why_not->hint));
      return true;
    }
    change.action = Action::recreate;
    change.cause = Cause::commit;
    change.why = item.immutable + " cannot be changed in place";
    show(change, shown(item.body), shown(desired.body), item.owner);
    out_.changes.push_back(std::move(change));
    return true;
  }

  /// True when applying `desired` would change nothing in the live object.
  static bool covers(const DesiredObject& desired, const LiveItem& item, bool was_applied) {
    if (was_applied && item.as_applied) return true;
    if (item.predicted) {
      if (json_equal(shown(item.body), shown(*item.predicted))) return true;
      // What policies and defaults of the server would change is its own affair, and no reason to write again and again.
      return was_applied && item.causes && !item.causes->empty() &&
             std::ranges::none_of(*item.causes, [](const FieldCause& cause) { return is_reason_to_write(cause.origin); });
    }
    return live_covers(desired.body, item.body);
  }

  /// True, and an error, for an object that gitopsctl itself is steered by: rendered as one, or meeting one of that name.
  bool refuse_reserved(const DesiredObject& desired, const LiveItem* item) {
    auto why = reserved_object(desired.id, desired.body);
    if (!why && item != nullptr) {
      why = reserved_object(desired.id, item->body);
      if (why) why = "exists, and " + *why;
    }
    if (!why) return false;
    out_.errors.push_back(reserved_error(desired.id, *why, desired.source));
    return true;
  }

  /// Decides whose the existing object is: sets action and why, or adds an error and returns false.
  bool claim(const DesiredObject& desired, const LiveItem& item, const RecordedEntry* entry, Change& change) {
    change.action = Action::update;
    if (ours(item.owner)) {
      if (item.owner != input_.owner) change.why = "was owned under the release's former name";
      return true;
    }
    if (item.owner.empty()) {
      if (entry != nullptr && !entry->uid.empty() && entry->uid == item.uid) {
        // Whether that is all that differs, the hash says: a commit may change the object as well.
        change.why = "its owner label was taken away";
        return true;
      }
      if (!handover_.unreadable.empty()) {
        out_.errors.push_back(
            Error(ErrorCode::conflict, desired.id.to_string() + " exists without an owner, and may belong to release " +
                                           *handover_.unreadable.begin() + ", whose inventory cannot be read")
                .at({desired.source, 0, 0})
                .with_hint("it is taken over by itself once that inventory is mended"));
        return false;
      }
      change.action = Action::adopt;
      change.cause = Cause::commit;
      change.why = "exists without an owner";
      if (const auto tool = other_tool(item.body, input_.helm_name)) {
        change.why += ", marked by " + *tool;
        out_.warnings.push_back(desired.id.to_string() + " carries the marks of " + *tool +
                                ": two tools will write it until that one lets go");
      }
      return true;
    }
    change.cause = Cause::commit;
    const auto giver = handover_.owners.find(item.owner);
    const bool known = giver != handover_.owners.end();
    const bool given_up = known && !handover_.failing.contains(giver->second);
    const auto named = desired.body.string_at({"metadata", "annotations", adopt_from});
    const bool unreadable = known && handover_.unreadable.contains(giver->second);
    if (given_up || (known && !unreadable && !named.empty() && named == giver->second)) {
      change.why = "moves here from release " + giver->second;
      return true;
    }
    if (known && !given_up) {
      out_.errors.push_back(
          Error(ErrorCode::conflict, desired.id.to_string() + " belongs to release " + giver->second +
                                         (unreadable ? ", whose inventory cannot be read" : ", which fails itself"))
              .at({desired.source, 0, 0})
              .with_hint("it is handed over once that release can be deployed" +
                         (unreadable ? std::string(": see what is said there")
                                     : "; the annotation " + std::string(adopt_from) + ": " + giver->second +
                                           " on the object here takes it at once")));
      return false;
    }
    out_.errors.push_back(
        Error(ErrorCode::conflict, desired.id.to_string() + " belongs to " + owner_name(item.owner))
            .at({desired.source, 0, 0})
            .with_hint(
                "remove it from one of the two; a release of this channel hands it over when the same commit takes it "
                "out there, or when the object here has the annotation " +
                std::string(adopt_from) + ": <release>"));
    return false;
  }

  void plan_leaving(const RecordedEntry& entry) {
    const LiveItem* item = nullptr;
    if (!look_up(entry.id, item)) return;
    if (item == nullptr) {  // gone already
      if (entry.state == RecordedState::pruning) out_.removed_before.emplace_back(entry.id, entry.uid);
      return;
    }
    Change change;
    change.id = entry.id;
    change.seen_uid = item->uid;
    change.seen_owner = item->owner;
    const auto why = stays(entry, *item);
    change.action = why ? Action::keep : Action::remove;
    change.why = why.value_or("");
    show(change, shown(item->body), {}, item->owner);
    out_.changes.push_back(std::move(change));
  }

  /// The guards of specs: cluster-apply §4.4, in their order.
  [[nodiscard]] std::optional<std::string> stays(const RecordedEntry& entry, const LiveItem& item) const {
    if (const auto it = handover_.claimed_by.find(entry.id); it != handover_.claimed_by.end()) {
      return "moves to release " + it->second;
    }
    if (const auto why = reserved_object(entry.id, item.body)) return *why + ", which no release removes";
    if (item.deleting) return "is being deleted already; finalizers remain";
    if (!entry.uid.empty() && item.uid != entry.uid) return "was made anew by somebody else: its uid differs";
    if (item.owner.empty()) return "has no owner label any more";
    if (!ours(item.owner)) return "belongs to " + owner_name(item.owner) + " now";
    if (const auto* references = item.body.find_path({"metadata", "ownerReferences"})) {
      for (const auto& reference : references->as_list()) {
        const Value* controller = reference.find("controller");
        if (controller != nullptr && controller->as_bool()) {
          return "is controlled by " + std::string(reference.string_at({"kind"})) + ' ' +
                 std::string(reference.string_at({"name"}));
        }
      }
    }
    if (const auto tool = other_tool(item.body, input_.helm_name)) return "carries the marks of " + *tool;
    return kept_by_rule(entry.id, item.body, settings_);
  }

  void check_empty() {
    if (!input_.listed || !input_.desired.empty() || settings_.allow_empty || !settings_.prune || !out_.errors.empty())
      return;
    std::size_t owned = 0;
    for (const auto& change : out_.changes) owned += change.action == Action::remove ? 1U : 0U;
    if (owned == 0) return;
    out_.errors.push_back(Error(ErrorCode::invalid_input, "the release renders to nothing, and owns " +
                                                              std::to_string(owned) + " objects; nothing is removed")
                              .with_hint("say allowEmpty: true on the release if that is meant"));
  }

  /// Puts both sides into `change`, redacted. `owner` is who owns the live object.
  void show(Change& change, const Value& before, const Value& after, const std::string& owner = {}) const {
    const bool secret = change.id.group.empty() && change.id.kind == "Secret";
    auto pair = render::redact_pair(before, after, sensitive_of(owner), secret);
    change.before = std::move(pair.first);
    if (change.action != Action::remove && change.action != Action::keep) change.after = std::move(pair.second);
  }

  /// What is hidden of an object: what this release calls sensitive, and what the one does that had it until now.
  [[nodiscard]] std::vector<render::SensitivePath> sensitive_of(const std::string& owner) const {
    std::vector<render::SensitivePath> out = input_.sensitive;
    const auto giver = owner == input_.owner ? handover_.owners.end() : handover_.owners.find(owner);
    if (giver == handover_.owners.end()) return out;
    if (const auto theirs = handover_.sensitive.find(giver->second); theirs != handover_.sensitive.end()) {
      out.insert(out.end(), theirs->second.begin(), theirs->second.end());
    }
    return out;
  }

  const LiveReleaseInput& input_;
  const LiveState& live_;
  const Handover& handover_;
  PruneSettings settings_;
  std::map<ObjectId, const RecordedEntry*> entries_;
  ReleaseChanges out_;
};

/// What goes from where to where, and the errors of objects that two releases claim.
Handover find_handovers(const std::vector<LiveReleaseInput>& releases,
                        std::map<std::string, std::vector<Error>>& conflicts) {
  std::vector<HandoverParty> parties;
  std::map<std::string, std::vector<ObjectId>> claims;
  for (const auto& release : releases) {
    HandoverParty party{release.release,  {release.owner}, {}, !release.errors.empty(), !release.unreadable_owners.empty(),
                        release.sensitive};
    party.owners.insert(party.owners.end(), release.unreadable_owners.begin(), release.unreadable_owners.end());
    for (const auto& desired : release.desired) party.wanted.push_back(desired.id);
    claims[release.release] = party.wanted;
    parties.push_back(std::move(party));
  }
  conflicts = claim_conflicts(claims);
  for (auto& party : parties) party.failing = party.failing || conflicts.contains(party.release);
  return make_handover(parties);
}

/// Nothing is removed by a run in which anything failed.
void keep_all(std::vector<ReleaseChanges>& releases) {
  for (auto& release : releases) {
    for (auto& change : release.changes) {
      if (change.action != Action::remove) continue;
      change.action = Action::keep;
      change.why = "nothing is removed while a release of the channel fails";
    }
  }
}

}  // namespace

bool live_covers(const Value& desired, const Value& live) {
  if (!desired.is_map() || !live.is_map()) return json_equal(desired, live);
  for (const auto& member : desired.as_map()) {
    if (member.value.is_nothing()) continue;
    const Value* here = live.find(member.key.view());
    if (here == nullptr || !live_covers(member.value, *here)) return false;
  }
  return true;
}

ReleaseChanges plan_release_live(const LiveReleaseInput& input, const LiveState& live, const Handover& handover) {
  return ReleasePlan(input, live, handover).run();
}

Handover make_handover(const std::vector<HandoverParty>& parties) {
  Handover out;
  for (const auto& party : parties) {
    for (const auto& owner : party.owners) out.owners.emplace(owner, party.release);
    for (const auto& id : party.wanted) out.claimed_by.emplace(id, party.release);
    out.sensitive.emplace(party.release, party.sensitive);
    if (party.failing || party.unreadable) out.failing.insert(party.release);
    if (party.unreadable) out.unreadable.insert(party.release);
  }
  return out;
}

std::set<std::string> takes_from(const LiveReleaseInput& input, const LiveState& live, const Handover& handover) {
  std::set<std::string> out;
  for (const auto& desired : input.desired) {
    const auto item = live.find(desired.id);
    if (item == live.end() || !item->second || item->second->owner == input.owner) continue;
    const auto giver = handover.owners.find(item->second->owner);
    if (giver != handover.owners.end() && giver->second != input.release) out.insert(giver->second);
  }
  return out;
}

Result<void> plan_until_settled(Handover& handover, std::size_t count,
                                const std::function<Result<PlanOutcome>(std::size_t)>& plan) {
  std::vector<PlanOutcome> outcomes(count);
  std::vector<std::size_t> todo(count);
  for (std::size_t i = 0; i < count; ++i) todo[i] = i;
  while (!todo.empty()) {
    std::set<std::string> fresh;
    for (const std::size_t i : todo) {
      GITOPSCTL_TRY(outcomes[i], plan(i));
      if (outcomes[i].failed && handover.failing.insert(outcomes[i].release).second) fresh.insert(outcomes[i].release);
    }
    todo.clear();
    for (std::size_t i = 0; i < count && !fresh.empty(); ++i) {
      const auto& takes = outcomes[i].takes_from;
      const bool affected = std::any_of(takes.begin(), takes.end(), [&](const auto& name) { return fresh.contains(name); });
      if (affected && !outcomes[i].failed) todo.push_back(i);
    }
  }
  return {};
}

ChangeSet plan_channel_live(const std::string& channel, const std::string& from_revision, const std::string& to_revision,
                            const std::vector<LiveReleaseInput>& releases, const LiveState& live) {
  ChangeSet changes;
  changes.channel = channel;
  changes.from = from_revision;
  changes.to = to_revision;
  changes.live = true;
  std::map<std::string, std::vector<Error>> conflicts;
  Handover handover = find_handovers(releases, conflicts);
  std::map<std::string, std::string> digests;
  changes.releases.resize(releases.size());
  const auto plan = [&](std::size_t i) -> Result<PlanOutcome> {
    const LiveReleaseInput& input = releases[i];
    const auto conflict = conflicts.find(input.release);
    if (conflict == conflicts.end()) {
      changes.releases[i] = plan_release_live(input, live, handover);
    } else {
      LiveReleaseInput failing = input;
      failing.errors.insert(failing.errors.end(), conflict->second.begin(), conflict->second.end());
      changes.releases[i] = plan_release_live(failing, live, handover);
    }
    return PlanOutcome{input.release, !changes.releases[i].errors.empty(), takes_from(input, live, handover)};
  };
  // The plan itself is pure and has no errors but those of releases.
  static_cast<void>(plan_until_settled(handover, releases.size(), plan).ok());
  for (const auto& input : releases) {
    if (input.listed) digests.emplace(input.release, input.to_digest);
  }
  std::sort(changes.releases.begin(), changes.releases.end(),
            [](const ReleaseChanges& a, const ReleaseChanges& b) { return a.release < b.release; });
  if (changes.has_errors()) keep_all(changes.releases);
  changes.render_digest = combine_digests(digests);
  changes.plan_digest = make_plan_digest(changes);
  return changes;
}

}  // namespace gitopsctl::channels
