#include "base/files/file_tree.hpp"

#include <deque>
#include <optional>
#include <set>
#include <utility>

#include "base/crypto/digest.hpp"

namespace gitopsctl {

namespace {

// Linux gives up after 40 links on one path (path_resolution(7)).
constexpr int max_links = 40;

Error missing(const FileTree& tree, const TreePath& path) {
  return {ErrorCode::not_found, "'" + tree.display(path) + "' does not exist"};
}

/// Adds the components of `text` in front of `pending`.
void push_components(std::deque<std::string>& pending, std::string_view text) {
  std::deque<std::string> parts;
  while (!text.empty()) {
    const auto slash = text.find('/');
    const auto part = text.substr(0, slash);
    if (!part.empty() && part != ".") parts.emplace_back(part);
    text = slash == std::string_view::npos ? std::string_view{} : text.substr(slash + 1);
  }
  pending.insert(pending.begin(), parts.begin(), parts.end());
}

}  // namespace

std::optional<FileInfo> FileTree::do_look(const TreePath& path) const {
  auto found = do_stat(path);
  if (!found.ok() || found->type == FileType::symlink) return std::nullopt;
  return *std::move(found);
}

std::optional<std::string> FileTree::do_read_at_once(const TreePath& /*path*/, std::uint64_t /*max_bytes*/) const {
  return std::nullopt;
}

Result<std::pair<TreePath, FileInfo>> FileTree::follow(const TreePath& path) const {
  // Fast road: most paths have no links at all, and the tree can say so in one look.
  if (auto found = do_look(path)) return std::pair{path, *std::move(found)};
  TreePath at;
  FileInfo info{"", FileType::directory, 0, false, {}};
  std::deque<std::string> pending;
  push_components(pending, path.str());
  if (pending.empty()) {
    auto root = do_stat(at);
    if (!root.ok()) return root.error();
    return std::pair{at, *std::move(root)};
  }
  int links = 0;
  while (!pending.empty()) {
    const std::string part = std::move(pending.front());
    pending.pop_front();
    if (part == "..") {  // only from the text of a link
      if (at.is_root()) {
        return Error(ErrorCode::forbidden, "link on the way to '" + display(path) + "' leaves the tree")
            .with_hint("a link may only point to files of the same tree");
      }
      at = at.parent();
      info = {std::string(at.name()), FileType::directory, 0, false, {}};
      continue;
    }
    if (info.type != FileType::directory) return missing(*this, path);
    const TreePath next = at.child(part);
    auto found = do_stat(next);
    if (!found.ok()) {
      if (found.error().code() == ErrorCode::not_found) return missing(*this, path);
      return found.error();
    }
    if (found->type != FileType::symlink) {
      at = next;
      info = *std::move(found);
      continue;
    }
    if (++links > max_links) {
      return Error(ErrorCode::invalid_input, "too many links on the way to '" + display(path) + "'")
          .with_hint("links that point to each other in a ring cannot be followed");
    }
    GITOPSCTL_TRY(const std::string target, do_read_link(next));
    if (target.empty() || target.front() == '/') {
      return Error(ErrorCode::forbidden, "link '" + display(next) + "' leaves the tree: its target is absolute")
          .with_hint("a link may only point to files of the same tree, by a relative path");
    }
    if (target.find('\0') != std::string::npos || target.size() > 4096) {
      return Error(ErrorCode::invalid_input, "link '" + display(next) + "' has an impossible target");
    }
    push_components(pending, target);
    if (pending.empty()) {  // a link to "."
      info = {std::string(at.name()), FileType::directory, 0, false, {}};
    }
  }
  if (info.content_id.empty() && info.type == FileType::directory) {
    // Reached through `..`: ask once more for what the tree knows of it.
    auto again = do_stat(at);
    if (again.ok()) info = *std::move(again);
  }
  return std::pair{at, std::move(info)};
}

Result<FileInfo> FileTree::stat(const TreePath& path) const {
  GITOPSCTL_TRY(auto found, follow(path));
  return std::move(found.second);
}

bool FileTree::exists(const TreePath& path) const {
  const auto found = stat(path);
  return found.ok() || found.error().code() != ErrorCode::not_found;
}

Result<std::string> FileTree::read(const TreePath& path, std::uint64_t max_bytes) const {
  if (auto text = do_read_at_once(path, max_bytes)) return *std::move(text);
  GITOPSCTL_TRY(auto found, follow(path));
  if (found.second.type == FileType::directory) {
    return Error(ErrorCode::invalid_input, "'" + display(path) + "' is a directory, not a file");
  }
  if (found.second.type != FileType::file) {
    return Error(ErrorCode::invalid_input, "'" + display(path) + "' is not a regular file");
  }
  if (found.second.size > max_bytes) {
    return Error(ErrorCode::too_large, "'" + display(path) + "' is larger than " + std::to_string(max_bytes) + " bytes");
  }
  return do_read(found.first, max_bytes);
}

Result<std::vector<FileInfo>> FileTree::list(const TreePath& path) const {
  GITOPSCTL_TRY(auto found, follow(path));
  if (found.second.type != FileType::directory) {
    return Error(ErrorCode::invalid_input, "'" + display(path) + "' is not a directory");
  }
  return do_list(found.first);
}

Result<TreePath> FileTree::real_path(const TreePath& path) const {
  GITOPSCTL_TRY(auto found, follow(path));
  return std::move(found.first);
}

namespace {

/// One look for an identity. Nothing: it cannot be told.
class Identification {
 public:
  Identification(const FileTree& tree, std::uint64_t& budget) : tree_(tree), budget_(budget) {}

