#pragma once

#include <span>

#include "base/files/embedded_file.hpp"

namespace gitopsctl::agent::demo {

/// All files below charts/demo, sorted by path.
[[nodiscard]] std::span<const EmbeddedFile> demo_files() noexcept;

}  // namespace gitopsctl::agent::demo
