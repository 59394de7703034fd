#pragma once

#include <string_view>

namespace gitopsctl {

/// A file that the program carries (cmake/embed.cmake). Constant data with static lifetime.
struct EmbeddedFile {
  std::string_view path;  ///< relative to the directory that was embedded
  std::string_view content;
};

}  // namespace gitopsctl
