#pragma once

#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "channels/git/object_reader.hpp"

namespace gitopsctl::channels::git {

/// Writes the tree of `tree` cut down to `paths` and returns its id; see Mirror::write_subset.
[[nodiscard]] Result<std::string> write_subset(ObjectReader& reader, const std::string& tree,
                                               const std::vector<std::string>& paths, std::vector<std::string>& missing);

}  // namespace gitopsctl::channels::git
