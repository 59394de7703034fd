#include "channels/git/subset.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "base/files/tree_path.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::channels::git {
namespace {

/// What is wanted of a directory: everything, or some of its names.
struct Wish {
  bool all = false;
  std::map<std::string, Wish, std::less<>> below;
  std::string written;  ///< the path as listed, where a listed path ends
};

/// The path that a listed pattern means; `dir/**` and `dir/*`-less forms only.
Result<TreePath> read_pattern(const std::string& text) {
  std::string_view path = text;
  if (path == "**" || path == "*") path = "";
  if (path.ends_with("/**")) path.remove_suffix(3);
  if (path.find_first_of("*?[") != std::string_view::npos) {
    return Error(ErrorCode::unsupported, "the path '" + terminal_safe(text) + "' is a pattern that is not supported")
        .with_hint("list files and directories; a directory means everything below it, as does dir/**");
  }
  auto parsed = TreePath::parse(path);
  if (!parsed) return parsed.error().in("path '" + terminal_safe(text) + "'");
  return parsed;
}

Result<Wish> read_wishes(const std::vector<std::string>& paths) {
  Wish root;
  for (const auto& text : paths) {
    GITOPSCTL_TRY(const TreePath path, read_pattern(text));
    Wish* at = &root;
    std::string_view rest = path.str();
    while (!rest.empty()) {
      const auto slash = rest.find('/');
      at = &at->below[std::string(rest.substr(0, slash))];
      rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    }
    at->all = true;
    at->written = text;
  }
  return root;
}

/// The listed paths at and below `wish`.
void note_missing(const Wish& wish, std::vector<std::string>& missing) {
  if (wish.all) missing.push_back(wish.written);
  for (const auto& [name, below] : wish.below) note_missing(below, missing);
}

/// The listed paths below `wish` that are not in `tree`, where `wish` itself takes everything.
Result<void> note_missing_below(ObjectReader& reader, const std::string& tree, const Wish& wish,
                                std::vector<std::string>& missing) {
  if (wish.below.empty()) return {};
  GITOPSCTL_TRY(const auto entries, reader.tree(tree));
  for (const auto& [name, below] : wish.below) {
    const auto found = std::ranges::find(*entries, name, &TreeEntry::name);
    if (found == entries->end() || (!below.below.empty() && found->kind != EntryKind::directory)) {
      note_missing(below, missing);
    } else if (found->kind == EntryKind::directory) {
      GITOPSCTL_CHECK(note_missing_below(reader, found->id, below, missing));
    }
  }
  return {};
}

/// The id of `tree` cut down; nothing when nothing is left.
Result<std::optional<std::string>> cut(ObjectReader& reader, const std::string& tree, const Wish& wish,
                                       std::vector<std::string>& missing) {
  if (wish.all) {
    GITOPSCTL_CHECK(note_missing_below(reader, tree, wish, missing));
    return std::optional<std::string>(tree);
  }
  GITOPSCTL_TRY(const auto entries, reader.tree(tree));
  std::vector<TreeEntry> kept;
  for (const auto& [name, below] : wish.below) {
    const auto found = std::ranges::find(*entries, name, &TreeEntry::name);
    if (found == entries->end()) {
      note_missing(below, missing);
    } else if (found->kind == EntryKind::directory) {
      GITOPSCTL_TRY(const auto id, cut(reader, found->id, below, missing));
      if (id) kept.push_back({name, EntryKind::directory, *id});
    } else {
      if (below.all) kept.push_back(*found);
      for (const auto& [child, deeper] : below.below) note_missing(deeper, missing);
    }
  }
  if (kept.empty()) return std::optional<std::string>();
  GITOPSCTL_TRY(std::string id, reader.write(ObjectType::tree, write_tree_bytes(std::move(kept))));
  return std::optional<std::string>(std::move(id));
}

}  // namespace

Result<std::string> write_subset(ObjectReader& reader, const std::string& tree, const std::vector<std::string>& paths,
                                 std::vector<std::string>& missing) {
  missing.clear();
  GITOPSCTL_TRY(const Wish wish, read_wishes(paths));
  GITOPSCTL_TRY(const auto id, cut(reader, tree, wish, missing));
  std::ranges::sort(missing);
  if (id) return *id;
  return reader.write(ObjectType::tree, "");
}

}  // namespace gitopsctl::channels::git
