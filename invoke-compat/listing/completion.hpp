#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "invoke-compat/collection/rules.hpp"
#include "invoke-compat/parser/contexts.hpp"

namespace gitopsctl::invoke {

/// What could follow the words of `remainder`, one per line, as `--complete` prints it: flags of the last context when the
/// last word begins like one, else task names. `names` are what the program is called by; one of them may stand in front.
[[nodiscard]] std::string complete(std::string_view remainder, std::span<const std::string> names, const ContextShape& core,
                                   const TaskContexts& tasks, const Rules& rules);

/// A script for `shell` (bash, zsh or fish) that completes the programs `names` by `--complete` of the first of them; a name
/// may be of several words (`gitopsctl task`), of which the shell completes the first. Another shell is `invalid_input` with
/// a message that is the whole line for standard error.
[[nodiscard]] Result<std::string> completion_script(std::string_view shell, std::span<const std::string> names);

}  // namespace gitopsctl::invoke
