#pragma once

#include <cstdint>

namespace gitopsctl {

/// The release of Go that a program to be imitated was built with: it decides texts of errors of Go's own libraries.
enum class GoRelease : std::uint8_t {
  go_1_24,
  go_1_25,  ///< comparisons of different types name the types
  go_1_26,  ///< hosts of http URLs have one colon
  go_1_27,  ///< encoding/json is its second version
};

}  // namespace gitopsctl
