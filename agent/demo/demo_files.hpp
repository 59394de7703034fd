#pragma once

#include <span>
#include <string_view>

namespace gitopsctl::agent::demo {

/// A file of charts/demo that the program carries (cmake/embed.cmake).
struct EmbeddedFile {
  std::string_view path;  ///< relative to charts/demo
  std::string_view content;
};

/// All files below charts/demo, sorted by path.
[[nodiscard]] std::span<const EmbeddedFile> demo_files() noexcept;

}  // namespace gitopsctl::agent::demo
