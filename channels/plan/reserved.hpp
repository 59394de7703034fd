#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::channels {

/// Namespace of the objects that gitopsctl itself is steered by (docs/formats/control-objects.md).
inline constexpr std::string_view home_namespace = "gitopsctl-system";

/// Why no release may write or remove this object, in words that follow its name (`is of the group gitopsctl.dev`), or
/// nullopt. Reserved is everything that says what releases may do: channels, releases, approvals, records and events,
/// wherever they stand, and inventories. A rendered one would let whoever may push to one channel lift another's
/// suspension, approve for it, or tell it what to delete. `body` is the rendered or the live object. Pure.
[[nodiscard]] std::optional<std::string> reserved_object(const render::ObjectId& id, const Value& body);

/// The error of a release that renders such an object; `why` is what reserved_object() said.
[[nodiscard]] Error reserved_error(const render::ObjectId& id, const std::string& why, const std::string& source);

}  // namespace gitopsctl::channels
