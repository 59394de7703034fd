#pragma once

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "render/helm/profile.hpp"
#include "render/inputs/inputs.hpp"

namespace gitopsctl::render::helm {

/// The values that the user gives: files in order, then those found elsewhere, then the inline values, then the overrides by
/// kind (JSON, typed, string, file, literal) and within a kind in order, as Helm takes them. Errors are located in the file,
/// or name the override.
[[nodiscard]] Result<Value> user_values(const RenderInputs& inputs, const HelmProfile& profile = {});

}  // namespace gitopsctl::render::helm
