#pragma once

#include <functional>

#include "base/result/result.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::render {

enum class MergeMode : unsigned char {
  fill,       ///< `merge`: a value of the source counts where the destination has none or an empty one
  overwrite,  ///< `mergeOverwrite`: a value of the source counts always, also an empty one or null
};

/// mergo 1.0.1 over template maps: changes `destination` (a non-nil map) in place, recursing where both sides hold a map;
/// lists and maps of the source are taken by reference. `changed` is told every map that was written to. `too_large` over
/// the depth that functions walk.
[[nodiscard]] Result<void> merge_maps(const Value& destination, const Value& source, MergeMode mode,
                                      const std::function<void(const Value&)>& changed);

}  // namespace gitopsctl::render
