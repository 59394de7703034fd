#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
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
  std::size_t live_objects = 0;  ///< objects of the channel's inventories
  bool suspended = false;        ///< by the Channel object in the environment
  std::string suspended_by;
  std::string suspend_reason;
  std::optional<std::string> held_digest;  ///< a digest that was rolled back from and may not come back
  /// Digest → names of those who approved it (render digests and delete digests alike).
  std::map<std::string, std::vector<std::string>> approvals;
  TimePoint now{};
};

enum class Decision : std::uint8_t { pass, wait, deny };

/// What one guard says, with the command that clears it.
struct Verdict {
  std::string guard;  ///< suspend, freeze, hold, approval, deletes
  Decision decision = Decision::pass;
  std::string message;             ///< why
  std::string command;             ///< what moves it; empty for pass
  std::optional<TimePoint> until;  ///< when time alone clears it
};

/// All guards in their order; each is one row of a table. Pure: same facts, same verdicts.
[[nodiscard]] std::vector<Verdict> evaluate_guards(const GuardFacts& facts);
/// True when every verdict passes.
[[nodiscard]] bool may_write(const std::vector<Verdict>& verdicts) noexcept;
/// The freeze window that holds at `now`, and when it ends.
[[nodiscard]] std::optional<std::pair<const FreezeWindow*, TimePoint>> active_freeze(
    const std::vector<FreezeWindow>& windows, TimePoint now);

}  // namespace gitopsctl::channels
