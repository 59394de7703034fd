#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"

namespace gitopsctl::channels::git {

enum class EntryKind : std::uint8_t { file, executable, link, directory, submodule };

/// One line of a tree object.
struct TreeEntry {
  std::string name;
  EntryKind kind = EntryKind::file;
  std::string id;

  friend bool operator==(const TreeEntry&, const TreeEntry&) = default;
};

/// Reads the bytes of a tree object; entries come in bytewise order of their names (Git's own order differs where a
/// directory is involved). `invalid_input` when they are no tree, or when it has a name twice or one that no tree may have
/// (empty, `.`, `..`, with a slash).
[[nodiscard]] Result<std::vector<TreeEntry>> parse_tree(std::string_view bytes);
/// The bytes of a tree object, in Git's order whatever the order of `entries`.
[[nodiscard]] std::string write_tree_bytes(std::vector<TreeEntry> entries);

/// A commit object's parts.
struct CommitObject {
  std::string tree;
  std::vector<std::string> parents;
  std::string author_name;
  std::string author_email;
  std::int64_t committed = 0;  ///< seconds since 1970
  std::string message;
};

/// Reads the bytes of a commit object; `invalid_input` when they are none.
[[nodiscard]] Result<CommitObject> parse_commit(std::string_view bytes);

}  // namespace gitopsctl::channels::git
