#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "render/schema/schema.hpp"

namespace gitopsctl::render::schema {

/// Checks a text against a format of JSON Schema. What is wrong with it in the words that helm prints behind `'x' is not
/// valid FORMAT: `; nothing when it is right.
using FormatCheck = std::optional<std::string> (*)(std::string_view text);

/// The check called `name`; nullptr for names without one, which accept everything.
[[nodiscard]] FormatCheck find_format(std::string_view name, const Habits& habits = {}) noexcept;

}  // namespace gitopsctl::render::schema
