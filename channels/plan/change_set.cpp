#include "channels/plan/change_set.hpp"

#include <algorithm>

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "channels/plan/plan_digest.hpp"

namespace gitopsctl::channels {

namespace {

void add_id(Sha256& sum, const render::ObjectId& id) {
  sum.add_field(id.group);
  sum.add_field(id.kind);
  sum.add_field(id.namespace_);
  sum.add_field(id.name);
}

}  // namespace

std::string_view action_name(Action action) noexcept {
  switch (action) {
    case Action::unchanged: return "unchanged";
    case Action::create: return "create";
    case Action::update: return "update";
    case Action::remove: return "remove";
    case Action::keep: return "keep";
    case Action::adopt: return "adopt";
    case Action::recreate: return "recreate";
  }
  return "unchanged";
}

std::string_view cause_name(Cause cause) noexcept { return cause == Cause::drift ? "drift" : "commit"; }

Counts& Counts::add(const ReleaseChanges& release) noexcept {
  for (const auto& change : release.changes) {
    switch (change.action) {
      case Action::unchanged: ++unchanged; break;
      case Action::create: ++created; break;
      case Action::update: ++updated; break;
      case Action::remove: ++removed; break;
      case Action::keep: ++kept; break;
      case Action::adopt: ++adopted; break;
      case Action::recreate: ++recreated; break;
    }
  }
  unchanged += release.unchanged;
  if (!release.errors.empty()) ++failed_releases;
  return *this;
}

Counts ChangeSet::counts() const noexcept {
  Counts counts;
  for (const auto& release : releases) counts.add(release);
  return counts;
}

bool ChangeSet::has_errors() const noexcept {
  return std::any_of(releases.begin(), releases.end(), [](const auto& release) { return !release.errors.empty(); });
}

bool ChangeSet::changes_policy() const noexcept {
  return std::any_of(policy_changes.begin(), policy_changes.end(), [](const auto& change) { return !change.tightens; });
}

std::string ChangeSet::delete_digest() const {
  if (!live || counts().deleted() == 0) return {};
  std::vector<std::pair<render::ObjectId, std::string>> objects;
  for (const auto& release : releases) {
    for (const auto& change : release.changes) {
      if (change.action == Action::remove || change.action == Action::recreate)
        objects.emplace_back(change.id, change.seen_uid);
    }
    objects.insert(objects.end(), release.removed_before.begin(), release.removed_before.end());
  }
  std::sort(objects.begin(), objects.end());
  Sha256 sum;
  sum.add_field("gitopsctl delete digest 1");
  sum.add_field(channel);
  for (const auto& [id, uid] : objects) {
    add_id(sum, id);
    sum.add_field(uid);
  }
  return "sha256:" + sum.hex();
}

std::string combine_digests(const std::map<std::string, std::string>& by_release) {
  Sha256 sum;
  sum.add_field("gitopsctl channel digest 1");
  for (const auto& [release, digest] : by_release) {
    sum.add_field(release);
    sum.add_field(digest);
  }
  return "sha256:" + sum.hex();
}

std::string make_plan_digest(const ChangeSet& changes) {
  Sha256 sum;
  sum.add_field("gitopsctl plan digest 1");
  sum.add_field(changes.channel);
  sum.add_field(changes.render_digest);
  sum.add_field(changes.approval_digest);
  for (const auto& release : changes.releases) {
    sum.add_field(release.release);
    sum.add_field(release.errors.empty() ? "planned" : "failed");
    for (const auto& change : release.changes) {
      sum.add_field(action_name(change.action));
      add_id(sum, change.id);
      sum.add_field(change.before.is_nothing() ? std::string() : render::canonical_bytes(change.before));
      sum.add_field(change.after.is_nothing() ? std::string() : render::canonical_bytes(change.after));
    }
  }
  return "sha256:" + sum.hex();
}

void set_policy(ChangeSet& changes, const Policy* before, const Policy& after, const Channel& to) {
  changes.policy_changes = before == nullptr ? std::vector<PolicyChange>() : compare_policies(*before, after);
  Sha256 sum;
  sum.add_field("gitopsctl approval digest 1");
  sum.add_field(changes.channel);
  sum.add_field(changes.render_digest);
  sum.add_field(canonical_json(policy_value(after)));
  std::vector<std::pair<std::string, std::string>> releases;
  releases.reserve(to.releases.size());
  for (const auto& release : to.releases) {
    releases.emplace_back(release.name, canonical_json(release_policy_value(to, release)));
  }
  std::sort(releases.begin(), releases.end());
  for (const auto& [name, settings] : releases) {
    sum.add_field(name);
    sum.add_field(settings);
  }
  changes.approval_digest = "sha256:" + sum.hex();
  if (changes.live) changes.plan_digest = make_plan_digest(changes);
}

std::map<std::string, std::vector<Error>> claim_conflicts(
    const std::map<std::string, std::vector<render::ObjectId>>& claims) {
  std::map<render::ObjectId, std::vector<std::string>> claimants;
  for (const auto& [release, ids] : claims) {
    for (const auto& id : ids) {
      auto& names = claimants[id];
      if (names.empty() || names.back() != release) names.push_back(release);
    }
  }
  std::map<std::string, std::vector<Error>> errors;
  for (const auto& [id, names] : claimants) {
    if (names.size() < 2) continue;
    for (const auto& name : names) {
      std::string others;
      for (const auto& other : names) {
        if (other != name) others += (others.empty() ? "" : ", ") + other;
      }
      errors[name].push_back(Error(ErrorCode::conflict, id.to_string() + " is also rendered by release " + others)
                                 .with_hint("an object belongs to one release: remove it from the other, or rename it"));
    }
  }
  return errors;
}

}  // namespace gitopsctl::channels
