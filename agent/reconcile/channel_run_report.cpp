#include <algorithm>
#include <utility>

#include "agent/reconcile/channel_run.hpp"
#include "base/process/crash_point.hpp"

namespace gitopsctl::agent {

namespace {

// Fields that are named where somebody else's changes are told of; `gitopsctl diff --live` has them all.
constexpr std::size_t max_told = 3;

/// Whose hand changed what of a release: `apps/Deployment web/web: spec.replicas by kubectl-scale (…)`; empty when nobody
/// knows more than that something changed.
std::string told_drift(const channels::ReleaseChanges& changes) {
  std::string out;
  std::size_t objects = 0;
  for (const auto& change : changes.changes) {
    if (change.cause != channels::Cause::drift) continue;
    const auto text = channels::drift_text(change.causes, max_told);
    if (text.empty() || ++objects > max_told) continue;
    out += (out.empty() ? "" : "; ") + change.id.to_string() + ": " + text;
  }
  if (objects > max_told) out += "; and more in " + std::to_string(objects - max_told) + " objects";
  return out;
}

// How soon, and then how often, the status of a release that waits says why.
constexpr Millis waiting_interval{3'000};

}  // namespace

void ChannelRun::fail_channel(std::vector<Error> errors) {
  result_.state = RunState::failed;
  result_.message = errors.front().to_string();
  result_.errors = errors;
  channel_status_.errors = std::move(errors);
  publish("Failed");
}

void ChannelRun::finish_held() {
  result_.state = RunState::held;
  for (const auto& verdict : verdicts_) {
    if (verdict.decision == channels::Decision::pass) continue;
    result_.message = verdict.message;
    break;
  }
  channel_status_.verdicts = verdicts_;
  channel_status_.pending = changes_.counts();
  if (channel_status_.pending->deleted() > 0) channel_status_.delete_digest = changes_.delete_digest();
  publish_releases(true);
  publish(switches_.suspend || channel_->suspend ? "Suspended" : "Held");
}

Result<void> ChannelRun::finish() {
  for (const auto& item : items_) {
    result_.created += item.report.created;
    result_.updated += item.report.updated;
    result_.removed += item.report.removed;
    if (!item.failed) continue;
    ++result_.failed_releases;
    if (!item.changes.errors.empty()) result_.failures[item.name] = item.changes.errors.front().to_string();
  }
  const bool failed = result_.failed_releases > 0;
  const bool wrote = result_.created + result_.updated + result_.removed > 0;
  const bool moved = !record_.known || record_.commit != commit_;
  result_.retry = failed;
  result_.state = failed ? RunState::failed : (wrote || moved) ? RunState::deployed : RunState::up_to_date;
  if (failed) {
    result_.message = std::to_string(result_.failed_releases) + " of " + std::to_string(items_.size()) + " releases failed";
  } else if (result_.state == RunState::up_to_date) {
    result_.message = "nothing to do";
  } else {
    result_.message = std::to_string(result_.created) + " created, " + std::to_string(result_.updated) + " changed, " +
                      std::to_string(result_.removed) + " removed";
  }
  if (!failed && (moved || record_.render_digest != digest_)) {
    record_.policy = policy_after();
    record_.commit = commit_;
    record_.render_digest = digest_;
    ApplyOptions options;
    options.lease = lease_name_;
    options.fence = lease_.fence;
    GITOPSCTL_CHECK(write_channel_record(s_.environment, s_.setup.key, record_, options));
  }
  channel_status_.deployed = record_.commit;
  channel_status_.deployed_digest = record_.render_digest;
  if (!failed) channel_status_.ended_rollback = ended_rollback_;
  report_healed();
  report_taken_over();
  finish_history(failed);
  crash_point(CrashPoint::store_before_status);
  publish_releases(false);
  publish(failed ? "Failed" : "Deployed");
  sweep_releases();
  crash_point(CrashPoint::store_after_status);
  return {};
}

/// An event for every release whose inventory was gone: what had left its rendering by then stays for ever.
void ChannelRun::report_taken_over() {
  for (const auto& item : items_) {
    if (item.failed || !item.taken_over_anew) continue;
    const auto written = s_.status.event(
        "Warning", "InventoryMissing",
        "the inventory of release '" + item.name +
            "' was gone; its objects were taken over anew. What had left the release before is not known any more and stays",
        item.name, item.inventory.release_namespace);
    if (!written.ok()) channel_status_.warnings.push_back("an event could not be written: " + written.error().to_string());
  }
}

/// Once after a start: Release objects of releases that are gone, which a killed run may have left behind.
void ChannelRun::sweep_releases() {
  if (s_.swept) return;
  std::set<std::pair<std::string, std::string>> places;
  const auto add = [&](const std::string& release, const std::string& namespace_) {
    places.emplace(release, namespace_.empty() ? std::string(home_namespace) : namespace_);
  };
  for (const auto& item : items_) {
    if (shows_nothing(item)) continue;
    add(item.name, item.inventory.release_namespace);
    if (item.former_namespace) add(item.name, *item.former_namespace);
  }
  // The run read at its begin which ones there are, and makes only those that it knows.
  s_.swept = std::ranges::includes(places, switches_.release_places) || s_.status.keep_releases(places).ok();
}

/// An event for every release whose objects somebody else had changed and this run put back.
void ChannelRun::report_healed() {
  for (const auto& item : items_) {
    if (item.failed || item.report.created + item.report.updated == 0) continue;
    std::string names;
    std::size_t count = 0;
    for (const auto& change : item.changes.changes) {
      if (change.cause != channels::Cause::drift || change.action == channels::Action::keep) continue;
      if (++count <= 3) names += (names.empty() ? "" : ", ") + change.id.to_string();
    }
    if (count == 0) continue;
    if (count > 3) names += " and " + std::to_string(count - 3) + " more";
    const auto told = told_drift(item.changes);
    const auto written = s_.status.event(
        "Normal", "DriftHealed",
        "somebody else changed " + names + "; it is as the commit says again" + (told.empty() ? "" : ". " + told), item.name,
        item.inventory.release_namespace);
    if (!written.ok()) channel_status_.warnings.push_back("an event could not be written: " + written.error().to_string());
  }
}

void ChannelRun::finish_history(bool failed) {
  const bool wrote = result_.created + result_.updated + result_.removed > 0;
  // A failed run that is tried again and again is one line, until something changes.
  if (!recorded_ || (failed && !wrote && repeats())) {
    if (line_begun_) finish_line("failed", result_.message);
    return;
  }
  begin_line();
  history_ = HistoryLine{commit_,
                         digest_,
                         rolled_back_ ? "rollback" : request_.trigger,
                         failed ? "failed" : "succeeded",
                         result_.message,
                         started_,
                         s_.clock.now(),
                         result_.created,
                         result_.updated,
                         result_.removed,
                         result_.failed_releases};
  if (line_begun_) finish_line(history_->outcome, history_->message);
}

void ChannelRun::finish_line(const std::string& outcome, const std::string& message) {
  line_begun_ = false;
  s_.repeated_commit = outcome == "failed" ? commit_ : "";
  s_.repeated_id = deployment_.id;
  deployment_.outcome = outcome;
  deployment_.message = message;
  deployment_.ended = s_.clock.now();
  deployment_.created = static_cast<std::uint32_t>(result_.created);
  deployment_.updated = static_cast<std::uint32_t>(result_.updated);
  deployment_.removed = static_cast<std::uint32_t>(result_.removed);
  deployment_.failed = static_cast<std::uint32_t>(result_.failed_releases);
  std::vector<channels::DeploymentReleaseRecord> releases;
  for (const auto& item : items_) {
    if (!item.planned) continue;
    channels::DeploymentReleaseRecord record;
    record.deployment = deployment_.id;
    record.release = item.name;
    record.render_digest = item.changes.to_digest;
    record.outcome = item.failed ? "failed" : "succeeded";
    if (!item.changes.errors.empty()) record.message = item.changes.errors.front().to_string();
    record.created = static_cast<std::uint32_t>(item.report.created);
    record.updated = static_cast<std::uint32_t>(item.report.updated);
    record.removed = static_cast<std::uint32_t>(item.report.removed);
    releases.push_back(std::move(record));
  }
  if (auto done = s_.store->finish_deployment(deployment_, releases); !done.ok()) {
    channel_status_.warnings.push_back("history is not recorded: " + done.error().to_string());
  }
}

/// True for a release that left the file and owns nothing any more: it has no Release object.
bool ChannelRun::shows_nothing(const Item& item) const {
  return item.release == nullptr && item.inventory.entries.empty() && !item.unreadable;
}

/// Says in the status of a release what it waits for, once that is no longer a matter of moments.
void ChannelRun::report_waiting(Item& item, const std::string& what) {
  const Millis now = s_.clock.monotonic();
  if (item.waits_since < Millis(0)) {
    item.waits_since = now;
    item.waiting_told = now;
  }
  if (now - item.waiting_told < waiting_interval) return;
  item.waiting_told = now;
  ReleaseStatus status;
  status.name = item.name;
  status.namespace_ = item.former_namespace.value_or(item.inventory.release_namespace);
  status.driver = item.changes.driver;
  status.state = "Pending";
  status.deployed_known = false;
  status.warnings = item.changes.warnings;
  status.waits_for = what;
  status.command = "gitopsctl tree " + s_.setup.key.channel;
  // What cannot be told now is told at the end of the run, or then there is a reason why not.
  static_cast<void>(s_.status.write_release(status).ok());
}

void ChannelRun::publish_releases(bool held) {
  std::vector<ReleaseStatus> all;
  for (const auto& item : items_) {
    if (shows_nothing(item)) continue;
    ReleaseStatus& status = all.emplace_back();
    status.deployed_known = !item.unreadable;
    status.name = item.name;
    status.namespace_ = item.former_namespace.value_or(item.inventory.release_namespace);
    status.driver = item.changes.driver;
    status.objects = item.inventory.entries.size();
    status.revision = item.inventory.commit;
    status.render_digest = item.inventory.render_digest;
    status.errors = item.changes.errors;
    status.warnings = item.changes.warnings;
    status.created = item.report.created;
    status.updated = item.report.updated;
    status.removed = item.report.removed;
    describe(item, held, status);
  }
  s_.status.write_releases(all, [this](const ReleaseStatus& status, const Error& error) {
    channel_status_.warnings.push_back("the status of release '" + status.name +
                                       "' could not be written: " + error.to_string());
  });
}

/// The state of a release in a word, and what it waits for with the command that moves it.
void ChannelRun::describe(const Item& item, bool held, ReleaseStatus& status) const {
  const std::string& channel = s_.setup.key.channel;
  const bool pending = has_work(item);
  status.state = "Deployed";
  if (item.failed) {
    status.state = "Failed";
    status.command = "gitopsctl why " + channel;
  } else if (switches_.suspended_releases.contains(item.name)) {
    status.state = "Suspended";
    status.waits_for = "the release is suspended";
    status.command = "gitopsctl resume " + channel + '/' + item.name;
  } else if (item.release != nullptr && item.release->suspend) {
    status.state = "Suspended";
    status.waits_for = "the channel file says `suspend: true` for it";
  } else if (item.release == nullptr && !item.inventory.prune) {
    status.state = "NoLongerListed";
    status.waits_for = "it is not in the channel file any more, and stays because the channel does not prune";
    status.command = "gitopsctl tree " + channel;
  } else if (held && (pending || item.release == nullptr)) {
    status.state = "Held";
    for (const auto& verdict : verdicts_) {
      if (verdict.decision == channels::Decision::pass) continue;
      status.waits_for = verdict.message;
      status.command = verdict.command;
      break;
    }
  } else if (pending && leave_alone(item)) {
    status.state = "Drifted";
    status.drifted = true;
    const auto told = told_drift(item.changes);
    status.waits_for = "somebody else changed its objects, and the channel file says `selfHeal: false`" +
                       (told.empty() ? std::string() : ": " + told);
    status.command = "gitopsctl diff " + channel + " --live";
  } else if (item.held_back) {
    status.state = "Pending";
    status.waits_for = item.release == nullptr ? "it left the channel, and stays until every release of that is deployed"
                                               : "what left it stays until every release of the channel is deployed";
    status.command = "gitopsctl why " + channel;
  }
}

void ChannelRun::publish(const std::string& state) {
  channel_status_.state = state;
  for (const auto& warning : channel_->warnings) channel_status_.warnings.push_back(warning);
  if (!items_.empty()) {
    channel_status_.counts_known = true;
    channel_status_.releases = channel_->releases.size();
    for (const auto& item : items_) {
      channel_status_.objects += item.inventory.entries.size();
      if (item.release != nullptr && !item.failed && item.inventory.phase == "applied") ++channel_status_.ready_releases;
    }
  } else if (s_.inventories) {
    // The channel file cannot be followed; what is deployed is still there.
    channel_status_.counts_known = true;
    channel_status_.releases = s_.inventories->size() + s_.unreadable.size();
    for (const auto& [name, inventory] : *s_.inventories) {
      channel_status_.objects += inventory.entries.size();
      if (inventory.phase == "applied") ++channel_status_.ready_releases;
    }
  }
  // What was read at the begin of the run is good for one write.
  const auto seen = std::exchange(switches_.channel_objects, std::nullopt);
  if (auto written = s_.status.write_channel(channel_status_, history_, seen ? &*seen : nullptr); !written.ok()) {
    result_.message += "; the status could not be written: " + written.error().to_string();
    result_.retry = true;
  }
}

}  // namespace gitopsctl::agent
