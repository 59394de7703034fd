#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/process/child.hpp"
#include "base/time/clock.hpp"
#include "tests/crash/snapshot.hpp"
#include "tests/support/git_server.hpp"
#include "tests/support/scratch.hpp"

namespace gitopsctl::crash {

/// How one kill and the starts after it went.
struct CaseResult {
  std::string point;  ///< name, with `:N` for the N-th time that it is reached
  bool reached = false;
  int reconciles = 0;                 ///< starts until everything was as it should be
  std::vector<std::string> problems;  ///< empty: all is well
};

/// A real repository behind the real `git http-backend`, the agent's own program, and an environment into which the first
/// commit is deployed. A second commit waits in the repository: it updates, adds, moves and removes objects, and a source
/// branch moved, which makes a candidate. Every case is a copy of all that.
class Lab {
 public:
  Lab();

  /// One run of the agent that is not killed: what the second commit makes of the environment, and how often each point is
  /// reached on the way.
  void run_reference();
  [[nodiscard]] const std::map<std::string, int>& times_reached() const noexcept { return times_reached_; }
  [[nodiscard]] const std::vector<std::string>& intended_deletions() const noexcept { return reference_.deletions; }
  /// How long the reference run took.
  [[nodiscard]] Millis reference_span() const noexcept { return reference_span_; }
  /// As kill_at(), `after` the start of the run wherever it is then. Not reached when the run was over before.
  [[nodiscard]] CaseResult kill_after(Millis after) const;
  /// Kills a run at `point` for the `nth` time that it gets there, starts it again at most twice, and compares. Thread-safe
  /// after run_reference().
  [[nodiscard]] CaseResult kill_at(const std::string& point, int nth) const;

 private:
  struct Place;
  using Variables = std::vector<std::pair<std::string, std::string>>;
  [[nodiscard]] Place copy_prepared(const std::string& name) const;
  void write_config(const Place& place) const;
  void commit_first(const support::ScratchRepo& repository);
  void commit_second(const support::ScratchRepo& repository);
  /// `gitopsctl agent --once`; its end as `exit N` or `signal N`.
  std::string run_agent(const Place& place, const Variables& environment = {}) const;
  [[nodiscard]] Command agent_command(const Place& place, const Variables& environment) const;
  /// Starts the agent again until all is as it should be, at most twice, and once more.
  void recover(const Place& place, CaseResult& result) const;
  /// What differs from the reference run.
  [[nodiscard]] std::vector<std::string> compare(const Place& place) const;
  [[nodiscard]] std::vector<std::string> compare_candidate(const Place& place) const;

  support::GitServer server_;
  support::ScratchDir scratch_;
  std::string second_commit_;
  Snapshot prepared_;
  Snapshot reference_;
  std::string reference_candidate_;  ///< tree and parents
  std::map<std::string, int> times_reached_;
  Millis reference_span_{0};
};

}  // namespace gitopsctl::crash
