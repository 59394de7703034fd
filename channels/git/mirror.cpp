#include "channels/git/mirror.hpp"

#include <git2.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/process/crash_point.hpp"
#include "base/text/escape.hpp"
#include "channels/git/connectivity.hpp"
#include "channels/git/git_tree.hpp"
#include "channels/git/mirror_store.hpp"
#include "channels/git/pack.hpp"
#include "channels/git/ref_name.hpp"
#include "channels/git/remote.hpp"
#include "channels/git/revision.hpp"
#include "channels/git/subset.hpp"
#include "channels/ssh/address.hpp"

namespace gitopsctl::channels {
namespace git {
namespace {

constexpr std::size_t max_ignored = 100;
/// How many commits a fetch names as known: the tips, and some of what is behind them for branches that were rewound.
constexpr std::size_t max_haves = 256;
/// A push of ours carries commits and trees of candidates; the files are there already.
constexpr std::size_t max_push_bytes = 256U << 20U;
constexpr std::size_t max_message_bytes = 1U << 20U;
/// Slower than this is not a slow network but a server that keeps us waiting.
constexpr std::uint64_t least_bytes_per_ms = 64;

class MirrorImpl final : public Mirror {
 public:
  MirrorImpl(RemoteConfig config, std::unique_ptr<MirrorStore> store, std::unique_ptr<Remote> remote, RefMap refs)
      : config_(std::move(config)), store_(std::move(store)), remote_(std::move(remote)), refs_(std::move(refs)) {}

  Result<RefListing> list_remote(const Interrupt& interrupt) override;
  Result<void> fetch(const RefListing& listing, const std::vector<std::string>& wanted, const Interrupt& interrupt) override;
  [[nodiscard]] RefMap refs() const override { return refs_; }

  [[nodiscard]] bool has_commit(const CommitId& id) const override;
  [[nodiscard]] Result<CommitInfo> commit(const CommitId& id) const override;
  [[nodiscard]] Result<FileTreePtr> tree(const CommitId& id) const override;
  [[nodiscard]] Result<bool> is_ancestor(const CommitId& ancestor, const CommitId& id) const override;
  [[nodiscard]] Result<CommitId> resolve(const std::string& revision) const override;

  Result<CommitId> write_subset(const CommitId& commit, const std::vector<std::string>& paths,
                                std::vector<std::string>& missing) override;
  Result<CommitId> write_commit(const NewCommit& commit) override;
  Result<void> push(const std::string& ref, const CommitId& expected, const CommitId& id,
                    const Interrupt& interrupt) override;
  [[nodiscard]] bool suspect() const override { return reader().suspect(); }
  void trim() override;
  [[nodiscard]] HttpCounters counters() const override { return remote_->counters(); }
  [[nodiscard]] std::optional<Millis> retry_after() const override { return remote_->retry_after(); }
  [[nodiscard]] std::vector<std::string> notes() const override { return store_->notes(); }

 private:
  struct Change {
    std::string ref;
    std::string id;    ///< commit that the ref is to have
    std::string want;  ///< what to ask for: the commit, or the tag object
    std::string old;   ///< commit that it has; empty: none
  };

  [[nodiscard]] Interrupt bounded(const Interrupt& interrupt) const {
    return {interrupt.stop, interrupt.deadline.at_most(system_clock(), config_.timeout)};
  }
  [[nodiscard]] ObjectReader& reader() const { return *store_->reader(); }
  [[nodiscard]] std::vector<Change> changes(const RefListing& listing, const std::vector<std::string>& wanted,
                                            bool all) const;
  [[nodiscard]] RefMap refs_after(const RefListing& listing, const std::vector<std::string>& wanted) const;
  [[nodiscard]] bool is_sound(const std::string& id) const;
  [[nodiscard]] Result<std::vector<std::string>> haves() const;
  Result<void> fetch_pack(const std::vector<Change>& changes, bool anew, const Interrupt& interrupt);
  Result<void> check_tips(const std::vector<Change>& changes, RefMap& target, bool anew, const Interrupt& interrupt);
  Result<void> move_refs(RefMap target, const std::string& head);

