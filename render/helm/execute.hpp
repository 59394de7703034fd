#pragma once

#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "render/helm/capabilities.hpp"
#include "render/helm/chart.hpp"
#include "render/helm/documents.hpp"
#include "render/helm/profile.hpp"
#include "render/inputs/inputs.hpp"

namespace gitopsctl::render::helm {

/// Executes all templates of the charts with the coalesced `values`, in Helm's order. The files come back in that order,
/// NOTES.txt included, partials left out. Errors have Helm's text, the place in the tree, and the templates on the way as
/// their trail. `warnings` gets what functions warn of. `lint`: as `helm lint` executes them, where `required` and `fail`
/// warn and the release is neither installed nor upgraded.
[[nodiscard]] Result<std::vector<RenderedFile>> execute_templates(const ChartSet& set, const Value& values,
                                                                  const HelmProfile& profile, const KubeVersion& version,
                                                                  const RenderInputs& inputs,
                                                                  std::vector<std::string>& warnings, bool lint = false);

}  // namespace gitopsctl::render::helm
