#include "channels/git/object_reader.hpp"

#include <unordered_map>
#include <utility>

#include "channels/git/file_lock.hpp"
#include "channels/git/library.hpp"

namespace gitopsctl::channels::git {
namespace {

/// A commit or a tree larger than this is an attack or an accident: the largest trees known have some 100,000 entries.
constexpr std::uint64_t max_structure_bytes = 16U << 20U;
/// Entries of remembered trees, before they are forgotten all at once.
constexpr std::size_t max_cached_entries = 50'000;
constexpr std::size_t max_known_links = 200'000;
constexpr int max_depth = 256;
constexpr std::string_view damaged_hint = "the local copy is damaged; it is fetched anew with the next poll";

git_object_t type_of(ObjectType type) {
  switch (type) {
    case ObjectType::commit: return GIT_OBJECT_COMMIT;
    case ObjectType::tree: return GIT_OBJECT_TREE;
    case ObjectType::blob: return GIT_OBJECT_BLOB;
    case ObjectType::tag: return GIT_OBJECT_TAG;
  }
  return GIT_OBJECT_BLOB;
}

std::string_view name_of(ObjectType type) {
  switch (type) {
    case ObjectType::commit: return "commit";
    case ObjectType::tree: return "tree";
    case ObjectType::blob: return "file";
    case ObjectType::tag: return "tag";
  }
  return "object";
}

}  // namespace

struct ObjectReader::State {
  OdbHandle odb;
  std::unordered_map<std::string, std::shared_ptr<const std::vector<TreeEntry>>> trees;
  std::size_t cached_entries = 0;
  std::unordered_map<std::string, bool> links;

  Result<git_odb*> database(const std::string& directory) {
    if (odb == nullptr) {
      git_odb* opened = nullptr;
      const int code = git_odb_open(&opened, (directory + "/objects").c_str());
      if (code != 0) return library_error(code, "open the objects of " + directory);
      odb.reset(opened);
    }
    return odb.get();
  }
};

ObjectReader::ObjectReader(std::string directory, std::string name)
    : directory_(std::move(directory)), name_(std::move(name)), state_(std::make_unique<State>()) {}

ObjectReader::~ObjectReader() = default;

Result<std::shared_ptr<ObjectReader>> ObjectReader::open(std::string directory, std::string name) {
  start_library();
  // Not make_shared: the constructor is private.
  std::shared_ptr<ObjectReader> reader(new ObjectReader(std::move(directory), std::move(name)));
  const std::lock_guard lock(reader->mutex_);
  GITOPSCTL_CHECK(reader->state_->database(reader->directory_));
  return reader;
}

Error ObjectReader::failed(int code, std::string_view id, std::string_view what) {
  const Error error = library_error(code, name_ + ": " + std::string(what) + " " + std::string(id));
  if (!is_of_the_machine(error)) grow_suspicious();
  // Never not_found: a file whose bytes are gone must not look like a file that was removed.
  return Error(ErrorCode::unavailable, error.message()).with_hint(std::string(damaged_hint));
}

void ObjectReader::grow_suspicious() {
  suspect_ = true;
  // Said at once, since the one who fetches is another one than the one who reads and may not end for weeks. Opening the
  // lock's way creates an empty file, which is all that is needed.
  (void)FileLock::open(directory_ + std::string(suspect_file)).ok();
}

bool ObjectReader::exists(std::string_view id) {
  git_oid oid;
  if (!to_oid(oid, id)) return false;
  const std::lock_guard lock(mutex_);
  const auto odb = state_->database(directory_);
  return odb.ok() && git_odb_exists(*odb, &oid) == 1;
}

Result<ObjectHeader> ObjectReader::header(std::string_view id) {
  git_oid oid;
  if (!to_oid(oid, id)) return Error(ErrorCode::invalid_input, "'" + std::string(id) + "' is no object name");
  const std::lock_guard lock(mutex_);
  GITOPSCTL_TRY(git_odb * odb, state_->database(directory_));
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  const int code = git_odb_read_header(&size, &type, odb, &oid);
  if (code == GIT_ENOTFOUND) return Error(ErrorCode::not_found, name_ + " has no object " + std::string(id));
  if (code != 0) return failed(code, id, "read");
  switch (type) {
    case GIT_OBJECT_COMMIT: return ObjectHeader{ObjectType::commit, size};
    case GIT_OBJECT_TREE: return ObjectHeader{ObjectType::tree, size};
    case GIT_OBJECT_TAG: return ObjectHeader{ObjectType::tag, size};
    default: return ObjectHeader{ObjectType::blob, size};
  }
}

Result<ObjectHeader> ObjectReader::expect(std::string_view id) {
  auto found = header(id);
  if (found.ok() || found.error().code() != ErrorCode::not_found) return found;
  grow_suspicious();
  return Error(ErrorCode::unavailable, found.error().message()).with_hint(std::string(damaged_hint));
}

Result<std::string> ObjectReader::read(std::string_view id, ObjectType type, std::uint64_t max_bytes) {
  git_oid oid;
  if (!to_oid(oid, id)) return Error(ErrorCode::invalid_input, "'" + std::string(id) + "' is no object name");
  const std::lock_guard lock(mutex_);
  GITOPSCTL_TRY(git_odb * odb, state_->database(directory_));
  const std::string what = "read " + std::string(name_of(type));
  // The header first, so that a huge object is never brought into memory.
  std::size_t size = 0;
  git_object_t found = GIT_OBJECT_INVALID;
  int code = git_odb_read_header(&size, &found, odb, &oid);
  if (code != 0) return failed(code, id, what);
  if (found != type_of(type)) {
    return Error(ErrorCode::invalid_input, name_ + ": object " + std::string(id) + " is no " + std::string(name_of(type)));
  }
  if (size > max_bytes) {
    return Error(ErrorCode::too_large, name_ + ": " + std::string(name_of(type)) + " " + std::string(id) +
                                           " is larger than " + std::to_string(max_bytes) + " bytes");
  }
  git_odb_object* raw = nullptr;
  code = git_odb_read(&raw, odb, &oid);
  if (code != 0) return failed(code, id, what);
  const OdbObjectHandle object(raw);
  return std::string(static_cast<const char*>(git_odb_object_data(raw)), git_odb_object_size(raw));
}

Result<CommitObject> ObjectReader::commit(std::string_view id) {
  GITOPSCTL_TRY(const std::string bytes, read(id, ObjectType::commit, max_structure_bytes));
  auto commit = parse_commit(bytes);
  if (!commit) return commit.error().in(name_ + ": commit " + std::string(id));
  return commit;
}

Result<std::shared_ptr<const std::vector<TreeEntry>>> ObjectReader::tree(std::string_view id) {
  const std::string key(id);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = state_->trees.find(key); found != state_->trees.end()) return found->second;
  }
  // The tree of no files need not be stored to be known.
  constexpr std::string_view empty_tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
  std::shared_ptr<const std::vector<TreeEntry>> entries;
  if (id == empty_tree) {
    entries = std::make_shared<const std::vector<TreeEntry>>();
  } else {
    GITOPSCTL_TRY(const std::string bytes, read(id, ObjectType::tree, max_structure_bytes));
    auto parsed = parse_tree(bytes);
    if (!parsed) return parsed.error().in(name_ + ": tree " + key);
    entries = std::make_shared<const std::vector<TreeEntry>>(std::move(parsed).value());
  }
  const std::lock_guard lock(mutex_);
  if (state_->cached_entries + entries->size() > max_cached_entries) {
    state_->trees.clear();
    state_->cached_entries = 0;
  }
  if (state_->trees.emplace(key, entries).second) state_->cached_entries += entries->size();
  return entries;
}

