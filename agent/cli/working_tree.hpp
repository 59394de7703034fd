#pragma once

#include <string>

#include "base/files/file_tree.hpp"
#include "base/result/result.hpp"

namespace gitopsctl::agent::cli {

/// The top of the working tree that the current directory is in (where `.git` is), else the current directory itself.
[[nodiscard]] std::string working_tree_root();
/// The files at working_tree_root().
[[nodiscard]] Result<FileTreePtr> open_working_tree();
/// `path` as typed by a person in the current directory, seen from working_tree_root().
[[nodiscard]] Result<TreePath> path_in_working_tree(const std::string& path);

}  // namespace gitopsctl::agent::cli
