#include "agent/reconcile/channel_run.hpp"

#include "agent/control/lease_names.hpp"
#include "agent/reconcile/crew.hpp"
#include "base/crypto/digest.hpp"
#include "base/process/crash_point.hpp"
#include "base/result/no_throw.hpp"

namespace gitopsctl::agent {

namespace {

// A lease outlives one pause of a busy machine, and is short enough that another agent takes over soon
// (specs: cluster-apply §4.4).
constexpr Millis lease_span{30'000};
constexpr Millis lease_renewal{10'000};

}  // namespace

ChannelRun::ChannelRun(ChannelRunner::State& state, const RunRequest& request, const Interrupt& interrupt)
    : s_(state),
      request_(request),
      interrupt_(interrupt),
      started_(state.clock.now()),
      channel_(std::make_shared<const channels::Channel>()),
      look_errors_(state.environment, state.setup.key) {
  channel_status_.environment = state.setup.environment_name;
  channel_status_.tip = request.commit;
  run_id_ = make_ulid(started_.time_since_epoch().count());
}

RunResult ChannelRun::go() {
  bool thrown = true;
  const auto outcome = no_throw("the run", [&]() -> Result<void> {
    auto done = road();
    thrown = false;
    return done;
  });
  // What was being remembered when memory ran out cannot be trusted.
  if (thrown) s_.memory.clear();
  if (!outcome.ok()) {
    // The environment did not answer, the lease is somebody else's, or the run was stopped: nothing more is written but why.
    result_.message = outcome.error().to_string();
    if (outcome.error().code() == ErrorCode::cancelled) {
      result_.state = RunState::preempted;
    } else {
      result_.state = RunState::failed;
      result_.errors = outcome.error().flatten();
      result_.retry = true;
      channel_status_.errors = result_.errors;
      // Without the lease the status is the holder's to write.
      if (!lease_.name.empty()) publish("Failed");
    }
    if (line_begun_) {
      finish_line(result_.state == RunState::preempted ? "interrupted" : "failed", result_.message);
    }
    s_.inventories.reset();
    s_.swept = false;
  }
  if (s_.inventories) {
    for (const auto& [name, inventory] : *s_.inventories) result_.objects += inventory.entries.size();
  }
  s_.stage.release_memory();
  std::vector<std::function<Result<void>()>> last{[this]() -> Result<void> {
    s_.status.tell();
    return {};
  }};
  // Given back at once, so that `gitopsctl apply` and another agent need not wait for its end.
  if (!lease_.name.empty()) last.emplace_back([this] { return s_.environment.release_lease(lease_); });
  // While the server answers: a plan of thousands of objects takes a while to free.
  last.emplace_back([this]() -> Result<void> {
    items_.clear();
    looks_.clear();
    changes_ = {};
    return {};
  });
  // An error only means that they do wait.
  static_cast<void>(do_at_once(s_.environment.writers(), last).ok());
  note_seen_version();
  return result_;
}

/// What was written by nobody but us needs no second look; else everything since the start of this run does.
void ChannelRun::note_seen_version() {
  if (!start_version_) return;
  const auto version = s_.environment.version();
  const auto others = s_.environment.changed_by_others(*start_version_);
  s_.seen_version = version.ok() && others.ok() && !*others ? *version : *start_version_;
}

Result<void> ChannelRun::road() {
  GITOPSCTL_TRY(start_version_, s_.environment.version());
  looked_at_version_ = *start_version_;
  // After the version, so that what changes in between counts as both.
  GITOPSCTL_TRY(const std::uint64_t content, s_.environment.content_version());
  others_wrote_ = content > s_.seen_version || request_.trigger == "drift";
  channel_status_.handled_request = request_.answers;
  const std::size_t hands = s_.environment.writers();
  const auto read_what_people_said = [this]() -> Result<void> {
    GITOPSCTL_TRY(switches_, read_switches(s_.environment, s_.setup.key, s_.switches));
    return {};
  };
  tree_ = request_.tree;
  commit_ = request_.commit;
  std::optional<Rendering> tip;
  const auto render_meanwhile = [&]() -> Result<void> {
    tip = render();
    return {};
  };
  std::vector<std::function<Result<void>()>> first{read_what_people_said, [this] { return take_lease(); }};
  // A new commit is rendered whatever people said. With one hand the lease comes first.
  if (s_.tip != commit_ && hands > 1) first.emplace_back(render_meanwhile);
  GITOPSCTL_CHECK(do_at_once(hands, first));
  std::vector<std::function<Result<void>()>> then{[this] { return read_record(); }, [this] { return read_inventories(); }};
  if (!tip && renders_tip()) then.emplace_back(render_meanwhile);
  GITOPSCTL_CHECK(do_at_once(hands, then));
  if (!follow_tip(tip)) return {};
  GITOPSCTL_CHECK(interrupt_.check("the run"));
  if (!follow_rollback()) return {};
  GITOPSCTL_CHECK(plan());
  GITOPSCTL_CHECK(interrupt_.check("the run"));
  if (!guard()) {
    finish_held();
    return {};
  }
  begin_record();
  GITOPSCTL_CHECK(write());
  return finish();
}

Result<void> ChannelRun::take_lease() {
  lease_name_ = channel_lease_name(s_.setup.key);
  const Millis asked = s_.clock.monotonic();
  auto lease = s_.environment.acquire_lease(lease_name_, s_.setup.holder, lease_span);
  if (!lease.ok()) {
    result_.elsewhere = lease.error().code() == ErrorCode::conflict;
    return lease.error();
  }
  lease_ = *std::move(lease);
  lease_taken_ = asked;
  if (s_.setup.leads && !s_.setup.leads()) return Error(ErrorCode::cancelled, "another agent may work by now");
  return {};
}

/// Asked before every write of the run.
Result<void> ChannelRun::may_continue() {
  const std::lock_guard lock(mutex_);
  if (ended_) return *ended_;
  GITOPSCTL_CHECK(interrupt_.check("the run"));
  if (s_.clock.monotonic() - lease_taken_ > lease_renewal) {
    const Millis asked = s_.clock.monotonic();
    const auto renewed = s_.environment.acquire_lease(lease_name_, s_.setup.holder, lease_span);
    const bool lost = renewed.ok() ? renewed->fence != lease_.fence : renewed.error().code() == ErrorCode::conflict;
    if (lost) return Error(ErrorCode::cancelled, "another agent took over channel '" + s_.setup.key.channel + "'");
    if (!renewed.ok()) return renewed.error();
    lease_taken_ = asked;
  }
  GITOPSCTL_TRY(const auto version, s_.environment.version());
  if (version == looked_at_version_) return {};
  GITOPSCTL_TRY(const bool others, s_.environment.changed_by_others(looked_at_version_));
  looked_at_version_ = version;
  if (!others) return {};
  GITOPSCTL_TRY(const Switches now, read_switches(s_.environment, s_.setup.key, s_.switches));
  if (!now.forbid_more_than(switches_)) return {};
  return Error(ErrorCode::cancelled, "channel '" + s_.setup.key.channel + "' was suspended or rolled back during the run");
}

Result<void> ChannelRun::read_record() {
  GITOPSCTL_TRY(record_, read_channel_record(s_.environment, s_.setup.key));
  channel_status_.deployed_known = true;
  channel_status_.deployed = record_.commit;
  channel_status_.deployed_digest = record_.render_digest;
  return {};
}

Result<void> ChannelRun::read_inventories() {
  if (s_.inventories && !others_wrote_) return {};
  s_.inventories.reset();
  GITOPSCTL_TRY(auto list,
                list_inventories(s_.environment, s_.setup.key.installation, s_.setup.key.repository, s_.setup.key.channel));
  s_.unreadable.clear();
  for (auto& unreadable : list.unreadable) s_.unreadable.emplace(unreadable.release, std::move(unreadable));
  s_.inventories.emplace();
  for (auto& inventory : list.readable) s_.inventories->emplace(inventory.identity.release, std::move(inventory));
  return {};
}

/// Most commits touch charts and values, not the channel file: it is read again when something that it was read from is
/// not the same any more.
Result<void> ChannelRun::load_channel() {
  if (!s_.channel || !unchanged(*tree_, s_.channel_files)) {
    s_.channel.reset();
    const RecordingTree recorder(tree_);
    GITOPSCTL_TRY(auto channel, channels::load_channel(recorder, s_.setup.key.channel, s_.setup.channel_file));
    s_.channel_files = recorder.dependencies();
    s_.channel = std::make_shared<const channels::Channel>(std::move(channel));
  }
  channel_ = s_.channel;
  return {};
}

/// Reads the channel file and renders its releases. Says nothing of it, and asks the environment only for what releases take
/// from there.
ChannelRun::Rendering ChannelRun::render() {
  Rendering out;
  crash_point(CrashPoint::render_before_channel);
  out.channel_file = load_channel();
  if (!out.channel_file.ok()) return out;
  crash_point(CrashPoint::render_after_channel);
  out.releases = s_.stage.update(channel_, tree_, interrupt_);
  if (out.releases.ok()) crash_point(CrashPoint::render_after_all);
  return out;
}

/// False when the channel file cannot be followed; then the result is complete.
bool ChannelRun::follow(const Rendering& rendering) {
  if (!rendering.channel_file.ok()) {
    fail_channel(rendering.channel_file.error().flatten());
    return false;
  }
  if (!rendering.releases.ok()) {
    result_.state = RunState::preempted;
    result_.message = rendering.releases.error().to_string();
    return false;
  }
  std::map<std::string, std::string> digests;
  std::map<std::string, std::string> seals;
  for (const auto& release : channel_->releases) {
    digests[release.name] = s_.stage.state(release.name).render_digest;
    seals[release.name] = s_.stage.state(release.name).seal_digest;
  }
  digest_ = channels::combine_digests(digests);
  seal_ = channels::combine_digests(seals);
  return true;
}

/// The tip is rendered unless it is known to render to what is held: then only the pinned revision is.
bool ChannelRun::renders_tip() const {
  const bool held = !switches_.held_digest.empty() && s_.tip == commit_ &&
                    (s_.tip_digest == switches_.held_digest || commit_ == switches_.held_revision);
  return !held || commit_ == switches_.pinned_revision;
}

/// `rendering`: nullopt where the tip need not be rendered.
bool ChannelRun::follow_tip(const std::optional<Rendering>& rendering) {
  if (!rendering) {
    digest_ = s_.tip_digest;
    return true;
  }
  if (!follow(*rendering)) return false;
  s_.tip = commit_;
  s_.tip_digest = digest_;
  return true;
}

/// True while the branch is not known to be something else than what was rolled back from. A tip that cannot be rendered as
/// a whole is not: its digest differs, but perhaps only by what is missing.
bool ChannelRun::holds_tip() {
  if (commit_ == switches_.held_revision || digest_ == switches_.held_digest) return true;
  for (const auto& release : channel_->releases) {
    const auto& errors = s_.stage.state(release.name).errors;
    if (errors.empty()) continue;
    channel_status_.rollback_note = "release '" + release.name + "' of it cannot be rendered: " + errors.front().to_string();
    return true;
  }
  return false;
}

/// Follows a rollback that is in force; false when it could not be followed.
bool ChannelRun::follow_rollback() {
  channel_status_.render_digest = digest_;
  if (switches_.held_digest.empty()) return true;
  if (!holds_tip()) {
    // The branch renders to something else now: the hold has done its work once that is deployed.
    ended_rollback_ = switches_.held_digest;
    return true;
  }
  if (commit_ == switches_.pinned_revision) return true;
  auto pinned = s_.tree_of(switches_.pinned_revision);
  if (!pinned.ok()) {
    fail_channel({pinned.error().in("rollback to " + switches_.pinned_revision.substr(0, 12))});
    return false;
  }
  rolled_back_ = true;
  channel_status_.rolled_back_from = commit_;
  tree_ = *std::move(pinned);
  commit_ = switches_.pinned_revision;
  result_.pinned = commit_;
  return follow(render());
}

}  // namespace gitopsctl::agent
