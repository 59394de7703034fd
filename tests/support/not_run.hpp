#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gitopsctl::tests {

/// Says loudly that a check did not run: prints `NOT RUN: <check>: <why>`, which ./dev test collects into its summary. With
/// CI=true in the environment the test fails instead. Call it inside of a doctest case, then return.
void not_run(std::string_view check, std::string_view why);

/// find_peer(), and when it is not there not_run() with the command that builds it.
[[nodiscard]] std::optional<std::string> need_peer(std::string_view name, std::string_view check);

}  // namespace gitopsctl::tests
