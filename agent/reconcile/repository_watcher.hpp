#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/config/agent_config.hpp"
#include "agent/reconcile/agent.hpp"
#include "agent/reconcile/channel_runner.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/candidate/candidate.hpp"
#include "channels/git/mirror.hpp"
#include "channels/store/store.hpp"

namespace gitopsctl::agent {

/// What one look at a repository found.
struct SourceView {
  SourceState state;
  std::map<std::string, channels::CommitId> refs;  ///< of the last successful fetch
};

/// A channel that is bound to the repository.
struct BoundChannel {
  std::string name;
  std::string file;  ///< overrides the usual places; empty: those
};

/// Watches one repository: lists its refs once per tick, fetches only when something moved, and keeps `candidates/*` built.
/// tick() is called by one thread; the other members by any.
class RepositoryWatcher {
 public:
  /// `channels`: those bound to this repository, in the order of the bindings. `moved` is called (on the ticking thread)
  /// after every tick with what is known.
  RepositoryWatcher(const RepositoryConfig& config, std::vector<BoundChannel> channels, const std::string& state_directory,
                    channels::Store* store, Clock& clock, LogSink log, std::function<void(const SourceView&)> moved);
  ~RepositoryWatcher();

  /// One look. Returns false when it failed.
  bool tick(const std::stop_token& stop);
  /// Ticks by schedule until stopped.
  void run(const std::stop_token& stop);
  /// Asks for a tick now; returns its number, which done() reaches when it is over.
  std::uint64_t poll_now();
  [[nodiscard]] std::uint64_t done() const noexcept { return done_.load(); }

  [[nodiscard]] const std::string& name() const noexcept { return config_.name; }
  [[nodiscard]] std::string mirror_directory() const;
  void add_figures(AgentFigures& figures) const;
  /// How much is remembered of branches between ticks, as of the last one; bounded by the branches that are there.
  [[nodiscard]] std::size_t remembered_branches() const noexcept { return remembered_.load(); }

 private:
  Result<void> look(const std::stop_token& stop);
  [[nodiscard]] bool is_source(const std::string& branch) const;
  void build_candidates(const std::stop_token& stop);
  void note_orphans(const channels::RefListing& listing);
  void remove_orphans(const std::stop_token& stop);
  void remove_candidate(const std::string& branch, const std::stop_token& stop);
  void audit(const std::string& action, const std::string& branch, const std::string& what);
  void build_candidate(const std::string& branch, const channels::CommitId& commit, const std::stop_token& stop);
  [[nodiscard]] Result<channels::CandidateRequest> candidate_request(const std::string& branch,
                                                                     const channels::CommitId& commit) const;
  void warn_once(const std::string& branch, const channels::CommitId& commit, const Error& error);

  RepositoryConfig config_;
  std::vector<BoundChannel> channels_;
  std::string state_directory_;
  channels::Store* store_;
  Clock& clock_;
  LogSink log_;
  std::function<void(const SourceView&)> moved_;

  std::unique_ptr<channels::Mirror> mirror_;
  SourceView view_;
  /// Branch → what its candidate was built from last, so that nothing is looked at twice.
  std::map<std::string, std::string> built_from_;
  /// A candidate whose source branch is gone.
  struct Orphan {
    unsigned listings = 0;     ///< that did not have the source branch, in a row
    channels::CommitId asked;  ///< tip that it had when it was found to be nobody's to delete
  };
  std::map<std::string, Orphan> orphans_;
  /// Branch → the commit and what was last said about it, so that a lasting mistake is said once and not every tick.
  std::map<std::string, std::string> warned_;
  std::atomic<std::size_t> remembered_{0};

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::uint64_t asked_ = 0;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint64_t> polls_{0}, failures_{0}, fetches_{0}, candidates_{0}, requests_{0}, bytes_{0};
};

}  // namespace gitopsctl::agent
