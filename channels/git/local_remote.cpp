#include <filesystem>
#include <optional>
#include <set>
#include <system_error>

#include "base/process/crash_point.hpp"
#include "base/text/escape.hpp"
#include "channels/git/pack.hpp"
#include "channels/git/ref_name.hpp"
#include "channels/git/remote.hpp"

// A repository on the same machine, read and written through libgit2: no process, no transport. Hooks of that repository do
// not run.

namespace gitopsctl::channels::git {
namespace {

class LocalRemote final : public Remote {
 public:
  LocalRemote(std::string path, const RemoteConfig& config)
      : path_(std::move(path)), prefixes_(config.ref_prefixes), max_pack_bytes_(config.max_pack_bytes) {}

  Result<RemoteRefs> list(const Interrupt& interrupt) override;
  Result<void> fetch(const std::vector<std::string>& wants, const std::vector<std::string>& haves, const PackSink& sink,
                     const Interrupt& interrupt) override;
  Result<void> push(const PushCommand& command, const PackMaker& make_pack, const Interrupt& interrupt) override;
  [[nodiscard]] HttpCounters counters() const override { return {}; }

 private:
  [[nodiscard]] Result<RepositoryHandle> open() const;
  [[nodiscard]] Error unlisted(Error error) const;
  Result<void> add(const git_reference* reference, RemoteRefs& out) const;
  Result<void> check_files(git_repository* repository, std::set<std::string>& seen, RemoteRefs& out,
                           const Interrupt& interrupt) const;
  Result<void> check_name(git_repository* repository, const std::string& name, RemoteRefs& out) const;
  Result<void> store(git_repository* repository, const PushCommand& command, const PackMaker& make_pack,
                     const Interrupt& interrupt) const;
  Result<void> move(git_repository* repository, const PushCommand& command) const;
  [[nodiscard]] Error conflict(const PushCommand& command) const;

