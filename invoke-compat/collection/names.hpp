#pragma once

#include <string>
#include <string_view>

namespace gitopsctl::invoke {

/// The name of a task or a namespace as it is typed: underscores become dashes, but for the first and the last byte of the
/// whole name and those beside a dot (`_hidden_` and `db._raw` stay). Pure.
[[nodiscard]] std::string dashed_name(std::string_view name);

/// The same the other way, for a collection whose `auto_dash_names` is off: dashes become underscores. Pure.
[[nodiscard]] std::string underscored_name(std::string_view name);

/// The name of an argument without its dashes: underscores at both ends are dropped, those inside become dashes (`_my_opt`
/// is `my-opt`). Empty when there is nothing else in it. Pure.
[[nodiscard]] std::string argument_name(std::string_view name);

/// Whether a word can be typed as a part of a name: there are no blanks, control bytes, `=` or dots in it, and no dash in
/// front.
[[nodiscard]] bool can_be_typed(std::string_view name) noexcept;

/// An argument's name as a flag: one character gets one dash, more get two (`-x`, `--my-opt`). Pure.
[[nodiscard]] std::string flag_spelling(std::string_view name);

}  // namespace gitopsctl::invoke
