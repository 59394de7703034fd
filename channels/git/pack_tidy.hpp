#pragma once

#include <git2.h>

#include <string>

#include "base/result/result.hpp"

namespace gitopsctl::channels::git {

/// Every fetch leaves a pack, every candidate some loose objects. When there are many, puts the small packs and the loose
/// objects into one pack and removes them; large packs stay. Nothing is dropped, reachable or not. A kill leaves the new
/// pack, the old ones, or both. The caller makes sure that nobody else has the objects open.
[[nodiscard]] Result<void> tidy_packs(git_repository* repository, const std::string& objects_directory);

}  // namespace gitopsctl::channels::git
