#include "channels/git/pack.hpp"

#include <optional>

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
  const Error error = library_error(code, "the pack that was fetched is not usable");
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

Result<void> make_pack(git_repository* repository, const std::vector<std::string>& tips,
                       const std::vector<std::string>& known, const std::function<Result<void>(std::string_view)>& sink,
                       const Interrupt& interrupt) {
  git_revwalk* raw_walk = nullptr;
  int code = git_revwalk_new(&raw_walk, repository);
  const RevwalkHandle walk(raw_walk);
  git_packbuilder* raw_builder = nullptr;
  if (code == 0) code = git_packbuilder_new(&raw_builder, repository);
  const PackbuilderHandle builder(raw_builder);
  if (code != 0) return library_error(code, "make a pack");

  Giving giving{&sink, &interrupt, {}};
  git_packbuilder_set_callbacks(raw_builder, &look, &giving);
  git_odb* raw_odb = nullptr;
  code = git_repository_odb(&raw_odb, repository);
  const OdbHandle odb(raw_odb);
  for (std::size_t i = 0; code == 0 && i < tips.size(); ++i) {
    git_oid id;
    if (!to_oid(id, tips[i])) return Error(ErrorCode::invalid_input, "'" + tips[i] + "' is no object name");
    // A tag may lead to a tree or a file, which no walk over commits reaches.
    git_object* commit = nullptr;
    git_object* raw_object = nullptr;
    code = git_object_lookup(&raw_object, repository, &id, GIT_OBJECT_ANY);
    const ObjectHandle object(raw_object);
    if (code != 0) break;
    if (git_object_peel(&commit, raw_object, GIT_OBJECT_COMMIT) == 0) {
      const ObjectHandle owned(commit);
      code = git_revwalk_push(raw_walk, git_object_id(commit));
    } else {
      code = git_packbuilder_insert_recur(raw_builder, &id, nullptr);
    }
  }
  if (code != 0) return library_error(code, "make a pack");
  for (const auto& text : known) {
    git_oid id;
    std::size_t size = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    if (!to_oid(id, text) || git_odb_exists_ext(raw_odb, &id, GIT_ODB_LOOKUP_NO_REFRESH) != 1) continue;
    if (git_odb_read_header(&size, &type, raw_odb, &id) != 0 || (type != GIT_OBJECT_COMMIT && type != GIT_OBJECT_TAG))
      continue;
    // What cannot be hidden is sent again; that is all.
    (void)git_revwalk_hide(raw_walk, &id);
  }
  code = git_packbuilder_insert_walk(raw_builder, raw_walk);
  if (code == 0) code = git_packbuilder_foreach(raw_builder, &give, &giving);
  if (giving.failure) return *giving.failure;
  if (code != 0) return library_error(code, "make a pack");
  return {};
}

}  // namespace gitopsctl::channels::git
