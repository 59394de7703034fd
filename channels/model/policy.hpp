#pragma once

#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "channels/model/channel.hpp"

namespace gitopsctl::channels {

/// The canonical form of a policy: equal policies, equal bytes (canonical_json), whatever the order and place of its freeze
/// windows in the file. It is what the environment keeps of the deployed policy (docs/formats/control-objects.md) and what
/// digests cover.
[[nodiscard]] Value policy_value(const Policy& policy);
/// Reads what policy_value() wrote. `invalid_input` when it is anything else.
[[nodiscard]] Result<Policy> parse_policy(const Value& value);

/// One difference between two policies, in words for people: `approvals`, `2`, `0`.
struct PolicyChange {
  std::string what;
  std::string before;  ///< empty: was not there
  std::string after;   ///< empty: is not there any more
  /// Nothing but a restriction of what later commits may do: it takes effect at once and needs nobody's consent.
  bool tightens = false;
  friend bool operator==(const PolicyChange&, const PolicyChange&) = default;
};
/// What `after` has changed, in a fixed order; empty exactly when the canonical forms are equal. Pure.
[[nodiscard]] std::vector<PolicyChange> compare_policies(const Policy& before, const Policy& after);

/// What a revision says about removing objects of one release. Kept in the release's inventory, since it decides what
/// becomes of them when the release leaves the file.
struct RemovalSettings {
  bool prune = true;
  std::vector<std::string> allow_delete;  ///< kinds, sorted, each once
  friend bool operator==(const RemovalSettings&, const RemovalSettings&) = default;
};
[[nodiscard]] RemovalSettings removal_settings(const Channel& channel, const Release& release);
/// What both of them allow.
[[nodiscard]] RemovalSettings stricter(const RemovalSettings& one, const RemovalSettings& other);
/// What `after` has changed for release `name`, in a fixed order: `releases.web.prune`, `true`, `false`. Pure.
[[nodiscard]] std::vector<PolicyChange> compare_removal(const std::string& name, RemovalSettings before,
                                                        RemovalSettings after);
/// The canonical form of everything about one release that decides what may be written and deleted, and that its rendering
/// does not show.
[[nodiscard]] Value release_policy_value(const Channel& channel, const Release& release);

/// `approvals: 2 → 0`; not escaped.
[[nodiscard]] std::string policy_change_text(const PolicyChange& change);

}  // namespace gitopsctl::channels
