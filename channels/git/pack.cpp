#include "channels/git/pack.hpp"

#include <cstring>
#include <optional>
#include <unordered_set>

namespace gitopsctl::channels::git {
namespace {

struct Giving {
  const std::function<Result<void>(std::string_view)>* sink;
  const Interrupt* interrupt;
  std::optional<Error> failure;
};

int give(void* bytes, std::size_t size, void* user) noexcept {
  auto& giving = *static_cast<Giving*>(user);
  try {
    auto given = (*giving.sink)(std::string_view(static_cast<const char*>(bytes), size));
    if (given.ok()) given = giving.interrupt->check("making a pack");
    if (given.ok()) return 0;
    giving.failure = given.error();
  } catch (const std::exception&) {
    giving.failure = Error(ErrorCode::internal, "out of memory while making a pack");
  }
  return GIT_EUSER;
}

int look(int /*stage*/, std::uint32_t /*current*/, std::uint32_t /*total*/, void* user) noexcept {
  auto& giving = *static_cast<Giving*>(user);
  try {
    const auto checked = giving.interrupt->check("making a pack");
    if (checked.ok()) return 0;
    giving.failure = checked.error();
  } catch (const std::exception&) {
    giving.failure = Error(ErrorCode::internal, "out of memory while making a pack");
  }
  return GIT_EUSER;
}

}  // namespace

int PackWriter::look(const git_indexer_progress* /*progress*/, void* user) noexcept {
  auto& writer = *static_cast<PackWriter*>(user);
  try {
    const auto checked = writer.interrupt_.check("storing a pack");
    if (checked.ok()) return 0;
    writer.interrupted_ = checked.error();
  } catch (const std::exception&) {
    writer.interrupted_ = Error(ErrorCode::internal, "out of memory while storing a pack");
  }
  return GIT_EUSER;
}

Error PackWriter::failed(int code) const {
  if (interrupted_) return *interrupted_;
  Error error = library_error(code, "the pack that was fetched is not usable");
  if (error.hint().empty()) return error.with_hint("it was cut or falsified on the way; it is fetched again");
  return error;
}

Result<std::unique_ptr<PackWriter>> PackWriter::open(const std::string& directory, std::uint64_t max_bytes,
                                                     const Interrupt& interrupt) {
  std::unique_ptr<PackWriter> writer(new PackWriter());
  git_indexer* raw = nullptr;
  git_indexer_options options;
  git_indexer_options_init(&options, GIT_INDEXER_OPTIONS_VERSION);
  options.progress_cb = &PackWriter::look;
  options.progress_cb_payload = writer.get();
  // Packs are asked for self-contained, so no object database is given to complete them from: a pack that leans on
  // something is refused.
  const int code = git_indexer_new(&raw, directory.c_str(), 0, nullptr, &options);
  if (code != 0) return library_error(code, "store a pack");
  writer->indexer_.reset(raw);
  writer->interrupt_ = interrupt;
  writer->max_bytes_ = max_bytes;
  return writer;
}

Result<void> PackWriter::add(std::string_view piece) {
  bytes_ += piece.size();
  if (bytes_ > max_bytes_) {
    return Error(ErrorCode::too_large, "the pack is larger than " + std::to_string(max_bytes_) + " bytes")
        .with_hint("raise the limit of this repository if it is meant to be so large");
  }
  const int code = git_indexer_append(indexer_.get(), piece.data(), piece.size(), &progress_);
  if (code != 0) return failed(code);
  return {};
}

Result<void> PackWriter::finish() {
  const int code = git_indexer_commit(indexer_.get(), &progress_);
  if (code != 0) return failed(code);
  return {};
}

namespace {

struct HashOid {
  std::size_t operator()(const git_oid& id) const noexcept {
    std::size_t out = 0;
    std::memcpy(&out, static_cast<const unsigned char*>(id.id), sizeof out);  // the id is a hash already
    return out;
  }
};
struct SameOid {
  bool operator()(const git_oid& a, const git_oid& b) const noexcept { return git_oid_equal(&a, &b) == 1; }
};
using OidSet = std::unordered_set<git_oid, HashOid, SameOid>;

using CommitHandle = Handle<git_commit, &git_commit_free>;
using TreeHandle = Handle<git_tree, &git_tree_free>;

/// Chooses what goes into a pack. libgit2 can do that, too, but walks a tree by recursion, one frame per level, and how many
/// levels there are is up to whoever pushes; here they are on a list.
class PackContents {
 public:
  PackContents(git_repository* repository, git_packbuilder* builder, const Interrupt& interrupt)
      : repository_(repository), builder_(builder), interrupt_(interrupt) {}

