// Trees into which files from elsewhere were put.
#include <algorithm>
#include <set>
#include <utility>

#include "base/files/file_tree.hpp"

namespace gitopsctl {

namespace {

Error missing(const TreePath& path) { return {ErrorCode::not_found, path.str() + " does not exist"}; }

class GraftedTree final : public FileTree {
 public:
  GraftedTree(FileTreePtr base, std::vector<Graft> grafts) : base_(std::move(base)), grafts_(std::move(grafts)) {
    for (const auto& graft : grafts_) {
      for (TreePath up = graft.at.parent();; up = up.parent()) {
        above_.insert(up);
        if (up.is_root()) break;
      }
    }
  }
  std::string display(const TreePath& path) const override {
    const auto [tree, inside] = find(path);
    return tree->display(inside);
  }

 protected:
  Result<FileInfo> do_stat(const TreePath& path) const override {
    const auto [tree, inside] = find(path);
    auto info = raw_stat(*tree, inside);
    if (!above_.contains(path)) {
      if (info.ok()) info->name = path.name();
      return info;
    }
    if (info.ok() && info->type != FileType::directory) return info;  // what stands in the way wins: reading then fails
    if (!info.ok() && info.error().code() != ErrorCode::not_found) return info;
    return FileInfo{.name = std::string(path.name()), .type = FileType::directory, .content_id = {}};
  }
  Result<std::string> do_read(const TreePath& path, std::uint64_t max_bytes) const override {
    const auto [tree, inside] = find(path);
    return raw_read(*tree, inside, max_bytes);
  }
  Result<std::vector<FileInfo>> do_list(const TreePath& path) const override {
    const auto [tree, inside] = find(path);
    auto names = raw_list(*tree, inside);
    if (!above_.contains(path)) return names;
    if (!names.ok()) {
      if (names.error().code() != ErrorCode::not_found) return names;
      names = std::vector<FileInfo>();
    }
    std::set<std::string, std::less<>> added;
    for (const auto& graft : grafts_) {
      if (path.contains(graft.at)) {
        const auto rest = path.relative(graft.at);
        added.emplace(rest.substr(0, rest.find('/')));
      }
    }
    std::erase_if(*names, [&](const FileInfo& info) { return added.contains(info.name); });
    for (const auto& name : added) {
      GITOPSCTL_TRY(auto info, do_stat(path.child(name)));
      info.name = name;
      names->push_back(std::move(info));
    }
    std::sort(names->begin(), names->end(), [](const FileInfo& a, const FileInfo& b) { return a.name < b.name; });
    return names;
  }
  Result<std::string> do_read_link(const TreePath& path) const override {
    const auto [tree, inside] = find(path);
    return raw_read_link(*tree, inside);
  }
  std::optional<FileInfo> do_look(const TreePath& path) const override {
    // Only for what is in the base and away from all grafts; the others are found step by step.
    const bool near = above_.contains(path) || std::any_of(grafts_.begin(), grafts_.end(),
                                                           [&](const Graft& graft) { return graft.at.contains(path); });
    return near ? std::nullopt : raw_look(*base_, path);
  }

 private:
  /// The tree that has `path`, and where in it.
  [[nodiscard]] std::pair<const FileTree*, TreePath> find(const TreePath& path) const {
    for (const auto& graft : grafts_) {
      if (!graft.at.contains(path)) continue;
      const auto rest = graft.at.relative(path);
      if (rest.empty()) return {graft.tree.get(), graft.from};
      return {graft.tree.get(), graft.from.is_root() ? TreePath().child(rest) : graft.from.child(rest)};
    }
    return {base_.get(), path};
  }

  FileTreePtr base_;
  std::vector<Graft> grafts_;
  std::set<TreePath> above_;
};

class OneFileTree final : public FileTree {
 public:
  OneFileTree(std::string name, std::shared_ptr<const std::string> content, std::string content_id, std::string shown)
      : name_(std::move(name)), content_(std::move(content)), content_id_(std::move(content_id)), shown_(std::move(shown)) {}
  std::string display(const TreePath& /*path*/) const override { return shown_; }

 protected:
  Result<FileInfo> do_stat(const TreePath& path) const override {
    if (path.is_root()) return FileInfo{.name = {}, .type = FileType::directory, .content_id = {}};
    if (path.str() != name_) return missing(path);
    return FileInfo{.name = name_, .size = content_->size(), .content_id = content_id_};
  }
  Result<std::string> do_read(const TreePath& path, std::uint64_t max_bytes) const override {
    if (path.str() != name_) return missing(path);
    if (content_->size() > max_bytes) {
      return Error(ErrorCode::too_large, shown_ + " is larger than " + std::to_string(max_bytes) + " bytes");
    }
    return *content_;
  }
  Result<std::vector<FileInfo>> do_list(const TreePath& path) const override {
    if (!path.is_root()) return missing(path);
    GITOPSCTL_TRY(auto info, do_stat(TreePath().child(name_)));
    return std::vector<FileInfo>{std::move(info)};
  }
  Result<std::string> do_read_link(const TreePath& path) const override {
    return Error(ErrorCode::not_found, path.str() + " is no link");
  }

 private:
  std::string name_;
  std::shared_ptr<const std::string> content_;
  std::string content_id_;
  std::string shown_;
};

}  // namespace

FileTreePtr graft_trees(FileTreePtr base, std::vector<Graft> grafts) {
  if (grafts.empty()) return base;
  return std::make_shared<GraftedTree>(std::move(base), std::move(grafts));
}

FileTreePtr one_file_tree(std::string name, std::shared_ptr<const std::string> content, std::string content_id,
                          std::string shown) {
  return std::make_shared<OneFileTree>(std::move(name), std::move(content), std::move(content_id), std::move(shown));
}

}  // namespace gitopsctl
