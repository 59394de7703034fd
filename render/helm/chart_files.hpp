#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/files/file_tree.hpp"
#include "base/result/result.hpp"
#include "render/helm/chart.hpp"
#include "render/helm/profile.hpp"

namespace gitopsctl::render::helm {

/// Reads the files of charts within one budget that all directories and archives of a chart share.
class ChartFileReader {
 public:
  explicit ChartFileReader(const HelmProfile& profile = {}) : bounds_each_file_(profile.bounds_each_file) {}
  /// The files below `path` in the order of Helm's walk, without those that `.helmignore` names. Byte order marks are
  /// removed. Errors carry the path in the tree.
  [[nodiscard]] Result<std::vector<ChartFile>> read_directory(const FileTree& tree, const TreePath& path);
  /// The files of a packed chart below its top directory. `origin` names the archive in errors.
  [[nodiscard]] Result<std::vector<ChartFile>> read_archive(std::string_view bytes, const std::string& origin);

 private:
  struct Walk;
  Result<void> descend(Walk& walk, const TreePath& at, int depth);
  Result<void> take(Walk& walk, const TreePath& at);

  bool bounds_each_file_;
  /// helm 4.3 bounds the sum of all files of a chart (100 MiB); we count archives inside it as well.
  std::uint64_t budget_ = FileTree::default_max_bytes;
  /// Ours: no chart has as many.
  std::size_t entries_ = 100'000;
};

}  // namespace gitopsctl::render::helm
