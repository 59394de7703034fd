#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace gitopsctl::tests {

/// How many spans each mask covers, by the mask's name.
using MaskCounts = std::map<std::string, int>;

/// Whether `ours` equals what helm printed in two runs of the same inputs but for what is random: spans that differ between
/// the two runs, and have the shape of a named mask (a certificate, a bcrypt hash, a time, letters and digits of a length,
/// …) in all three texts. All else must be the same bytes. Returns the masks that were used, or nothing when the texts
/// differ.
[[nodiscard]] std::optional<MaskCounts> equal_but_random(std::string_view ours, std::string_view one_run,
                                                         std::string_view other_run);

}  // namespace gitopsctl::tests
