#pragma once

#include "base/value/value.hpp"

namespace gitopsctl::render::detail {

/// Go's complex128, which templates know as a literal (`1i`) and can only print and compare.
[[nodiscard]] Value make_complex(double real, double imaginary);

}  // namespace gitopsctl::render::detail
