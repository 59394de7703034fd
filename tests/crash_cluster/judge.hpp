#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/crash_cluster/scenario.hpp"
#include "tests/crash_cluster/world.hpp"

// What has to be true of a case in the cluster, right after a kill and after the starts that follow.

namespace gitopsctl::crash {

/// Mistakes, each a line for people. Empty: all is well.
using Problems = std::vector<std::string>;

/// Adds `more` to `problems`, each with `before` in front.
void add(Problems& problems, Problems more, const std::string& before = {});

/// What a case is measured with.
struct Measure {
  Names names;
  World prepared;  ///< with the first commit deployed
  std::string first_commit;
  std::string second_commit;
  std::map<std::string, std::string> made_anew;  ///< what somebody else made in the place of an object of ours, and its uid

  /// How gitopsctl names the channel in annotations.
  [[nodiscard]] std::string identity() const { return names.prefix + "/shop/" + names.channel(); }
  [[nodiscard]] const std::string& commit(Commit commit) const {
    return commit == Commit::second ? second_commit : first_commit;
  }
};

/// What is not ours is as it was before, but for what others wrote to it (`Kind/namespace/name`, with `@`).
[[nodiscard]] Problems judge_others(const World& now, const Measure& measure);

/// What must be true at any moment on the way to `goal` from the other commit, and back: no object of ours without an entry
/// in its inventory, nothing removed that neither commit removes, no record of what is not so.
[[nodiscard]] Problems judge_remains(const World& now, const Measure& measure, Commit goal = Commit::second);

/// Every object that the release has at `goal` is there, and as the commit says; whatever else is there.
[[nodiscard]] Problems judge_release(const World& now, const Measure& measure, Commit goal, const std::string& release);

/// What must be true when the branch is at `goal` and an agent came to its end. `may_be_new`: objects that were deleted on
/// the way, and may have been made anew.
[[nodiscard]] Problems judge_outcome(const World& now, const Measure& measure, Commit goal,
                                     const std::vector<std::string>& may_be_new);

/// The deletes that were carried out, against those that were meant: each of `wanted` (`Kind/namespace/name`) once, and
/// nothing else but what tells people of releases that are not there any more. `complete`: all of them must be there.
[[nodiscard]] Problems judge_deletions(const std::vector<Deletion>& deletions, const std::vector<std::string>& wanted,
                                       bool complete);

/// Secret values of the scenario in texts that must not have any.
[[nodiscard]] Problems judge_secret_text(const std::string& where, const std::string& text);
/// The same in what the cluster tells people, and in the files of a directory, but for mirrors of repositories.
[[nodiscard]] Problems judge_secrets(const World& now);
[[nodiscard]] Problems judge_secret_files(const std::string& directory);

}  // namespace gitopsctl::crash
