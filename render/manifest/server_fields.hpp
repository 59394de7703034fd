#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "base/value/value.hpp"

namespace gitopsctl::render {

/// kubectl keeps the whole manifest in this annotation, secret values included.
inline constexpr std::string_view last_applied_annotation = "kubectl.kubernetes.io/last-applied-configuration";

/// What API servers set in metadata, whatever a writer says (apimachinery, ObjectMeta).
inline constexpr std::array<std::string_view, 8> server_metadata{
    "managedFields",     "resourceVersion",           "uid", "generation", "creationTimestamp", "selfLink",
    "deletionTimestamp", "deletionGracePeriodSeconds"};

[[nodiscard]] constexpr bool is_server_metadata(std::string_view field) noexcept {
  return std::ranges::find(server_metadata, field) != server_metadata.end();
}

/// A copy without nulls in maps, at any depth; a map or list that was never made is one. Nulls in lists stay: they hold a
/// place.
[[nodiscard]] Value without_nulls(const Value& value);

}  // namespace gitopsctl::render
