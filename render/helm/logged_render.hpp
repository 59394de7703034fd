#pragma once

#include "render/helm/helm.hpp"
#include "render/helm/helm_log.hpp"

namespace gitopsctl::render::helm {

/// render_chart() that also writes what helm would log, up to the error when there is one.
[[nodiscard]] Result<Output> render_chart_logged(const RenderInputs& inputs, Stage& reached, HelmLog& log);

}  // namespace gitopsctl::render::helm
