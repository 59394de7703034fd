#pragma once

#include <string>
#include <system_error>

namespace gitopsctl {

/// Makes a directory, with its parents, that only this user may look into, if it is not there. One that is there keeps its
/// mode: somebody chose it.
[[nodiscard]] std::error_code make_private_directory(const std::string& path);

}  // namespace gitopsctl
