#pragma once

#include "agent/cli/invocation.hpp"
#include "base/result/result.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::agent::cli {

/// Prints data as `-o json` (two blanks per level, `<` and `&` as they are) or `-o yaml`, ending with a newline.
[[nodiscard]] Result<void> print_value(Terminal& terminal, const Value& value, OutputFormat format);

}  // namespace gitopsctl::agent::cli
