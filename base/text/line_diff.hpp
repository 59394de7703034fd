#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gitopsctl {

struct UnifiedDiffOptions {
  std::string from_name = {};         ///< after `--- `; no header lines when both names are empty
  std::string to_name = {};           ///< after `+++ `
  std::uint32_t context = 3;          ///< unchanged lines around a change
  std::uint64_t max_lines = 200'000;  ///< inputs above are shown as one replaced block, so that time stays linear
};

/// The unified diff of two texts, by lines, deterministic; empty when they are equal. A missing newline at the end is shown
/// as
/// `\ No newline at end of file`.
[[nodiscard]] std::string unified_diff(std::string_view from, std::string_view to, const UnifiedDiffOptions& options);

}  // namespace gitopsctl
