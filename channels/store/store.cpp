#include "channels/store/store.hpp"

#include <array>
#include <filesystem>
#include <mutex>
#include <string_view>
#include <utility>

#include "base/crypto/digest.hpp"
#include "base/process/crash_point.hpp"
#include "channels/store/database.hpp"

namespace gitopsctl::channels {

namespace {

constexpr std::array<Migration, 2> migrations = {{
    {
        1,
        "history",
#include "channels/store/migrations/001_history.sql"
    },
    {
        2,
        "work",
#include "channels/store/migrations/002_work.sql"
    },
}};

std::uint32_t count(const Statement& row, int column) { return static_cast<std::uint32_t>(row.integer(column)); }

class SqliteStore final : public Store {
 public:
  SqliteStore(std::unique_ptr<Database> database, Clock& clock) : database_(std::move(database)), clock_(clock) {}

  Result<void> begin_deployment(const DeploymentRecord& record) override;
  Result<void> finish_deployment(const DeploymentRecord& record,
                                 const std::vector<DeploymentReleaseRecord>& releases) override;
  Result<std::size_t> close_interrupted() override;
  Result<std::vector<DeploymentRecord>> deployments(const std::string& repository, const std::string& channel,
                                                    std::size_t limit) const override;
  Result<std::vector<DeploymentReleaseRecord>> deployment_releases(const std::string& deployment) const override;
  Result<void> audit(const AuditRecord& record) override;
  Result<std::vector<AuditRecord>> audit_trail(const std::string& subject_prefix, std::size_t limit) const override;
  Result<void> enqueue(const WorkItem& item) override;
  Result<std::optional<WorkItem>> claim(const std::string& kind) override;
  Result<void> finish(const WorkItem& item) override;
  Result<std::size_t> release_claims() override;
  Result<void> prune_history(Millis keep, std::size_t max_rows) override;

 private:
  /// Runs `change` in one transaction, past the crash points of the store.
  template <class Change>
  Result<void> write(const Change& change) {
    const std::lock_guard lock(mutex_);
    crash_point(CrashPoint::store_before_begin);
    GITOPSCTL_TRY(auto transaction, Transaction::begin(*database_));
    crash_point(CrashPoint::store_in_transaction);
    GITOPSCTL_CHECK(change());
    crash_point(CrashPoint::store_before_commit);
    GITOPSCTL_CHECK(transaction.commit());
    crash_point(CrashPoint::store_after_commit);
    return {};
  }
  Result<void> put_deployment(const DeploymentRecord& record);
  Result<void> trim_channel(const std::string& repository, const std::string& channel, std::size_t max_rows);
  Result<std::int64_t> next(std::string_view counter);

