#include "channels/git/git_tree.hpp"

#include <algorithm>

namespace gitopsctl::channels::git {
namespace {

/// Linux allows no longer target (PATH_MAX).
constexpr std::uint64_t max_link_bytes = 4096;

FileInfo describe(const TreeEntry& entry) {
  FileInfo out;
  out.name = entry.name;
  switch (entry.kind) {
    case EntryKind::file: out.content_id = "file:" + entry.id; break;
    case EntryKind::executable:
      out.executable = true;
      out.content_id = "exec:" + entry.id;
      break;
    case EntryKind::link:
      out.type = FileType::symlink;
      out.content_id = "link:" + entry.id;
      break;
    case EntryKind::directory: out.type = FileType::directory; break;
    case EntryKind::submodule:
      out.type = FileType::other;
      out.content_id = "submodule:" + entry.id;
      break;
  }
  return out;
}

}  // namespace

Result<TreeEntry> GitTree::find(const TreePath& path) const {
  TreeEntry at{"", EntryKind::directory, root_};
  std::string_view rest = path.str();
  while (!rest.empty()) {
    const auto slash = rest.find('/');
    const auto name = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    if (at.kind != EntryKind::directory) return Error(ErrorCode::not_found, "'" + display(path) + "' does not exist");
    GITOPSCTL_TRY(const auto entries, reader_->tree(at.id));
    const auto found =
        std::ranges::lower_bound(*entries, name, {}, [](const TreeEntry& entry) { return std::string_view(entry.name); });
    if (found == entries->end() || found->name != name) {
      return Error(ErrorCode::not_found, "'" + display(path) + "' does not exist");
    }
    at = *found;
  }
  return at;
}

Result<FileInfo> GitTree::do_stat(const TreePath& path) const {
  GITOPSCTL_TRY(const TreeEntry entry, find(path));
  FileInfo info = describe(entry);
  if (info.type == FileType::file) {
    const auto header = reader_->expect(entry.id);
    if (!header) return header.error().in(display(path));
    info.size = header->size;
  }
  if (info.type == FileType::directory) {
    GITOPSCTL_TRY(const bool links, reader_->has_links(entry.id));
    if (!links) info.content_id = "tree:" + entry.id;
  }
  return info;
}

Result<std::string> GitTree::do_read(const TreePath& path, std::uint64_t max_bytes) const {
  GITOPSCTL_TRY(const TreeEntry entry, find(path));
  if (entry.kind != EntryKind::file && entry.kind != EntryKind::executable) {
    return Error(ErrorCode::not_found, "'" + display(path) + "' does not exist");
  }
  auto bytes = reader_->read(entry.id, ObjectType::blob, max_bytes);
  if (!bytes) return bytes.error().in(display(path));
  return bytes;
}

Result<std::vector<FileInfo>> GitTree::do_list(const TreePath& path) const {
  GITOPSCTL_TRY(const TreeEntry entry, find(path));
  if (entry.kind != EntryKind::directory) return Error(ErrorCode::not_found, "'" + display(path) + "' is no directory");
  GITOPSCTL_TRY(const auto entries, reader_->tree(entry.id));
  std::vector<FileInfo> out;
  out.reserve(entries->size());
  for (const auto& child : *entries) {
    FileInfo info = describe(child);
    if (child.kind == EntryKind::directory) {
      // Known for every tree object once it was asked, so that whoever identifies a directory need not go into those
      // without links. What cannot be read is met by who does go.
      const auto links = reader_->has_links(child.id);
      if (links.ok() && !*links) info.content_id = "tree:" + child.id;
    }
    out.push_back(std::move(info));
  }
  return out;
}

Result<std::string> GitTree::do_read_link(const TreePath& path) const {
  GITOPSCTL_TRY(const TreeEntry entry, find(path));
  if (entry.kind != EntryKind::link) return Error(ErrorCode::not_found, "'" + display(path) + "' is not a link");
  return reader_->read(entry.id, ObjectType::blob, max_link_bytes);
}

}  // namespace gitopsctl::channels::git
