#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "agent/cluster/field_set.hpp"
#include "agent/kube/status_error.hpp"
#include "base/value/value.hpp"
#include "channels/model/channel.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::agent::detail {

// Whose fields an apply may take over. Only for this room.

enum class ConflictVerdict : std::uint8_t {
  take,   ///< of people and of who came before us: the commit wins, and we say so
  yield,  ///< of controllers whose task it is: the field is theirs
  stop,   ///< of anybody else: an error, and nothing is taken
};

/// What is done about a field of somebody else, by the name under which it writes (`own`: ours).
[[nodiscard]] ConflictVerdict judge(const FieldConflict& conflict, std::string_view own);

/// Whether `force` lets us take what is at `path` of object `id` from whoever owns it.
[[nodiscard]] bool is_forced(const std::vector<channels::ForcedField>& force, const render::ObjectId& id,
                             const FieldPath& path);

/// Takes the field at `path` (as conflicts name it: `.spec.replicas`, `.spec.containers[name="a"].image`; dots in keys are
/// not escaped) out of `body`, which must share nothing with others. False when there is none.
bool erase_field(Value& body, std::string_view path);

}  // namespace gitopsctl::agent::detail
