#include "channels/git/connectivity.hpp"

#include <algorithm>
#include <unordered_set>
#include <vector>

#include "base/text/escape.hpp"
#include "channels/git/mirror.hpp"

namespace gitopsctl::channels::git {
namespace {

/// A directory to look at, beside what it was before.
struct Pair {
  std::string tree;
  std::string old;  ///< empty: there was none
};

const TreeEntry* find(const std::vector<TreeEntry>& entries, const std::string& name) {
  const auto found = std::ranges::lower_bound(entries, name, {}, &TreeEntry::name);
  return found != entries.end() && found->name == name ? &*found : nullptr;
}

/// Asked with exists() and not by reading: what the remote left out makes nobody suspect what the mirror has.
bool is_there(ObjectReader& reader, const std::string& tree) { return tree == Mirror::empty_tree || reader.exists(tree); }

Error missing(const std::string& what, const std::string& id) {
  return Error(ErrorCode::unavailable, "the remote sent an incomplete history: " + what + " (" + id + ") is missing")
      .with_hint("it is fetched again; if it stays, check the remote with git fsck");
}

}  // namespace

Result<void> check_complete(ObjectReader& reader, const std::string& id, const std::optional<std::string>& known,
                            const Interrupt& interrupt) {
  GITOPSCTL_TRY(const CommitObject commit, reader.commit(id));
  if (!is_there(reader, commit.tree)) return missing("the tree of commit " + id, commit.tree);
  std::vector<Pair> todo{{commit.tree, ""}};
  if (known) {
    const auto before = reader.commit(*known);
    if (before.ok() && reader.exists(before->tree)) todo.front().old = before->tree;
  }
  // Apart, since nothing keeps a falsified tree from naming one id as a file and as a directory.
  std::unordered_set<std::string> seen_trees;
  std::unordered_set<std::string> seen_files;
  while (!todo.empty()) {
    GITOPSCTL_CHECK(interrupt.check("checking what was fetched"));
    const Pair pair = std::move(todo.back());
    todo.pop_back();
    if (pair.tree == pair.old || !seen_trees.insert(pair.tree).second) continue;
    GITOPSCTL_TRY(const auto entries, reader.tree(pair.tree));
    std::shared_ptr<const std::vector<TreeEntry>> old;
    if (!pair.old.empty()) {
      GITOPSCTL_TRY(old, reader.tree(pair.old));
    }
    for (const auto& entry : *entries) {
      if (entry.kind == EntryKind::submodule) continue;  // lives in another repository
      const TreeEntry* before = old == nullptr ? nullptr : find(*old, entry.name);
      if (before != nullptr && before->id == entry.id && before->kind == entry.kind) continue;
      if (entry.kind == EntryKind::directory) {
        if (!is_there(reader, entry.id)) return missing("directory '" + terminal_safe(entry.name) + "'", entry.id);
        todo.push_back({entry.id, before != nullptr && before->kind == EntryKind::directory ? before->id : ""});
      } else if (seen_files.insert(entry.id).second && !reader.exists(entry.id)) {
        return missing("file '" + terminal_safe(entry.name) + "'", entry.id);
      }
    }
  }
  return {};
}

}  // namespace gitopsctl::channels::git
