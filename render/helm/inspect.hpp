#pragma once

#include <cstdint>
#include <string>

#include "base/files/file_tree.hpp"
#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "render/helm/helm_log.hpp"
#include "render/helm/profile.hpp"
#include "render/inputs/inputs.hpp"

namespace gitopsctl::render::helm {

/// What `helm show` shows of a chart.
enum class ChartPart : std::uint8_t { all, chart, values, readme, crds };

/// The bytes that `helm show PART` prints of the chart at `path` (a directory or a .tgz): Chart.yaml as it was read, and
/// values.yaml, README and definitions as they stand there. Within the render limits that the inputs of a render have by
/// default. Errors: those of load_chart().
[[nodiscard]] Result<std::string> show_chart(const FileTreePtr& tree, const TreePath& path, ChartPart part,
                                             const HelmProfile& profile, HelmLog* log = nullptr);

/// The values that the user gives, without the chart's defaults. Errors: those of user_values().
[[nodiscard]] Result<Value> supplied_values(const RenderInputs& inputs);

/// The values that the chart's templates would see below `.Values`: the user's, with the defaults of the chart and of the
/// charts below it, conditions and imports worked out. Schemas are not asked. Errors: as of a render until there.
[[nodiscard]] Result<Value> computed_values(const RenderInputs& inputs);

}  // namespace gitopsctl::render::helm
