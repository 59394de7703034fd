#include <algorithm>
#include <array>
#include <filesystem>
#include <mutex>
#include <utility>

#include "agent/environment/environment.hpp"
#include "agent/environment/merge.hpp"
#include "agent/environment/stored_form.hpp"
#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/process/crash_point.hpp"
#include "channels/store/database.hpp"

namespace gitopsctl::agent {

namespace {

using channels::Database;
using channels::Migration;
using channels::Statement;
using channels::Transaction;

constexpr std::array<Migration, 1> migrations = {{
    {
        1,
        "objects",
#include "agent/environment/migrations/001_objects.sql"
    },
}};

// Of a whole object: etcd's default limit of a request, which is what an API server can store.
constexpr std::size_t max_object_bytes = 1'572'864;
// How often another process's writes are looked for; one look costs a few microseconds.
constexpr Millis poll_interval{50};

struct Row {
  std::string uid;
  std::int64_t revision = 0;
  std::int64_t created_ms = 0;
  std::string body;
  std::string managed;
};

/// A version 4 UUID, as API servers give.
std::string make_uid() {
  std::string bytes = random_bytes(16);
  bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0FU) | 0x40U);
  bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3FU) | 0x80U);
  std::string hex = hex_encode(bytes);
  for (const std::size_t at : {8U, 13U, 18U, 23U}) hex.insert(at, "-");
  return hex;
}

Result<Value> read_body(std::string_view text) { return parse_json(text, {}, true, max_object_bytes * 4); }

Error conflict(const render::ObjectId& id, const std::string& message) {
  return Error(ErrorCode::conflict, id.to_string() + ": " + message);
}

Result<LiveObject> live_object(render::ObjectId id, const Row& row, const Value& body) {
  LiveObject out;
  out.id = std::move(id);
  out.uid = row.uid;
  out.resource_version = std::to_string(row.revision);
  if (!body.is_map()) return Error(ErrorCode::internal, "the environment holds an object that is no map");
  out.body = body.shallow_copy();
  const Value* stored_metadata = out.body.find("metadata");
  Value metadata = stored_metadata != nullptr && stored_metadata->is_map() && !stored_metadata->is_nil_container()
                       ? stored_metadata->shallow_copy()
                       : Value::map();
  metadata.set("uid", Value::string(out.uid));
  metadata.set("resourceVersion", Value::string(out.resource_version));
  metadata.set("creationTimestamp",
               Value::string(format_time(std::chrono::floor<std::chrono::seconds>(TimePoint(Millis(row.created_ms))))));
  out.body.set("metadata", std::move(metadata));
  if (!row.managed.empty()) {
    GITOPSCTL_TRY(out.applied, read_body(row.managed));
  }
  return out;
}

Value with_owner(Value body, const std::string& owner) {
  if (owner.empty()) return body;
  Value metadata = body.find("metadata")->shallow_copy();
  const Value* given = metadata.find("labels");
  Value labels = given != nullptr && given->is_map() && !given->is_nil_container() ? given->shallow_copy() : Value::map();
  labels.set(part_of_label, Value::string(owner));
  metadata.set("labels", std::move(labels));
  body.set("metadata", std::move(metadata));
  return body;
}

/// The environment in one SQLite file. Every call is one transaction; the file's lock orders the writers of all processes.
class EmbeddedEnvironment final : public Environment {
 public:
  EmbeddedEnvironment(std::unique_ptr<Database> database, std::string key, Clock& clock)
      : database_(std::move(database)), key_(std::move(key)), clock_(clock) {}

