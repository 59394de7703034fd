#pragma once

#include <span>

#include "render/template/function.hpp"

namespace gitopsctl::render::helm {

/// The list functions once more, for arguments that are Go slices with methods: `has "policy/v1" .Capabilities.APIVersions`.
/// Such an argument arrives as a plain list; all others pass unchanged. Goes behind all_functions() in a table.
[[nodiscard]] std::span<const Function> slice_functions();

}  // namespace gitopsctl::render::helm
