#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "invoke-compat/parser/contexts.hpp"

namespace gitopsctl::invoke {

/// Gives a flag the text that stood behind it: read as its kind says, appended to a list. An error is about a text that the
/// kind cannot read or that is none of the choices; its message is the whole line for standard error.
[[nodiscard]] Result<void> give_text(const Flag& flag, FlagValue& target, std::string_view text);

/// Gives a flag that takes no value: true or false, or one more for a count.
void give_toggle(const Flag& flag, FlagValue& target, bool on);

/// What a task says that lacks positional arguments: `'T' did not receive required positional arguments: 'a', 'b'`.
[[nodiscard]] Error missing_positionals(const std::string& task, const std::vector<std::string>& attributes);

/// Gives a flag that may stand without a value, and does.
void give_nothing(FlagValue& target);

}  // namespace gitopsctl::invoke
