#pragma once

#include <memory>

#include "base/files/file_tree.hpp"
#include "base/result/result.hpp"
#include "render/helm/chart.hpp"
#include "render/helm/profile.hpp"

namespace gitopsctl::render::helm {

/// Loads the chart at `path` (a directory or a .tgz) with everything in its `charts/`. Links are followed inside the
/// tree. Errors carry the path in the tree and Helm's text: no Chart.yaml, a text that is not YAML, a rule of Chart.yaml
/// broken, over 100 MiB in all (archives unpacked), more than 100,000 files, nested too deeply. `quote_content`: as in
/// RenderInputs. `log`: not owned, kept by the set for what is done with it later.
[[nodiscard]] Result<std::unique_ptr<ChartSet>> load_chart(const FileTreePtr& tree, const TreePath& path,
                                                           bool quote_content = true, const HelmProfile& profile = {},
                                                           HelmLog* log = nullptr);

}  // namespace gitopsctl::render::helm