  std::string path_;
  std::vector<std::string> prefixes_;
  std::uint64_t max_pack_bytes_;
};

Result<RepositoryHandle> LocalRemote::open() const {
  auto repository = open_repository(path_);
  if (!repository && repository.error().code() == ErrorCode::not_found) {
    return repository.error().with_hint("check the repository's address in the agent's file");
  }
  return repository;
}

namespace fs = std::filesystem;

/// One ref with what it leads to; nothing for a symbolic ref that leads nowhere. Everything else that keeps it from being
/// read is an error: a ref that is left out looks like a branch that somebody deleted.
Result<std::optional<AdvertisedRef>> describe(const git_reference* reference) {
  AdvertisedRef out;
  out.name = git_reference_name(reference);
  const std::string what = "read " + terminal_safe(out.name);
  git_reference* raw = nullptr;
  int code = git_reference_resolve(&raw, reference);
  const ReferenceHandle direct(raw);
  if (code == GIT_ENOTFOUND && git_reference_type(reference) == GIT_REFERENCE_SYMBOLIC) {
    return std::optional<AdvertisedRef>();
  }
  if (code != 0) return library_error(code, what);
  const git_oid* id = git_reference_target(raw);
  if (id == nullptr) return Error(ErrorCode::unavailable, what + ": it leads to no object");
  out.id = to_hex(*id);
  git_object* object = nullptr;
  code = git_reference_peel(&object, raw, GIT_OBJECT_COMMIT);
  const ObjectHandle commit(object);
  if (code == 0) {
    const std::string peeled = to_hex(*git_object_id(object));
    if (peeled != out.id) out.peeled = peeled;
  } else if (code != GIT_EPEEL && code != GIT_EINVALIDSPEC && code != GIT_EAMBIGUOUS && code != GIT_ENOTFOUND) {
    // Those four: it leads to something else than a commit, or to nothing, which asking for it will tell.
    return library_error(code, what);
  }
  return std::optional<AdvertisedRef>(std::move(out));
}

Error LocalRemote::unlisted(Error error) const {
  if (error.hint().empty()) error = error.with_hint("look at the repository with git fsck and git for-each-ref");
  return error.in("list the refs of " + terminal_safe(path_));
}

Result<void> LocalRemote::add(const git_reference* reference, RemoteRefs& out) const {
  if (out.refs.size() >= max_refs) return Error(ErrorCode::too_large, "the repository has more than a million refs");
  auto ref = describe(reference);
  if (!ref) return unlisted(ref.error());
  if (*ref) out.refs.push_back(*std::move(*ref));
  return {};
}

/// Whether libgit2 would list a file of this name.
bool is_ref_file(const std::string& name) {
  int valid = 0;
  return !name.ends_with(".lock") && git_reference_name_is_valid(&valid, name.c_str()) == 0 && valid == 1;
}

/// libgit2's iterator leaves out, without a word, files and directories that it cannot read. So every name below refs/ that
/// it did not give is looked up by itself.
Result<void> LocalRemote::check_files(git_repository* repository, std::set<std::string>& seen, RemoteRefs& out,
                                      const Interrupt& interrupt) const {
  const fs::path top(git_repository_commondir(repository));
  std::vector<std::string> directories{"refs"};
  while (!directories.empty()) {
    GITOPSCTL_CHECK(interrupt.check("list the refs of " + terminal_safe(path_)));
    const std::string directory = std::move(directories.back());
    directories.pop_back();
    std::error_code failed;
    fs::directory_iterator it(top / directory, failed);
    for (; !failed && it != fs::directory_iterator(); it.increment(failed)) {
      const std::string name = directory + '/' + it->path().filename().string();
      std::error_code unknown;
      if (it->is_directory(unknown)) {
        if (!it->is_symlink(unknown)) directories.push_back(name);
      } else if (is_ref_file(name) && has_prefix(name, prefixes_) && !seen.contains(name)) {
        GITOPSCTL_CHECK(check_name(repository, name, out));
      }
    }
    if (failed && failed != std::errc::no_such_file_or_directory) {
      return unlisted({ErrorCode::unavailable, "read " + terminal_safe(directory) + ": " + failed.message()});
    }
  }
  return {};
}

Result<void> LocalRemote::check_name(git_repository* repository, const std::string& name, RemoteRefs& out) const {
  git_reference* raw = nullptr;
  const int code = git_reference_lookup(&raw, repository, name.c_str());
  const ReferenceHandle reference(raw);
  if (code == GIT_ENOTFOUND) return {};  // deleted meanwhile
  if (code != 0) return unlisted(library_error(code, "read " + terminal_safe(name)));
  return add(raw, out);
}

Result<RemoteRefs> LocalRemote::list(const Interrupt& interrupt) {
  GITOPSCTL_TRY(const RepositoryHandle repository, open());
  RemoteRefs out;
  git_reference* head = nullptr;
  if (git_reference_lookup(&head, repository.get(), "HEAD") == 0) {
    const ReferenceHandle owned(head);
    if (const char* target = git_reference_symbolic_target(head); target != nullptr) out.head = target;
  }
  git_reference_iterator* raw = nullptr;
  int code = git_reference_iterator_new(&raw, repository.get());
  const ReferenceIteratorHandle iterator(raw);
  if (code != 0) return library_error(code, "list the refs of " + terminal_safe(path_));
  git_reference* reference = nullptr;
  std::set<std::string> seen;
  while ((code = git_reference_next(&reference, raw)) == 0) {
    const ReferenceHandle owned(reference);
    if (!has_prefix(git_reference_name(reference), prefixes_)) continue;
    GITOPSCTL_CHECK(interrupt.check("list the refs of " + terminal_safe(path_)));
    seen.insert(git_reference_name(reference));
    GITOPSCTL_CHECK(add(reference, out));
  }
  // Anything but the end is an error: a shorter list would look like deleted branches.
  if (code != GIT_ITEROVER) return library_error(code, "list the refs of " + terminal_safe(path_));
  GITOPSCTL_CHECK(check_files(repository.get(), seen, out, interrupt));
  return out;
}

Result<void> LocalRemote::fetch(const std::vector<std::string>& wants, const std::vector<std::string>& haves,
                                const PackSink& sink, const Interrupt& interrupt) {
  GITOPSCTL_TRY(const RepositoryHandle repository, open());
  if (git_repository_is_shallow(repository.get()) == 1) {
    return Error(ErrorCode::unsupported, terminal_safe(path_) + " is a shallow repository")
        .with_hint("fetch the rest of its history there (git fetch --unshallow)");
  }
  auto made = git::make_pack(repository.get(), wants, haves, sink, interrupt);
  if (!made) return made.error().in(terminal_safe(path_));
  return {};
}

Error LocalRemote::conflict(const PushCommand& command) const {
  return Error(ErrorCode::conflict, "somebody else moved " + terminal_safe(command.ref) + " of " + terminal_safe(path_))
      .with_hint("nothing was pushed; it is looked at again with the next listing");
}

Result<void> LocalRemote::push(const PushCommand& command, const PackMaker& make_pack, const Interrupt& interrupt) {
  GITOPSCTL_TRY(const RepositoryHandle repository, open());
  git_reference* raw = nullptr;
  const int code = git_reference_lookup(&raw, repository.get(), command.ref.c_str());
  const ReferenceHandle reference(raw);
  if (code != 0 && code != GIT_ENOTFOUND) return library_error(code, "push to " + terminal_safe(path_));
  const git_oid* target = raw == nullptr ? nullptr : git_reference_target(raw);
  const std::string held = target == nullptr ? std::string(zero_id) : to_hex(*target);
  if (held == command.to) return {};
  if (held != command.from) return conflict(command);
  if (git_repository_is_bare(repository.get()) == 0) {
    git_reference* head = nullptr;
    if (git_reference_lookup(&head, repository.get(), "HEAD") == 0) {
      const ReferenceHandle owned(head);
      const char* checked_out = git_reference_symbolic_target(head);
      if (checked_out != nullptr && command.ref == checked_out) {
        return Error(ErrorCode::forbidden, terminal_safe(command.ref) + " is checked out in " + terminal_safe(path_))
            .with_hint("push to a bare repository, or check out another branch there");
      }
    }
  }
  GITOPSCTL_CHECK(interrupt.check("push to " + terminal_safe(path_)));
  if (command.to != zero_id) {
    GITOPSCTL_CHECK(store(repository.get(), command, make_pack, interrupt));
  }
  GITOPSCTL_CHECK(move(repository.get(), command));
  crash_point(CrashPoint::candidate_push_answered);
  return {};
}

Result<void> LocalRemote::store(git_repository* repository, const PushCommand& command, const PackMaker& make_pack,
                                const Interrupt& interrupt) const {
  git_strarray names{};
  std::vector<std::string> remote_has;
  int code = git_reference_list(&names, repository);
  for (std::size_t i = 0; code == 0 && i < names.count; ++i) {
    git_oid id;
    if (git_reference_name_to_id(&id, repository, names.strings[i]) == 0) remote_has.push_back(to_hex(id));
  }
  git_strarray_dispose(&names);
  if (code != 0) return library_error(code, "push to " + terminal_safe(path_));
  GITOPSCTL_TRY(const std::string pack, make_pack(remote_has));
  const std::string directory = std::string(git_repository_commondir(repository)) + "objects/pack";
  GITOPSCTL_TRY(const auto writer, PackWriter::open(directory, max_pack_bytes_, interrupt));
  const std::string_view bytes(pack);
  GITOPSCTL_CHECK(writer->add(bytes.substr(0, bytes.size() / 2)));
  crash_point(CrashPoint::candidate_push_half);
  GITOPSCTL_CHECK(writer->add(bytes.substr(bytes.size() / 2)));
  GITOPSCTL_CHECK(writer->finish());
  git_odb* odb = nullptr;
  code = git_repository_odb(&odb, repository);
  const OdbHandle owned(odb);
  if (code == 0) code = git_odb_refresh(odb);
  git_oid id;
  if (code != 0 || !to_oid(id, command.to) || git_odb_exists(odb, &id) != 1) {
    return Error(ErrorCode::unavailable, "the objects did not arrive in " + terminal_safe(path_));
  }
  return {};
}

Result<void> LocalRemote::move(git_repository* repository, const PushCommand& command) const {
  int code = 0;
  git_oid from;
  git_oid to;
  if (!to_oid(from, command.from) || !to_oid(to, command.to)) {
    return Error(ErrorCode::invalid_input, "a push needs whole object names");
  }
  if (command.to == zero_id) {
    git_reference* raw = nullptr;
    code = git_reference_lookup(&raw, repository, command.ref.c_str());
    const ReferenceHandle reference(raw);
    // Deleting compares with the value that was looked up, so that is compared here.
    if (code == 0) {
      const git_oid* held = git_reference_target(raw);
      if (held == nullptr || !git_oid_equal(held, &from)) return conflict(command);
      code = git_reference_delete(raw);
    }
  } else {
    git_reference* made = nullptr;
    const bool fresh = command.from == zero_id;
    code = git_reference_create_matching(&made, repository, command.ref.c_str(), &to, fresh ? 0 : 1, &from, "gitopsctl");
    git_reference_free(made);
  }
  if (code == GIT_EMODIFIED || code == GIT_EEXISTS || code == GIT_ELOCKED || code == GIT_ENOTFOUND) return conflict(command);
  if (code != 0) return library_error(code, "move " + terminal_safe(command.ref) + " of " + terminal_safe(path_));
  return {};
}

}  // namespace

std::unique_ptr<Remote> make_local_remote(std::string path, const RemoteConfig& config) {
  return std::make_unique<LocalRemote>(std::move(path), config);
}

}  // namespace gitopsctl::channels::git
