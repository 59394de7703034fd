#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time/clock.hpp"
#include "channels/model/channel.hpp"
#include "channels/plan/change_set.hpp"

namespace gitopsctl::channels {

/// Everything a guard may look at. Pure data.
struct GuardFacts {
  std::string channel;
  std::string revision;
  const Policy* policy = nullptr;  ///< of the deployed revision
  const ChangeSet* changes = nullptr;
  std::size_t live_objects = 0;  ///< of the channel, without what stays anyway: leftovers that a rule or an option keeps
  bool suspended = false;        ///< by the Channel object in the environment
  std::string suspended_by;
  std::string suspend_reason;
  std::optional<std::string> held_digest;  ///< a digest that was rolled back from and may not come back
  /// Digest → names of those who approved it (approval digests and delete digests alike).
  std::map<std::string, std::vector<std::string>> approvals;
  TimePoint now{};
};

enum class Decision : std::uint8_t { pass, wait, deny };

[[nodiscard]] std::string_view decision_name(Decision decision) noexcept;

/// What one guard says, with the command that clears it.
struct Verdict {
  std::string guard;  ///< suspend, freeze, hold, approval, deletes
  Decision decision = Decision::pass;
  std::string message;             ///< why; empty for pass
  std::string command;             ///< what moves it; empty for pass, and where only time or a commit does
  std::optional<TimePoint> until;  ///< when time alone clears it; unset when it does not
};

/// All guards in their order; each is one row of a table, and each has one verdict, so the answer always has five. Pure:
/// same facts, same verdicts. Further approvals never turn a pass into a wait.
///
/// - suspend waits while the channel is suspended;
/// - freeze waits while a freeze window holds, also for healing of drift: in a freeze nobody is surprised;
/// - hold denies the render digest that was rolled back from;
/// - approval waits until `policy.approvals` different people approved the approval digest (or the plan digest): the content
///   together with the policy that it brings. A change set that changes no object, or only heals drift of what was deployed,
///   needs none while the policy stays as it is; one that changes the policy always does;
/// - deletes waits for an approval of the delete digest when more than `policy.delete_percent` of the channel's objects and
///   at least `policy.delete_at_least` would go, or all of them; what stays anyway does not count. Live objects that are not
///   known count as all.
///
/// Without a policy (nothing was deployed yet) the defaults of Policy hold. Without changes approval and deletes pass.
[[nodiscard]] std::vector<Verdict> evaluate_guards(const GuardFacts& facts);
/// True when every verdict passes.
[[nodiscard]] bool may_write(const std::vector<Verdict>& verdicts) noexcept;
/// The freeze window that holds at `now`, and when the freeze ends: windows that follow each other without a gap (Saturday
/// and Sunday) are one freeze. Of several the first in the list is named. TimePoint::max() when no end is in sight (no
/// end was given, or the windows fill more than a year). A window without any bound always holds.
[[nodiscard]] std::optional<std::pair<const FreezeWindow*, TimePoint>> active_freeze(
    const std::vector<FreezeWindow>& windows, TimePoint now);
/// When `window` ends that holds at `now`, looked at alone; nullopt when it does not hold.
[[nodiscard]] std::optional<TimePoint> freeze_end(const FreezeWindow& window, TimePoint now);

}  // namespace gitopsctl::channels
