#pragma once

#include <span>

#include "base/files/embedded_file.hpp"

namespace gitopsctl::agent::install {

/// All files below charts/gitopsctl, sorted by path.
[[nodiscard]] std::span<const EmbeddedFile> install_files() noexcept;

}  // namespace gitopsctl::agent::install