  Result<std::optional<LiveObject>> get(const render::ObjectId& id) override;
  Result<std::vector<LiveObject>> list(const ListQuery& query) override;
  Result<std::vector<ObjectVersion>> list_versions(const ListQuery& query) override;
  Result<std::vector<std::optional<LiveObject>>> get_many(const std::vector<render::ObjectId>& ids) override;
  Result<ApplyOutcome> apply(const render::Object& object, const ApplyOptions& options) override;
  Result<void> apply_many(const std::vector<PlannedApply>& objects, const ApplyOptions& options,
                          std::vector<ApplyOutcome>& outcomes) override;
  Result<LiveObject> put(const render::Object& object, const std::string& expected, const ApplyOptions& options) override;
  Result<void> remove(const render::ObjectId& id, const DeletePreconditions& preconditions,
                      const ApplyOptions& options) override;
  Health health(const LiveObject& object) override;
  Result<Lease> acquire_lease(const std::string& name, const std::string& holder, Millis span) override;
  Result<void> release_lease(const Lease& lease) override;
  Result<std::uint64_t> version() override;
  Result<bool> changed_by_others(std::uint64_t since) override;
  Result<std::uint64_t> wait_for_change(std::uint64_t seen, Millis span, std::stop_token stop) override;
  bool hashes_secrets() const noexcept override { return true; }
  Value as_stored(const render::Object& object, const std::vector<render::SensitivePath>& sensitive) const override {
    return stored_form(object, key_, sensitive);
  }

 private:
  // All of these are called with the lock held.
  Result<std::optional<Row>> find(const render::ObjectId& id);
  Result<std::optional<LiveObject>> find_live(const render::ObjectId& id);
  /// `columns` of the objects that `query` means, which are `o` in it, in the order of their ids.
  Result<Statement> select(const ListQuery& query, std::string_view columns);
  Result<void> check_fence(const ApplyOptions& options);
  Result<ApplyOutcome> apply_one(const PlannedApply& planned, const ApplyOptions& options, std::int64_t& revision);
  Result<void> save(const render::ObjectId& id, const Row& row, const Value& body, const Value& labels_before);
  Result<void> save_labels(const render::ObjectId& id, const Value& body);
  /// The version that this transaction gives, taken once.
  Result<std::int64_t> bump(std::int64_t& revision);
  Result<std::uint64_t> read_version();
  /// Commits what gave `revision` (0: nothing changed) and notes it as ours.
  Result<void> commit_own(Transaction& transaction, std::int64_t revision);

  /// The versions after own_from_ up to own_to_ were all given by this object.
  std::uint64_t own_from_ = 0;
  std::uint64_t own_to_ = 0;
  std::mutex mutex_;
  std::unique_ptr<Database> database_;
  std::string key_;
  Clock& clock_;
};

Statement& bind_id(Statement& statement, const render::ObjectId& id) {
  return statement.bind(id.kind).bind(id.group).bind(id.namespace_).bind(id.name);
}

/// The columns uid, revision, created_ms and body, which every query of objects begins with.
Row read_row(const Statement& row) {
  Row out;
  out.uid = row.text(0);
  out.revision = row.integer(1);
  out.created_ms = row.integer(2);
  out.body = row.text(3);
  return out;
}

Result<std::optional<Row>> EmbeddedEnvironment::find(const render::ObjectId& id) {
  GITOPSCTL_TRY(auto query, database_->prepare("SELECT uid, revision, created_ms, body, managed FROM objects "
                                               "WHERE kind = ? AND api_group = ? AND namespace = ? AND name = ?"));
  GITOPSCTL_TRY(const bool found, bind_id(query, id).step());
  if (!found) return std::optional<Row>{};
  Row row = read_row(query);
  row.managed = query.text(4);
  return std::optional<Row>(std::move(row));
}

Result<std::optional<LiveObject>> EmbeddedEnvironment::find_live(const render::ObjectId& id) {
  GITOPSCTL_TRY(auto row, find(id));
  if (!row) return std::optional<LiveObject>{};
  GITOPSCTL_TRY(auto body, read_body(row->body));
  GITOPSCTL_TRY(auto object, live_object(id, *row, body));
  return std::optional<LiveObject>(std::move(object));
}

Result<std::optional<LiveObject>> EmbeddedEnvironment::get(const render::ObjectId& id) {
  const std::lock_guard lock(mutex_);
  return find_live(id);
}

