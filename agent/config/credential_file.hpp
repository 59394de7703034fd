#pragma once

#include <cstddef>
#include <string>

#include "base/result/result.hpp"

namespace gitopsctl::agent::detail {

/// The text of a small file. Errors name the file and never show its content.
[[nodiscard]] Result<std::string> read_small_file(const std::string& path, std::size_t max_bytes);

/// A password or token: one line, its line end left out; not empty.
[[nodiscard]] Result<std::string> read_credential(const std::string& path);

}  // namespace gitopsctl::agent::detail
