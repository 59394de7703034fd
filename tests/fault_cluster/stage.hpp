#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/reconcile/channel_runner.hpp"
#include "channels/store/store.hpp"
#include "tests/crash_cluster/judge.hpp"
#include "tests/crash_cluster/world.hpp"
#include "tests/support/kube_proxy.hpp"
#include "tests/support/scratch.hpp"

// A channel on a real API server with a proxy in between, and what is asked of it whatever the proxy does.

namespace gitopsctl::fault {

using crash::Commit;
using crash::Problems;
using crash::World;

/// The one of this program; null, after a loud word, where the programs for it are not here.
[[nodiscard]] crash::Cluster* need_cluster(std::string_view check);

/// A prefix that no other case of this program has.
[[nodiscard]] std::string fresh_prefix();

/// The two commits' other one.
[[nodiscard]] Commit other(Commit commit);

/// The machine's clock, turned forward or back. Thread-safe.
class TurnedClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return system_clock().now() + Millis(wall_.load()); }
  [[nodiscard]] Millis monotonic() const override { return system_clock().monotonic() + Millis(monotonic_.load()); }
  bool sleep(Millis span, std::stop_token stop) override { return system_clock().sleep(span, stop); }
  /// Somebody sets the time.
  void turn(Millis by) { wall_ += by.count(); }
  /// The process did not run for so long.
  void pause(Millis span) {
    wall_ += span.count();
    monotonic_ += span.count();
  }

 private:
  std::atomic<std::int64_t> wall_{0};
  std::atomic<std::int64_t> monotonic_{0};
};

/// What is to become of objects besides what the two commits say of them.
struct Expected {
  std::vector<std::string> anew = {};     ///< may have been made anew
  std::vector<std::string> removed = {};  ///< are deleted as well
  std::vector<std::string> stays = {};    ///< are not deleted, though the commits say so
};

/// A channel of its own, with a neighbour of each kind that could be mixed up with it: what people made by hand, a second
/// channel, a second repository, and another installation, all with the same release names. The first commit is deployed.
/// The channel is run by the agent's own library in this process, with a client that gives up after a few seconds. Not
/// thread-safe; several side by side are.
class Stage {
 public:
  explicit Stage(crash::Cluster& cluster);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  [[nodiscard]] const crash::Names& names() const noexcept { return measure_.names; }
  [[nodiscard]] const support::ControlPlane& plane() const { return cluster_.plane(); }
  [[nodiscard]] support::KubeProxy& proxy() noexcept { return proxy_; }
  [[nodiscard]] crash::Measure& measure() noexcept { return measure_; }
  /// The clock of the agent, which can be turned.
  [[nodiscard]] TurnedClock& clock() noexcept { return clock_; }
  [[nodiscard]] agent::Environment& environment() noexcept { return *environment_; }
  [[nodiscard]] agent::ChannelRunner& runner() noexcept { return *runner_; }
  /// Where the channel is, or is going.
  [[nodiscard]] Commit at() const noexcept { return at_; }
  void set_at(Commit commit) noexcept { at_ = commit; }

  /// What a process that starts anew knows: nothing.
  void renew();
  agent::RunResult run(Commit goal, const std::string& trigger = "poll", const Interrupt& interrupt = {});
  /// Another tree than those of the two commits, made of the one of `base` and these files; empty content: without the file.
  agent::RunResult run_files(Commit base, const std::map<std::string, std::string>& files,
                             const std::string& trigger = "poll");
  /// The second channel of the same environment.
  agent::RunResult run_neighbour();
  /// What `gitopsctl diff --live` would say of `goal`, in each of its forms, or the error.
  [[nodiscard]] std::string diff(Commit goal);

  [[nodiscard]] World look() const { return cluster_.look(names()); }
  /// Once nothing is on its way out any more; at most ten seconds.
  [[nodiscard]] World settled() const;
  /// kubectl in the namespace `space` of the stage; words of names are without prefix where they have `@`.
  std::string kubectl(const std::string& space, std::vector<std::string> words, const std::string& input = {}) const;

  /// From here on deletes and neighbours are measured.
  void begin_measure();
  /// Objects of ours that the way to `goal` removes.
  [[nodiscard]] std::vector<std::string> removed_by(Commit goal) const;
  /// What must be so at any moment since begin_measure() on the way to `goal`.
  [[nodiscard]] Problems judge_remains(Commit goal, const std::vector<std::string>& removed_besides = {});
  /// Runs towards `goal` at most twice, and looks whether everything is as it should be then; a new process finds nothing
  /// to do.
  [[nodiscard]] Problems converge(Commit goal, const Expected& expected = {});
  /// Secret values in what people can read: events, control objects, the store, and everything that was said.
  [[nodiscard]] Problems judge_secrets(const World& now) const;
  /// What the runs said, as the log of the agent has it.
  [[nodiscard]] const std::string& said() const noexcept { return said_; }

 private:
  [[nodiscard]] std::unique_ptr<agent::Environment> open(bool through_proxy);
  [[nodiscard]] std::unique_ptr<agent::ChannelRunner> runner_of(agent::Environment& where, const agent::ChannelKey& key,
                                                                channels::Store* store);
  void deploy_others(agent::Environment& where);
  agent::RunResult note(agent::RunResult result);

  crash::Cluster& cluster_;
  crash::Measure measure_;
  support::ScratchDir directory_;
  TurnedClock clock_;
  support::KubeProxy proxy_;
  std::map<std::string, FileTreePtr> trees_;
  std::unique_ptr<channels::Store> store_;
  std::unique_ptr<agent::Environment> environment_;
  std::unique_ptr<agent::ChannelRunner> runner_;
  std::unique_ptr<agent::ChannelRunner> neighbour_;
  Commit at_ = Commit::first;
  std::size_t deletions_before_ = 0;
  std::string said_;
};

/// What a run says that failed, for messages of checks.
[[nodiscard]] std::string shown(const agent::RunResult& result);

}  // namespace gitopsctl::fault