Result<std::vector<std::optional<LiveObject>>> EmbeddedEnvironment::get_many(const std::vector<render::ObjectId>& ids) {
  const std::lock_guard lock(mutex_);
  // One read transaction, so that the answers belong together.
  GITOPSCTL_CHECK(database_->execute("BEGIN"));
  std::vector<std::optional<LiveObject>> out;
  out.reserve(ids.size());
  std::optional<Error> failed;
  for (const auto& id : ids) {
    auto object = find_live(id);
    if (!object.ok()) {
      failed = object.error();
      break;
    }
    out.push_back(std::move(object).value());
  }
  const auto ended = database_->execute("COMMIT");
  if (failed) return *failed;
  if (!ended.ok()) return ended.error();
  return out;
}

Result<Statement> EmbeddedEnvironment::select(const ListQuery& query, std::string_view columns) {
  if (query.kind.empty()) return Error(ErrorCode::internal, "a list of objects needs a kind");
  const auto equals = query.label.find('=');
  if (!query.label.empty() && equals == std::string::npos) {
    return Error(ErrorCode::invalid_input, "'" + query.label + "' is no label query").with_hint("write it as key=value");
  }
  std::string text = "SELECT " + std::string(columns);
  text += query.label.empty() ? " FROM objects o WHERE o.kind = ?1 AND (?2 = '' OR o.api_group = ?2) AND "
                                "(?3 = '' OR o.namespace = ?3) "
                              : " FROM labels l CROSS JOIN objects o USING (kind, api_group, namespace, name) "
                                "WHERE l.kind = ?1 AND (?2 = '' OR l.api_group = ?2) AND "
                                "(?3 = '' OR l.namespace = ?3) AND l.label = ?4 AND l.value = ?5 ";
  text += "ORDER BY o.api_group, o.namespace, o.name";
  GITOPSCTL_TRY(Statement rows, database_->prepare(text));
  rows.bind(query.kind).bind(query.group).bind(query.namespace_);
  if (!query.label.empty()) rows.bind(query.label.substr(0, equals)).bind(query.label.substr(equals + 1));
  return rows;
}

Result<std::vector<LiveObject>> EmbeddedEnvironment::list(const ListQuery& query) {
  const std::lock_guard lock(mutex_);
  GITOPSCTL_TRY(Statement rows, select(query, "o.uid, o.revision, o.created_ms, o.body, o.api_group, o.namespace, o.name"));
  std::vector<LiveObject> out;
  GITOPSCTL_CHECK(rows.for_each_row([&]() -> Result<void> {
    render::ObjectId id{std::string(rows.text(4)), query.kind, std::string(rows.text(5)), std::string(rows.text(6))};
    const Row row = read_row(rows);
    GITOPSCTL_TRY(auto body, read_body(row.body));
    GITOPSCTL_TRY(auto object, live_object(std::move(id), row, body));
    out.push_back(std::move(object));
    return {};
  }));
  return out;
}

Result<std::vector<ObjectVersion>> EmbeddedEnvironment::list_versions(const ListQuery& query) {
  const std::lock_guard lock(mutex_);
  GITOPSCTL_TRY(Statement rows, select(query, "o.revision, o.api_group, o.namespace, o.name"));
  std::vector<ObjectVersion> out;
  GITOPSCTL_CHECK(rows.for_each_row([&]() -> Result<void> {
    out.push_back({{std::string(rows.text(1)), query.kind, std::string(rows.text(2)), std::string(rows.text(3))},
                   std::to_string(rows.integer(0))});
    return {};
  }));
  return out;
}

Result<void> EmbeddedEnvironment::check_fence(const ApplyOptions& options) {
  if (options.fence == 0) return {};
  GITOPSCTL_TRY(auto query, database_->prepare("SELECT fence, holder FROM leases WHERE name = ?"));
  GITOPSCTL_TRY(const bool found, query.bind(options.lease).step());
  if (found && query.integer(0) == options.fence && !query.text(1).empty()) return {};
  return Error(ErrorCode::conflict, "lease '" + options.lease + "' is lost: its fence is " +
                                        (found ? std::to_string(query.integer(0)) : "not there") + ", ours is " +
                                        std::to_string(options.fence))
      .with_hint("another agent writes this channel now; nothing was changed");
}

