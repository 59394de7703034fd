#include "channels/store/database.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace gitopsctl::channels {

namespace {

// Long enough for any transaction of ours, short enough that a person sees what is wrong.
constexpr int busy_timeout_ms = 10'000;
// Of a single value: an object is at most 1.5 MiB; payloads and messages are smaller.
constexpr int max_value_bytes = 16 << 20;

Result<void> make_private_file(const std::string& path, const std::string& what) {
  const std::filesystem::path directory = std::filesystem::path(path).parent_path();
  std::error_code problem;
  if (!directory.empty() && !std::filesystem::exists(directory, problem)) {
    std::filesystem::create_directories(directory, problem);
    if (!problem) std::filesystem::permissions(directory, std::filesystem::perms::owner_all, problem);
    if (problem) {
      return Error(ErrorCode::unavailable, "cannot make the directory of the " + what + ": " + problem.message())
          .at({directory.string(), 0, 0});
    }
  }
  // SQLite gives its -wal and -shm files the mode of the database. A file that is there is not opened here: closing it would
  // drop the locks that this process has on it through another connection (POSIX locks belong to the process).
  int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0 && errno == EEXIST) {
    struct stat info{};
    if (::stat(path.c_str(), &info) == 0) return {};
    descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);  // a link that leads to no file yet
  }
  if (descriptor < 0) {
    return Error(ErrorCode::unavailable, "cannot open the " + what + ": " + std::strerror(errno))
        .at({path, 0, 0})
        .with_hint("check that the directory exists and is writable");
  }
  ::close(descriptor);
  return {};
}

}  // namespace

Statement::Statement(sqlite3_stmt* statement, Database& database, bool* in_use) noexcept
    : statement_(statement), database_(&database), in_use_(in_use) {
  if (in_use_ != nullptr) *in_use_ = true;
}

Statement::Statement(Statement&& other) noexcept
    : statement_(std::exchange(other.statement_, nullptr)),
      database_(other.database_),
      in_use_(std::exchange(other.in_use_, nullptr)),
      parameter_(other.parameter_),
      bad_bind_(other.bad_bind_) {}

Statement::~Statement() {
  if (statement_ == nullptr) return;
  if (in_use_ == nullptr) {
    sqlite3_finalize(statement_);
    return;
  }
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  *in_use_ = false;
}

Statement& Statement::bind(std::string_view text) {
  // A view of nothing may have no address, which SQLite would take for NULL.
  const char* bytes = text.data() == nullptr ? "" : text.data();
  const int code = sqlite3_bind_text64(statement_, ++parameter_, bytes, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  bad_bind_ = bad_bind_ || code != SQLITE_OK;
  return *this;
}

Statement& Statement::bind(std::int64_t number) {
  bad_bind_ = sqlite3_bind_int64(statement_, ++parameter_, number) != SQLITE_OK || bad_bind_;
  return *this;
}

Statement& Statement::bind_null() {
  bad_bind_ = sqlite3_bind_null(statement_, ++parameter_) != SQLITE_OK || bad_bind_;
  return *this;
}

Result<bool> Statement::step() {
  if (bad_bind_) {
    return Error(ErrorCode::too_large, "a value for the " + database_->what_ + " is too large").at({database_->path_, 0, 0});
  }
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  const Error error = database_->failure(code);
  sqlite3_reset(statement_);
  return error;
}

Result<void> Statement::run() {
  GITOPSCTL_CHECK(step());
  sqlite3_reset(statement_);
  return {};
}

Result<void> Statement::need_row(const std::string& missing) {
  GITOPSCTL_TRY(const bool row, step());
  if (!row) return Error(ErrorCode::internal, missing).at({database_->path_, 0, 0});
  return {};
}

std::string_view Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

Database::Database(sqlite3* handle, std::string path, std::string what)
    : handle_(handle), path_(std::move(path)), what_(std::move(what)) {}

Database::~Database() {
  for (auto& [sql, cached] : cache_) sqlite3_finalize(cached.statement);
  sqlite3_close_v2(handle_);
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, std::string what) {
  GITOPSCTL_CHECK(make_private_file(path, what));
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  std::unique_ptr<Database> database(new Database(handle, path, std::move(what)));
  if (code != SQLITE_OK) return database->failure(code);
  sqlite3_busy_timeout(handle, busy_timeout_ms);
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, max_value_bytes);
  sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
  // Names in double quotes are never texts, and a file from elsewhere cannot bring functions or views that do things.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  GITOPSCTL_CHECK(database->execute("PRAGMA journal_mode = WAL"));
  GITOPSCTL_CHECK(database->execute("PRAGMA synchronous = NORMAL"));
  GITOPSCTL_CHECK(database->execute("PRAGMA foreign_keys = ON"));
  return database;
}

