#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files/tree_path.hpp"
#include "base/result/result.hpp"

namespace gitopsctl {

enum class FileType : std::uint8_t { file, directory, symlink, other };

/// One name in a directory, or one path looked up.
struct FileInfo {
  std::string name;                ///< last component
  FileType type = FileType::file;  ///< after link resolution, unless it came from a listing
  std::uint64_t size = 0;          ///< bytes; 0 for directories and for listings that do not know it
  bool executable = false;         ///< false for listings that do not know it
  /// Identity of the content when the tree knows it without reading (a Git object id with its kind): equal ids mean
  /// equal bytes, for a directory of everything below it. Empty otherwise.
  std::string content_id;
};

/// The one seam for files: read-only, rooted, over memory, disk, a Git tree or an archive. Nobody above it knows which.
/// Links are followed inside the tree only; one that leaves it is a `forbidden` error. Implementations answer from
/// immutable content or, for a disk, from what is there at the call.
/// Thread-safety: const calls may run on several threads unless an implementation says otherwise.
class FileTree {
 public:
  virtual ~FileTree() = default;

  /// What is at `path`, links followed; `not_found` when nothing is there.
  [[nodiscard]] Result<FileInfo> stat(const TreePath& path) const;
  /// True for a file or directory at `path`; errors other than not_found count as true, so that they are met on reading.
  [[nodiscard]] bool exists(const TreePath& path) const;
  /// The bytes of the file at `path`, links followed. `too_large` over `max_bytes`.
  [[nodiscard]] Result<std::string> read(const TreePath& path, std::uint64_t max_bytes = default_max_bytes) const;
  /// The names in the directory at `path` in bytewise order, links not followed.
  [[nodiscard]] Result<std::vector<FileInfo>> list(const TreePath& path) const;
  /// `path` with every link on the way replaced by its target.
  [[nodiscard]] Result<TreePath> real_path(const TreePath& path) const;
  /// How an error names a file of this tree: `path`, or `<archive>/path`.
  [[nodiscard]] virtual std::string display(const TreePath& path) const { return path.str(); }

  /// 100 MiB: the sum that helm 4.3 allows for a whole chart, so no single file of one can be larger.
  static constexpr std::uint64_t default_max_bytes = 100ULL << 20U;

 protected:
  // The four below get paths without links in their parents (the public calls resolve them).
  /// What is at `path`, the last component not followed.
  [[nodiscard]] virtual Result<FileInfo> do_stat(const TreePath& path) const = 0;
  [[nodiscard]] virtual Result<std::string> do_read(const TreePath& path, std::uint64_t max_bytes) const = 0;
  [[nodiscard]] virtual Result<std::vector<FileInfo>> do_list(const TreePath& path) const = 0;
  /// The text of the link at `path`.
  [[nodiscard]] virtual Result<std::string> do_read_link(const TreePath& path) const = 0;
  /// do_stat() of `path` as it is written, whose parents may hold links: what is there when neither they nor the last
  /// component is one, else nothing. It saves the walk from the root that finds links. Right for every tree whose do_stat()
  /// follows no link and does nothing else.
  [[nodiscard]] virtual std::optional<FileInfo> do_look(const TreePath& path) const;
  /// do_read() of `path` as it is written, whose parents may hold links, for trees that can tell in one step: the bytes when
  /// neither they nor the last component is one and no more than `max_bytes` are there; nothing in every other case, for
  /// read() to find out which it is. Without it, nothing.
  [[nodiscard]] virtual std::optional<std::string> do_read_at_once(const TreePath& path, std::uint64_t max_bytes) const;

  // For trees made from another tree: its answers without link resolution, which happens once, in the outermost tree.
  [[nodiscard]] static Result<FileInfo> raw_stat(const FileTree& tree, const TreePath& path) { return tree.do_stat(path); }
  [[nodiscard]] static Result<std::string> raw_read(const FileTree& tree, const TreePath& path, std::uint64_t max_bytes) {
    return tree.do_read(path, max_bytes);
  }
  [[nodiscard]] static Result<std::vector<FileInfo>> raw_list(const FileTree& tree, const TreePath& path) {
    return tree.do_list(path);
  }
  [[nodiscard]] static Result<std::string> raw_read_link(const FileTree& tree, const TreePath& path) {
    return tree.do_read_link(path);
  }
  [[nodiscard]] static std::optional<FileInfo> raw_look(const FileTree& tree, const TreePath& path) {
    return tree.do_look(path);
  }
  [[nodiscard]] static std::optional<std::string> raw_read_at_once(const FileTree& tree, const TreePath& path,
                                                                   std::uint64_t max_bytes) {
    return tree.do_read_at_once(path, max_bytes);
  }

 private:
  [[nodiscard]] Result<std::pair<TreePath, FileInfo>> follow(const TreePath& path) const;
};

using FileTreePtr = std::shared_ptr<const FileTree>;

/// A tree in memory. add() is for building it; afterwards it is immutable and thread-safe.
class MemoryTree final : public FileTree {
 public:
  MemoryTree();
  ~MemoryTree() override;
  /// Adds a file and the directories above it; replaces a file of that path.
  void add(const TreePath& path, std::string content, bool executable = false);
  /// Adds a symbolic link.
  void add_link(const TreePath& path, std::string target);
  /// How many files, links and directories were made so far, those that were replaced included: what bounds the memory.
  [[nodiscard]] std::uint64_t made() const noexcept { return made_; }

