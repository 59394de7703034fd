#include "channels/candidate/candidate.hpp"

#include "base/process/crash_point.hpp"
#include "base/text/escape.hpp"
#include "version_data.hpp"

namespace gitopsctl::channels {
namespace {

constexpr std::string_view candidate_prefix = "refs/heads/candidates/";
constexpr std::string_view release_prefix = "refs/heads/releases/";

/// The commit that the mirror's `ref` has; empty when there is none.
CommitId tip(const Mirror& mirror, const std::string& ref) {
  const auto refs = mirror.refs();
  const auto found = refs.find(ref);
  return found == refs.end() ? CommitId() : found->second;
}

/// The message of a candidate up to the version that built it.
std::string message_head(const std::string& branch, const CommitId& source) {
  return "Release candidate: " + branch + "\n\nSource-commit: " + source + "\nSource-branch: " + branch +
         "\nGitopsctl-Version: ";
}

std::string message_of(const CandidateRequest& request) {
  return message_head(request.branch, request.source) + GITOPSCTL_VERSION "\n";
}

/// True for a commit as build_candidate() makes it of `branch`, by whatever version.
bool is_candidate_of(const CommitInfo& commit, const std::string& branch) {
  if (commit.parents.empty() || commit.parents.size() > 2 || commit.author_name != NewCommit{}.author_name) return false;
  const std::string head = message_head(branch, commit.parents.back());
  const auto rest = commit.message.starts_with(head) ? commit.message.substr(head.size()) : std::string("\n\n");
  return rest.find('\n') == rest.size() - 1;  // the version, and nothing after its line
}

/// The channel's tip that a candidate was built on: its first parent, unless it has only its source.
CommitId base_of(const CommitInfo& candidate) {
  return candidate.parents.size() > 1 ? candidate.parents.front() : CommitId();
}

Result<void> check_request(const CandidateRequest& request) {
  if (request.branch.starts_with("releases/") || request.branch.starts_with("candidates/")) {
    return Error(ErrorCode::invalid_input, "branch '" + terminal_safe(request.branch) + "' is no source branch")
        .with_hint("candidates are made of branches other than releases/… and candidates/…");
  }
  if (request.paths.empty()) {
    return Error(ErrorCode::invalid_input, "no paths are listed for candidates")
        .with_hint("list what belongs to a release under candidate: {paths: […]}");
  }
  return {};
}

}  // namespace

Result<CandidateOutcome> build_candidate(Mirror& mirror, const CandidateRequest& request, const Interrupt& interrupt) {
  GITOPSCTL_CHECK(check_request(request));
  const std::string ref = std::string(candidate_prefix) + request.branch;
  CandidateOutcome out;
  crash_point(CrashPoint::candidate_before_tree);
  GITOPSCTL_TRY(out.tree, mirror.write_subset(request.source, request.paths, out.missing_paths));
  crash_point(CrashPoint::candidate_after_tree);

  const CommitId held = tip(mirror, ref);
  const CommitId base = tip(mirror, std::string(release_prefix) + request.parent_channel);
  if (!held.empty()) {
    GITOPSCTL_TRY(const CommitInfo present, mirror.commit(held));
    if (present.tree == out.tree && base_of(present) == base) {
      out.commit = held;
      return out;
    }
  }
  NewCommit commit;
  commit.tree = out.tree;
  if (!base.empty()) commit.parents.push_back(base);
  commit.parents.push_back(request.source);
  commit.message = message_of(request);
  commit.at = request.now;
  GITOPSCTL_TRY(out.commit, mirror.write_commit(commit));
  crash_point(CrashPoint::candidate_after_commit);

  GITOPSCTL_CHECK(interrupt.check("candidate of " + request.branch));
  crash_point(CrashPoint::candidate_before_push);
  const auto pushed = mirror.push(ref, held, out.commit, interrupt);
  if (!pushed && pushed.error().code() == ErrorCode::conflict) {
    out.state = CandidateOutcome::State::lost_race;
    return out;
  }
  if (!pushed) return pushed.error().in("candidate of " + terminal_safe(request.branch));
  crash_point(CrashPoint::candidate_after_push);
  out.state = CandidateOutcome::State::pushed;
  return out;
}

Result<CandidateRemoval> remove_candidate(Mirror& mirror, const std::string& branch, const Interrupt& interrupt) {
  const std::string ref = std::string(candidate_prefix) + branch;
  const CommitId held = tip(mirror, ref);
  if (held.empty()) return CandidateRemoval::gone;
  GITOPSCTL_TRY(const CommitInfo present, mirror.commit(held));
  if (!is_candidate_of(present, branch)) return CandidateRemoval::not_ours;
  GITOPSCTL_CHECK(interrupt.check("removing the candidate of " + branch));
  const auto pushed = mirror.push(ref, held, {}, interrupt);
  if (!pushed && pushed.error().code() == ErrorCode::conflict) return CandidateRemoval::lost_race;
  if (!pushed) return pushed.error().in("removing the candidate of " + terminal_safe(branch));
  return CandidateRemoval::removed;
}

Result<CommitId> promote_candidate(Mirror& mirror, const CommitId& candidate, const std::string& channel,
                                   const std::string& message, TimePoint now, const Interrupt& interrupt) {
  const std::string ref = std::string(release_prefix) + channel;
  GITOPSCTL_TRY(const CommitInfo info, mirror.commit(candidate));
  const CommitId held = tip(mirror, ref);
  if (!held.empty()) {
    GITOPSCTL_TRY(const CommitInfo present, mirror.commit(held));
    if (present.tree == info.tree) {
      GITOPSCTL_TRY(const bool promoted, mirror.is_ancestor(candidate, held));
      if (promoted) return held;
    }
  }
  NewCommit commit;
  commit.tree = info.tree;
  if (!held.empty()) commit.parents.push_back(held);
  commit.parents.push_back(candidate);
  commit.message = message;
  commit.at = now;
  GITOPSCTL_TRY(CommitId id, mirror.write_commit(commit));
  if (auto pushed = mirror.push(ref, held, id, interrupt); !pushed)
    return pushed.error().in("promotion to " + terminal_safe(channel));
  return id;
}

}  // namespace gitopsctl::channels
