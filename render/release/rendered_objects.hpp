#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result/result.hpp"
#include "render/helm/helm.hpp"
#include "render/manifest/object.hpp"
#include "render/manifest/read_objects.hpp"

namespace gitopsctl::render {

/// Collects the objects of one release from its documents, so that all mistakes come back together.
class RenderedObjects {
 public:
  /// `quote_content`: as in RenderInputs.
  RenderedObjects(std::string default_namespace, bool quote_content)
      : namespace_(std::move(default_namespace)), options_{quote_content} {}

  /// Reads the objects of a manifest file; errors carry its path and line.
  void add_file(std::string_view text, const std::string& path);
  /// Reads the objects in what a template renders to. Errors name the template in the tree; a line there would be that of
  /// another text, so the hint tells the rendered one.
  void add_rendered(const helm::Document& document);

  /// The objects as rendered, or every mistake found: unreadable documents, and one object rendered twice. Custom
  /// resources whose definition is in the set and says cluster-scoped lose their namespace.
  [[nodiscard]] Result<std::vector<Object>> take();

 private:
  struct Read {
    Object object;
    std::string origin;  ///< of errors about it
    int line = 0;
  };
  using GroupKind = std::pair<std::string, std::string>;
  /// The kinds that the set's own definitions put outside namespaces.
  static std::set<GroupKind> cluster_scoped_kinds(const std::vector<Read>& objects);

  std::string namespace_;
  ReadObjectsOptions options_;
  std::vector<Read> objects_;
  std::vector<Error> errors_;
};

}  // namespace gitopsctl::render
