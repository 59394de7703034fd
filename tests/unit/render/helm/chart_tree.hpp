#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/files/file_tree.hpp"
#include "render/inputs/inputs.hpp"

namespace gitopsctl::tests {

inline TreePath tree_path(std::string_view text) { return TreePath::parse(text).value(); }

using Files = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// A tree of these files.
inline std::shared_ptr<MemoryTree> make_tree(Files files) {
  auto tree = std::make_shared<MemoryTree>();
  for (const auto& [path, text] : files) tree->add(tree_path(path), std::string(text));
  return tree;
}

/// The inputs that render the chart at `app` in a tree of these files; a Chart.yaml is added when there is none.
inline render::RenderInputs chart_inputs(Files files) {
  auto tree = std::make_shared<MemoryTree>();
  tree->add(tree_path("app/Chart.yaml"), "apiVersion: v2\nname: app\nversion: 1.0.0\n");
  for (const auto& [path, text] : files) tree->add(tree_path(path), std::string(text));
  render::RenderInputs inputs;
  inputs.tree = tree;
  inputs.namespace_ = "ns";
  inputs.helm.chart = tree_path("app");
  inputs.helm.release_name = "rel";
  return inputs;
}

}  // namespace gitopsctl::tests
