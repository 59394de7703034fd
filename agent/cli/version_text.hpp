#pragma once

#include <string>

namespace gitopsctl::agent::cli {

/// `gitopsctl 0.1.0 (commit 1234abcd, g++ 12.2.0)` and a line end.
[[nodiscard]] std::string version_text();

}  // namespace gitopsctl::agent::cli
