#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/cluster/field_set.hpp"
#include "base/result/result.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::agent::detail {

// Whose fields are ours before we apply: what `kubectl` left behind is taken in, since a forced apply alone would leave its
// other fields in the object for ever; and what is another's task is let go, since a field that we alone own and no longer
// send is taken away. Both are changes of metadata.managedFields and of nothing else. Only for this room.

/// True for an entry of managedFields whose fields become ours when we apply the object: of kubectl in all its ways, and
/// of objects older than server-side apply. Objects that other tools installed (helm, Flux, Argo CD) are not taken over:
/// their managers would be named here.
[[nodiscard]] bool is_legacy(const Value& entry);
/// True for the entry under which `manager` applies.
[[nodiscard]] bool is_own(const Value& entry, std::string_view manager);

/// What managedFields is to become.
struct OwnerChange {
  Value entries;
  std::vector<std::string> from;            ///< managers whose fields become ours
  std::vector<std::string> other_versions;  ///< those that stay since they wrote another version of the API
};
/// The change for `live` before `manager` applies without the fields of `give_up`: fields of legacy entries of the same API
/// version become the manager's, those of `give_up` that nobody else owns nobody's. nullopt: nothing is to be done.
/// `invalid_input` when an entry that matters cannot be read.
[[nodiscard]] Result<std::optional<OwnerChange>> settle_owners(const Value& live, std::string_view manager,
                                                               const FieldSet& give_up);
/// The operations of a JSON patch that makes the change in the object of that version, and in no other.
[[nodiscard]] Value owner_patch(const Value& entries, std::string_view resource_version);

/// Of an object that `manager` has applied, or would have: what only legacy entries own. After the change above an apply
/// takes that away.
[[nodiscard]] Result<FieldSet> stale_fields(const Value& applied, std::string_view manager);
/// Shows in `body`, the answer of a dry run, what becomes of stale fields: each gets the value that it has in `fresh` (the
/// same manifest as a new object: what servers fill in comes back), else it goes. `body` must share nothing with others.
/// Gives the fields that differ after that.
std::vector<FieldPath> foresee(Value& body, const FieldSet& stale, const Value& fresh);

}  // namespace gitopsctl::agent::detail
