#pragma once

#include <string_view>

namespace gitopsctl::channels::git {

/// True for a full ref name (`refs/…`) that may be used in paths, messages and commands: Git's own rules
/// (git-check-ref-format), and also valid UTF-8 that is safe to print, no component with a leading dash, at most 1000 bytes.
[[nodiscard]] bool is_safe_ref_name(std::string_view name) noexcept;

}  // namespace gitopsctl::channels::git
