#include "tests/support/installation.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

#include "base/json/json.hpp"
#include "channels/http/client.hpp"

namespace gitopsctl::support {

namespace {

// What the agent deletes of its own accord: its reports, its events, its inventories and records.
constexpr const char* watch_sql = R"sql(
CREATE TABLE IF NOT EXISTS seen_deletes (what TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS see_deletes AFTER DELETE ON objects
WHEN old.api_group NOT IN ('gitopsctl.dev', 'events.k8s.io') AND old.kind <> 'Event' AND old.name NOT LIKE 'gitopsctl-%'
BEGIN INSERT INTO seen_deletes VALUES (old.kind || ' ' || old.namespace || '/' || old.name); END;
)sql";

int add_row(void* rows, int columns, char** texts, char** /*names*/) {
  static_cast<std::vector<std::string>*>(rows)->emplace_back(columns > 0 && texts[0] != nullptr ? texts[0] : "");
  return 0;
}

}  // namespace

Installation::Installation(InstallationOptions options) : options_(std::move(options)) {
  std::ofstream file(config_file());
  file << "installation: test\nstateDirectory: state\nstore: {path: state/store.db}\n"
       << "repositories:\n  - name: shop\n    url: " << options_.url << '\n'
       << options_.repository_lines << "environments:\n";
  for (const auto& channel : options_.channels) {
    file << "  - {name: " << channel << ", kind: embedded, path: " << channel << "/env.db}\n";
  }
  file << "bindings:\n";
  for (const auto& channel : options_.channels) {
    file << "  - {repository: shop, channel: " << channel << ", environment: " << channel << "}\n";
  }
}

std::vector<std::pair<std::string, std::string>> Installation::process_environment() const {
  return {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
          {"HOME", path() + "/home"},
          {"LC_ALL", "C.UTF-8"},
          {"TZ", "UTC"},
          {"NO_COLOR", "1"},
          {"GITOPSCTL_CONFIG", config_file()}};
}

CapturedOutput Installation::finish(CapturedCommand command) {
  command.command.environment = process_environment();
  command.max_output = 256ULL << 20U;
  auto output = run_command(command, {{}, Deadline(system_clock(), Millis{120'000})});
  if (!output.ok()) throw std::runtime_error(output.error().to_string());
  said_ += output->out + output->err;
  return *std::move(output);
}

CapturedOutput Installation::run(const std::vector<std::string>& arguments) {
  CapturedCommand command;
  command.command.program = std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl";
  command.command.arguments = arguments;
  return finish(std::move(command));
}

CapturedOutput Installation::run_behind(const std::string& prelude, const std::vector<std::string>& arguments) {
  CapturedCommand command;
  command.command.program = "sh";
  std::string line = prelude + " '" + GITOPSCTL_BINARY_DIR + "/gitopsctl'";
  for (const auto& word : arguments) line += ' ' + word;
  command.command.arguments = {"-c", line};
  return finish(std::move(command));
}

CapturedOutput Installation::once() {
  auto output = run({"agent", "--once"});
  watch_deletes();
  return output;
}

std::string Installation::agent_log() const {
  std::ifstream in(path() + "/agent.log", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

RunningAgent Installation::start() {
  const int log = ::open((path() + "/agent.log").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  Command command;
  command.program = std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl";
  command.arguments = {"agent", "--listen", "127.0.0.1:0"};
  command.environment = process_environment();
  auto process = ChildProcess::start(command, {-1, log, log});
  ::close(log);
  if (!process.ok()) throw std::runtime_error(process.error().to_string());
  const Deadline deadline(system_clock(), Millis{60'000});
  while (!deadline.passed() && !process->poll_exit()) {
    const std::string said = agent_log();
    const auto at = said.find(" port=");
    const auto end = said.find_first_not_of("0123456789", at + 6);
    if (at != std::string::npos && end != std::string::npos) {
      watch_deletes();
      return {*std::move(process), static_cast<std::uint16_t>(std::stoi(said.substr(at + 6, end - at - 6)))};
    }
    system_clock().sleep(Millis{20}, {});
  }
  throw std::runtime_error("the agent does not listen: " + agent_log());
}

std::pair<int, std::string> RunningAgent::get(const std::string& path) const {
  channels::HttpClient client({});
  channels::HttpRequest request;
  request.url = "http://127.0.0.1:" + std::to_string(port_) + path;
  const auto answer = client.send(request, {{}, Deadline(system_clock(), Millis{10'000})});
  if (!answer.ok()) return {0, answer.error().to_string()};
  return {answer->status, answer->body};
}

bool RunningAgent::comes_to(const std::string& path, int status) const {
  const Deadline deadline(system_clock(), Millis{60'000});
  while (!deadline.passed()) {
    if (get(path).first == status) return true;
    system_clock().sleep(Millis{50}, {});
  }
  return false;
}

Value Installation::json(const std::vector<std::string>& arguments) {
  auto words = arguments;
  words.insert(words.end(), {"-o", "json"});
  auto value = parse_json(run(words).out);
  return value.ok() ? *std::move(value) : Value::null();
}

void Installation::watch_deletes() {
  for (const auto& channel : options_.channels) {
    const std::string file = environment_file(channel);
    if (!std::filesystem::exists(file) || std::find(watched_.begin(), watched_.end(), file) != watched_.end()) continue;
    sql(file, watch_sql);
    watched_.push_back(file);
  }
}

std::vector<std::string> Installation::deletes() const {
  std::vector<std::string> out;
  for (const auto& file : watched_) {
    for (auto& row : sql(file, "SELECT what FROM seen_deletes")) out.push_back(std::move(row));
  }
  return out;
}

std::vector<std::string> Installation::sql(const std::string& file, const std::string& text) {
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE, nullptr);
  const std::unique_ptr<sqlite3, decltype(&sqlite3_close)> database(raw, &sqlite3_close);
  if (opened != SQLITE_OK) throw std::runtime_error("cannot open " + file);
  sqlite3_busy_timeout(raw, 5000);
  std::vector<std::string> rows;
  char* problem = nullptr;
  if (sqlite3_exec(raw, text.c_str(), add_row, &rows, &problem) != SQLITE_OK) {
    const std::string said = problem == nullptr ? "?" : problem;
    sqlite3_free(problem);
    throw std::runtime_error(file + ": " + said);
  }
  return rows;
}

}  // namespace gitopsctl::support
