#include "agent/reconcile/channel_worker.hpp"

#include <algorithm>
#include <utility>

#include "base/process/memory.hpp"

namespace gitopsctl::agent {

namespace {

// How soon a change in the environment (a switch, somebody's hand) is noticed.
constexpr Millis glance{200};
// A failed run, and a status that could not be written, is tried again after this, then twice as long, up to five minutes.
constexpr Millis first_retry{5'000};
constexpr Millis last_retry{300'000};
// How soon a channel that somebody else works on is looked at again.
constexpr Millis busy_pause{1'000};
// How long a sync waits for a fresh look at the repository before it goes on with what is known.
constexpr Millis sync_patience{30'000};
// A look costs about 0.2 ms of processor time for each object: half a percent of a processor, however many there are.
constexpr Millis drift_per_object{50};

/// What of a newer version kept the channel from being worked on; empty when nothing did.
std::string newer(const std::vector<Error>& errors) {
  for (const auto& error : errors) {
    if (error.code() == ErrorCode::newer_schema) return error.to_string() + "; " + error.hint();
  }
  return {};
}

std::string hint_of(const std::vector<Error>& errors) {
  return errors.empty() || errors.front().hint().empty() ? std::string() : " (hint: " + errors.front().hint() + ')';
}

/// How long to wait after `failures` in a row, the last one included.
Millis pause_after(unsigned failures) {
  const unsigned doubled = std::min(failures - 1, 6U);
  return std::min(first_retry * (1U << doubled), last_retry);
}

}  // namespace

Millis drift_pause(Millis interval, std::size_t objects) noexcept {
  return std::max(interval, drift_per_object * static_cast<Millis::rep>(objects));
}

ChannelWorker::ChannelWorker(Setup setup, Environment& environment, channels::Store* store, RepositoryWatcher& watcher,
                             Clock& clock, LogSink log)
    : setup_(std::move(setup)),
      environment_(environment),
      store_(store),
      watcher_(watcher),
      clock_(clock),
      log_(std::move(log)),
      runner_(setup_.runner, environment, store, clock,
              [this](const channels::CommitId& commit) { return tree_of(commit); }) {
  figures_.repository = setup_.runner.key.repository;
  figures_.channel = setup_.runner.key.channel;
}

ChannelWorker::~ChannelWorker() = default;

void ChannelWorker::source_changed(const SourceView& view) {
  const std::lock_guard lock(mutex_);
  const auto ref = view.refs.find("refs/heads/releases/" + setup_.runner.key.channel);
  SourceState state = view.state;
  state.branch_exists = ref != view.refs.end();
  if (state.reachable) look_first_ = false;
  if (ref != view.refs.end() && ref->second != tip_ && !look_first_) {
    tip_ = ref->second;
    // A newer commit pre-empts: nobody waits for something that is no longer wanted.
    if (current_ && running_ != tip_) current_->request_stop();
  }
  // A branch that is gone changes nothing: what is deployed stays, and the last tip stays known.
  source_ = state;
  source_fresh_ = true;
  wake_.notify_all();
}

Result<FileTreePtr> ChannelWorker::tree_of(const channels::CommitId& commit) {
  if (!mirror_) {
    GITOPSCTL_TRY(mirror_, channels::Mirror::open_kept(watcher_.mirror_directory(), setup_.remote));
  }
  return mirror_->tree(commit);
}

void ChannelWorker::publish_source() {
  SourceState state;
  {
    const std::lock_guard lock(mutex_);
    if (!source_due()) return;
    source_fresh_ = false;
    state = source_;
  }
  const auto written = runner_.report_source(state);
  const std::lock_guard lock(mutex_);
  if (written.ok()) {
    source_failures_ = 0;
    next_source_ = Millis(0);
    return;
  }
  source_fresh_ = true;
  if (written.error().code() == ErrorCode::cancelled) return;
  const Millis pause = pause_after(++source_failures_);
  next_source_ = clock_.monotonic() + pause;
  log_("warn", setup_.runner.key.to_string() + ": the status cannot be written, next try in " + format_duration(pause) +
                   ": " + written.error().to_string());
}

/// Called with the lock held.
bool ChannelWorker::source_due() const { return source_fresh_ && clock_.monotonic() >= next_source_; }

void ChannelWorker::run(const std::stop_token& stop) {
  bool worked = false;
  while (!stop.stop_requested()) {
    publish_source();
    if (const auto reason = next_reason(stop)) {
      execute(*reason, stop);
      worked = true;
      continue;
    }
    // A rendering takes far more memory than what is kept of it.
    if (std::exchange(worked, false)) runner_.gather_memory();
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, glance, [&] { return source_due() || (!tip_.empty() && tip_ != done_commit_); });
  }
}

void ChannelWorker::begin_anew() {
  const std::lock_guard lock(mutex_);
  runner_.forget();
  tip_.clear();
  look_first_ = true;
  source_fresh_ = false;
  done_commit_.clear();
  first_ = true;
  failures_ = 0;
  retry_ = false;
  seen_version_ = 0;
  answering_.clear();
  told_.clear();
  blocked_.clear();
  figures_.ready = false;
}

void ChannelWorker::note_request() {
  if (auto asked = runner_.sync_requested(); asked.ok()) answering_ = *std::move(asked);
}

bool ChannelWorker::run_once(const std::stop_token& stop) {
  publish_source();
  channels::CommitId tip;
  {
    const std::lock_guard lock(mutex_);
    tip = tip_;
    if (tip.empty()) return source_.reachable;
  }
  execute({answering_.empty() ? "poll" : "request", tip}, stop);
  return !retry_ && failures_ == 0 && told_busy_.empty();
}

std::optional<ChannelWorker::Reason> ChannelWorker::next_reason(const std::stop_token& stop) {
  channels::CommitId tip;
  {
    const std::lock_guard lock(mutex_);
    tip = tip_;
  }
  if (clock_.monotonic() < busy_until_ || (setup_.runner.leads && !setup_.runner.leads())) return std::nullopt;
  const auto version = environment_.version();
  if (version.ok() && *version != seen_version_) {
    seen_version_ = *version;
    if (const auto asked = runner_.sync_requested(); asked.ok() && !asked->empty()) {
      if (*asked != answering_) follow_sync_request(stop);
      answering_ = *asked;
      const std::lock_guard lock(mutex_);
      if (!tip_.empty()) return Reason{"request", tip_};
    } else if (!tip.empty() && !first_ && *version != runner_.seen_version()) {
      // Somebody wrote: a switch, an approval, or an object of ours.
      return Reason{tip != done_commit_ ? "poll" : "switch", tip};
    }
  }
  if (tip.empty()) return std::nullopt;
  if (first_) return Reason{"start", tip};
  if (tip != done_commit_) return Reason{"poll", tip};
  const Millis now = clock_.monotonic();
  if (retry_ && now >= next_retry_) return Reason{"retry", tip};
  if (now >= next_drift_) return Reason{"drift", tip};
  return std::nullopt;
}

void ChannelWorker::follow_sync_request(const std::stop_token& stop) {
  const std::uint64_t wanted = watcher_.poll_now();
  const Deadline deadline(clock_, sync_patience);
  while (watcher_.done() < wanted && !stop.stop_requested() && !deadline.passed()) {
    clock_.sleep(Millis(10), stop);
  }
  publish_source();
}

/// What is being deployed: the commit, or what was gone back to from it.
std::string ChannelWorker::deployed_text(const channels::CommitId& commit, const RunResult& result) const {
  const std::string key = setup_.runner.key.to_string();
  if (result.pinned.empty()) return key + " at " + commit.substr(0, 12);
  return key + " at " + result.pinned.substr(0, 12) + ", rolled back from " + commit.substr(0, 12);
}

/// One line for each release that fails, once per commit and error.
void ChannelWorker::log_failures(const channels::CommitId& commit, const RunResult& result) {
  // A run that did not come to its releases says nothing about them.
  const bool looked = result.state == RunState::up_to_date || result.state == RunState::deployed;
  if (result.failures.empty() && !looked) return;
  if (commit != told_commit_) told_.clear();
  told_commit_ = commit;
  for (const auto& [release, error] : result.failures) {
    const auto told = told_.find(release);
    if (told != told_.end() && told->second == error) continue;
    log_("warn", setup_.runner.key.to_string() + '/' + release + " at " +
                     (result.pinned.empty() ? commit : result.pinned).substr(0, 12) + ": " + error);
  }
  told_ = result.failures;
}

RunResult ChannelWorker::run_commit(const Reason& reason, const std::stop_token& stop) {
  const auto tree = tree_of(reason.commit);
  if (tree.ok()) return runner_.run({reason.commit, *tree, reason.trigger, answering_}, {stop, {}});
  RunResult result;
  result.state = RunState::failed;
  result.message = tree.error().to_string();
  result.retry = true;
  return result;
}

/// After a run, when nobody holds a tree of it any more.
void ChannelWorker::close_mirror() {
  if (!mirror_) return;
  const bool suspect = mirror_->suspect();
  mirror_.reset();  // leaves the mark that the watcher heeds
  if (suspect) watcher_.poll_now();
}

void ChannelWorker::execute(const Reason& reason, const std::stop_token& stop) {
  std::stop_source source;
  const std::stop_callback forward(stop, [&source] { source.request_stop(); });
  {
    const std::lock_guard lock(mutex_);
    current_ = source;
    running_ = reason.commit;
    if (tip_ != reason.commit && !tip_.empty()) source.request_stop();
  }
  std::optional<channels::WorkItem> work;
  if (store_ != nullptr) {
    // The queued trigger of this channel, if there is one, is answered by this run.
    if (auto claimed = store_->claim("deploy:" + setup_.runner.key.to_string()); claimed.ok()) work = *std::move(claimed);
  }
  const Millis begun = clock_.monotonic();
  const RunResult result = run_commit(reason, source.get_token());
  close_mirror();
  if (work && result.state != RunState::preempted) {
    if (auto finished = store_->finish(*work); !finished.ok()) log_("warn", "queue: " + finished.error().to_string());
  }
  const Millis now = clock_.monotonic();
  const std::lock_guard lock(mutex_);
  current_.reset();
  figures_.runs++;
  figures_.renders = runner_.renders();
  figures_.created += result.created;
  figures_.updated += result.updated;
  figures_.removed += result.removed;
  figures_.last_run_ms = (now - begun).count();
  next_drift_ = now + drift_pause(setup_.drift_interval, result.objects);
  if (result.state == RunState::preempted) {
    log_("info", setup_.runner.key.to_string() + ": " + result.message);
    return;  // done_commit_ stays, so that the next look starts again
  }
  if (result.elsewhere) {
    if (told_busy_ != result.message) log_("info", setup_.runner.key.to_string() + ": " + result.message);
    told_busy_ = result.message;
    busy_until_ = now + busy_pause;
    return;  // the same: whatever there is to do is done when the other one has ended
  }
  told_busy_.clear();
  first_ = false;
  blocked_ = newer(result.errors);
  if (!blocked_.empty()) blocked_ = setup_.runner.key.to_string() + ": " + blocked_;
  done_commit_ = reason.commit;
  retry_ = result.retry;
  log_failures(reason.commit, result);
  // Also after a run that did its work and could not say so.
  failures_ = retry_ || result.state == RunState::failed ? failures_ + 1 : 0;
  if (failures_ > 0) next_retry_ = now + pause_after(failures_);
  if (result.state == RunState::failed) {
    ++figures_.failures;
    figures_.ready = false;
    log_("warn", deployed_text(reason.commit, result) + ": " + result.message + hint_of(result.errors));
    return;
  }
  figures_.ready = result.state != RunState::held;
  if (figures_.ready) figures_.last_success = clock_.now().time_since_epoch().count() / 1000;
  if (result.state != RunState::up_to_date) {
    log_("info", deployed_text(reason.commit, result) + " (" + reason.trigger +
                     "): " + std::string(run_state_name(result.state)) + ": " + result.message);
  }
}

std::string ChannelWorker::blocked() const {
  const std::lock_guard lock(mutex_);
  return blocked_;
}

bool ChannelWorker::ran() const {
  const std::lock_guard lock(mutex_);
  return !first_ || (source_.reachable && tip_.empty()) || failures_ > 0 || !told_busy_.empty();
}

AgentFigures::Channel ChannelWorker::figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

}  // namespace gitopsctl::agent
