#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "invoke-compat/collection/rules.hpp"
#include "invoke-compat/collection/task.hpp"

namespace gitopsctl::invoke {

/// One argument as the command line knows it.
struct Flag {
  std::string attribute;   ///< what the task calls it: `my_opt`
  std::string main_name;   ///< without dashes: `my-opt`
  std::string short_name;  ///< one character, or empty
  ArgumentKind kind = ArgumentKind::str;
  Value default_value = {};  ///< what it is when it is not given; lists and counts always have one
  bool value_optional = false;
  bool positional = false;
  std::string help = {};
  std::vector<Value> choices = {};
  bool hidden = false;  ///< not shown in help and completion

  [[nodiscard]] bool takes_value() const noexcept { return kind != ArgumentKind::boolean && kind != ArgumentKind::count; }
  /// A bool with the default true: `--no-NAME` switches it off.
  [[nodiscard]] bool has_inverse() const noexcept;
  /// `--my-opt`, or `-x` for a name of one character.
  [[nodiscard]] std::string main_flag() const;
  /// `-m`; empty without a short name.
  [[nodiscard]] std::string short_flag() const;
  /// `--no-my-opt`; empty without an inverse.
  [[nodiscard]] std::string inverse_flag() const;
  /// How messages name it: `<Argument: my_opt (m) [int] *?>`.
  [[nodiscard]] std::string to_string() const;
};

/// All flags of a task, or of the core, in the parser's order: positional ones first, in theirs, then as declared.
struct Flags {
  std::vector<Flag> all;

  /// The index of the flag that is spelled so (`-m`, `--my-opt`).
  [[nodiscard]] std::optional<std::size_t> find(std::string_view spelling) const;
  /// The index of the flag that this switches off (`--no-cache`).
  [[nodiscard]] std::optional<std::size_t> find_inverse(std::string_view spelling) const;
  /// The index of the flag of an attribute.
  [[nodiscard]] std::optional<std::size_t> find_attribute(std::string_view attribute) const;
};

/// The flags of a task. `invalid_input`: two flags of one name, an argument without a name, a
/// positional list that names no argument, an explicit short flag that is not one character.
[[nodiscard]] Result<Flags> flags_of(const Task& task, const Rules& rules);

}  // namespace gitopsctl::invoke
