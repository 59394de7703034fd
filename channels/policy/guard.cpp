#include "channels/policy/guard.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace gitopsctl::channels {

namespace {

const Policy& policy_of(const GuardFacts& facts) {
  static const Policy defaults;
  return facts.policy == nullptr ? defaults : *facts.policy;
}

/// Different people who approved one of the digests.
std::size_t approvers(const GuardFacts& facts, std::initializer_list<std::string_view> digests) {
  std::set<std::string_view> names;
  for (const auto digest : digests) {
    if (digest.empty()) continue;
    const auto it = facts.approvals.find(std::string(digest));
    if (it == facts.approvals.end()) continue;
    for (const auto& name : it->second) {
      if (!name.empty()) names.insert(name);
    }
  }
  return names.size();
}

Verdict suspend_guard(const GuardFacts& facts) {
  Verdict verdict;
  if (!facts.suspended) return verdict;
  verdict.decision = Decision::wait;
  verdict.message = "the channel is suspended";
  if (!facts.suspended_by.empty()) verdict.message += " by " + facts.suspended_by;
  if (!facts.suspend_reason.empty()) verdict.message += ": " + facts.suspend_reason;
  verdict.command = "gitopsctl resume " + facts.channel;
  return verdict;
}

Verdict hold_guard(const GuardFacts& facts) {
  Verdict verdict;
  if (!facts.held_digest || facts.held_digest->empty() || facts.changes == nullptr ||
      facts.changes->render_digest != *facts.held_digest) {
    return verdict;
  }
  verdict.decision = Decision::deny;
  verdict.message =
      "this content was rolled back from and is held (" + *facts.held_digest + "); a commit that renders differently is not";
  verdict.command = "gitopsctl resume " + facts.channel;
  return verdict;
}

Verdict freeze_guard(const GuardFacts& facts) {
  Verdict verdict;
  const auto freeze = active_freeze(policy_of(facts).freeze, facts.now);
  if (!freeze) return verdict;
  verdict.decision = Decision::wait;
  verdict.message = "the channel is frozen";
  if (freeze->second != TimePoint::max()) {
    verdict.until = freeze->second;
    verdict.message += " until " + format_time(freeze->second);
  }
  if (!freeze->first->reason.empty()) verdict.message += ": " + freeze->first->reason;
  return verdict;
}

/// Nothing to write, or only what was deployed before and was changed behind our back. Another policy is something to
/// write: it decides about all later commits.
bool needs_no_approval(const ChangeSet& changes) {
  if (changes.changes_policy()) return false;
  if (!changes.counts().any_change()) return true;
  for (const auto& release : changes.releases) {
    for (const auto& change : release.changes) {
      const bool writes = change.action != Action::keep && change.action != Action::unchanged;
      const bool heals =
          change.cause == Cause::drift && (change.action == Action::create || change.action == Action::update);
      if (writes && !heals) return false;
    }
  }
  return true;
}

/// What of the policy changes, for the end of a sentence.
std::string policy_words(const std::vector<PolicyChange>& changes) {
  constexpr std::size_t shown = 3;
  std::string out;
  for (std::size_t i = 0; i < changes.size() && i < shown; ++i) {
    out += (i == 0 ? "; the policy changes: " : ", ") + policy_change_text(changes[i]);
  }
  if (changes.size() > shown) out += " and " + std::to_string(changes.size() - shown) + " more";
  return out;
}

Verdict approval_guard(const GuardFacts& facts) {
  Verdict verdict;
  const auto needed = policy_of(facts).approvals;
  if (needed == 0 || facts.changes == nullptr || needs_no_approval(*facts.changes)) return verdict;
  const auto& digest = facts.changes->approval_digest;
  const auto have = approvers(facts, {digest, facts.changes->plan_digest});
  if (have >= needed) return verdict;
  verdict.decision = Decision::wait;
  verdict.message = std::to_string(have) + " of " + std::to_string(needed) + " approvals of " + digest +
                    policy_words(facts.changes->policy_changes);
  verdict.command = "gitopsctl approve " + facts.channel + " --digest " + digest;
  return verdict;
}

Verdict deletes_guard(const GuardFacts& facts) {
  Verdict verdict;
  if (facts.changes == nullptr) return verdict;
  const Counts counts = facts.changes->counts();
  const auto removed = counts.deleted();
  if (removed == 0) return verdict;
  const auto& policy = policy_of(facts);
  const bool all = removed >= facts.live_objects;
  const bool many = removed >= policy.delete_at_least &&
                    static_cast<double>(removed) * 100 > policy.delete_percent * static_cast<double>(facts.live_objects);
  if (!all && !many) return verdict;
  const auto digest = facts.changes->delete_digest();
  if (approvers(facts, {digest}) > 0) return verdict;
  verdict.decision = Decision::wait;
  verdict.message = all ? "all " + std::to_string(removed) + " objects of the channel would be removed"
                        : std::to_string(removed) + " of " + std::to_string(facts.live_objects) +
                              " objects of the channel would be removed";
  if (counts.recreated > 0) verdict.message += ", " + std::to_string(counts.recreated) + " of them to be made anew";
  verdict.command = "gitopsctl approve " + facts.channel + " --deletes " + digest;
  return verdict;
}

struct Guard {
  std::string_view name;
  Verdict (*evaluate)(const GuardFacts&);
};
constexpr std::array guards = {
    Guard{"suspend", suspend_guard},   Guard{"freeze", freeze_guard},   Guard{"hold", hold_guard},
    Guard{"approval", approval_guard}, Guard{"deletes", deletes_guard},
};

}  // namespace

std::string_view decision_name(Decision decision) noexcept {
  switch (decision) {
    case Decision::pass: return "pass";
    case Decision::wait: return "wait";
    case Decision::deny: return "deny";
  }
  return "deny";
}

std::vector<Verdict> evaluate_guards(const GuardFacts& facts) {
  std::vector<Verdict> verdicts;
  verdicts.reserve(guards.size());
  for (const auto& guard : guards) {
    verdicts.push_back(guard.evaluate(facts));
    verdicts.back().guard = guard.name;
  }
  return verdicts;
}

bool may_write(const std::vector<Verdict>& verdicts) noexcept {
  return std::all_of(verdicts.begin(), verdicts.end(),
                     [](const Verdict& verdict) { return verdict.decision == Decision::pass; });
}

}  // namespace gitopsctl::channels
