#include "agent/reconcile/repository_watcher.hpp"

#include <algorithm>
#include <random>

#include "base/crypto/digest.hpp"
#include "base/process/crash_point.hpp"
#include "base/process/memory.hpp"
#include "base/text/escape.hpp"
#include "channels/candidate/candidate.hpp"
#include "channels/model/channel.hpp"

namespace gitopsctl::agent {

namespace {

constexpr std::string_view heads = "refs/heads/";
constexpr std::string_view releases = "releases/";
constexpr std::string_view candidates = "candidates/";

/// Shell-like match of a branch name: `*` is any run of characters, also of slashes.
bool glob_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// A branch that one listing lacks may be between two pushes, or the listing of a server that has not caught up.
constexpr unsigned listings_without_source = 2;

double random_share() {
  static thread_local std::minstd_rand generator(std::random_device{}());
  return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

}  // namespace

RepositoryWatcher::RepositoryWatcher(const RepositoryConfig& config, std::vector<BoundChannel> channels,
                                     const std::string& state_directory, channels::Store* store, Clock& clock, LogSink log,
                                     std::function<void(const SourceView&)> moved)
    : config_(config),
      channels_(std::move(channels)),
      state_directory_(state_directory),
      store_(store),
      clock_(clock),
      log_(std::move(log)),
      moved_(std::move(moved)) {}

RepositoryWatcher::~RepositoryWatcher() = default;

std::string RepositoryWatcher::mirror_directory() const { return state_directory_ + "/mirrors/" + config_.name + ".git"; }

std::uint64_t RepositoryWatcher::poll_now() {
  const std::lock_guard lock(mutex_);
  asked_ = done_.load() + 2;  // a tick that is under way may have listed already: the one after it counts
  wake_.notify_all();
  return asked_;
}

void RepositoryWatcher::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const std::uint64_t fetched = fetches_;
    const bool ok = tick(stop);
    const auto retry_after = mirror_ ? mirror_->retry_after() : std::nullopt;
    const Millis pause = config_.poll.next(view_.state.failures, random_share(), retry_after);
    if (ok) mirror_->trim();
    if (fetches_ != fetched) return_free_memory();
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, pause, [&] { return asked_ > done_.load(); });
  }
}

bool RepositoryWatcher::tick(const std::stop_token& stop) {
  ++polls_;
  const auto looked = look(stop);
  if (looked.ok()) {
    if (view_.state.failures > 0) log_("info", "repository " + config_.name + " answers again");
    view_.state.failures = 0;
    view_.state.reachable = true;
    view_.state.error.reset();
  } else if (looked.error().code() != ErrorCode::cancelled) {
    orphans_.clear();  // what nobody saw says nothing about what is gone
    ++failures_;
    ++view_.state.failures;
    view_.state.reachable = false;
    view_.state.error = looked.error();
    log_("warn", "repository " + config_.name + ": " + looked.error().to_string());
  }
  moved_(view_);
  if (looked.ok() && config_.candidates) {
    build_candidates(stop);
    remove_orphans(stop);
  }
  if (mirror_) {
    requests_ = mirror_->counters().requests;
    bytes_ = mirror_->counters().bytes_received;
  }
  ++done_;
  return looked.ok();
}

Result<void> RepositoryWatcher::look(const std::stop_token& stop) {
  if (!mirror_) {
    GITOPSCTL_TRY(mirror_, channels::Mirror::open(mirror_directory(), config_.remote));
    view_.refs = mirror_->refs();
  }
  // Both end by themselves: a listing by the repository's timeout, a fetch when it is slower than that and its rate allow.
  // A deadline of our own would cut every clone that takes longer than a listing may, for ever.
  const Interrupt interrupt{stop, {}};
  GITOPSCTL_TRY(const channels::RefListing listing, mirror_->list_remote(interrupt));
  for (const auto& name : listing.ignored) {
    log_("warn", "repository " + config_.name + ": a ref with an impossible name is ignored: " + terminal_safe(name));
  }
  const auto before = view_.refs;
  GITOPSCTL_CHECK(mirror_->fetch(listing, {}, interrupt));
  note_orphans(listing);
  view_.refs = mirror_->refs();
  if (view_.refs == before) return {};
  ++fetches_;
  // The trigger is a row before anything acts on it (architecture §4.6).
  if (store_ != nullptr) {
    for (const auto& channel : channels_) {
      const auto tip = view_.refs.find(std::string(heads) + std::string(releases) + channel.name);
      if (tip == view_.refs.end()) continue;
      channels::WorkItem item;
      item.kind = "deploy:" + config_.name + "/" + channel.name;
      item.key = config_.name + '/' + channel.name;
      item.payload = tip->second;
      item.not_before = clock_.now();
      if (auto queued = store_->enqueue(item); !queued.ok()) log_("warn", "queue: " + queued.error().to_string());
    }
  }
  return {};
}

