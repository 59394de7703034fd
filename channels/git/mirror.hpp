#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files/file_tree.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/git/credentials.hpp"
#include "channels/http/client.hpp"

namespace gitopsctl::channels {

/// A commit's name: 40 hexadecimal digits.
using CommitId = std::string;

/// Where a repository is and what of it we look at.
struct RemoteConfig {
  std::string name;  ///< identity of the repository in ours
  /// http(s)://…, ssh://user@host[:port]/path, user@host:path, file://…, or an absolute path
  std::string url;
  HttpOrigin http;
  SshLogin ssh;
  /// When set: what it gives replaces the credentials in `http` and `ssh`, from then on and whenever it changes.
  std::shared_ptr<CredentialSource> credentials;
  std::vector<std::string> ref_prefixes{"refs/heads/"};  ///< asked for with ls-refs; others never reach us
  std::uint64_t max_pack_bytes = 4ULL << 30U;
  /// Of one listing or push. A fetch may take longer as long as its pack arrives at 64 KiB/s on average, so that a large
  /// repository can be cloned at all.
  Millis timeout{120'000};
};

/// What one listing gave.
struct RefListing {
  std::map<std::string, CommitId> refs;  ///< full name → commit, only valid names (see ignored)
  /// Names that are never used (control characters, a leading dash, not UTF-8, against Git's rules), made printable; at
  /// most a hundred.
  std::vector<std::string> ignored;
  /// Annotated tags: full name → the tag object that leads to the commit in `refs`.
  std::map<std::string, std::string> tag_objects;
  std::string head;  ///< full name of the default branch; empty when the remote does not say
  std::uint64_t requests = 0;
  std::uint64_t bytes = 0;
};

struct CommitInfo {
  CommitId id;
  CommitId tree;
  std::vector<CommitId> parents;
  std::string author_name;
  std::string author_email;
  TimePoint committed{};
  std::string message;
};

struct NewCommit {
  CommitId tree;
  std::vector<CommitId> parents;
  std::string message;
  std::string author_name = "gitopsctl";
  std::string author_email = "gitopsctl@localhost";
  TimePoint at{};
};

/// A bare mirror of one repository in `directory`, filled by fetches; trees are read from its object database without a
/// checkout. Refs that were seen live under `refs/gitopsctl/remote/`; they move only after every object they need is
/// stored, so a kill at any instant leaves the old or the new state. A half-written mirror that cannot be opened is set
/// aside and made anew.
/// Thread-safety: one Mirror per thread, or calls one at a time; trees that it handed out may be read from other threads.
class Mirror {
 public:
  /// Opens or creates the mirror.
  static Result<std::unique_ptr<Mirror>> open(const std::string& directory, RemoteConfig remote);
  /// Opens a mirror that another one keeps, to read what that one fetched: never makes, replaces or tidies the directory,
  /// and costs little. To be closed soon: while it is open the keeper cannot tidy. Damage that it meets is left as a mark,
  /// which the keeper's next fetch heeds. `unavailable` when there is no mirror yet.
  static Result<std::unique_ptr<Mirror>> open_kept(const std::string& directory, RemoteConfig remote);
  virtual ~Mirror() = default;

  /// Asks the remote for its refs. Over HTTP with protocol v2 one request, whose size depends on the refs under the
  /// prefixes only; what the server can do is asked once more, before the first listing and after a failed one. A server
  /// that speaks only v0 takes one request, too, but sends all of its refs. Over SSH it is one command. An answer that is
  /// not whole is an error, never a shorter listing. Changes nothing. Ends by itself, by RemoteConfig::timeout.
  virtual Result<RefListing> list_remote(const Interrupt& interrupt) = 0;
  /// Fetches what `listing` has and the mirror lacks, and then moves the mirror's refs to it (deleting those that are gone).
  /// No request when nothing moved, so it may be called after every listing; that is also how objects that turned out to be
  /// damaged are fetched again. `wanted` limits it to these refs; empty: all of the listing. Before a ref moves its commit
  /// and all of its tree are known to be there. Refs that lead to no commit are left out. Errors leave the refs as they
  /// were. It ends by itself, by RemoteConfig::timeout: a deadline here is one more, for a caller that cannot wait for a
  /// clone.
  virtual Result<void> fetch(const RefListing& listing, const std::vector<std::string>& wanted,
                             const Interrupt& interrupt) = 0;
  /// The refs of the last successful fetch, by full remote name.
  [[nodiscard]] virtual std::map<std::string, CommitId> refs() const = 0;

  [[nodiscard]] virtual bool has_commit(const CommitId& id) const = 0;
  [[nodiscard]] virtual Result<CommitInfo> commit(const CommitId& id) const = 0;
  /// The files of a commit. Shares the object database; content ids are Git's. Submodules are `other` entries, LFS pointers
  /// are the pointer text.
  [[nodiscard]] virtual Result<FileTreePtr> tree(const CommitId& id) const = 0;
  /// True when `ancestor` is `id` or behind it.
  [[nodiscard]] virtual Result<bool> is_ancestor(const CommitId& ancestor, const CommitId& id) const = 0;
  /// A ref, tag, `HEAD~1`-like expression or (abbreviated) commit id → commit. Branch names are those of the remote.
  [[nodiscard]] virtual Result<CommitId> resolve(const std::string& revision) const = 0;

  /// The tree of `commit` cut down to `paths` (files and directories with everything below; `dir/**` is `dir`). Written to
  /// the mirror; equal content gives the equal id. Paths that are not there are returned in `missing`.
  virtual Result<CommitId> write_subset(const CommitId& commit, const std::vector<std::string>& paths,
                                        std::vector<std::string>& missing) = 0;
  virtual Result<CommitId> write_commit(const NewCommit& commit) = 0;
  /// Compare-and-swap push: moves `ref` (full name) of the remote from `expected` (empty: must not exist) to `id` (empty:
  /// delete). `conflict` when the remote has something else; success when it has `id` already. `forbidden` when a rule of
  /// the remote says no. Hooks of a remote on this machine's disk do not run. The mirror's own refs follow with the next
  /// fetch.
  virtual Result<void> push(const std::string& ref, const CommitId& expected, const CommitId& id,
                            const Interrupt& interrupt) = 0;

  /// Something that has to be there could not be read: it is fetched again with the next fetch of whoever keeps the mirror.
  [[nodiscard]] virtual bool suspect() const { return false; }

  /// Drops caches that can be rebuilt (called when idle).
  virtual void trim() = 0;
  [[nodiscard]] virtual HttpCounters counters() const = 0;
  /// How long the server asked to be left alone with its last answer (Retry-After of 403, 429 and 503).
  [[nodiscard]] virtual std::optional<Millis> retry_after() const { return std::nullopt; }
  /// What happened to the mirror's directory since it was opened that a person should know, for a log.
  [[nodiscard]] virtual std::vector<std::string> notes() const { return {}; }

  /// The object id of the tree of no files.
  static constexpr std::string_view empty_tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
};

/// When to look at a remote again: interval with jitter after a success, doubling back-off after failures. Pure.
struct PollSchedule {
  Millis interval{15'000};
  double jitter = 0.1;  ///< share of the interval, both ways
  Millis max_backoff{300'000};

  /// `failures` in a row so far; `random` in [0, 1); `retry_after` of the server when it named one.
  [[nodiscard]] Millis next(unsigned failures, double random, std::optional<Millis> retry_after = {}) const;
};

}  // namespace gitopsctl::channels
