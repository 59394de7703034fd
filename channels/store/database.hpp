#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace gitopsctl::channels {

class Database;

/// A prepared statement with its parameters bound in order. Lives no longer than its Database. One that gave a row keeps
/// a read open until it is destroyed, so it goes before the transaction around it is committed.
class Statement {
 public:
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  Statement& bind(std::string_view text);
  Statement& bind(const char* text) { return bind(std::string_view(text)); }
  Statement& bind(const std::string& text) { return bind(std::string_view(text)); }
  Statement& bind(std::int64_t number);
  Statement& bind(std::uint32_t number) { return bind(static_cast<std::int64_t>(number)); }
  Statement& bind(std::int32_t number) { return bind(static_cast<std::int64_t>(number)); }
  Statement& bind(TimePoint at) { return bind(std::int64_t{at.time_since_epoch().count()}); }  ///< milliseconds, UTC
  Statement& bind_null();

  /// True when a row is there to read.
  [[nodiscard]] Result<bool> step();
  /// Runs a statement that gives no rows.
  [[nodiscard]] Result<void> run();
  /// Calls `read` (a Result<void>) at every row to the last; ends early with its first error.
  template <class Read>
  [[nodiscard]] Result<void> for_each_row(const Read& read) {
    while (true) {
      GITOPSCTL_TRY(const bool row, step());
      if (!row) return {};
      GITOPSCTL_CHECK(read());
    }
  }
  /// Steps to the row that cannot be missing; `internal` with `missing` when it is.
  [[nodiscard]] Result<void> need_row(const std::string& missing);

  [[nodiscard]] std::string_view text(int column) const;  ///< valid until the next step
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] TimePoint time(int column) const { return TimePoint(Millis(integer(column))); }
  [[nodiscard]] bool is_null(int column) const;

 private:
  friend class Database;
  Statement(sqlite3_stmt* statement, Database& database, bool* in_use) noexcept;

  sqlite3_stmt* statement_;
  Database* database_;
  bool* in_use_;  ///< of the cache's entry; nullptr: this statement is ours to finalize
  int parameter_ = 0;
  bool bad_bind_ = false;
};

/// One numbered step of a schema. `sql` may hold several statements.
struct Migration {
  int number;
  std::string_view name;
  std::string_view sql;
};

/// One connection to a SQLite file: WAL, synchronous NORMAL (a kill loses nothing, a power cut at most the last commits and
/// never consistency), busy timeout. Errors: `unavailable` for a full disk, a lock held too long and input/output
/// errors, `newer_schema`, `invalid_input` for damage. The one place of the program that speaks SQLite.
/// Not thread-safe: the owner locks.
class Database {
 public:
  /// Opens or creates the file (mode 0600; directories above it 0700). `what` names it in messages: "store", "environment".
  static Result<std::unique_ptr<Database>> open(const std::string& path, std::string what);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Runs statements without parameters and rows.
  [[nodiscard]] Result<void> execute(const std::string& sql);
  /// One statement, compiled once per connection.
  [[nodiscard]] Result<Statement> prepare(std::string_view sql);
  /// Rows changed by the last statement.
  [[nodiscard]] std::int64_t changes() const;
  /// An error that this connection gave has shown that the file is damaged.
  [[nodiscard]] bool damaged() const noexcept { return damaged_; }
  [[nodiscard]] bool in_transaction() const;

  /// Brings `room`'s tables to the newest of `migrations` (ascending numbers), each step in its own transaction.
  /// `newer_schema` when the file has a step that is not among them; then nothing is changed.
  [[nodiscard]] Result<void> migrate(const std::string& room, std::span<const Migration> migrations);
  /// Looks for damage in every page.
  [[nodiscard]] Result<void> check_pages();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  friend class Statement;
  Database(sqlite3* handle, std::string path, std::string what);
  [[nodiscard]] Error failure(int code);

  sqlite3* handle_;
  std::string path_;
  std::string what_;
  bool damaged_ = false;
  struct Cached {
    sqlite3_stmt* statement = nullptr;
    bool in_use = false;
  };
  std::map<std::string, Cached, std::less<>> cache_;
};

/// A write transaction; rolled back unless committed.
class Transaction {
 public:
  /// Takes the write lock at once, so that a later statement cannot fail for it.
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  [[nodiscard]] Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace gitopsctl::channels