/// True for a branch that candidates are made of.
bool RepositoryWatcher::is_source(const std::string& branch) const {
  if (branch.starts_with(releases) || branch.starts_with(candidates)) return false;
  return config_.source_branches.empty() ||
         std::any_of(config_.source_branches.begin(), config_.source_branches.end(),
                     [&](const std::string& pattern) { return glob_matches(pattern, branch); });
}

/// Counts for every candidate how often in a row its source branch was not listed. A listing without any branch but
/// candidates tells nothing.
void RepositoryWatcher::note_orphans(const channels::RefListing& listing) {
  const std::string prefix = std::string(heads) + std::string(candidates);
  const bool whole = std::any_of(listing.refs.begin(), listing.refs.end(), [&](const auto& ref) {
    return ref.first.starts_with(heads) && !ref.first.starts_with(prefix);
  });
  std::map<std::string, Orphan> next;
  for (auto at = listing.refs.lower_bound(prefix); whole && at != listing.refs.end() && at->first.starts_with(prefix);
       ++at) {
    const std::string branch = at->first.substr(prefix.size());
    if (listing.refs.contains(std::string(heads) + branch) || !is_source(branch)) continue;
    Orphan& orphan = next[branch];
    if (const auto known = orphans_.find(branch); known != orphans_.end()) orphan = known->second;
    ++orphan.listings;
  }
  orphans_ = std::move(next);
}

void RepositoryWatcher::remove_orphans(const std::stop_token& stop) {
  std::vector<std::string> branches;
  for (const auto& [branch, orphan] : orphans_) {
    const auto tip = view_.refs.find(std::string(heads) + std::string(candidates) + branch);
    if (orphan.listings >= listings_without_source && tip != view_.refs.end() && tip->second != orphan.asked) {
      branches.push_back(branch);
    }
  }
  for (const auto& branch : branches) {
    if (stop.stop_requested()) return;
    remove_candidate(branch, stop);
  }
}

void RepositoryWatcher::remove_candidate(const std::string& branch, const std::stop_token& stop) {
  const channels::CommitId tip = view_.refs.at(std::string(heads) + std::string(candidates) + branch);
  const std::string name = "candidates/" + terminal_safe(branch);
  const auto removed = channels::remove_candidate(*mirror_, branch, {stop, Deadline(clock_, config_.remote.timeout)});
  if (!removed.ok()) {
    // A rule of the remote stays as it is; anything else is tried again with the next listing.
    if (removed.error().code() == ErrorCode::forbidden) orphans_[branch].asked = tip;
    log_("warn", name + ": " + removed.error().to_string());
    return;
  }
  switch (*removed) {
    case channels::CandidateRemoval::removed:
      log_("info", name + " is removed: its source branch is gone");
      orphans_.erase(branch);
      audit("remove candidate", branch, tip);
      break;
    case channels::CandidateRemoval::not_ours:
      log_("info", name + " stays although its source branch is gone: it is no commit that gitopsctl made");
      orphans_[branch].asked = tip;
      break;
    case channels::CandidateRemoval::lost_race:
    case channels::CandidateRemoval::gone: break;
  }
}

void RepositoryWatcher::audit(const std::string& action, const std::string& branch, const std::string& what) {
  if (store_ == nullptr) return;
  const channels::AuditRecord record{make_ulid(clock_.now().time_since_epoch().count()),
                                     clock_.now(),
                                     "gitopsctl",
                                     action,
                                     config_.name + "/candidates/" + branch,
                                     what};
  if (auto written = store_->audit(record); !written.ok()) log_("warn", "audit: " + written.error().to_string());
}