Error Database::failure(int code) {
  const int primary = code & 0xFF;
  const std::string reason = handle_ == nullptr ? "out of memory" : sqlite3_errmsg(handle_);
  const Location where{path_, 0, 0};
  switch (primary) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      damaged_ = true;
      return Error(ErrorCode::invalid_input, "the " + what_ + " is damaged: " + reason).at(where);
    case SQLITE_FULL:
      return Error(ErrorCode::unavailable, "the disk of the " + what_ + " is full")
          .at(where)
          .with_hint("free some space; nothing was changed");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error(ErrorCode::unavailable, "the " + what_ + " is locked by another process")
          .at(where)
          .with_hint("it is tried again; if it stays, look for a process that hangs");
    case SQLITE_TOOBIG: return Error(ErrorCode::too_large, "a value for the " + what_ + " is too large").at(where);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
      return Error(ErrorCode::unavailable, "cannot read or write the " + what_ + ": " + reason)
          .at(where)
          .with_hint("check the rights and the free space of its directory");
    default: return Error(ErrorCode::internal, "the " + what_ + " failed: " + reason).at(where);
  }
}

Result<void> Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(code);
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  auto found = cache_.find(sql);
  if (found != cache_.end() && !found->second.in_use) {
    return Statement(found->second.statement, *this, &found->second.in_use);
  }
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return failure(code);
  // The cached one is being read (a nested use): this one is used once.
  if (found != cache_.end()) return Statement(statement, *this, nullptr);
  found = cache_.emplace(sql, Cached{statement, false}).first;
  return Statement(statement, *this, &found->second.in_use);
}

std::int64_t Database::changes() const { return sqlite3_changes64(handle_); }

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

Result<void> Database::migrate(const std::string& room, std::span<const Migration> migrations) {
  const auto done = [&]() -> Result<std::int64_t> {
    GITOPSCTL_TRY(auto query, prepare("SELECT coalesce(max(step), 0) FROM schema_steps WHERE room = ?"));
    GITOPSCTL_CHECK(query.bind(room).step());
    return query.integer(0);
  };
  GITOPSCTL_CHECK(
      execute("CREATE TABLE IF NOT EXISTS schema_steps (room TEXT NOT NULL, step INTEGER NOT NULL, name TEXT NOT NULL, "
              "PRIMARY KEY (room, step)) STRICT"));
  GITOPSCTL_TRY(const std::int64_t before, done());
  const std::int64_t newest = migrations.empty() ? 0 : migrations.back().number;
  if (before > newest) {
    return Error(ErrorCode::newer_schema, "the " + what_ + " was written by a newer version (schema " +
                                              std::to_string(before) + ", this version knows " + std::to_string(newest) +
                                              ")")
        .at({path_, 0, 0})
        .with_hint("use that version again, or name another file; this one is not touched");
  }
  for (const auto& migration : migrations) {
    if (migration.number <= before) continue;
    GITOPSCTL_TRY(auto transaction, Transaction::begin(*this));
    GITOPSCTL_TRY(const std::int64_t now, done());
    if (now >= migration.number) continue;  // another process was faster
    GITOPSCTL_CHECK(execute(std::string(migration.sql)));
    {
      GITOPSCTL_TRY(auto insert, prepare("INSERT INTO schema_steps (room, step, name) VALUES (?, ?, ?)"));
      GITOPSCTL_CHECK(insert.bind(room).bind(migration.number).bind(migration.name).run());
    }
    GITOPSCTL_CHECK(transaction.commit());
  }
  return {};
}

Result<void> Database::check_pages() {
  GITOPSCTL_TRY(auto check, prepare("PRAGMA quick_check(1)"));
  GITOPSCTL_TRY(const bool row, check.step());
  if (row && check.text(0) == "ok") return {};
  damaged_ = true;
  return Error(ErrorCode::invalid_input, "the " + what_ + " is damaged: " + std::string(row ? check.text(0) : "no answer"))
      .at({path_, 0, 0});
}

Result<Transaction> Transaction::begin(Database& database) {
  GITOPSCTL_CHECK(database.execute("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::~Transaction() {
  // SQLite ends a transaction by itself after some errors (a full disk is one).
  if (database_ != nullptr && database_->in_transaction()) {
    if (const auto undone = database_->execute("ROLLBACK"); !undone.ok()) {
      // The connection is unusable then; its next call says so.
      return;
    }
  }
}

Result<void> Transaction::commit() {
  GITOPSCTL_CHECK(database_->execute("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace gitopsctl::channels
