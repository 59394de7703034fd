#pragma once

#include <string_view>

#include "base/result/result.hpp"

namespace gitopsctl::render::helm {

/// Shell-style match of the whole of `name`: `*` and `?` do not cross `/`, `[a-z]` and `[^a-z]` are classes, `\` makes
/// the next character literal (Go's filepath.Match). Linear in the product of the sizes, never exponential.
[[nodiscard]] bool path_match(std::string_view pattern, std::string_view name);
/// Errors: `syntax error in pattern` for a class that does not end or is empty, or a backslash at the end.
[[nodiscard]] Result<void> check_pattern(std::string_view pattern);

}  // namespace gitopsctl::render::helm
