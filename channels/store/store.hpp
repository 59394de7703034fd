#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::channels {

/// One run of a channel: what was deployed, when, how it ended. History only; losing it loses no safety.
struct DeploymentRecord {
  std::string id;  ///< ULID
  std::string repository;
  std::string channel;
  std::string commit;
  std::string from_commit;
  std::string render_digest;
  std::string trigger;  ///< poll, sync, rollback, approve, start
  std::string outcome;  ///< running, succeeded, failed, held, interrupted
  std::string message;  ///< redacted
  TimePoint started{};
  std::optional<TimePoint> ended;
  std::uint32_t created = 0, updated = 0, removed = 0, failed = 0;
};

/// One release inside a deployment.
struct DeploymentReleaseRecord {
  std::string deployment;
  std::string release;
  std::string render_digest;
  std::string outcome;
  std::string message;
  std::uint32_t created = 0, updated = 0, removed = 0;
  Millis duration{0};
};

/// A line of the audit trail.
struct AuditRecord {
  std::string id;
  TimePoint at{};
  std::string actor;
  std::string action;   ///< apply, prune, suspend, approve, candidate, …
  std::string subject;  ///< repository/channel[/release]
  std::string detail;   ///< redacted
};

/// A queued piece of work: at most one row per (kind, key); a newer trigger replaces the payload of an older one.
struct WorkItem {
  std::string kind;  ///< deploy, candidate
  std::string key;   ///< repository/channel, repository/branch
  std::uint32_t payload_version = 1;
  std::string payload;
  std::int32_t priority = 0;  ///< higher first
  TimePoint not_before{};
  std::int64_t fence = 0;  ///< grows with every claim; a late finisher with an old fence changes nothing
};

/// The durable store of one agent: one SQLite file in WAL mode, forward-only migrations in numbered steps. A file of a newer
/// schema is refused (`newer_schema`) and not touched. A file that is damaged is set aside (its name + `.damaged-<time>`)
/// and a new one is made: history is lost, nothing else.
/// A full disk is an `unavailable` error of the call; the store stays usable. Thread-safe (one connection, one lock).
class Store {
 public:
  static Result<std::unique_ptr<Store>> open(const std::string& path, Clock& clock);
  virtual ~Store() = default;

  virtual Result<void> begin_deployment(const DeploymentRecord& record) = 0;
  virtual Result<void> finish_deployment(const DeploymentRecord& record,
                                         const std::vector<DeploymentReleaseRecord>& releases) = 0;
  /// Marks deployments that were running when the program died as interrupted; returns how many.
  virtual Result<std::size_t> close_interrupted() = 0;
  /// Newest first.
  [[nodiscard]] virtual Result<std::vector<DeploymentRecord>> deployments(const std::string& repository,
                                                                          const std::string& channel,
                                                                          std::size_t limit) const = 0;
  [[nodiscard]] virtual Result<std::vector<DeploymentReleaseRecord>> deployment_releases(
      const std::string& deployment) const = 0;

  virtual Result<void> audit(const AuditRecord& record) = 0;
  [[nodiscard]] virtual Result<std::vector<AuditRecord>> audit_trail(const std::string& subject_prefix,
                                                                     std::size_t limit) const = 0;

  /// Adds or replaces the row of (kind, key).
  virtual Result<void> enqueue(const WorkItem& item) = 0;
  /// The next item that is due and not claimed, claimed for this process (its fence raised); nothing when idle.
  virtual Result<std::optional<WorkItem>> claim(const std::string& kind) = 0;
  /// Removes a claimed item, unless it was enqueued anew meanwhile (then it becomes claimable again).
  virtual Result<void> finish(const WorkItem& item) = 0;
  /// Makes items claimed by a process that died claimable again (called at start).
  virtual Result<std::size_t> release_claims() = 0;

  /// Deletes history older than `keep` and above `max_rows` per channel.
  virtual Result<void> prune_history(Millis keep, std::size_t max_rows) = 0;
};

}  // namespace gitopsctl::channels
