#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/config/shape.hpp"
#include "invoke-compat/declarative/model.hpp"

// The keys of a task file. The same tables check files and are published as JSON Schema. What contains itself (steps,
// namespaces) is `any` here; reader.cpp and schema.cpp go down by themselves.
namespace gitopsctl::invoke::declarative::detail {

[[nodiscard]] const ConfigShape& file_shape();
[[nodiscard]] const ConfigShape& namespace_shape();
[[nodiscard]] const ConfigShape& task_shape();
[[nodiscard]] const ConfigShape& arg_shape();
/// An item of `pre` and `post`: a name, or a map.
[[nodiscard]] const ConfigShape& reference_shape();
[[nodiscard]] const ConfigShape& step_shape();

/// Words of `kind`, in the order of ArgKind.
[[nodiscard]] std::span<const std::string_view> arg_kinds() noexcept;
/// Words of `hide`.
[[nodiscard]] std::span<const std::string_view> hide_words() noexcept;

/// A key of a step that says what it does.
struct ActionRow {
  std::string_view key;
  Step::Action action;
};
[[nodiscard]] std::span<const ActionRow> actions() noexcept;

/// A key of a step that only some actions know.
struct OptionRow {
  std::string_view key;
  std::span<const Step::Action> actions;
};
[[nodiscard]] std::span<const OptionRow> step_options() noexcept;

/// What names of tasks, namespaces, arguments, steps and native tasks look like (RE2, and JSON Schema).
inline constexpr std::string_view task_name_pattern = "^[A-Za-z0-9_][A-Za-z0-9_-]*$";
inline constexpr std::string_view arg_name_pattern = "^[A-Za-z_][A-Za-z0-9_-]*$";
inline constexpr std::string_view step_id_pattern = "^[A-Za-z_][A-Za-z0-9_-]*$";
inline constexpr std::string_view native_name_pattern = "^[a-z][a-z0-9-]*([.][A-Za-z][A-Za-z0-9_-]*)+$";
inline constexpr std::string_view variable_pattern = "^[A-Za-z_][A-Za-z0-9_]*$";
inline constexpr std::string_view short_pattern = "^[A-Za-z0-9]$";

inline constexpr double most_retries = 100;
inline constexpr double largest_exit_code = 255;

}  // namespace gitopsctl::invoke::declarative::detail
