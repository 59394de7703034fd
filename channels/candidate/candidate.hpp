#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/git/mirror.hpp"
#include "channels/model/channel.hpp"

namespace gitopsctl::channels {

struct CandidateRequest {
  std::string branch;              ///< source branch, without refs/heads/
  CommitId source;                 ///< its commit
  std::string parent_channel;      ///< channel whose tip is the first parent
  std::vector<std::string> paths;  ///< of CandidateSpec
  TimePoint now{};
};

struct CandidateOutcome {
  enum class State : std::uint8_t { pushed, up_to_date, lost_race };
  State state = State::up_to_date;
  CommitId commit;
  CommitId tree;
  std::vector<std::string> missing_paths;  ///< listed, but not in the source commit
};

/// Builds `candidates/<branch>` and pushes it by compare-and-swap: tree = the listed paths of the source commit; first
/// parent the tip of `releases/<parent_channel>` (left out when there is none), second the source commit; subject
/// `Release candidate: <branch>` with trailers Source-commit, Source-branch, Gitopsctl-Version. The same tree and the same
/// channel tip as the candidate has already: nothing is pushed. A lost race is an outcome, not an error: the next tick
/// tries again. Channel tip and present candidate are those of the mirror's last fetch.
[[nodiscard]] Result<CandidateOutcome> build_candidate(Mirror& mirror, const CandidateRequest& request,
                                                       const Interrupt& interrupt);

enum class CandidateRemoval : std::uint8_t {
  removed,
  not_ours,   ///< it is no commit that build_candidate() made for this branch: somebody keeps something there
  lost_race,  ///< it moved since the last fetch
  gone,       ///< there is none
};

/// Deletes `candidates/<branch>`, whose source branch is gone, by compare-and-swap on its tip at the mirror's last fetch.
/// Only a commit of the form that build_candidate() gives it is deleted.
[[nodiscard]] Result<CandidateRemoval> remove_candidate(Mirror& mirror, const std::string& branch,
                                                        const Interrupt& interrupt);

/// Promotion: a commit with exactly the tree of `candidate`, first parent the tip of `releases/<channel>` (if any), second
/// the candidate; pushed to `releases/<channel>` by compare-and-swap (`conflict` when it moved since the mirror's last
/// fetch). Returns the new commit, or the channel's tip when that has this tree and the candidate behind it already.
[[nodiscard]] Result<CommitId> promote_candidate(Mirror& mirror, const CommitId& candidate, const std::string& channel,
                                                 const std::string& message, TimePoint now, const Interrupt& interrupt);

}  // namespace gitopsctl::channels
