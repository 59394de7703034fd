#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "render/helm/helm.hpp"
#include "render/helm/profile.hpp"

namespace gitopsctl::render::helm {

class HelmLog;

/// A part of a text between two separators.
struct Part {
  std::string_view text;
  int line = 1;  ///< of its first line, from 1
};

/// Cuts a rendered file at lines that start with `---`, in the way of a Helm version; empty parts are dropped. The views
/// point into `text`.
[[nodiscard]] std::vector<Part> split_documents(std::string_view text, DocumentCut cut = DocumentCut::lines);

/// One rendered file.
struct RenderedFile {
  std::string path;  ///< `chart/templates/x.yaml`
  std::string text;
  std::string origin;  ///< how errors name the template: its path in the tree
};

/// Splits `files` (in any order) into documents, tells manifests from hooks and sorts both by kind as Helm does. Partials
/// and blank files are skipped. A document with an unknown hook name is dropped with a warning. Error: `YAML parse error
/// on PATH: …`, located in the template; the line in it counts in the rendered document. `quote_content`: as in
/// RenderInputs; `keep_content`: as in HelmInputs.
[[nodiscard]] Result<void> sort_documents(std::vector<RenderedFile> files, Output& out, const HelmProfile& profile = {},
                                          bool quote_content = true, bool keep_content = true, HelmLog* log = nullptr);

}  // namespace gitopsctl::render::helm
