#pragma once

#include "base/value/value.hpp"

namespace gitopsctl::agent {

/// What `live` becomes when a writer whose last wish was `previous` now wishes `desired` (all maps, or null for none):
/// fields of `desired` are set, fields that only `previous` has are removed, all others stay. Maps are merged key by key;
/// lists and scalars are replaced whole. Nulls in `desired` wish nothing. Shares no changed container with its arguments.
[[nodiscard]] Value merge_three_way(const Value& live, const Value& previous, const Value& desired);

}  // namespace gitopsctl::agent
