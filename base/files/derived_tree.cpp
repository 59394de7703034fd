// Trees made from other trees: a part of one, and one that notes what is read.
#include <algorithm>
#include <map>
#include <set>

#include "base/files/file_tree.hpp"

namespace gitopsctl {

namespace {

class SubTree final : public FileTree {
 public:
  SubTree(FileTreePtr tree, TreePath root) : tree_(std::move(tree)), root_(std::move(root)) {}
  std::string display(const TreePath& path) const override { return tree_->display(below(path)); }

 protected:
  // A link that climbs above this part is refused by our own resolution, whatever is there in the whole tree.
  Result<FileInfo> do_stat(const TreePath& path) const override { return raw_stat(*tree_, below(path)); }
  Result<std::string> do_read(const TreePath& path, std::uint64_t max_bytes) const override {
    return raw_read(*tree_, below(path), max_bytes);
  }
  Result<std::vector<FileInfo>> do_list(const TreePath& path) const override { return raw_list(*tree_, below(path)); }
  Result<std::string> do_read_link(const TreePath& path) const override { return raw_read_link(*tree_, below(path)); }
  std::optional<FileInfo> do_look(const TreePath& path) const override { return raw_look(*tree_, below(path)); }
  std::optional<std::string> do_read_at_once(const TreePath& path, std::uint64_t max_bytes) const override {
    return raw_read_at_once(*tree_, below(path), max_bytes);
  }

 private:
  [[nodiscard]] TreePath below(const TreePath& path) const {
    if (path.is_root()) return root_;
    if (root_.is_root()) return path;
    return root_.child(path.str());
  }
  FileTreePtr tree_;
  TreePath root_;
};

class MountedTrees final : public FileTree {
 public:
  explicit MountedTrees(std::vector<Mount> mounts) : mounts_(std::move(mounts)) {
    std::sort(mounts_.begin(), mounts_.end(), [](const Mount& a, const Mount& b) { return a.name < b.name; });
  }
  std::string display(const TreePath& path) const override {
    const auto [tree, inside] = find(path);
    return tree == nullptr ? path.str() : tree->display(inside);
  }

 protected:
  Result<FileInfo> do_stat(const TreePath& path) const override {
    if (path.is_root()) return FileInfo{.name = {}, .type = FileType::directory, .content_id = {}};
    const auto [tree, inside] = find(path);
    if (tree == nullptr) return missing(path);
    auto info = raw_stat(*tree, inside);
    if (info.ok() && inside.is_root()) info->name = path.str();
    return info;
  }
  Result<std::string> do_read(const TreePath& path, std::uint64_t max_bytes) const override {
    const auto [tree, inside] = find(path);
    return tree == nullptr ? Result<std::string>(missing(path)) : raw_read(*tree, inside, max_bytes);
  }
  Result<std::vector<FileInfo>> do_list(const TreePath& path) const override {
    if (path.is_root()) {
      std::vector<FileInfo> out;
      out.reserve(mounts_.size());
      for (const auto& mount : mounts_) {
        out.push_back({.name = mount.name, .type = FileType::directory, .content_id = {}});
      }
      return out;
    }
    const auto [tree, inside] = find(path);
    return tree == nullptr ? Result<std::vector<FileInfo>>(missing(path)) : raw_list(*tree, inside);
  }
  Result<std::string> do_read_link(const TreePath& path) const override {
    const auto [tree, inside] = find(path);
    return tree == nullptr ? Result<std::string>(missing(path)) : raw_read_link(*tree, inside);
  }
  std::optional<FileInfo> do_look(const TreePath& path) const override {
    const auto [tree, inside] = find(path);
    return tree == nullptr || inside.is_root() ? std::nullopt : raw_look(*tree, inside);
  }
  std::optional<std::string> do_read_at_once(const TreePath& path, std::uint64_t max_bytes) const override {
    const auto [tree, inside] = find(path);
    return tree == nullptr ? std::nullopt : raw_read_at_once(*tree, inside, max_bytes);
  }