 protected:
  Result<FileInfo> do_stat(const TreePath& path) const override;
  Result<std::string> do_read(const TreePath& path, std::uint64_t max_bytes) const override;
  Result<std::vector<FileInfo>> do_list(const TreePath& path) const override;
  Result<std::string> do_read_link(const TreePath& path) const override;

 private:
  struct Node;
  std::unique_ptr<Node> root_;
  std::uint64_t made_ = 0;
};

/// The directory `root` of the disk as a tree. Every component is opened relative to its parent without following links,
/// so a race cannot lead outside. `root` itself may be a link.
[[nodiscard]] Result<FileTreePtr> open_disk_tree(const std::string& root);

/// Limits for archives; the number of bytes is that of helm 4.3 for chart archives, the others are ours.
struct ArchiveLimits {
  std::uint64_t max_total_bytes = 100ULL << 20U;
  std::uint64_t max_entries = 100'000;
  /// Of files, links and the directories that their names imply, which the archive need not hold.
  std::uint64_t max_nodes = 200'000;
  std::uint32_t max_depth = 100;  ///< components of one name; the same as for directories of charts and manifests
};

/// A gzip-compressed tar archive in memory as a tree. Entries that are absolute, climb with `..`, or are neither file,
/// directory nor link inside the archive are errors; so is passing a limit. `name` is used in messages.
[[nodiscard]] Result<FileTreePtr> open_tgz(std::string_view bytes, const std::string& name, ArchiveLimits limits = {});

/// The part of `tree` below `root` as a tree of its own; links cannot leave the part.
[[nodiscard]] FileTreePtr sub_tree(FileTreePtr tree, TreePath root);

/// A tree that stands as a directory in another one.
struct Mount {
  std::string name;  ///< a plain name
  FileTreePtr tree;
};

/// The trees of `mounts` as directories of one. Errors name files as the trees themselves do; links cannot leave the whole.
[[nodiscard]] FileTreePtr mount_trees(std::vector<Mount> mounts);

/// One file or directory of another tree that stands at a place of this one.
struct Graft {
  TreePath at;       ///< not the root
  FileTreePtr tree;  ///< what stands there, or is below it
  TreePath from;     ///< in that tree; no link leads to it
};

/// `base` with each graft at its place, whatever is there in `base`; the directories above are there, too. Errors name a
/// file as the tree that it is from does; links are followed as if all were one tree. Directories above a graft have no
/// content id of their own.
[[nodiscard]] FileTreePtr graft_trees(FileTreePtr base, std::vector<Graft> grafts);

/// A tree of one file, `name`, that errors name as `shown`. `content_id` must tell its content from every other; empty: it
/// is not known.
[[nodiscard]] FileTreePtr one_file_tree(std::string name, std::shared_ptr<const std::string> content, std::string content_id,
                                        std::string shown);

/// One thing that a computation read from a tree: a file, a directory with everything below it, or a missing path.
struct TreeDependency {
  TreePath path;
  std::string content_id;  ///< empty: was missing

  friend bool operator==(const TreeDependency&, const TreeDependency&) = default;
};

/// A tree that notes what is read through it, so that a render can be reused as long as all of it is unchanged.
/// Where the tree below knows no content ids, SHA-256 of the content stands in. Reads below a directory that was
/// listed at or above are covered by that directory's id and not noted again, unless they passed through a link.
/// Not thread-safe: one recorder per computation.
class RecordingTree final : public FileTree {
 public:
  explicit RecordingTree(FileTreePtr tree);
  [[nodiscard]] std::vector<TreeDependency> dependencies() const;
  std::string display(const TreePath& path) const override;

 protected:
  Result<FileInfo> do_stat(const TreePath& path) const override;
  Result<std::string> do_read(const TreePath& path, std::uint64_t max_bytes) const override;
  Result<std::vector<FileInfo>> do_list(const TreePath& path) const override;
  Result<std::string> do_read_link(const TreePath& path) const override;
  std::optional<FileInfo> do_look(const TreePath& path) const override;

 private:
  FileTreePtr tree_;
  struct Notes;
  std::shared_ptr<Notes> notes_;
};

/// True when everything that `dependencies` names is the same in `tree`.
[[nodiscard]] bool unchanged(const FileTree& tree, const std::vector<TreeDependency>& dependencies);

/// Identity of the content at `path` (a file, or a directory with everything below it), computed where the tree does not
/// know it; empty when nothing is there. What cannot be told – unreadable, nested deeper than max_identified_depth, more
/// entries to look at than `budget` – has an id that equals no other, not even when asked again, so that it never counts as
/// unchanged. Entries that were looked at are taken off `budget`.
[[nodiscard]] std::string content_id(const FileTree& tree, const TreePath& path, std::uint64_t& budget);
[[nodiscard]] std::string content_id(const FileTree& tree, const TreePath& path);

/// Deeper than charts and manifests are read.
inline constexpr int max_identified_depth = 128;
/// Three times what one chart may hold.
inline constexpr std::uint64_t max_identified_entries = 300'000;

}  // namespace gitopsctl
