#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/apply/apply.hpp"
#include "agent/control/control.hpp"
#include "agent/environment/environment.hpp"
#include "agent/inventory/inventory.hpp"
#include "agent/reconcile/channel_record.hpp"
#include "agent/reconcile/render_stage.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/git/mirror.hpp"
#include "channels/model/channel.hpp"
#include "channels/plan/change_set.hpp"
#include "channels/policy/guard.hpp"
#include "channels/store/store.hpp"

namespace gitopsctl::agent {

/// What to bring a channel to.
struct RunRequest {
  channels::CommitId commit;
  FileTreePtr tree;
  std::string trigger;  ///< start, poll, request, drift, retry, switch, apply
  /// Token of the sync that is answered by this run: the repository was looked at after it was seen. A later one that the
  /// run meets in the environment is not, since its branch may have moved by then.
  std::string answers = {};
};

enum class RunState : std::uint8_t {
  up_to_date,  ///< the environment equals the commit already
  deployed,    ///< it does now
  held,        ///< a guard waits or denies; nothing was written
  failed,      ///< something is wrong with the channel or some of its releases
  preempted,   ///< stopped for a newer commit, suspension or shutdown; the next run goes on
};
[[nodiscard]] std::string_view run_state_name(RunState state) noexcept;

struct RunResult {
  RunState state = RunState::failed;
  std::string message;        ///< one line for people
  std::vector<Error> errors;  ///< of the channel as a whole
  std::size_t created = 0, updated = 0, removed = 0, failed_releases = 0;
  std::size_t objects = 0;    ///< in the inventories, where they are known
  bool retry = false;         ///< trying again later can help
  bool elsewhere = false;     ///< somebody else has the channel's lease, and works on it
  channels::CommitId pinned;  ///< what was worked on instead of the commit of the request, in a rollback; else empty
  /// Release → its first error, with where it is, of the releases that failed.
  std::map<std::string, std::string> failures;
};

/// What is known of the branch and its repository, for the status.
struct SourceState {
  bool reachable = true;
  std::optional<Error> error;  ///< why not
  bool branch_exists = true;
  unsigned failures = 0;  ///< in a row
};

/// Brings one channel of one repository to a commit: render, plan, guard, apply, prune, record, report. The road of
/// docs/architecture.md in one place; every decision in it is a pure function of another room.
/// Not thread-safe: one run at a time.
class ChannelRunner {
 public:
  struct Setup {
    ChannelKey key;
    std::string environment_name;
    std::string channel_file;             ///< overrides the usual places
    std::vector<std::string> namespaces;  ///< allowed; empty: all
    std::string installation_key;
    std::string holder;  ///< who takes the lease
    /// Asked once a run has the channel's lease: false ends it there, since somebody else may know newer commits. Empty:
    /// there is nobody else.
    std::function<bool()> leads = {};
    unsigned render_threads = 2;
    RenderRules render_rules = {};
    ChartFetch charts = {};  ///< gets charts that are not in the tree; empty: releases that want one fail
  };
  using TreeSource = std::function<Result<FileTreePtr>(const channels::CommitId&)>;

  /// `store` may be null (then nothing is recorded there).
  ChannelRunner(Setup setup, Environment& environment, channels::Store* store, Clock& clock, TreeSource tree_of);
  ~ChannelRunner();

  /// One run. Never throws, never leaves the environment in a state that the next run cannot finish.
  RunResult run(const RunRequest& request, const Interrupt& interrupt);
  /// Puts the state of the source into the channel's status (only when it changed).
  Result<void> report_source(const SourceState& source);
  /// The token of the last `gitopsctl sync` when nobody has answered it yet; empty otherwise.
  [[nodiscard]] Result<std::string> sync_requested();
  /// Moves what is kept between runs together, once what was needed for them is freed: it was made in between, a few bytes
  /// on every page. For when nothing is to be done for a while; takes some milliseconds for a thousand releases.
  void gather_memory();
  /// Forgets what is known from earlier runs: somebody else worked meanwhile.
  void forget();
  /// The version of the environment up to which everything that others wrote was looked at: a later one means that there
  /// may be something new.
  [[nodiscard]] std::uint64_t seen_version() const noexcept;
  [[nodiscard]] std::uint64_t renders() const noexcept;

  struct State;  ///< channel_run.hpp

 private:
  std::unique_ptr<State> state_;
};

}  // namespace gitopsctl::agent
