#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/files/file_tree.hpp"
#include "base/result/result.hpp"

namespace gitopsctl::render {

/// One file of plain manifests.
struct ManifestFile {
  std::string path;  ///< in the tree
  std::string text;
};

/// The `.yaml`, `.yml` and `.json` files at or below `path`, in bytewise order of their paths; a single file is taken
/// whatever it is called. Names that start with a dot are skipped, with everything below. Links are followed inside the
/// tree. Errors: nothing there, no manifest at all below it (an empty set must be meant), too many or too large files.
[[nodiscard]] Result<std::vector<ManifestFile>> read_manifests(const FileTree& tree, const TreePath& path);

/// The documents of a file as they stand between the separator lines, without white space around them; blank ones are
/// left out.
[[nodiscard]] std::vector<std::string_view> manifest_documents(std::string_view text);

}  // namespace gitopsctl::render
