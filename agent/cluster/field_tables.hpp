#pragma once

#include <optional>

#include "agent/cluster/attribution.hpp"
#include "base/value/value.hpp"
#include "channels/plan/field_cause.hpp"

namespace gitopsctl::agent::detail {

/// What is known of the fields of built-in kinds without asking a server; nothing where it is not in the tables. `kind` is
/// that of the object. Only for this room.
[[nodiscard]] std::optional<ListShape> built_in_list(std::string_view kind, const channels::FieldSteps& path);
/// True when built-in defaulting gives the field this value (k8s.io/kubernetes, pkg/apis/*/v1/defaults.go).
[[nodiscard]] bool is_built_in_default(std::string_view kind, const channels::FieldSteps& path, const Value& value);

}  // namespace gitopsctl::agent::detail
