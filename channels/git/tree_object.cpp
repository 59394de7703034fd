#include "channels/git/tree_object.hpp"

#include <algorithm>
#include <charconv>

#include "base/crypto/digest.hpp"
#include "base/text/escape.hpp"
#include "channels/git/library.hpp"
#include "channels/git/protocol.hpp"

namespace gitopsctl::channels::git {
namespace {

constexpr std::size_t raw_id_bytes = GIT_OID_RAWSZ;

Error damaged(const std::string& what) { return {ErrorCode::invalid_input, "damaged Git object: " + what}; }

/// By Git's own reading of modes: the type bits decide, and for files the owner's x bit.
Result<EntryKind> kind_of(std::string_view mode) {
  unsigned value = 0;
  const auto [end, failed] = std::from_chars(mode.data(), mode.data() + mode.size(), value, 8);
  if (failed != std::errc() || end != mode.data() + mode.size() || mode.empty() || mode.size() > 6) {
    return damaged("a tree entry's mode is '" + terminal_safe(mode) + "'");
  }
  switch (value & 0170000U) {
    case 0040000U: return EntryKind::directory;
    case 0100000U: return (value & 0100U) != 0 ? EntryKind::executable : EntryKind::file;
    case 0120000U: return EntryKind::link;
    case 0160000U: return EntryKind::submodule;
    default: return damaged("a tree entry's mode is '" + terminal_safe(mode) + "'");
  }
}

std::string_view mode_of(EntryKind kind) {
  switch (kind) {
    case EntryKind::file: return "100644";
    case EntryKind::executable: return "100755";
    case EntryKind::link: return "120000";
    case EntryKind::directory: return "40000";
    case EntryKind::submodule: return "160000";
  }
  return "100644";
}

/// `Name <mail> seconds offset`.
struct Person {
  std::string name;
  std::string email;
  std::int64_t seconds = 0;
};

Person read_person(std::string_view text) {
  Person out;
  const auto open = text.find('<');
  const auto close = text.rfind('>');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return out;
  out.name = text.substr(0, open);
  while (out.name.ends_with(' ')) out.name.pop_back();
  out.email = text.substr(open + 1, close - open - 1);
  auto rest = text.substr(close + 1);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  std::from_chars(rest.data(), rest.data() + rest.size(), out.seconds);
  return out;
}

}  // namespace

Result<std::vector<TreeEntry>> parse_tree(std::string_view bytes) {
  std::vector<TreeEntry> out;
  while (!bytes.empty()) {
    const auto space = bytes.find(' ');
    const auto nul = bytes.find('\0');
    if (space == std::string_view::npos || nul == std::string_view::npos || nul < space ||
        bytes.size() < nul + 1 + raw_id_bytes) {
      return damaged("a tree is cut off");
    }
    GITOPSCTL_TRY(const EntryKind kind, kind_of(bytes.substr(0, space)));
    const auto name = bytes.substr(space + 1, nul - space - 1);
    if (name.empty() || name == "." || name == ".." || name.find('/') != std::string_view::npos) {
      return damaged("a tree has an entry named '" + terminal_safe(truncate_utf8(name, 200)) + "'");
    }
    out.push_back({std::string(name), kind, hex_encode(bytes.substr(nul + 1, raw_id_bytes))});
    bytes.remove_prefix(nul + 1 + raw_id_bytes);
  }
  std::ranges::sort(out, {}, &TreeEntry::name);
  const auto twice = std::ranges::adjacent_find(out, {}, &TreeEntry::name);
  if (twice != out.end()) return damaged("a tree has two entries named '" + terminal_safe(twice->name) + "'");
  return out;
}

std::string write_tree_bytes(std::vector<TreeEntry> entries) {
  // Git compares a directory's name as if it ended with a slash.
  std::ranges::sort(entries, {}, [](const TreeEntry& entry) {
    return entry.kind == EntryKind::directory ? entry.name + '/' : entry.name;
  });
  std::string out;
  for (const auto& entry : entries) {
    out += mode_of(entry.kind);
    out += ' ';
    out += entry.name;
    out += '\0';
    git_oid id{};
    if (!to_oid(id, entry.id)) id = {};  // names no object, and a tree of it cannot be written
    out.append(reinterpret_cast<const char*>(id.id), raw_id_bytes);
  }
  return out;
}

Result<CommitObject> parse_commit(std::string_view bytes) {
  // Git takes the tree from the first line, parents right behind it and nowhere else, and then author and committer: a
  // commit must not have another history or date here than there.
  enum class Part : std::uint8_t { tree, parents, committer, rest };
  Part part = Part::tree;
  CommitObject out;
  for (;;) {
    const auto end = bytes.find('\n');
    if (end == std::string_view::npos) return damaged("a commit is cut off");
    const auto line = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (line.empty()) break;
    if (part == Part::tree) {
      if (!line.starts_with("tree ")) return damaged("a commit does not begin with its tree");
      out.tree = line.substr(5);
      part = Part::parents;
    } else if (part == Part::parents && line.starts_with("parent ")) {
      if (!is_object_id(line.substr(7))) return damaged("a commit's parent is no object name");
      out.parents.emplace_back(line.substr(7));
    } else if (part == Part::parents && line.starts_with("author ")) {
      auto author = read_person(line.substr(7));
      out.author_name = std::move(author.name);
      out.author_email = std::move(author.email);
      part = Part::committer;
    } else if (part == Part::committer && line.starts_with("committer ")) {
      out.committed = read_person(line.substr(10)).seconds;
      part = Part::rest;
    } else {
      part = Part::rest;
    }
    if (bytes.empty()) break;  // a commit without a message
  }
  if (!is_object_id(out.tree)) return damaged("a commit names no tree");
  out.message = bytes;
  return out;
}

}  // namespace gitopsctl::channels::git
