#pragma once

#include <vector>

#include "render/inputs/inputs.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::render {

/// Answers lookups out of `objects`, and with nothing for all others: for a render of which somebody says what the cluster
/// has. What is asked for in another version of its API than the one it stands in is not found. Thread-safe.
[[nodiscard]] Lookup lookup_in(std::vector<Object> objects);

}  // namespace gitopsctl::render
