#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "render/helm/profile.hpp"

namespace gitopsctl::render::helm {

/// One entry of `dependencies:` in Chart.yaml or requirements.yaml.
struct ChartDependency {
  std::string name;  ///< becomes the alias when dependencies are processed
  std::string version;
  std::string repository;
  std::string condition;
  std::vector<std::string> tags;
  bool enabled = false;
  Value import_values = Value::nil_list();
  std::string alias;
};

/// Shared, because Helm 3 lets charts under several aliases share them.
using DependencyList = std::vector<std::shared_ptr<ChartDependency>>;

struct Maintainer {
  std::string name;
  std::string email;
  std::string url;
};

/// Chart.yaml.
struct Metadata {
  std::string name;
  std::string home;
  std::vector<std::string> sources;
  std::string version;
  std::string description;
  std::vector<std::string> keywords;
  std::vector<Maintainer> maintainers;
  std::string icon;
  std::string api_version;
  std::string condition;
  std::string tags;
  std::string app_version;
  bool deprecated = false;
  Value annotations = Value::nil_map(MapType::string);
  std::string kube_version;
  DependencyList dependencies;
  bool has_dependencies = false;  ///< the list was written, even if empty
  bool null_maintainer = false;   ///< a list holds a null
  bool null_dependency = false;
  std::string type;

  /// Copies of the dependencies, which nobody shares.
  [[nodiscard]] std::vector<ChartDependency> own_dependencies() const;
};

/// Reads the YAML of Chart.yaml or requirements.yaml into `metadata`, keeping what the text does not name.
/// Errors: Helm's texts without their `cannot load …` prefix, located in `file`.
[[nodiscard]] Result<void> read_metadata(std::string_view yaml, const std::string& file, Metadata& metadata,
                                         const HelmProfile& profile = {});

/// Cleans the text fields and checks the rules of a chart. Errors: `validation: …`, without a place.
[[nodiscard]] Result<void> validate_metadata(Metadata& metadata, const HelmProfile& profile = {});

/// `.Chart` as Helm 4 shows it: a map with the names of Go's fields.
[[nodiscard]] Value metadata_as_map(const Metadata& metadata, bool is_root);
/// `.Chart` as Helm 3 shows it: a struct, with structs in its lists.
[[nodiscard]] Value metadata_as_struct(const Metadata& metadata, bool is_root);

}  // namespace gitopsctl::render::helm
