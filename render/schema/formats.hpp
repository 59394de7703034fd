#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gitopsctl::render::schema {

/// Checks a text against a format of JSON Schema. What is wrong with it in the words that helm prints behind `'x' is not
/// valid FORMAT: `; nothing when it is right.
using FormatCheck = std::optional<std::string> (*)(std::string_view text);

/// The check called `name`; nullptr for names without one, which accept everything. `corrected`: as in Habits.
[[nodiscard]] FormatCheck find_format(std::string_view name, bool corrected = true) noexcept;

}  // namespace gitopsctl::render::schema
