#pragma once

#include <string>
#include <vector>

#include "tests/crash/content.hpp"
#include "tests/crash/snapshot.hpp"

// What has to be true of an environment and its agent's files, right after a kill and after the starts that follow.

namespace gitopsctl::crash {

/// Mistakes, each a line for people. Empty: all is well.
using Problems = std::vector<std::string>;

/// The bindings of the agent.
inline const std::vector<std::string> channel_names{"test", "prod"};

/// Where one agent keeps its files.
struct Files {
  std::string environment;
  std::string store;
};

/// The states that a case is measured with.
struct States {
  std::string first_commit;
  std::string second_commit;
  Snapshot prepared;  ///< what every case begins with
  Snapshot first;     ///< what an agent that nobody kills makes of it when the branch is at the first commit
  Snapshot second;    ///< and at the second

  [[nodiscard]] const Snapshot& at(Commit commit) const { return commit == Commit::second ? second : first; }
  [[nodiscard]] const std::string& commit(Commit commit) const {
    return commit == Commit::second ? second_commit : first_commit;
  }
};

/// What a dead agent left, which decides what may and must become of it.
struct Remains {
  Snapshot snapshot;
  std::vector<std::string> running;  ///< deployments that its store calls running
};

/// Where `snapshot` differs from what has to be deployed at `commit`, as content.hpp says.
[[nodiscard]] Problems judge_content(const Snapshot& snapshot, Commit commit);

/// What must be true at any moment of a deployment of the second commit, so also right after a kill: no object of ours
/// without an entry in its inventory, no write without a line in the store, no record of what is not so. `files` are read
/// as a new start would (pass copies).
[[nodiscard]] Problems judge_remains(const Files& files, const States& states, Remains& remains);

/// What must be deleted, ever, by a run that left `remains` and by those after it that followed the branch to `goal`.
[[nodiscard]] std::vector<std::string> expected_deletions(const Remains& remains, const States& states, Commit goal);

/// What must be true when the branch is at `goal` and an agent came to its end.
[[nodiscard]] Problems judge_outcome(const Files& files, const States& states, Commit goal, const Remains& remains,
                                     const std::vector<std::string>& deletions);

}  // namespace gitopsctl::crash