  /// Leaves out the files of a commit, which the other side has. What cannot be read is sent again; that is all.
  Result<void> leave_out(const git_oid& commit) {
    git_oid tree;
    if (tree_of(commit, tree) != 0) return {};
    return walk(tree, false);
  }
  Result<void> take_commit(const git_oid& commit) {
    git_oid tree;
    int code = tree_of(commit, tree);
    if (code == 0) code = git_packbuilder_insert(builder_, &commit, nullptr);
    if (code != 0) return library_error(code, "make a pack");
    return walk(tree, true);
  }
  /// An object that leads to no commit: a tree, a file, or a tag of one of them.
  Result<void> take_other(const git_object* object) {
    ObjectHandle target;
    while (git_object_type(object) == GIT_OBJECT_TAG) {
      git_object* next = nullptr;
      int code = git_packbuilder_insert(builder_, git_object_id(object), nullptr);
      if (code == 0) code = git_tag_target(&next, reinterpret_cast<const git_tag*>(object));
      if (code != 0) return library_error(code, "make a pack");
      target.reset(next);
      object = next;
    }
    if (git_object_type(object) == GIT_OBJECT_TREE) return walk(*git_object_id(object), true);
    const int code = git_packbuilder_insert(builder_, git_object_id(object), nullptr);
    if (code != 0) return library_error(code, "make a pack");
    return {};
  }

 private:
  int tree_of(const git_oid& commit, git_oid& tree) const {
    git_commit* raw = nullptr;
    const int code = git_commit_lookup(&raw, repository_, &commit);
    const CommitHandle owned(raw);
    if (code == 0) tree = *git_commit_tree_id(raw);
    return code;
  }

  Result<void> walk(const git_oid& root, bool take) {
    std::vector<git_oid> todo;
    GITOPSCTL_CHECK(meet_tree(root, nullptr, take, todo));
    while (!todo.empty()) {
      GITOPSCTL_CHECK(interrupt_.check("making a pack"));
      const git_oid id = todo.back();
      todo.pop_back();
      git_tree* raw = nullptr;
      const int code = git_tree_lookup(&raw, repository_, &id);
      const TreeHandle tree(raw);
      if (code != 0 && !take) continue;
      if (code != 0) return library_error(code, "make a pack");
      for (std::size_t i = 0; i < git_tree_entrycount(raw); ++i) {
        const git_tree_entry* entry = git_tree_entry_byindex(raw, i);
        const char* name = git_tree_entry_name(entry);
        switch (git_tree_entry_type(entry)) {
          case GIT_OBJECT_TREE: GITOPSCTL_CHECK(meet_tree(*git_tree_entry_id(entry), name, take, todo)); break;
          case GIT_OBJECT_BLOB: GITOPSCTL_CHECK(meet_file(*git_tree_entry_id(entry), name, take)); break;
          default: break;  // a submodule lives in another repository
        }
      }
    }
    return {};
  }

  /// The name brings similar objects together when deltas are looked for.
  Result<void> meet_tree(const git_oid& id, const char* name, bool take, std::vector<git_oid>& todo) {
    if (!trees_.insert(id).second) return {};
    if (take) {
      const int code = git_packbuilder_insert(builder_, &id, name);
      if (code != 0) return library_error(code, "make a pack");
    }
    todo.push_back(id);
    return {};
  }
  Result<void> meet_file(const git_oid& id, const char* name, bool take) {
    if (!take) {
      left_out_.insert(id);
      return {};
    }
    if (left_out_.contains(id)) return {};
    const int code = git_packbuilder_insert(builder_, &id, name);  // knows what it has already
    if (code != 0) return library_error(code, "make a pack");
    return {};
  }

