#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/process/child.hpp"
#include "base/time/clock.hpp"
#include "tests/crash/content.hpp"
#include "tests/crash/judge.hpp"
#include "tests/support/git_server.hpp"
#include "tests/support/scratch.hpp"

namespace gitopsctl::crash {

/// A kill at a named point.
struct KillPoint {
  std::string name;
  int nth = 1;  ///< the N-th time that it is reached
};

/// A moment of a run: so long after it has passed so many points (any, counted together). Unlike a time since the start it
/// means the same on a slow machine and on a fast one, nearly.
struct Moment {
  int points = 0;
  int microseconds = 0;
  [[nodiscard]] std::string to_string() const;
};

/// How one kill and the starts after it went.
struct CaseResult {
  std::string name;
  Commit goal = Commit::second;      ///< where the branch was when the agent started again
  bool reached = false;              ///< the agent was killed; false: it had come to its end
  int starts = 0;                    ///< until everything was as it should be
  std::vector<std::string> deleted;  ///< what had to be deleted, and was when there are no problems
  Problems problems;                 ///< empty: all is well
};

/// A real repository behind the real `git http-backend`, the agent's own program, and an environment into which the first
/// commit is deployed. A second commit waits in the repository: it changes, adds, moves and removes objects, and a source
/// branch moved, which makes a candidate (content.hpp). Every case is a copy of all that.
class Lab {
 public:
  Lab();

  /// How often each point is reached on the way from the first commit to the second.
  [[nodiscard]] const std::map<std::string, int>& times_reached() const noexcept { return times_reached_; }
  /// Problems of the runs that nobody kills.
  [[nodiscard]] const Problems& reference_problems() const noexcept { return reference_problems_; }

  // Thread-safe from here on. `goal` is where the branch is when the agent starts again: Commit::first is going back.

  /// Kills a run at a point, looks at what it left, starts it again at most twice, and looks again.
  [[nodiscard]] CaseResult kill_at(const KillPoint& point, Commit goal) const;
  /// The same wherever the run is at a moment.
  /// `again`: when the start after it is killed as well.
  [[nodiscard]] CaseResult kill_after(const Moment& moment, const std::optional<Moment>& again, Commit goal) const;
  /// Another agent pushes a candidate while this one is about to push.
  [[nodiscard]] CaseResult lose_race() const;

 private:
  struct Place;
  using Variables = std::vector<std::pair<std::string, std::string>>;
  void prepare(const Place& place);
  void run_references();
  [[nodiscard]] Place copy_prepared(const std::string& name) const;
  void remove(const Place& place) const;
  void write_config(const Place& place) const;
  /// `gitopsctl agent --once`; its end as `exit N` or `signal N`.
  std::string run_agent(const Place& place, const Variables& environment = {}) const;
  [[nodiscard]] Command agent_command(const Place& place, const Variables& environment) const;
  /// Starts an agent and kills it at that moment; false when it had ended before.
  [[nodiscard]] bool kill_later(const Place& place, const Moment& moment) const;
  /// Looks at what a killed run left.
  [[nodiscard]] Remains look_at(const Place& place, Problems& problems) const;
  /// Puts the branch where it is to be, starts the agent again until all is as it should be, at most twice, and once more.
  void recover(const Place& place, Commit goal, const Remains& remains, CaseResult& result) const;
  [[nodiscard]] Problems compare(const Place& place, Commit goal, const Remains& remains,
                                 const std::vector<std::string>& deletions) const;
  [[nodiscard]] Problems check_repositories(const Place& place) const;
  [[nodiscard]] std::string candidate_of(const Place& place) const;
  [[nodiscard]] Problems judge_candidate(const Place& place, const std::string& point) const;

  support::GitServer server_;
  support::ScratchDir scratch_;
  mutable std::atomic<unsigned> moments_{0};  ///< killed at until now
  States states_;
  std::string old_candidate_;  ///< tree and parents, in every prepared place
  std::string new_candidate_;  ///< what the source branch makes of it
  std::map<std::string, int> times_reached_;
  Problems reference_problems_;
};

}  // namespace gitopsctl::crash
