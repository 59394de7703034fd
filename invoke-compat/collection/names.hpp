#pragma once

#include <string>
#include <string_view>

namespace gitopsctl::invoke {

/// The name of a task, a namespace or an argument as it is typed: underscores become dashes, but for those at either end
/// (`_hidden_` stays). Pure.
[[nodiscard]] std::string dashed_name(std::string_view name);

}  // namespace gitopsctl::invoke
