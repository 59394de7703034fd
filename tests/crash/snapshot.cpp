#include "tests/crash/snapshot.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <stdexcept>

#include "base/json/json.hpp"

namespace gitopsctl::crash {

namespace {

using Connection = std::unique_ptr<sqlite3, decltype(&sqlite3_close)>;

Connection open_file(const std::string& path) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE, nullptr);
  Connection connection(raw, &sqlite3_close);
  if (code != SQLITE_OK) throw std::runtime_error("cannot open " + path);
  sqlite3_busy_timeout(raw, 5000);
  return connection;
}

void each_row(sqlite3* connection, const char* sql, const std::function<void(sqlite3_stmt*)>& row) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(connection, sql, -1, &statement, nullptr) != SQLITE_OK) {
    throw std::runtime_error(std::string(sql) + ": " + sqlite3_errmsg(connection));
  }
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) row(statement);
  sqlite3_finalize(statement);
  if (code != SQLITE_DONE) throw std::runtime_error(std::string(sql) + ": " + sqlite3_errmsg(connection));
}

std::string text(sqlite3_stmt* row, int column) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  return bytes == nullptr ? "" : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(row, column)));
}

StoredObject stored_object(const std::string& group, const std::string& kind, const std::string& body) {
  StoredObject out;
  out.body = body;
  const auto parsed = parse_json(body);
  if (!parsed.ok()) throw std::runtime_error("the environment holds what is no JSON");
  if (const Value* labels = parsed->find_path({"metadata", "labels"}); labels != nullptr && labels->is_map()) {
    for (const auto& label : labels->as_map()) out.labels[std::string(label.key.view())] = label.value.as_string();
  }
  out.owner = parsed->string_at({"metadata", "labels", "applyset.kubernetes.io/part-of"});
  out.value = parsed->string_at({"data", "value"});
  if (parsed->find_path({"data", "more"}) != nullptr) out.value += '+';
  if (const Value* replicas = parsed->find_path({"spec", "replicas"}); replicas != nullptr && replicas->is_int()) {
    out.value = std::to_string(replicas->as_int());
  }
  out.control = group == "gitopsctl.dev" || kind == "Event" ||
                !parsed->string_at({"metadata", "annotations", "gitopsctl.dev/identity"}).empty();
  return out;
}

/// Labels are stored twice, so that lists find objects by them.
void find_damage(sqlite3* connection, Snapshot& snapshot) {
  each_row(connection, "PRAGMA integrity_check", [&](sqlite3_stmt* row) {
    if (text(row, 0) != "ok") snapshot.damage.push_back("the environment's file is damaged: " + text(row, 0));
  });
  std::map<std::string, std::map<std::string, std::string>> found;
  each_row(connection, "SELECT kind, namespace, name, label, value FROM labels", [&](sqlite3_stmt* row) {
    found[text(row, 0) + '/' + text(row, 1) + '/' + text(row, 2)][text(row, 3)] = text(row, 4);
  });
  for (const auto& [name, object] : snapshot.objects) {
    if (found[name] != object.labels) snapshot.damage.push_back(name + " is listed under other labels than it has");
    if (object.revision > snapshot.version) snapshot.damage.push_back(name + " is newer than the environment");
  }
}

}  // namespace

void note_deletions(const std::string& environment_file) {
  const auto connection = open_file(environment_file);
  each_row(connection.get(), "CREATE TABLE test_deletions (number INTEGER PRIMARY KEY, what TEXT)", [](auto*) {});
  each_row(connection.get(),
           "CREATE TRIGGER test_note_deletion AFTER DELETE ON objects WHEN old.kind <> 'Event' BEGIN "
           "INSERT INTO test_deletions (what) VALUES (old.kind || '/' || old.namespace || '/' || old.name); END",
           [](auto*) {});
}

void forget_deletions(const std::string& environment_file) {
  const auto connection = open_file(environment_file);
  each_row(connection.get(), "DELETE FROM test_deletions", [](auto*) {});
}

Snapshot read_snapshot(const std::string& environment_file) {
  Snapshot out;
  const auto connection = open_file(environment_file);
  each_row(connection.get(), "SELECT api_group, kind, namespace, name, uid, revision, body FROM objects",
           [&](sqlite3_stmt* row) {
             auto object = stored_object(text(row, 0), text(row, 1), text(row, 6));
             object.uid = text(row, 4);
             object.revision = sqlite3_column_int64(row, 5);
             out.objects[text(row, 1) + '/' + text(row, 2) + '/' + text(row, 3)] = std::move(object);
           });
  each_row(connection.get(), "SELECT what FROM test_deletions",
           [&](sqlite3_stmt* row) { out.deletions.push_back(text(row, 0)); });
  each_row(connection.get(), "SELECT value FROM meta WHERE name = 'version'",
           [&](sqlite3_stmt* row) { out.version = sqlite3_column_int64(row, 0); });
  std::sort(out.deletions.begin(), out.deletions.end());
  find_damage(connection.get(), out);
  return out;
}

}  // namespace gitopsctl::crash
