#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/value/value.hpp"

namespace gitopsctl::agent::detail {

/// The fields of `body` that `manager` applied (its entry in metadata.managedFields, operation Apply, no subresource), with
/// their values, as one text; empty when it has none. A field that somebody else changed or took away is no longer in it, or
/// in it with another value; a field that somebody else added never is. Only for this room.
[[nodiscard]] std::string owned_fields(const Value& body, std::string_view manager);

/// The same fields as an object, lists with those items only of which something is owned. nullopt: it owns nothing.
[[nodiscard]] std::optional<Value> owned_part(const Value& body, std::string_view manager);

}  // namespace gitopsctl::agent::detail
