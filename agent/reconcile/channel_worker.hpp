#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "agent/reconcile/agent.hpp"
#include "agent/reconcile/channel_runner.hpp"
#include "agent/reconcile/repository_watcher.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/git/mirror.hpp"

namespace gitopsctl::agent {

/// How long after a look for drift the next one is due: `interval`, or 50 ms for each of the channel's objects where that is
/// longer. What an environment tells of by itself waits for neither.
[[nodiscard]] Millis drift_pause(Millis interval, std::size_t objects) noexcept;

/// Runs one channel whenever there is a reason to: its branch moved, somebody changed the environment or a switch, a sync
/// was asked for, a drift check is due, or a failed run may be tried again. A newer commit stops the run that is under way.
class ChannelWorker {
 public:
  struct Setup {
    ChannelRunner::Setup runner;
    channels::RemoteConfig remote;  ///< of the repository; for opening its mirror, not for asking it
    Millis drift_interval{30'000};
  };
  ChannelWorker(Setup setup, Environment& environment, channels::Store* store, RepositoryWatcher& watcher, Clock& clock,
                LogSink log);
  ~ChannelWorker();

  /// Tells what the watcher found. Thread-safe; returns at once.
  void source_changed(const SourceView& view);
  /// Takes up a sync that was asked for, so that the next run_once() answers it: to be called before the repository is
  /// looked at.
  void note_request();
  /// To be called before run() when other agents may have worked since the last one: nothing is known any more, and the
  /// channel is not touched before the repository answered, since others may have deployed what the mirror does not have.
  void begin_anew();
  /// Works until stopped.
  void run(const std::stop_token& stop);
  /// One run, if the branch is there. False when it failed. Not while run() is working.
  bool run_once(const std::stop_token& stop);

  [[nodiscard]] bool ran() const;
  /// Why the last run could not work at all, when something of a newer version was in its way; else empty.
  [[nodiscard]] std::string blocked() const;
  [[nodiscard]] AgentFigures::Channel figures() const;

 private:
  struct Reason {
    std::string trigger;
    channels::CommitId commit;
  };
  void publish_source();
  [[nodiscard]] bool source_due() const;
  [[nodiscard]] std::optional<Reason> next_reason(const std::stop_token& stop);
  void follow_sync_request(const std::stop_token& stop);
  [[nodiscard]] std::string deployed_text(const channels::CommitId& commit, const RunResult& result) const;
  void log_failures(const channels::CommitId& commit, const RunResult& result);
  void execute(const Reason& reason, const std::stop_token& stop);
  RunResult run_commit(const Reason& reason, const std::stop_token& stop);
  void close_mirror();
  Result<FileTreePtr> tree_of(const channels::CommitId& commit);

  Setup setup_;
  Environment& environment_;
  channels::Store* store_;
  RepositoryWatcher& watcher_;
  Clock& clock_;
  LogSink log_;
  ChannelRunner runner_;
  /// A handle of our own, since the watcher's is busy while it fetches; open only during a run, so that it can tidy between.
  std::unique_ptr<channels::Mirror> mirror_;

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  SourceState source_;
  bool source_fresh_ = false;  ///< source_ is to be written into the status …
  Millis next_source_{0};      ///< … from this moment on: a status that could not be written is tried again later
  unsigned source_failures_ = 0;
  std::string blocked_;
  channels::CommitId tip_;
  bool look_first_ = false;                  ///< tip_ is not taken from a look that failed
  std::optional<std::stop_source> current_;  ///< of the run under way
  channels::CommitId running_;

  channels::CommitId done_commit_;  ///< of the last run
  bool first_ = true;
  channels::CommitId told_commit_;           ///< of the errors that were logged last …
  std::map<std::string, std::string> told_;  ///< … by release
  bool retry_ = false;
  unsigned failures_ = 0;
  Millis next_retry_{0};
  Millis next_drift_{0};
  Millis busy_until_{0};   ///< somebody else works on the channel …
  std::string told_busy_;  ///< … as it was logged
  std::uint64_t seen_version_ = 0;
  /// Token of the last sync after which the repository was looked at.
  std::string answering_;
  AgentFigures::Channel figures_;
};

}  // namespace gitopsctl::agent
