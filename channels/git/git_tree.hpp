#pragma once

#include <memory>
#include <string>

#include "base/files/file_tree.hpp"
#include "channels/git/object_reader.hpp"

namespace gitopsctl::channels::git {

/// The files of one tree object. Content ids are `file:ID`, `exec:ID`, `link:ID` and `tree:ID`; a directory with a link
/// anywhere below has none, since what the link leads to may change while the directory's id does not. Submodules are
/// `other`. Thread-safe; keeps the object database open as long as it lives.
class GitTree final : public FileTree {
 public:
  /// `root` is the id of a tree object.
  GitTree(std::shared_ptr<ObjectReader> reader, std::string root) : reader_(std::move(reader)), root_(std::move(root)) {}

 protected:
  Result<FileInfo> do_stat(const TreePath& path) const override;
  Result<std::string> do_read(const TreePath& path, std::uint64_t max_bytes) const override;
  Result<std::vector<FileInfo>> do_list(const TreePath& path) const override;
  Result<std::string> do_read_link(const TreePath& path) const override;

 private:
  [[nodiscard]] Result<TreeEntry> find(const TreePath& path) const;

  std::shared_ptr<ObjectReader> reader_;
  std::string root_;
};

}  // namespace gitopsctl::channels::git