  RemoteConfig config_;
  std::unique_ptr<MirrorStore> store_;
  std::unique_ptr<Remote> remote_;
  RefMap refs_;
};

Result<RefListing> MirrorImpl::list_remote(const Interrupt& interrupt) {
  const HttpCounters before = remote_->counters();
  crash_point(CrashPoint::fetch_before_listing);
  GITOPSCTL_TRY(RemoteRefs remote, remote_->list(bounded(interrupt)));
  crash_point(CrashPoint::fetch_after_listing);
  const HttpCounters after = remote_->counters();
  RefListing out;
  out.requests = after.requests - before.requests;
  out.bytes = after.bytes_received - before.bytes_received + after.bytes_sent - before.bytes_sent;
  for (auto& ref : remote.refs) {
    if (ref.id.empty()) continue;
    if (!is_safe_ref_name(ref.name)) {
      if (out.ignored.size() < max_ignored) out.ignored.push_back(terminal_safe(truncate_utf8(ref.name, 200)));
      continue;
    }
    if (!ref.peeled.empty()) out.tag_objects[ref.name] = ref.id;
    out.refs[ref.name] = ref.peeled.empty() ? ref.id : ref.peeled;
  }
  if (is_safe_ref_name(remote.head)) out.head = remote.head;
  return out;
}

bool is_wanted(const std::vector<std::string>& wanted, const std::string& name) {
  return wanted.empty() || std::ranges::find(wanted, name) != wanted.end();
}

std::vector<MirrorImpl::Change> MirrorImpl::changes(const RefListing& listing, const std::vector<std::string>& wanted,
                                                    bool all) const {
  std::vector<Change> out;
  for (const auto& [name, id] : listing.refs) {
    if (!is_wanted(wanted, name) || !is_safe_ref_name(name)) continue;
    const auto held = refs_.find(name);
    if (!all && held != refs_.end() && held->second == id) continue;
    const auto tag = listing.tag_objects.find(name);
    out.push_back({name, id, tag == listing.tag_objects.end() ? id : tag->second, held == refs_.end() ? "" : held->second});
  }
  return out;
}

RefMap MirrorImpl::refs_after(const RefListing& listing, const std::vector<std::string>& wanted) const {
  RefMap out;
  for (const auto& [name, id] : refs_) {
    if (!is_wanted(wanted, name)) out.emplace(name, id);
  }
  for (const auto& [name, id] : listing.refs) {
    if (is_wanted(wanted, name) && is_safe_ref_name(name)) out[name] = id;
  }
  return out;
}

bool MirrorImpl::is_sound(const std::string& id) const {
  if (!reader().exists(id)) return false;
  const auto header = reader().header(id);
  if (!header.ok()) return false;
  if (header->type != ObjectType::commit) return true;  // it is there, and no more can be asked
  const auto commit = reader().commit(id);
  return commit.ok() && (commit->tree == Mirror::empty_tree || reader().exists(commit->tree));
}

Result<std::vector<std::string>> MirrorImpl::haves() const {
  GITOPSCTL_TRY(git_repository * repository, store_->repository());
  git_revwalk* raw = nullptr;
  if (const int code = git_revwalk_new(&raw, repository); code != 0) return library_error(code, "look at the mirror");
  const RevwalkHandle walk(raw);
  git_revwalk_sorting(raw, GIT_SORT_TIME);
  std::vector<std::string> out;
  std::set<std::string> seen;
  for (const auto& [name, id] : refs_) {
    if (seen.size() >= max_haves / 2) break;
    git_oid oid;
    if (!to_oid(oid, id) || !seen.insert(id).second || git_revwalk_push(raw, &oid) != 0) continue;
    out.push_back(id);
  }
  git_oid oid;
  while (!out.empty() && out.size() < max_haves && git_revwalk_next(&oid, raw) == 0) {
    if (auto id = to_hex(oid); seen.insert(id).second) out.push_back(std::move(id));
  }
  return out;
}

Result<void> MirrorImpl::fetch_pack(const std::vector<Change>& changes, bool anew, const Interrupt& interrupt) {
  std::vector<std::string> wants;
  std::set<std::string> seen;
  for (const auto& change : changes) {
    if ((anew || !is_sound(change.id)) && seen.insert(change.want).second) wants.push_back(change.want);
  }
  if (wants.empty()) return {};
  std::vector<std::string> known;
  if (!anew) {
    GITOPSCTL_TRY(known, haves());
  }
  crash_point(CrashPoint::fetch_before_pack);
  const std::string what = "fetch from " + redact_url(config_.url);
  GITOPSCTL_TRY(const auto writer, PackWriter::open(store_->pack_directory(), config_.max_pack_bytes, interrupt));
  const Millis start = system_clock().monotonic();
  const PackSink sink = [&](std::string_view piece) -> Result<void> {
    if (!piece.empty()) GITOPSCTL_CHECK(writer->add(piece));
    crash_point(CrashPoint::fetch_pack_half);
    const Millis earned(static_cast<std::int64_t>(writer->bytes() / least_bytes_per_ms));
    if (system_clock().monotonic() - start > config_.timeout + earned) {
      return Error(ErrorCode::timeout, what + " is too slow: " + std::to_string(writer->bytes()) + " bytes in " +
                                           format_duration(system_clock().monotonic() - start))
          .with_hint("raise the timeout of this repository, or look for what slows it down");
    }
    return interrupt.check(what);
  };
  GITOPSCTL_CHECK(remote_->fetch(wants, known, sink, interrupt));
  GITOPSCTL_CHECK(writer->finish());
  reader().refresh();
  return {};
}

Result<void> MirrorImpl::check_tips(const std::vector<Change>& changes, RefMap& target, bool anew,
                                    const Interrupt& interrupt) {
  // After damage nothing counts as checked but what is checked now.
  std::optional<std::string> last_good;
  if (!anew && !refs_.empty()) last_good = refs_.begin()->second;
  std::set<std::string> checked;
  for (const auto& change : changes) {
    const auto header = reader().header(change.id);
    if (!header) {
      return Error(ErrorCode::unavailable, redact_url(config_.url) + " did not send " + change.id + " of " + change.ref)
          .with_hint("it is fetched again");
    }
    if (header->type != ObjectType::commit) {
      target.erase(change.ref);
      continue;
    }
    if (!checked.insert(change.id).second) continue;
    const auto before = anew || change.old.empty() ? last_good : std::optional<std::string>(change.old);
    GITOPSCTL_CHECK(check_complete(reader(), change.id, reader().suspect() ? std::nullopt : before, interrupt));
    last_good = change.id;
  }
  return {};
}

Result<void> MirrorImpl::move_refs(RefMap target, const std::string& head) {
  if (target != refs_) {
    crash_point(CrashPoint::fetch_before_ref_update);
    GITOPSCTL_CHECK(write_refs(store_->directory(), target));
    crash_point(CrashPoint::fetch_after_ref_update);
    refs_ = std::move(target);
  }
  if (head.empty() || !refs_.contains(head)) return {};
  // Only `resolve("HEAD")` and people who look into the mirror depend on it, so a failure is no failure of the fetch.
  GITOPSCTL_TRY(git_repository * repository, store_->repository());
  const std::string local = std::string(mirror_prefix) + head.substr(5);
  git_reference* raw = nullptr;
  const bool read = git_reference_lookup(&raw, repository, "HEAD") == 0;
  const ReferenceHandle reference(raw);
  const char* now = read ? git_reference_symbolic_target(raw) : nullptr;
  if (now == nullptr || local != now) git_repository_set_head(repository, local.c_str());
  return {};
}

Result<void> MirrorImpl::fetch(const RefListing& listing, const std::vector<std::string>& wanted,
                               const Interrupt& interrupt) {
  const Interrupt limits = bounded(interrupt);
  const bool anew = store_->suspect();
  if (!anew && changes(listing, wanted, false).empty() && refs_after(listing, wanted) == refs_) return {};
  GITOPSCTL_TRY(const FileLock lock, store_->lock_for_fetch(limits));
  // Another process may have fetched into the same mirror meanwhile.
  GITOPSCTL_TRY(refs_, read_refs(store_->directory()));
  const auto moved = changes(listing, wanted, anew);
  GITOPSCTL_CHECK(fetch_pack(moved, anew, interrupt));
  RefMap target = refs_after(listing, wanted);
  if (anew) reader().clear_suspicion();
  auto checked = check_tips(moved, target, anew, interrupt);
  if (!checked && checked.error().code() == ErrorCode::unavailable && !anew) {
    // The remote left something out, or relies on something that the mirror lost. Either way the tip itself is stored by
    // now and would not be asked for again: ask for all of it, without saying what is here.
    GITOPSCTL_CHECK(fetch_pack(moved, true, interrupt));
    target = refs_after(listing, wanted);
    checked = check_tips(moved, target, true, interrupt);
  }
  if (!checked) return checked.error();
  GITOPSCTL_CHECK(move_refs(std::move(target), listing.head));
  if (anew && !reader().suspect()) store_->clear_suspect();
  return {};
}

bool MirrorImpl::has_commit(const CommitId& id) const {
  const auto header = reader().header(id);
  return header.ok() && header->type == ObjectType::commit;
}

Result<CommitInfo> MirrorImpl::commit(const CommitId& id) const {
  GITOPSCTL_TRY(const ObjectHeader header, reader().header(id));
  if (header.type != ObjectType::commit) return Error(ErrorCode::not_found, "object " + id + " is no commit");
  GITOPSCTL_TRY(CommitObject object, reader().commit(id));
  CommitInfo out;
  out.id = id;
  out.tree = std::move(object.tree);
  out.parents = std::move(object.parents);
  out.author_name = std::move(object.author_name);
  out.author_email = std::move(object.author_email);
  // Years 0 to 9999, so that nothing that prints or adds to a time can overflow.
  constexpr std::int64_t last_second = 253402300799;
  out.committed = TimePoint(Millis(std::clamp<std::int64_t>(object.committed, 0, last_second) * 1000));
  out.message = std::move(object.message);
  return out;
}

Result<FileTreePtr> MirrorImpl::tree(const CommitId& id) const {
  GITOPSCTL_TRY(const CommitInfo info, commit(id));
  GITOPSCTL_CHECK(reader().tree(info.tree));
  return FileTreePtr(std::make_shared<GitTree>(store_->reader(), info.tree));
}

Result<bool> MirrorImpl::is_ancestor(const CommitId& ancestor, const CommitId& id) const {
  for (const auto* each : {&ancestor, &id}) {
    if (!has_commit(*each)) return Error(ErrorCode::not_found, "there is no commit " + terminal_safe(*each));
  }
  if (ancestor == id) return true;
  GITOPSCTL_TRY(git_repository * repository, store_->repository());
  git_oid older;
  git_oid newer;
  if (!to_oid(older, ancestor) || !to_oid(newer, id)) return Error(ErrorCode::invalid_input, "a commit id has 40 digits");
  const int code = git_graph_descendant_of(repository, &newer, &older);
  if (code < 0) return library_error(code, "compare two commits");
  return code == 1;
}

Result<CommitId> MirrorImpl::resolve(const std::string& revision) const {
  GITOPSCTL_TRY(git_repository * repository, store_->repository());
  return resolve_revision(repository, refs_, revision);
}

Result<CommitId> MirrorImpl::write_subset(const CommitId& commit_id, const std::vector<std::string>& paths,
                                          std::vector<std::string>& missing) {
  GITOPSCTL_TRY(const CommitInfo info, commit(commit_id));
  return git::write_subset(reader(), info.tree, paths, missing);
}

/// `Name <mail> seconds +0000`.
Result<std::string> person_line(const NewCommit& commit) {
  for (const auto* text : {&commit.author_name, &commit.author_email}) {
    if (text->empty() || text->find_first_of(std::string_view("<>\n\0", 4)) != std::string::npos) {
      return Error(ErrorCode::invalid_input, "the author of a commit is '" + terminal_safe(*text) + "'")
          .with_hint("it must not be empty and must not hold <, > or line ends");
    }
  }
  const auto seconds = std::chrono::floor<std::chrono::seconds>(commit.at.time_since_epoch()).count();
  return commit.author_name + " <" + commit.author_email + "> " + std::to_string(seconds) + " +0000";
}

Result<CommitId> MirrorImpl::write_commit(const NewCommit& commit) {
  if (commit.message.find('\0') != std::string::npos || commit.message.size() > max_message_bytes) {
    return Error(ErrorCode::invalid_input, "the message of a commit holds a NUL or is longer than 1 MiB");
  }
  GITOPSCTL_TRY(const std::string person, person_line(commit));
  if (commit.tree == empty_tree) {
    GITOPSCTL_CHECK(reader().write(ObjectType::tree, ""));
  } else {
    const auto header = reader().header(commit.tree);
    if (!header || header->type != ObjectType::tree) {
      return Error(ErrorCode::not_found, "there is no tree " + terminal_safe(commit.tree));
    }
  }
  std::string text = "tree " + commit.tree + "\n";
  for (const auto& parent : commit.parents) {
    if (!has_commit(parent)) return Error(ErrorCode::not_found, "there is no commit " + terminal_safe(parent));
    text += "parent " + parent + "\n";
  }
  text += "author " + person + "\ncommitter " + person + "\n\n" + commit.message;
  if (!text.ends_with('\n')) text += '\n';
  return reader().write(ObjectType::commit, text);
}

Result<void> MirrorImpl::push(const std::string& ref, const CommitId& expected, const CommitId& id,
                              const Interrupt& interrupt) {
  if (!is_safe_ref_name(ref)) {
    return Error(ErrorCode::invalid_input, "'" + terminal_safe(ref) + "' is no full ref name that can be pushed to");
  }
  if (expected.empty() && id.empty()) return {};
  if (!expected.empty() && !is_object_id(expected)) {
    return Error(ErrorCode::invalid_input, "'" + terminal_safe(expected) + "' is no commit's full name");
  }
  if (!id.empty() && !has_commit(id)) return Error(ErrorCode::not_found, "there is no commit " + terminal_safe(id));
  const Interrupt limits = bounded(interrupt);
  const PackMaker maker = [&](const std::vector<std::string>& remote_has) -> Result<std::string> {
    GITOPSCTL_TRY(git_repository * repository, store_->repository());
    std::string pack;
    const auto collect = [&pack](std::string_view piece) -> Result<void> {
      if (pack.size() + piece.size() > max_push_bytes) return Error(ErrorCode::too_large, "the push is larger than 256 MiB");
      pack.append(piece);
      return {};
    };
    GITOPSCTL_CHECK(make_pack(repository, {id}, remote_has, collect, limits));
    return pack;
  };
  const PushCommand command{ref, expected.empty() ? std::string(zero_id) : expected, id.empty() ? std::string(zero_id) : id};
  return remote_->push(command, maker, limits);
}

void MirrorImpl::trim() { store_->trim(); }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> path_of_file_url(std::string_view rest) {
  if (rest.starts_with("localhost/")) rest.remove_prefix(9);
  std::string out;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '%' && i + 2 < rest.size() && hex_digit(rest[i + 1]) >= 0 && hex_digit(rest[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(rest[i + 1]) * 16 + hex_digit(rest[i + 2]));
      i += 2;
    } else {
      out += rest[i];
    }
  }
  if (!out.starts_with('/') || out.find('\0') != std::string::npos) {
    return Error(ErrorCode::invalid_input, "a file:// address needs an absolute path of this machine");
  }
  return out;
}

Result<std::unique_ptr<Remote>> make_remote(const RemoteConfig& config) {
  const std::string_view url = config.url;
  if (url.starts_with("http://") || url.starts_with("https://")) return make_http_remote(config);
  if (url.starts_with("file://")) {
    GITOPSCTL_TRY(std::string path, path_of_file_url(url.substr(7)));
    return make_local_remote(std::move(path), config);
  }
  if (url.starts_with('/')) return make_local_remote(config.url, config);
  if (looks_like_ssh(url)) return make_ssh_remote(config);
  return Error(ErrorCode::unsupported, "the address '" + redact_url(url) + "' is of a kind that is not supported")
      .with_hint("use https://, ssh://, http://, file:// or an absolute path");
}

}  // namespace
}  // namespace git

namespace {

Result<std::unique_ptr<Mirror>> open_mirror(const std::string& directory, RemoteConfig remote,
                                            git::MirrorStore::Access access) {
  GITOPSCTL_TRY(auto connection, git::make_remote(remote));
  const std::string name = remote.name.empty() ? redact_url(remote.url) : terminal_safe(remote.name);
  GITOPSCTL_TRY(auto store, git::MirrorStore::open(directory, name, access));
  GITOPSCTL_TRY(auto refs, git::read_refs(store->directory()));
  return std::unique_ptr<Mirror>(
      std::make_unique<git::MirrorImpl>(std::move(remote), std::move(store), std::move(connection), std::move(refs)));
}

}  // namespace

Result<std::unique_ptr<Mirror>> Mirror::open(const std::string& directory, RemoteConfig remote) {
  return open_mirror(directory, std::move(remote), git::MirrorStore::Access::keep);
}

Result<std::unique_ptr<Mirror>> Mirror::open_kept(const std::string& directory, RemoteConfig remote) {
  return open_mirror(directory, std::move(remote), git::MirrorStore::Access::read);
}

}  // namespace gitopsctl::channels