 private:
  static Error missing(const TreePath& path) { return {ErrorCode::not_found, path.str() + " does not exist"}; }

  /// The tree that holds `path`, and where in it.
  [[nodiscard]] std::pair<const FileTree*, TreePath> find(const TreePath& path) const {
    const auto first = std::string_view(path.str()).substr(0, path.str().find('/'));
    for (const auto& mount : mounts_) {
      if (mount.name == first) return {mount.tree.get(), path.behind_first()};
    }
    return {nullptr, TreePath()};
  }

  std::vector<Mount> mounts_;
};

}  // namespace

FileTreePtr mount_trees(std::vector<Mount> mounts) { return std::make_shared<MountedTrees>(std::move(mounts)); }

FileTreePtr sub_tree(FileTreePtr tree, TreePath root) {
  if (root.is_root()) return tree;
  // Links on the way to the part are followed once, here; a part that is not there stays as named and fails on use.
  auto real = tree->real_path(root);
  return std::make_shared<SubTree>(std::move(tree), real.ok() ? *std::move(real) : std::move(root));
}

struct RecordingTree::Notes {
  std::map<TreePath, std::string> noted;
  std::map<TreePath, std::string> links;  ///< what is behind each link that was met
  std::set<TreePath> listed;              ///< directories whose id covers everything below
  std::uint64_t budget = max_identified_entries;

  [[nodiscard]] bool covered(const TreePath& path) const {
    for (TreePath up = path;; up = up.parent()) {
      if (listed.contains(up)) return true;
      if (up.is_root()) return false;
    }
  }
  void note_link(const FileTree& tree, const TreePath& path) {
    // Met again with every path that leads through it.
    if (!links.contains(path)) links.emplace(path, content_id(tree, path, budget));
  }
};

RecordingTree::RecordingTree(FileTreePtr tree) : tree_(std::move(tree)), notes_(std::make_shared<Notes>()) {}

std::string RecordingTree::display(const TreePath& path) const { return tree_->display(path); }

std::vector<TreeDependency> RecordingTree::dependencies() const {
  std::vector<TreeDependency> out;
  for (const auto& [path, id] : notes_->noted) {
    // A directory that was listed later covers what was noted below it before.
    if (notes_->listed.contains(path) && !path.is_root() && notes_->covered(path.parent())) continue;
    if (!notes_->listed.contains(path) && notes_->covered(path)) continue;
    out.push_back({path, id});
  }
  for (const auto& [path, id] : notes_->links) out.push_back({path, id});
  return out;
}

Result<FileInfo> RecordingTree::do_stat(const TreePath& path) const {
  auto info = raw_stat(*tree_, path);
  if (notes_->covered(path)) {
    // A link inside a covered directory may lead out of it; the directory's id says nothing about what is there.
    if (info.ok() && info->type == FileType::symlink) notes_->note_link(*tree_, path);
    return info;
  }
  if (!info.ok() && info.error().code() == ErrorCode::not_found) notes_->noted[path] = "";
  if (info.ok() && info->type == FileType::symlink) notes_->note_link(*tree_, path);
  return info;
}

Result<std::string> RecordingTree::do_read(const TreePath& path, std::uint64_t max_bytes) const {
  if (!notes_->covered(path) && !notes_->noted.contains(path)) {
    notes_->noted.emplace(path, content_id(*tree_, path, notes_->budget));
  }
  return raw_read(*tree_, path, max_bytes);
}

Result<std::vector<FileInfo>> RecordingTree::do_list(const TreePath& path) const {
  if (!notes_->covered(path)) {
    notes_->noted[path] = content_id(*tree_, path, notes_->budget);
    notes_->listed.insert(path);
  }
  return raw_list(*tree_, path);
}

Result<std::string> RecordingTree::do_read_link(const TreePath& path) const { return raw_read_link(*tree_, path); }

// What it finds is there and has no link on the way, which do_stat() does not note either.
std::optional<FileInfo> RecordingTree::do_look(const TreePath& path) const { return raw_look(*tree_, path); }

}  // namespace gitopsctl