  mutable std::mutex mutex_;
  std::unique_ptr<Database> database_;
  Clock& clock_;
};

Result<void> SqliteStore::put_deployment(const DeploymentRecord& record) {
  GITOPSCTL_TRY(
      auto put,
      database_->prepare("INSERT INTO deployments (id, repository, channel, revision, from_revision, render_digest, cause, "
                         "outcome, message, started_ms, ended_ms, created, updated, removed, failed) "
                         "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                         "ON CONFLICT (id) DO UPDATE SET render_digest = excluded.render_digest, "
                         "outcome = excluded.outcome, message = excluded.message, ended_ms = excluded.ended_ms, "
                         "created = excluded.created, updated = excluded.updated, removed = excluded.removed, "
                         "failed = excluded.failed"));
  put.bind(record.id).bind(record.repository).bind(record.channel).bind(record.commit).bind(record.from_commit);
  put.bind(record.render_digest).bind(record.trigger).bind(record.outcome).bind(record.message);
  put.bind(record.started);
  if (record.ended) {
    put.bind(*record.ended);
  } else {
    put.bind_null();
  }
  put.bind(record.created).bind(record.updated).bind(record.removed).bind(record.failed);
  return put.run();
}

Result<void> SqliteStore::begin_deployment(const DeploymentRecord& record) {
  return write([&] { return put_deployment(record); });
}

Result<void> SqliteStore::finish_deployment(const DeploymentRecord& record,
                                            const std::vector<DeploymentReleaseRecord>& releases) {
  return write([&]() -> Result<void> {
    GITOPSCTL_CHECK(put_deployment(record));
    for (const auto& release : releases) {
      GITOPSCTL_TRY(auto put,
                    database_->prepare("INSERT OR REPLACE INTO deployment_releases (deployment, name, render_digest, "
                                       "outcome, message, created, updated, removed, duration_ms) "
                                       "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
      put.bind(record.id).bind(release.release).bind(release.render_digest).bind(release.outcome).bind(release.message);
      put.bind(release.created).bind(release.updated).bind(release.removed).bind(release.duration.count());
      GITOPSCTL_CHECK(put.run());
    }
    return {};
  });
}

Result<std::size_t> SqliteStore::close_interrupted() {
  std::size_t closed = 0;
  GITOPSCTL_CHECK(write([&]() -> Result<void> {
    GITOPSCTL_TRY(auto update, database_->prepare("UPDATE deployments SET outcome = 'interrupted', ended_ms = ?, "
                                                  "message = 'the program ended during this deployment' "
                                                  "WHERE outcome = 'running'"));
    GITOPSCTL_CHECK(update.bind(clock_.now()).run());
    closed = static_cast<std::size_t>(database_->changes());
    return {};
  }));
  return closed;
}

Result<std::vector<DeploymentRecord>> SqliteStore::deployments(const std::string& repository, const std::string& channel,
                                                               std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  GITOPSCTL_TRY(
      auto rows,
      database_->prepare("SELECT id, repository, channel, revision, from_revision, render_digest, cause, outcome, message, "
                         "started_ms, ended_ms, created, updated, removed, failed FROM deployments "
                         "WHERE repository = ? AND channel = ? ORDER BY started_ms DESC, rowid DESC LIMIT ?"));
  rows.bind(repository).bind(channel).bind(static_cast<std::int64_t>(limit));
  std::vector<DeploymentRecord> out;
  GITOPSCTL_CHECK(rows.for_each_row([&]() -> Result<void> {
    DeploymentRecord record;
    record.id = rows.text(0);
    record.repository = rows.text(1);
    record.channel = rows.text(2);
    record.commit = rows.text(3);
    record.from_commit = rows.text(4);
    record.render_digest = rows.text(5);
    record.trigger = rows.text(6);
    record.outcome = rows.text(7);
    record.message = rows.text(8);
    record.started = rows.time(9);
    if (!rows.is_null(10)) record.ended = rows.time(10);
    record.created = count(rows, 11);
    record.updated = count(rows, 12);
    record.removed = count(rows, 13);
    record.failed = count(rows, 14);
    out.push_back(std::move(record));
    return {};
  }));
  return out;
}

Result<std::vector<DeploymentReleaseRecord>> SqliteStore::deployment_releases(const std::string& deployment) const {
  const std::lock_guard lock(mutex_);
  GITOPSCTL_TRY(auto rows,
                database_->prepare("SELECT deployment, name, render_digest, outcome, message, created, updated, "
                                   "removed, duration_ms FROM deployment_releases WHERE deployment = ? ORDER BY name"));
  rows.bind(deployment);
  std::vector<DeploymentReleaseRecord> out;
  GITOPSCTL_CHECK(rows.for_each_row([&]() -> Result<void> {
    DeploymentReleaseRecord record;
    record.deployment = rows.text(0);
    record.release = rows.text(1);
    record.render_digest = rows.text(2);
    record.outcome = rows.text(3);
    record.message = rows.text(4);
    record.created = count(rows, 5);
    record.updated = count(rows, 6);
    record.removed = count(rows, 7);
    record.duration = Millis(rows.integer(8));
    out.push_back(std::move(record));
    return {};
  }));
  return out;
}

Result<void> SqliteStore::audit(const AuditRecord& record) {
  return write([&]() -> Result<void> {
    GITOPSCTL_TRY(auto insert, database_->prepare("INSERT INTO audit (id, at_ms, actor, action, subject, detail) "
                                                  "VALUES (?, ?, ?, ?, ?, ?)"));
    insert.bind(record.id.empty() ? make_ulid(record.at.time_since_epoch().count()) : record.id)
        .bind(record.at)
        .bind(record.actor);
    return insert.bind(record.action).bind(record.subject).bind(record.detail).run();
  });
}

Result<std::vector<AuditRecord>> SqliteStore::audit_trail(const std::string& subject_prefix, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  // Not LIKE: a subject may hold % and _.
  GITOPSCTL_TRY(auto rows,
                database_->prepare("SELECT id, at_ms, actor, action, subject, detail FROM audit "
                                   "WHERE substr(subject, 1, length(?1)) = ?1 ORDER BY at_ms DESC, rowid DESC LIMIT ?2"));
  rows.bind(subject_prefix).bind(static_cast<std::int64_t>(limit));
  std::vector<AuditRecord> out;
  GITOPSCTL_CHECK(rows.for_each_row([&]() -> Result<void> {
    AuditRecord record;
    record.id = rows.text(0);
    record.at = rows.time(1);
    record.actor = rows.text(2);
    record.action = rows.text(3);
    record.subject = rows.text(4);
    record.detail = rows.text(5);
    out.push_back(std::move(record));
    return {};
  }));
  return out;
}

Result<std::int64_t> SqliteStore::next(std::string_view counter) {
  GITOPSCTL_TRY(auto grow, database_->prepare("UPDATE counters SET value = value + 1 WHERE name = ? RETURNING value"));
  GITOPSCTL_CHECK(grow.bind(counter).need_row("the store lacks the counter " + std::string(counter)));
  return grow.integer(0);
}

Result<void> SqliteStore::enqueue(const WorkItem& item) {
  return write([&]() -> Result<void> {
    GITOPSCTL_TRY(const std::int64_t queued, next("queued"));
    // A claimed row keeps its claim and fence; that it was renewed makes finish() leave it in the queue.
    GITOPSCTL_TRY(auto put,
                  database_->prepare(
                      "INSERT INTO work (kind, item, payload_version, payload, priority, not_before_ms, fence, claimed, "
                      "renewed, queued) VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, ?) "
                      "ON CONFLICT (kind, item) DO UPDATE SET payload_version = excluded.payload_version, "
                      "payload = excluded.payload, priority = excluded.priority, "
                      "not_before_ms = excluded.not_before_ms, queued = excluded.queued, renewed = claimed"));
    put.bind(item.kind).bind(item.key).bind(item.payload_version).bind(item.payload).bind(item.priority);
    return put.bind(item.not_before).bind(queued).run();
  });
}

Result<std::optional<WorkItem>> SqliteStore::claim(const std::string& kind) {
  {
    // An idle agent asks often: no write lock, and no crash point, for nothing.
    const std::lock_guard lock(mutex_);
    GITOPSCTL_TRY(auto due,
                  database_->prepare("SELECT 1 FROM work WHERE kind = ? AND claimed = 0 AND not_before_ms <= ? LIMIT 1"));
    GITOPSCTL_TRY(const bool any, due.bind(kind).bind(clock_.now()).step());
    if (!any) return std::optional<WorkItem>{};
  }
  std::optional<WorkItem> claimed;
  GITOPSCTL_CHECK(write([&]() -> Result<void> {
    {
      GITOPSCTL_TRY(auto pick, database_->prepare(
                                   "SELECT item, payload_version, payload, priority, not_before_ms FROM work WHERE kind = ? "
                                   "AND claimed = 0 AND not_before_ms <= ? ORDER BY priority DESC, queued LIMIT 1"));
      GITOPSCTL_TRY(const bool row, pick.bind(kind).bind(clock_.now()).step());
      if (!row) return {};
      WorkItem item;
      item.kind = kind;
      item.key = pick.text(0);
      item.payload_version = count(pick, 1);
      item.payload = pick.text(2);
      item.priority = static_cast<std::int32_t>(pick.integer(3));
      item.not_before = pick.time(4);
      claimed = std::move(item);
    }
    // One counter for all rows: a row that was finished and queued again must not repeat a fence.
    GITOPSCTL_TRY(claimed->fence, next("fence"));
    GITOPSCTL_TRY(auto mark,
                  database_->prepare("UPDATE work SET claimed = 1, renewed = 0, fence = ? WHERE kind = ? AND item = ?"));
    return mark.bind(claimed->fence).bind(kind).bind(claimed->key).run();
  }));
  return claimed;
}

Result<void> SqliteStore::finish(const WorkItem& item) {
  return write([&]() -> Result<void> {
    {
      GITOPSCTL_TRY(auto remove,
                    database_->prepare("DELETE FROM work WHERE kind = ? AND item = ? AND fence = ? AND claimed = 1 "
                                       "AND renewed = 0"));
      GITOPSCTL_CHECK(remove.bind(item.kind).bind(item.key).bind(item.fence).run());
    }
    GITOPSCTL_TRY(auto free, database_->prepare("UPDATE work SET claimed = 0, renewed = 0 WHERE kind = ? AND item = ? "
                                                "AND fence = ? AND claimed = 1"));
    return free.bind(item.kind).bind(item.key).bind(item.fence).run();
  });
}

Result<std::size_t> SqliteStore::release_claims() {
  std::size_t released = 0;
  GITOPSCTL_CHECK(write([&]() -> Result<void> {
    GITOPSCTL_TRY(auto free, database_->prepare("UPDATE work SET claimed = 0, renewed = 0 WHERE claimed = 1"));
    GITOPSCTL_CHECK(free.run());
    released = static_cast<std::size_t>(database_->changes());
    return {};
  }));
  return released;
}

Result<void> SqliteStore::trim_channel(const std::string& repository, const std::string& channel, std::size_t max_rows) {
  GITOPSCTL_TRY(auto trim,
                database_->prepare("DELETE FROM deployments WHERE repository = ?1 AND channel = ?2 "
                                   "AND outcome <> 'running' AND id NOT IN (SELECT id FROM deployments "
                                   "WHERE repository = ?1 AND channel = ?2 ORDER BY started_ms DESC, rowid DESC LIMIT ?3)"));
  return trim.bind(repository).bind(channel).bind(static_cast<std::int64_t>(max_rows)).run();
}

Result<void> SqliteStore::prune_history(Millis keep, std::size_t max_rows) {
  const TimePoint oldest = clock_.now() - keep;
  {
    // Nearly always there is nothing to do, and no reason to take the write lock.
    const std::lock_guard lock(mutex_);
    GITOPSCTL_TRY(auto due, database_->prepare(
                                "SELECT EXISTS (SELECT 1 FROM deployments WHERE started_ms < ?1 AND outcome <> 'running') "
                                "OR EXISTS (SELECT 1 FROM audit WHERE at_ms < ?1) OR EXISTS (SELECT 1 FROM deployments "
                                "GROUP BY repository, channel HAVING count(*) > ?2)"));
    GITOPSCTL_TRY(const bool row, due.bind(oldest).bind(static_cast<std::int64_t>(max_rows)).step());
    if (row && due.integer(0) == 0) return {};
  }
  return write([&]() -> Result<void> {
    {
      GITOPSCTL_TRY(auto old, database_->prepare("DELETE FROM deployments WHERE started_ms < ? AND outcome <> 'running'"));
      GITOPSCTL_CHECK(old.bind(oldest).run());
      GITOPSCTL_TRY(auto old_audit, database_->prepare("DELETE FROM audit WHERE at_ms < ?"));
      GITOPSCTL_CHECK(old_audit.bind(oldest).run());
    }
    std::vector<std::pair<std::string, std::string>> channels;
    {
      GITOPSCTL_TRY(auto rows, database_->prepare("SELECT repository, channel FROM deployments GROUP BY repository, channel "
                                                  "HAVING count(*) > ?"));
      rows.bind(static_cast<std::int64_t>(max_rows));
      GITOPSCTL_CHECK(rows.for_each_row([&]() -> Result<void> {
        channels.emplace_back(rows.text(0), rows.text(1));
        return {};
      }));
    }
    for (const auto& [repository, channel] : channels) GITOPSCTL_CHECK(trim_channel(repository, channel, max_rows));
    return {};
  });
}

/// Opens the file and looks whether it is whole.
Result<std::unique_ptr<Database>> open_whole(const std::string& path, bool& damaged) {
  auto opened = Database::open(path, "store");
  // A file that is no database at all fails at the first statement, before there is a Database to ask.
  if (!opened.ok()) {
    damaged = opened.error().code() == ErrorCode::invalid_input;
    return opened.error();
  }
  auto& database = **opened;
  const auto fail = [&](const Error& error) {
    damaged = database.damaged();
    return error;
  };
  if (auto checked = database.check_pages(); !checked.ok()) return fail(checked.error());
  if (auto migrated = database.migrate("store", migrations); !migrated.ok()) return fail(migrated.error());
  return opened;
}

Result<void> set_aside(const std::string& path, const Clock& clock) {
  std::string stamp = format_time(std::chrono::floor<std::chrono::seconds>(clock.now()));
  std::erase(stamp, ':');
  std::erase(stamp, '-');
  std::string target = path + ".damaged-" + stamp;
  std::error_code problem;
  for (int n = 2; std::filesystem::exists(target, problem) && n < 1000; ++n) {
    target = path + ".damaged-" + stamp + "-" + std::to_string(n);
  }
  for (const std::string_view suffix : {"-wal", "-shm", ""}) {
    const std::string from = path + std::string(suffix);
    if (!std::filesystem::exists(from, problem)) continue;
    std::filesystem::rename(from, target + std::string(suffix), problem);
    if (problem) {
      return Error(ErrorCode::unavailable, "cannot set the damaged store aside: " + problem.message()).at({from, 0, 0});
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::string& path, Clock& clock) {
  bool damaged = false;
  auto database = open_whole(path, damaged);
  if (!database.ok() && damaged) {
    GITOPSCTL_CHECK(set_aside(path, clock));
    database = open_whole(path, damaged);
  }
  if (!database.ok() && database.error().code() == ErrorCode::newer_schema) {
    return database.error().with_hint(
        "run that version of gitopsctl again; or move the file away: only the history in it is lost, and a new one is "
        "begun");
  }
  if (!database.ok()) return database.error();
  return std::unique_ptr<Store>(std::make_unique<SqliteStore>(std::move(database).value(), clock));
}

}  // namespace gitopsctl::channels
