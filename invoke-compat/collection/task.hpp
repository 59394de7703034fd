#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/value/value.hpp"

namespace gitopsctl::invoke {

/// What an argument's value is and how a flag sets it.
enum class ArgumentKind : std::uint8_t {
  str,
  boolean,   ///< takes no value; a default of true gives it an inverse flag
  integer,   ///< a Value of kind int64
  floating,  ///< a Value of kind float64
  list,      ///< every occurrence appends a string
  count,     ///< takes no value; every occurrence adds 1 to the default
};

/// One parameter of a task as its author declares it.
struct Argument {
  std::string name;  ///< as declared, with underscores: what the task calls it
  ArgumentKind kind = ArgumentKind::str;
  /// What it is when it is not given; null: nothing. A list's is a list, a count's an int64; null is then empty and 0.
  Value default_value = {};
  /// Whether the author gave a default, even null: one without is positional.
  bool has_default = false;
  bool value_optional = false;  ///< the flag may stand without a value, and is then true
  /// Overrides the rule by which arguments without default are positional.
  std::optional<bool> positional = std::nullopt;
  /// Nothing: chosen automatically; empty: none; else the one character.
  std::optional<std::string> short_flag = std::nullopt;
  std::string help = {};
  std::vector<Value> choices = {};  ///< what its value may be; empty: anything
};

/// A call of a task before or after another one.
struct TaskCall {
  std::string task;  ///< its name as the author wrote it; whoever loads the file finds the task
  /// Arguments by declared name; null: a bare reference.
  Value arguments = {};
};

/// One task.
struct Task {
  std::string name;  ///< as declared; underscores become dashes by the rule of its collection
  std::string docstring = {};
  std::vector<std::string> aliases = {};
  std::vector<Argument> arguments = {};
  /// Declared names of the positional arguments in their order. Nothing: those without default, as declared, by
  /// Argument::positional where it is given.
  std::optional<std::vector<std::string>> positional = std::nullopt;
  std::vector<TaskCall> pre = {};
  std::vector<TaskCall> post = {};
  bool automatic_short_flags = true;
  bool autoprint = false;  ///< the return value is printed
  /// What running it means, which only whoever made the task knows.
  std::shared_ptr<const void> implementation = nullptr;
};

}  // namespace gitopsctl::invoke