Result<std::int64_t> EmbeddedEnvironment::bump(std::int64_t& revision) {
  if (revision == 0) {
    GITOPSCTL_TRY(auto grow, database_->prepare("UPDATE meta SET value = value + 1 WHERE name = 'version' RETURNING value"));
    GITOPSCTL_CHECK(grow.need_row("the environment has lost its version"));
    revision = grow.integer(0);
  }
  return revision;
}

Result<void> EmbeddedEnvironment::save_labels(const render::ObjectId& id, const Value& body) {
  {
    GITOPSCTL_TRY(auto remove, database_->prepare("DELETE FROM labels WHERE kind = ? AND api_group = ? AND namespace = ? "
                                                  "AND name = ?"));
    GITOPSCTL_CHECK(bind_id(remove, id).run());
  }
  const Value* labels = body.find_path({"metadata", "labels"});
  if (labels == nullptr) return {};
  for (const auto& label : labels->as_map()) {
    GITOPSCTL_TRY(auto insert, database_->prepare("INSERT INTO labels (kind, api_group, namespace, name, label, value) "
                                                  "VALUES (?, ?, ?, ?, ?, ?)"));
    GITOPSCTL_CHECK(bind_id(insert, id).bind(label.key.view()).bind(label.value.as_string()).run());
  }
  return {};
}

Result<void> EmbeddedEnvironment::save(const render::ObjectId& id, const Row& row, const Value& body,
                                       const Value& labels_before) {
  if (row.body.size() > max_object_bytes) {
    return Error(ErrorCode::too_large,
                 id.to_string() + ": the object has more than " + std::to_string(max_object_bytes) + " bytes");
  }
  {
    GITOPSCTL_TRY(auto put,
                  database_->prepare(
                      "INSERT INTO objects (kind, api_group, namespace, name, uid, revision, created_ms, body, managed) "
                      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, api_group, namespace, name) DO UPDATE SET "
                      "revision = excluded.revision, body = excluded.body, managed = excluded.managed"));
    bind_id(put, id).bind(row.uid).bind(row.revision).bind(row.created_ms).bind(row.body).bind(row.managed);
    GITOPSCTL_CHECK(put.run());
  }
  // An object without its labels is found by no list.
  crash_point(CrashPoint::environment_in_object);
  const Value* labels = body.find_path({"metadata", "labels"});
  if (json_equal(labels == nullptr ? Value() : *labels, labels_before)) return {};
  return save_labels(id, body);
}

/// Whether what is there is still what the plan saw.
Result<void> check_seen(const PlannedApply& planned, const ApplyOptions& options, const Row& row, const Value& live) {
  if (!planned.seen) return {};
  const auto owner = live.string_at({"metadata", "labels", part_of_label});
  if (!owner.empty() && owner == options.owner) return {};
  if (planned.seen->uid == row.uid && planned.seen->owner == owner) return {};
  std::string message = planned.seen->uid.empty() ? "was made by somebody else since it was planned"
                                                  : "is not the object any more that was planned for";
  if (!owner.empty()) message += "; it belongs to '" + std::string(owner) + "'";
  return Error(ErrorCode::conflict, message).with_hint("the next run plans with what is there now");
}

