#pragma once

#include <string>
#include <string_view>

#include "base/value/value.hpp"
#include "render/template/function.hpp"

namespace gitopsctl::render::helm {

/// The hint for a message `function "quot" not defined`: `did you mean 'quote'?`, or that only newer Helm versions have it.
/// "" for other messages, and where nothing is near.
[[nodiscard]] std::string suggest_function(std::string_view message, const FunctionTable& functions);

/// The hint for a node that failed on something that is not there: `.Values.image.repo.tag` with values that have no
/// `image.repo`. Names the first step that is missing and the nearest key beside it, or the few keys that there are. ""
/// where the node is no plain path below `.Values`, or all of it is there. Values are not shown, only their keys.
[[nodiscard]] std::string suggest_value(std::string_view node, const Value& values);

}  // namespace gitopsctl::render::helm
