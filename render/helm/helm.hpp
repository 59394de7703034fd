#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "base/yaml/yaml.hpp"
#include "render/helm/profile.hpp"
#include "render/inputs/inputs.hpp"

namespace gitopsctl::render::helm {

/// One document of a rendered chart.
struct Document {
  std::string path;    ///< `chart/templates/x.yaml`, as Helm prints it
  std::string origin;  ///< how errors name the template: its path in the tree
  std::string text;    ///< as it stands between the separators
  int line = 1;        ///< of its first line in the rendered file
  /// What `text` holds, as parse_yaml_stream() reads it; nothing when that is not one document, or is not known.
  std::optional<YamlDocument> content;
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
  DocumentCut cut = DocumentCut::lines;  ///< of the Helm version

  /// Definitions and manifests, each behind its separator: what a post-renderer gets.
  [[nodiscard]] std::string body() const;
  /// The bytes that `helm template` prints. `rewritten`: what a post-renderer made of body(), printed in its place.
  [[nodiscard]] std::string text(bool with_hooks = true, const std::optional<std::string>& rewritten = {}) const;
  /// Those that it prints with `--show-only`: of every pattern the documents whose path in the chart matches it. Error:
  /// `could not find template P in chart`.
  [[nodiscard]] Result<std::string> show_only(const std::vector<std::string>& patterns, bool with_hooks = true,
                                              const std::optional<std::string>& rewritten = {}) const;
};

/// How far a render came. Where it fails after `values`, helm adds advice to its error.
enum class Stage : std::uint8_t { inputs, values };

/// Loads the chart from the tree, coalesces values and executes all templates: what `helm template` does, in the profile
/// that the inputs name. Error texts inside are Helm's; places are in the tree.
[[nodiscard]] Result<Output> render_chart(const RenderInputs& inputs, Stage* reached = nullptr);

}  // namespace gitopsctl::render::helm