Result<ApplyOutcome> EmbeddedEnvironment::apply_one(const PlannedApply& planned, const ApplyOptions& options,
                                                    std::int64_t& revision) {
  const render::Object& object = *planned.object;
  GITOPSCTL_CHECK(validate_object(object));
  const Value wish =
      options.sensitive == nullptr ? stored_form(object, key_) : stored_form(object, key_, *options.sensitive);
  GITOPSCTL_TRY(auto found, find(object.id));
  Row row;
  Value live;
  Value previous;
  if (found) {
    row = *std::move(found);
    GITOPSCTL_TRY(live, read_body(row.body));
    GITOPSCTL_CHECK(check_seen(planned, options, row, live));
    if (!row.managed.empty()) {
      GITOPSCTL_TRY(previous, read_body(row.managed));
    }
  } else {
    row.uid = make_uid();
    row.created_ms = clock_.now().time_since_epoch().count();
  }
  const bool created = live.is_nothing();
  const Value merged = with_owner(merge_three_way(live, previous, wish), options.owner);
  std::string body = canonical_json(merged);
  std::string managed = canonical_json(wish);
  ApplyOutcome outcome;
  const bool same = !created && body == row.body;
  outcome.state = created ? ApplyState::created : same ? ApplyState::unchanged : ApplyState::configured;
  if (!options.dry_run && (!same || managed != row.managed)) {
    GITOPSCTL_TRY(const std::int64_t version, bump(revision));
    const Value* labels = live.find_path({"metadata", "labels"});
    const Value labels_before = labels == nullptr ? Value() : *labels;
    if (!same) row.revision = version;
    row.body = std::move(body);
    row.managed = std::move(managed);
    GITOPSCTL_CHECK(save(object.id, row, merged, labels_before));
  }
  GITOPSCTL_TRY(outcome.object, live_object(object.id, row, merged));
  outcome.object.applied = wish;
  return outcome;
}

Result<void> EmbeddedEnvironment::apply_many(const std::vector<PlannedApply>& objects, const ApplyOptions& options,
                                             std::vector<ApplyOutcome>& outcomes) {
  outcomes.clear();
  const std::lock_guard lock(mutex_);
  GITOPSCTL_TRY(auto transaction, Transaction::begin(*database_));
  GITOPSCTL_CHECK(check_fence(options));
  std::int64_t revision = 0;
  std::optional<Error> failed;
  for (const auto& object : objects) {
    auto outcome = apply_one(object, options, revision);
    if (!outcome.ok()) {
      failed = outcome.error();
      break;
    }
    outcomes.push_back(std::move(outcome).value());
  }
  // What came before a refused object stays, as it would in a cluster; a file that failed takes all with it.
  const auto code = failed ? failed->code() : ErrorCode::internal;
  const bool refused = failed && !database_->damaged() &&
                       (code == ErrorCode::invalid_input || code == ErrorCode::too_large || code == ErrorCode::conflict);
  if (failed && !refused) {
    outcomes.clear();
    return *failed;
  }
  if (revision != 0) crash_point(CrashPoint::environment_in_group);
  if (auto committed = commit_own(transaction, revision); !committed.ok()) {
    outcomes.clear();
    return committed;
  }
  if (failed) return *failed;
  return {};
}

Result<ApplyOutcome> EmbeddedEnvironment::apply(const render::Object& object, const ApplyOptions& options) {
  std::vector<ApplyOutcome> outcomes;
  GITOPSCTL_CHECK(apply_many({{&object, std::nullopt}}, options, outcomes));
  return std::move(outcomes.front());
}

Result<LiveObject> EmbeddedEnvironment::put(const render::Object& object, const std::string& expected,
                                            const ApplyOptions& options) {
  GITOPSCTL_CHECK(validate_object(object));
  const std::lock_guard lock(mutex_);
  GITOPSCTL_TRY(auto transaction, Transaction::begin(*database_));
  GITOPSCTL_CHECK(check_fence(options));
  GITOPSCTL_TRY(auto found, find(object.id));
  if (found && expected.empty()) return conflict(object.id, "already exists");
  if (!found && !expected.empty()) return conflict(object.id, "is gone");
  if (found && expected != std::to_string(found->revision)) {
    return conflict(object.id,
                    "was changed by somebody else (version " + std::to_string(found->revision) + ", not " + expected + ")");
  }
  Row row;
  Value live;
  if (found) {
    row = *std::move(found);
    GITOPSCTL_TRY(live, read_body(row.body));
  } else {
    row.uid = make_uid();
    row.created_ms = clock_.now().time_since_epoch().count();
  }
  const Value body = with_owner(stored_form(object, key_, {}, live), options.owner);
  std::string text = canonical_json(body);
  if (!options.dry_run && text != row.body) {
    std::int64_t revision = 0;
    GITOPSCTL_TRY(row.revision, bump(revision));
    const Value* labels = live.find_path({"metadata", "labels"});
    row.body = std::move(text);
    GITOPSCTL_CHECK(save(object.id, row, body, labels == nullptr ? Value() : *labels));
    GITOPSCTL_CHECK(commit_own(transaction, revision));
  }
  return live_object(object.id, row, body);
}

