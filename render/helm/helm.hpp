#pragma once

#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "render/inputs/inputs.hpp"

namespace gitopsctl::render::helm {

/// One document of a rendered chart.
struct Document {
  std::string path;    ///< `chart/templates/x.yaml`, as Helm prints it
  std::string origin;  ///< how errors name the template: its path in the tree
  std::string text;    ///< as it stands between the separators
  int line = 1;        ///< of its first line in the rendered file
  bool is_hook = false;
  std::vector<std::string> hook_events;
  int hook_weight = 0;
};

/// The output of a chart, sorted as Helm sorts it.
struct Output {
  std::vector<Document> crds;  ///< of `crds/`, with include_crds
  std::vector<Document> manifests;
  std::vector<Document> hooks;
  std::string notes;
  std::vector<std::string> warnings;

  /// The bytes that `helm template` prints.
  [[nodiscard]] std::string text(bool with_hooks = true) const;
};

/// Loads the chart from the tree, coalesces values and executes all templates: what `helm template` does, in the profile
/// that the inputs name. Error texts inside are Helm's; places are in the tree.
[[nodiscard]] Result<Output> render_chart(const RenderInputs& inputs);

}  // namespace gitopsctl::render::helm
