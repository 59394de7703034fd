#pragma once

#include <string>

#include "agent/kube/status_error.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::agent::detail {

/// The fields of an object that is there which `refused`, the answer to an apply, says cannot be changed, with commas
/// between them; empty when it was refused for anything else besides. Servers have no single phrase for it, so this is a
/// table of kinds and words. Only for this room.
[[nodiscard]] std::string immutable_fields(const render::ObjectId& id, const KubeError& refused);

}  // namespace gitopsctl::agent::detail