Result<void> EmbeddedEnvironment::remove(const render::ObjectId& id, const DeletePreconditions& preconditions,
                                         const ApplyOptions& options) {
  const std::lock_guard lock(mutex_);
  GITOPSCTL_TRY(auto transaction, Transaction::begin(*database_));
  GITOPSCTL_CHECK(check_fence(options));
  GITOPSCTL_TRY(const auto row, find(id));
  if (!row) return {};
  if (!preconditions.uid.empty() && preconditions.uid != row->uid) {
    return conflict(id, "is another object than the one to delete (uid " + row->uid + ")");
  }
  if (!preconditions.resource_version.empty() && preconditions.resource_version != std::to_string(row->revision)) {
    return conflict(id, "was changed since it was looked at");
  }
  if (options.dry_run) return {};
  {
    GITOPSCTL_TRY(auto remove, database_->prepare("DELETE FROM objects WHERE kind = ? AND api_group = ? AND namespace = ? "
                                                  "AND name = ?"));
    GITOPSCTL_CHECK(bind_id(remove, id).run());
  }
  crash_point(CrashPoint::environment_in_delete);
  std::int64_t revision = 0;
  GITOPSCTL_CHECK(bump(revision));
  return commit_own(transaction, revision);
}

Health EmbeddedEnvironment::health(const LiveObject& /*object*/) {
  return {Health::State::ready, "the embedded environment runs nothing"};
}

Result<Lease> EmbeddedEnvironment::acquire_lease(const std::string& name, const std::string& holder, Millis span) {
  if (name.empty() || holder.empty()) return Error(ErrorCode::internal, "a lease needs a name and a holder");
  const std::lock_guard lock(mutex_);
  GITOPSCTL_TRY(auto transaction, Transaction::begin(*database_));
  const std::int64_t now = clock_.now().time_since_epoch().count();
  std::int64_t fence = 1;
  {
    GITOPSCTL_TRY(auto query, database_->prepare("SELECT holder, fence, expires_ms FROM leases WHERE name = ?"));
    GITOPSCTL_TRY(const bool found, query.bind(name).step());
    if (found) {
      const auto current = query.text(0);
      if (current != holder && !current.empty() && query.integer(2) > now) {
        return Error(ErrorCode::conflict,
                     "lease '" + name + "' is held by '" + std::string(current) + "' until " + format_time(query.time(2)));
      }
      fence = query.integer(1) + (current == holder ? 0 : 1);
    }
  }
  {
    GITOPSCTL_TRY(auto put, database_->prepare("INSERT INTO leases (name, holder, fence, expires_ms) VALUES (?, ?, ?, ?) "
                                               "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, "
                                               "fence = excluded.fence, expires_ms = excluded.expires_ms"));
    GITOPSCTL_CHECK(put.bind(name).bind(holder).bind(fence).bind(now + span.count()).run());
  }
  // version() does not grow: a lease that is renewed changes nothing that anybody waits for.
  GITOPSCTL_CHECK(transaction.commit());
  return Lease{name, holder, fence};
}

