#pragma once

#include <vector>

#include "render/helm/chart.hpp"
#include "render/helm/helm.hpp"

namespace gitopsctl::render::helm {

/// Adds the custom resource definitions of a chart and of the charts below it, in Helm's order: what is YAML or JSON by its
/// name, below `crds/`.
void collect_crds(const Chart& chart, std::vector<Document>& out);

}  // namespace gitopsctl::render::helm
