#pragma once

#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::invoke {

/// Whether a condition holds: false are nothing, `false`, 0, the empty text, the empty list and the empty map; everything
/// else is true, the text `false` too. Pure.
[[nodiscard]] bool holds(const Value& value) noexcept;

/// What a substituted value prints as: nothing for null, `true` and `false`, numbers as JSON has them, a text itself.
/// `invalid_input` for a list or a map, which have no one text. Pure.
[[nodiscard]] Result<std::string> printed(const Value& value);

/// `text` as one word of a POSIX shell: itself when it is not empty and has only letters, digits and `@%+=:,./-_`, else in
/// single quotes, as Python's `shlex.quote`. `invalid_input` for a NUL byte, which no command can hold. Pure.
[[nodiscard]] Result<std::string> shell_word(std::string_view text);

}  // namespace gitopsctl::invoke
