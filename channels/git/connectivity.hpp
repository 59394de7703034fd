#pragma once

#include <optional>
#include <string>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/git/object_reader.hpp"

namespace gitopsctl::channels::git {

/// Makes sure that the commit `id` can be deployed from: it, every tree below it and every file are in the database. What is
/// the same below `known` (a commit that was checked before) is not looked at again. `unavailable` names what is missing.
[[nodiscard]] Result<void> check_complete(ObjectReader& reader, const std::string& id,
                                          const std::optional<std::string>& known, const Interrupt& interrupt);

}  // namespace gitopsctl::channels::git
