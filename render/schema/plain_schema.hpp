#pragma once

#include "base/value/value.hpp"
#include "render/schema/schema.hpp"

namespace gitopsctl::render::schema {

/// What a quick look at a schema document tells.
enum class Plainness : std::uint8_t {
  unknown,  ///< nothing: it may be wrong
  valid,    ///< its metaschema has nothing against it
  plain,    ///< and no part but the whole has an identity or a name, so that every place is told by its pointer
};

/// Looks at a schema document of `draft` (4, 6, 7, 2019, 2020) by rules that are stricter than those of any metaschema:
/// what charts usually have is known to be valid without applying one. Parts that only unknown keywords hold are not looked
/// at, as metaschemas do not. Pure; recursion as deep as the document.
[[nodiscard]] Plainness look_at_schema(const Value& document, int draft);

}  // namespace gitopsctl::render::schema
