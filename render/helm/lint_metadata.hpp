#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "render/helm/lint.hpp"
#include "render/helm/profile.hpp"

namespace gitopsctl::render::helm {

/// What `helm lint` says of a Chart.yaml.
[[nodiscard]] std::vector<LintMessage> lint_metadata(std::string_view yaml, const HelmProfile& profile);

}  // namespace gitopsctl::render::helm
