#pragma once

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "render/helm/chart.hpp"

namespace gitopsctl::render::helm {

/// Checks that every dependency of the root chart is in its `charts/`. What lacks comes back as one `needs_source` error
/// that names chart, version range and repository of each, and what to do.
[[nodiscard]] Result<void> check_dependencies(const Chart& chart, const HelmProfile& profile = {});

/// Brings the charts into the shape that is rendered: aliases, conditions and tags, disabled charts removed, and
/// `import-values` merged into the defaults. `user` are the user's values. Oddities become warnings of the set.
[[nodiscard]] Result<void> process_dependencies(ChartSet& set, const Value& user);

}  // namespace gitopsctl::render::helm
