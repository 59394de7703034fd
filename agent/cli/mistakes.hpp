#pragma once

#include "base/result/error.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::agent::cli {

/// One mistake of a checked file, for `-o json`: file, line, column, code, message, hint.
[[nodiscard]] Value mistake_value(const Error& error);

}  // namespace gitopsctl::agent::cli
