#include "agent/cli/working_tree.hpp"

#include <filesystem>

namespace gitopsctl::agent::cli {

namespace fs = std::filesystem;

std::string working_tree_root() {
  std::error_code failed;
  const fs::path here = fs::current_path(failed);
  for (fs::path at = here; !failed && !at.empty(); at = at.parent_path()) {
    if (fs::exists(at / ".git", failed)) return at.string();
    if (at == at.root_path()) break;
  }
  return here.empty() ? std::string(".") : here.string();
}

Result<FileTreePtr> open_working_tree() { return open_disk_tree(working_tree_root()); }

Result<TreePath> path_in_working_tree(const std::string& path) {
  std::error_code failed;
  const fs::path root = fs::weakly_canonical(working_tree_root(), failed);
  const fs::path absolute = fs::weakly_canonical(fs::absolute(path, failed), failed);
  const std::string relative = absolute.lexically_relative(root).string();
  if (relative.empty() || relative.starts_with("..")) {
    return Error(ErrorCode::forbidden, "'" + path + "' is outside of " + root.string())
        .with_hint("name a file of this repository");
  }
  return TreePath::parse(relative == "." ? std::string_view{} : std::string_view(relative));
}

}  // namespace gitopsctl::agent::cli
