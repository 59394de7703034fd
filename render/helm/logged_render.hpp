#pragma once

#include <string>

#include "render/helm/helm.hpp"
#include "render/helm/helm_log.hpp"

namespace gitopsctl::render::helm {

/// What is to be known of a render besides its output, also of one that fails.
struct RenderTrace {
  HelmLog* log = nullptr;   ///< gets what helm would log, up to the error when there is one; not owned
  bool keeps_text = false;  ///< fill `text`
  /// What the templates gave, where some of it is no manifest: all files, each behind its name, in the order of their names.
  /// Helm prints it with `--debug`.
  std::string text;
};

/// render_chart() that also leaves a trace.
[[nodiscard]] Result<Output> render_chart_traced(const RenderInputs& inputs, Stage& reached, RenderTrace& trace);

}  // namespace gitopsctl::render::helm