  git_repository* repository_;
  git_packbuilder* builder_;
  const Interrupt& interrupt_;
  OidSet trees_;     ///< left out or taken
  OidSet left_out_;  ///< files
};

/// Tells the walk what the other side has, as far as `repository` has it, too.
Result<void> hide_known(git_repository* repository, git_revwalk* walk, const std::vector<std::string>& known,
                        PackContents& contents) {
  git_odb* raw = nullptr;
  const int code = git_repository_odb(&raw, repository);
  const OdbHandle odb(raw);
  if (code != 0) return library_error(code, "make a pack");
  for (const auto& text : known) {
    git_oid id;
    std::size_t size = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    if (!to_oid(id, text) || git_odb_exists_ext(raw, &id, GIT_ODB_LOOKUP_NO_REFRESH) != 1) continue;
    if (git_odb_read_header(&size, &type, raw, &id) != 0 || (type != GIT_OBJECT_COMMIT && type != GIT_OBJECT_TAG)) continue;
    // What cannot be hidden is sent again; that is all.
    if (git_revwalk_hide(walk, &id) != 0 || type != GIT_OBJECT_COMMIT) continue;
    GITOPSCTL_CHECK(contents.leave_out(id));
  }
  return {};
}

Result<void> push_tips(git_repository* repository, git_revwalk* walk, const std::vector<std::string>& tips,
                       PackContents& contents) {
  for (const auto& text : tips) {
    git_oid id;
    if (!to_oid(id, text)) return Error(ErrorCode::invalid_input, "'" + text + "' is no object name");
    git_object* commit = nullptr;
    git_object* raw = nullptr;
    int code = git_object_lookup(&raw, repository, &id, GIT_OBJECT_ANY);
    const ObjectHandle object(raw);
    if (code != 0) return library_error(code, "make a pack");
    // A tag may lead to a tree or a file, which no walk over commits reaches.
    if (git_object_peel(&commit, raw, GIT_OBJECT_COMMIT) != 0) {
      GITOPSCTL_CHECK(contents.take_other(raw));
      continue;
    }
    const ObjectHandle owned(commit);
    code = git_revwalk_push(walk, git_object_id(commit));
    if (code != 0) return library_error(code, "make a pack");
  }
  return {};
}

/// Chooses everything that `tips` need and `known` lack.
Result<void> fill(git_repository* repository, const std::vector<std::string>& tips, const std::vector<std::string>& known,
                  PackContents& contents) {
  git_revwalk* raw = nullptr;
  int code = git_revwalk_new(&raw, repository);
  const RevwalkHandle walk(raw);
  if (code != 0) return library_error(code, "make a pack");
  GITOPSCTL_CHECK(hide_known(repository, raw, known, contents));
  GITOPSCTL_CHECK(push_tips(repository, raw, tips, contents));
  git_oid id;
  while ((code = git_revwalk_next(&id, raw)) == 0) GITOPSCTL_CHECK(contents.take_commit(id));
  if (code != GIT_ITEROVER) return library_error(code, "make a pack");
  return {};
}

}  // namespace

Result<void> make_pack(git_repository* repository, const std::vector<std::string>& tips,
                       const std::vector<std::string>& known, const std::function<Result<void>(std::string_view)>& sink,
                       const Interrupt& interrupt) {
  git_packbuilder* raw = nullptr;
  int code = git_packbuilder_new(&raw, repository);
  const PackbuilderHandle builder(raw);
  if (code != 0) return library_error(code, "make a pack");
  Giving giving{&sink, &interrupt, {}};
  git_packbuilder_set_callbacks(raw, &look, &giving);
  PackContents contents(repository, raw, interrupt);
  auto filled = fill(repository, tips, known, contents);
  // What ended the work from inside of a callback says more than that it was ended.
  if (giving.failure) return *giving.failure;
  if (!filled) return filled;
  code = git_packbuilder_foreach(raw, &give, &giving);
  if (giving.failure) return *giving.failure;
  if (code != 0) return library_error(code, "make a pack");
  return {};
}

}  // namespace gitopsctl::channels::git