Result<channels::CandidateRequest> RepositoryWatcher::candidate_request(const std::string& branch,
                                                                        const channels::CommitId& commit) const {
  GITOPSCTL_TRY(const FileTreePtr tree, mirror_->tree(commit));
  channels::CandidateRequest request;
  request.branch = branch;
  request.source = commit;
  request.now = clock_.now();
  for (const auto& bound : channels_) {
    const auto channel = channels::load_channel(*tree, bound.name, bound.file);
    // A channel that the commit does not have adds nothing. One that cannot be read may list paths and name a parent: what
    // could be built without them is not the candidate.
    if (!channel.ok() && channel.error().code() != ErrorCode::not_found) {
      return channel.error().in("channel " + bound.name);
    }
    if (!channel.ok() || !channel->candidate) continue;
    for (const auto& path : channel->candidate->paths) {
      if (std::find(request.paths.begin(), request.paths.end(), path) == request.paths.end()) request.paths.push_back(path);
    }
    if (!channel->candidate->parent.empty()) request.parent_channel = channel->candidate->parent;
  }
  if (request.parent_channel.empty() && !channels_.empty()) request.parent_channel = channels_.back().name;
  return request;
}

void RepositoryWatcher::warn_once(const std::string& branch, const channels::CommitId& commit, const Error& error) {
  const std::size_t more = error.flatten().size() - 1;
  const std::string text =
      commit.substr(0, 12) + ": " + error.to_string() + (more > 0 ? " (and " + std::to_string(more) + " more)" : "");
  std::string& said = warned_[branch];
  if (said == text) return;
  said = text;
  log_("warn", "candidate of " + terminal_safe(branch) + " is not built at " + text);
}

void RepositoryWatcher::build_candidates(const std::stop_token& stop) {
  // Branches come and go for years.
  const auto gone = [&](const auto& entry) { return !view_.refs.contains(std::string(heads) + entry.first); };
  std::erase_if(built_from_, gone);
  std::erase_if(warned_, gone);
  for (const auto& [ref, commit] : view_.refs) {
    if (stop.stop_requested()) return;
    if (!ref.starts_with(heads)) continue;
    const std::string branch = ref.substr(heads.size());
    if (is_source(branch)) build_candidate(branch, commit, stop);
  }
  remembered_ = built_from_.size() + warned_.size();
}

void RepositoryWatcher::build_candidate(const std::string& branch, const channels::CommitId& commit,
                                        const std::stop_token& stop) {
  // Everything that the outcome depends on, in one text: unchanged means there is nothing to do.
  std::string inputs = commit;
  for (const auto& channel : channels_) {
    const auto tip = view_.refs.find(std::string(heads) + std::string(releases) + channel.name);
    inputs += ' ' + (tip == view_.refs.end() ? std::string("-") : tip->second);
  }
  const auto present = view_.refs.find(std::string(heads) + std::string(candidates) + branch);
  inputs += ' ' + (present == view_.refs.end() ? std::string("-") : present->second);
  std::string& known = built_from_[branch];
  if (known == inputs) return;

  const auto request = candidate_request(branch, commit);
  if (!request.ok()) {
    // Looked at again with the next tick: the reason may be a mirror that is mended by then.
    warn_once(branch, commit, request.error());
    return;
  }
  known = inputs;
  if (request->paths.empty()) return;  // the branch does not describe a candidate
  const auto built = channels::build_candidate(*mirror_, *request, {stop, Deadline(clock_, config_.remote.timeout)});
  if (!built.ok()) {
    known.clear();  // try again next time
    log_("warn", "candidate of " + terminal_safe(branch) + ": " + built.error().to_string());
    return;
  }
  for (const auto& path : built->missing_paths) {
    log_("warn",
         "candidate of " + terminal_safe(branch) + ": listed path '" + terminal_safe(path) + "' is not in the commit");
  }
  if (built->state == channels::CandidateOutcome::State::lost_race) known.clear();
  if (built->state != channels::CandidateOutcome::State::pushed) return;
  ++candidates_;
  log_("info", "candidates/" + terminal_safe(branch) + " is " + built->commit.substr(0, 12) + " (from " +
                   commit.substr(0, 12) + ")");
  audit("candidate", branch, built->commit + " from " + commit);
}

void RepositoryWatcher::add_figures(AgentFigures& figures) const {
  figures.polls += polls_;
  figures.poll_failures += failures_;
  figures.fetches += fetches_;
  figures.candidates += candidates_;
  figures.git_requests += requests_;
  figures.git_bytes += bytes_;
}

}  // namespace gitopsctl::agent