  /// `path` may be a link or lead through some.
  std::optional<std::string> identify(const TreePath& path, int depth = 0) {
    const auto info = tree_.stat(path);
    if (!info.ok()) return of_error(info.error());
    if (!info->content_id.empty()) return info->content_id;
    const auto real = tree_.real_path(path);
    if (!real.ok()) return of_error(real.error());
    return identify_real(*real, *info, depth);
  }

 private:
  static std::optional<std::string> of_error(const Error& error) {
    switch (error.code()) {
      case ErrorCode::not_found: return std::string();
      // What the content itself is to blame for stays as it is, as long as the content does.
      case ErrorCode::forbidden:
      case ErrorCode::invalid_input:
      case ErrorCode::too_large: return "error:" + error.message();
      default: return std::nullopt;
    }
  }

  /// `path` has no links.
  std::optional<std::string> identify_real(const TreePath& path, const FileInfo& info, int depth) {
    if (!info.content_id.empty()) return info.content_id;
    if (info.type == FileType::file) {
      const auto bytes = tree_.read(path);
      if (!bytes.ok()) return of_error(bytes.error());
      return (info.executable ? "exec:" : "file:") + sha256_hex(*bytes);
    }
    if (info.type != FileType::directory) return "other";
    if (depth > max_identified_depth) return std::nullopt;
    if (!seen_.insert(path).second) return "seen:" + path.str();
    const auto entries = tree_.list(path);
    if (!entries.ok()) return of_error(entries.error());
    if (entries->size() > budget_) return std::nullopt;
    budget_ -= entries->size();
    Sha256 sum;
    for (const auto& entry : *entries) {
      const TreePath child = path.child(entry.name);
      // A link stands for what it leads to here, so that a change behind it is a change. The listing may not know whether a
      // file is a program; it tells enough of the rest, which saves the way from the root for every one of them.
      const bool enough = entry.type != FileType::symlink && (entry.type != FileType::file || !entry.content_id.empty());
      const auto id = enough ? identify_real(child, entry, depth + 1) : identify(child, depth + 1);
      if (!id) return std::nullopt;
      sum.add_field(entry.name);
      sum.add_field(*id);
    }
    return "dir:" + sum.hex();
  }

  const FileTree& tree_;
  std::uint64_t& budget_;
  /// The directories on the way and behind links, so that links in a ring end.
  std::set<TreePath> seen_;
};

}  // namespace

std::string content_id(const FileTree& tree, const TreePath& path, std::uint64_t& budget) {
  auto id = Identification(tree, budget).identify(path);
  return id ? *std::move(id) : "unknown:" + hex_encode(random_bytes(16));
}

std::string content_id(const FileTree& tree, const TreePath& path) {
  std::uint64_t budget = max_identified_entries;
  return content_id(tree, path, budget);
}

bool unchanged(const FileTree& tree, const std::vector<TreeDependency>& dependencies) {
  std::uint64_t budget = max_identified_entries;
  for (const auto& dependency : dependencies) {
    if (content_id(tree, dependency.path, budget) != dependency.content_id) return false;
  }
  return true;
}

}  // namespace gitopsctl