Result<void> EmbeddedEnvironment::release_lease(const Lease& lease) {
  const std::lock_guard lock(mutex_);
  GITOPSCTL_TRY(auto transaction, Transaction::begin(*database_));
  {
    // The row stays, so that the fence of the next holder is greater.
    GITOPSCTL_TRY(auto update,
                  database_->prepare("UPDATE leases SET holder = '', expires_ms = 0 WHERE name = ? AND holder = ? "
                                     "AND fence = ?"));
    GITOPSCTL_CHECK(update.bind(lease.name).bind(lease.holder).bind(lease.fence).run());
  }
  return transaction.commit();
}

Result<std::uint64_t> EmbeddedEnvironment::read_version() {
  GITOPSCTL_TRY(auto query, database_->prepare("SELECT value FROM meta WHERE name = 'version'"));
  GITOPSCTL_CHECK(query.need_row("the environment has lost its version"));
  return static_cast<std::uint64_t>(query.integer(0));
}

Result<void> EmbeddedEnvironment::commit_own(Transaction& transaction, std::int64_t revision) {
  GITOPSCTL_CHECK(transaction.commit());
  if (revision == 0) return {};
  const auto given = static_cast<std::uint64_t>(revision);
  if (own_to_ != given - 1) own_from_ = given - 1;
  own_to_ = given;
  return {};
}

Result<bool> EmbeddedEnvironment::changed_by_others(std::uint64_t since) {
  const std::lock_guard lock(mutex_);
  GITOPSCTL_TRY(const std::uint64_t now, read_version());
  return now != since && (since < own_from_ || now != own_to_);
}

Result<std::uint64_t> EmbeddedEnvironment::version() {
  const std::lock_guard lock(mutex_);
  return read_version();
}

Result<std::uint64_t> EmbeddedEnvironment::wait_for_change(std::uint64_t seen, Millis span, std::stop_token stop) {
  const Deadline deadline(clock_, span);
  while (true) {
    GITOPSCTL_TRY(const std::uint64_t now, version());
    if (now > seen || stop.stop_requested() || deadline.passed()) return now;
    clock_.sleep(std::min(poll_interval, deadline.left()), stop);
  }
}

/// With another key every digest and every generated secret of what is there would change.
Result<void> check_key(Database& database, const std::string& directory) {
  const std::string key = directory + "/installation.key";
  std::error_code problem;
  if (std::filesystem::exists(key, problem) || problem) return {};  // reading it says what is wrong with it
  GITOPSCTL_TRY(auto query, database.prepare("SELECT 1 FROM objects LIMIT 1"));
  GITOPSCTL_TRY(const bool used, query.step());
  if (!used) return {};
  return Error(ErrorCode::conflict, "the installation's key is gone, but the environment beside it is in use")
      .at({key, 0, 0})
      .with_hint(
          "restore it from a backup; with a new key every digest and generated secret changes. To accept that: "
          "(umask 077; head -c 32 /dev/urandom > " +
          key + ")");
}

}  // namespace

Result<std::unique_ptr<Environment>> open_embedded_environment(const std::string& path, Clock& clock) {
  const auto prepare = [&]() -> Result<std::unique_ptr<Database>> {
    GITOPSCTL_TRY(auto database, Database::open(path, "environment"));
    GITOPSCTL_CHECK(database->migrate("environment", migrations));
    return database;
  };
  auto database = prepare();
  if (!database.ok()) {
    if (database.error().code() == ErrorCode::newer_schema) {
      return database.error().with_hint(
          "run that version of gitopsctl again, or a newer one; this one changes nothing in it");
    }
    if (database.error().code() != ErrorCode::invalid_input) return database.error();
    return database.error().with_hint(
        "restore the file from a backup; or move it away to begin with an empty environment, into which everything is "
        "deployed again");
  }
  std::string directory = std::filesystem::path(path).parent_path().string();
  if (directory.empty()) directory = ".";
  GITOPSCTL_CHECK(check_key(**database, directory));
  GITOPSCTL_TRY(auto key, load_installation_key(directory));
  return std::unique_ptr<Environment>(
      std::make_unique<EmbeddedEnvironment>(std::move(database).value(), std::move(key), clock));
}

}  // namespace gitopsctl::agent