Result<bool> ObjectReader::has_links(std::string_view tree_id) { return has_links_at(tree_id, 0); }

Result<bool> ObjectReader::has_links_at(std::string_view tree_id, int depth) {
  if (depth > max_depth) return true;
  const std::string key(tree_id);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = state_->links.find(key); found != state_->links.end()) return found->second;
  }
  GITOPSCTL_TRY(const auto entries, tree(tree_id));
  bool has = false;
  for (const auto& entry : *entries) {
    if (entry.kind == EntryKind::link) has = true;
    if (!has && entry.kind == EntryKind::directory) {
      GITOPSCTL_TRY(has, has_links_at(entry.id, depth + 1));
    }
    if (has) break;
  }
  const std::lock_guard lock(mutex_);
  if (state_->links.size() >= max_known_links) state_->links.clear();
  state_->links.emplace(key, has);
  return has;
}

Result<std::string> ObjectReader::write(ObjectType type, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  GITOPSCTL_TRY(git_odb * odb, state_->database(directory_));
  git_oid oid;
  int code = git_odb_hash(&oid, bytes.data(), bytes.size(), type_of(type));
  if (code == 0 && git_odb_exists(odb, &oid) != 1) {
    code = git_odb_write(&oid, odb, bytes.data(), bytes.size(), type_of(type));
  }
  if (code != 0) return library_error(code, name_ + ": write a " + std::string(name_of(type)));
  return to_hex(oid);
}

void ObjectReader::trim() {
  const std::lock_guard lock(mutex_);
  state_->trees.clear();
  state_->cached_entries = 0;
  state_->links.clear();
  state_->odb.reset();
}

void ObjectReader::refresh() {
  const std::lock_guard lock(mutex_);
  if (state_->odb != nullptr) git_odb_refresh(state_->odb.get());
}

}  // namespace gitopsctl::channels::git
