#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/value/value.hpp"
#include "render/helm/coalescing.hpp"
#include "render/helm/metadata.hpp"
#include "render/helm/profile.hpp"

namespace gitopsctl::render::helm {

/// One file of a chart.
struct ChartFile {
  std::string name;    ///< relative to the chart: `templates/x.yaml`
  SharedString data;   ///< without a byte order mark
  std::string origin;  ///< how errors name it: its path in the tree
};

/// A chart as loaded. Dependency processing copies charts for their aliases in the way that Helm does, sharing what
/// Helm shares (metadata of what lies below, parents), because the paths of templates depend on it.
struct Chart {
  std::shared_ptr<Metadata> metadata;
  Value values = Value::nil_map();     ///< defaults; never changed in place
  std::optional<SharedString> schema;  ///< values.schema.json
  std::vector<ChartFile> templates;
  std::vector<ChartFile> files;  ///< what `.Files` shows, `crds/` included
  std::vector<Chart*> dependencies;
  Chart* parent = nullptr;
  std::string origin;  ///< how errors name the chart: its path in the tree

  [[nodiscard]] const std::string& name() const { return metadata->name; }
  /// `root/charts/sub`
  [[nodiscard]] std::string full_path() const;
  [[nodiscard]] bool is_library() const;
  /// Replaces the children and becomes their parent.
  void set_dependencies(std::vector<Chart*> charts);
};

/// A root chart with everything below it. Owns the charts; pointers into it live as long as it does.
/// Not thread-safe, and changed by process_dependencies(): one per render.
struct ChartSet {
  std::deque<Chart> charts;
  Chart* root = nullptr;
  std::vector<std::string> warnings;
  HelmProfile profile;
  bool quote_content = true;  ///< as in RenderInputs
  HelmLog* log = nullptr;     ///< what helm would log; not owned, may be nobody's

  Chart& add(Chart chart = {});
  /// How this Helm version fills in defaults.
  [[nodiscard]] Coalescing coalescing(Nulls nulls) const {
    return {.nulls = nulls, .rule = profile.nulls, .quote_content = quote_content, .log = log};
  }
};

}  // namespace gitopsctl::render::helm
