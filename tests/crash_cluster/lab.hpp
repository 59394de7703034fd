#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/crash_cluster/judge.hpp"
#include "tests/crash_cluster/world.hpp"
#include "tests/support/git_server.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/write_killer.hpp"

namespace gitopsctl::crash {

/// What happens to a run from the first commit to the second.
struct Blow {
  enum class Kind {
    none,
    kill_at_write,  ///< SIGKILL at that write
    kill_at_point,  ///< SIGKILL at that named point of base/process/crash_point.hpp
    make_anew,      ///< somebody deletes the object and makes another one when a delete of it is on its way
  };
  Kind kind = Kind::none;
  std::string name;  ///< of the write (Lab::writes()) or the point
  std::uint64_t nth = 1;
  support::Moment moment = support::Moment::before_forwarding;

  [[nodiscard]] std::string to_string() const;
};

/// How a case went.
struct CaseResult {
  std::string name;
  Commit goal = Commit::second;
  bool reached = false;
  int starts = 0;  ///< until everything was as it should be
  double seconds = 0;
  Problems problems;
};

/// A write or a point, and how often it comes.
using Times = std::map<std::string, std::uint64_t>;

/// The agent's own program, repositories behind the real `git http-backend`, and a real control plane on which every case
/// has namespaces, an installation and a channel of its own. Thread-safe but for the constructor.
class Lab {
 public:
  Lab();

  /// The writes of a run that nobody disturbs: `METHOD PATH` with `@` for the prefix, and without what is new in every run.
  [[nodiscard]] const Times& writes() const noexcept { return writes_; }
  /// The points that it reaches.
  [[nodiscard]] const Times& points() const noexcept { return points_; }
  [[nodiscard]] const Problems& reference_problems() const noexcept { return reference_problems_; }

  /// Deploys the first commit, lets the blow fall on the way to the second, looks at what it left, puts the branch to
  /// `goal`, starts the agent again at most twice, and looks again.
  [[nodiscard]] CaseResult run(const Blow& blow, Commit goal);

 private:
  struct Place;
  using Variables = std::vector<std::pair<std::string, std::string>>;
  [[nodiscard]] Place prepare();
  [[nodiscard]] support::WatchedRun run_agent(const Place& place, const std::string& config,
                                              const std::optional<support::WriteKill>& kill = {},
                                              const Variables& variables = {},
                                              support::WriteKillerOptions options = {}) const;
  [[nodiscard]] Problems judge_run(const Place& place, const support::WatchedRun& run) const;
  void recover(const Place& place, Commit goal, const std::vector<std::string>& deletions, CaseResult& result);
  [[nodiscard]] World settled_look(const Place& place) const;

  Cluster cluster_;
  support::GitServer server_;
  support::ScratchDir scratch_;
  std::mutex mutex_;
  int cases_ = 0;
  Times writes_;
  Times points_;
  Problems reference_problems_;
};

}  // namespace gitopsctl::crash
