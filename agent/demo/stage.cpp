#include "agent/demo/stage.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "agent/demo/cgi_server.hpp"
#include "agent/demo/demo_files.hpp"
#include "base/process/spawn.hpp"

namespace gitopsctl::agent::demo {

namespace fs = std::filesystem;

namespace {

constexpr Millis command_patience{60'000};
constexpr Millis until_patience{10'000};

std::string indent(const std::string& text, bool colour) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (colour && line.starts_with("+") && !line.starts_with("+++")) line = "\x1b[32m" + line + "\x1b[0m";
    if (colour && line.starts_with("-") && !line.starts_with("---")) line = "\x1b[31m" + line + "\x1b[0m";
    out += "    " + line + '\n';
  }
  return out;
}

/// Where git keeps its own programs, http-backend among them.
Result<std::string> git_backend() {
  CapturedCommand command;
  command.command = {"git", {"--exec-path"}, std::nullopt, {}};
  auto said = run_command(command, {{}, Deadline(system_clock(), command_patience)});
  if (!said.ok()) {
    return Error(ErrorCode::not_found, "the demo needs the program git")
        .with_hint("install it, for example: apt-get install git");
  }
  std::string path = said->out.substr(0, said->out.find('\n')) + "/git-http-backend";
  if (::access(path.c_str(), X_OK) != 0) {
    return Error(ErrorCode::not_found, "this git has no http-backend: " + path).with_hint("install the full git package");
  }
  return path;
}

Result<void> write_text(const fs::path& path, std::string_view content) {
  std::error_code failed;
  fs::create_directories(path.parent_path(), failed);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  if (!file) return Error(ErrorCode::unavailable, "cannot write '" + path.string() + "'");
  return {};
}

}  // namespace

Stage::Stage(DemoOptions options) : options_(std::move(options)), started_(system_clock().monotonic()) {}

Stage::~Stage() {
  if (agent_) agent_->terminate(Millis(3'000));
  server_.reset();
  std::error_code ignored;
  if (remove_directory_) fs::remove_all(directory_, ignored);
}

Millis Stage::elapsed() const { return system_clock().monotonic() - started_; }

Result<std::unique_ptr<Stage>> Stage::set_up(const DemoOptions& options) {
  auto stage = std::unique_ptr<Stage>(new Stage(options));
  if (options.directory.empty()) {
    std::string pattern = (fs::temp_directory_path() / "gitopsctl-demo-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) return Error(ErrorCode::unavailable, "cannot make a temporary directory");
    stage->directory_ = pattern;
    stage->remove_directory_ = !options.keep;
  } else {
    std::error_code failed;
    fs::create_directories(options.directory, failed);
    stage->directory_ = fs::absolute(options.directory, failed).string();
    if (!fs::is_empty(stage->directory_, failed) || failed) {
      return Error(ErrorCode::invalid_input, "'" + options.directory + "' is not an empty directory")
          .with_hint("name one that is empty or does not exist yet");
    }
  }
  GITOPSCTL_CHECK(stage->make_repository());
  return stage;
}

Result<void> Stage::make_repository() {
  GITOPSCTL_TRY(const std::string backend, git_backend());
  // The program that is shown is what `gitopsctl` means in the commands.
  std::error_code failed;
  fs::create_directories(directory_ + "/bin", failed);
  fs::create_symlink(options_.program, directory_ + "/bin/gitopsctl", failed);
  GITOPSCTL_CHECK(quietly("git init --quiet --bare --initial-branch=main " + directory_ + "/served/shop.git"));
  GITOPSCTL_CHECK(quietly("git -C " + directory_ + "/served/shop.git config http.receivepack true"));
  CgiOptions cgi;
  cgi.program = backend;
  cgi.environment = {"GIT_PROJECT_ROOT=" + directory_ + "/served", "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1",
                     "HOME=" + directory_, "PATH=/usr/bin:/bin"};
  try {
    server_ = std::make_unique<CgiServer>(cgi);
  } catch (const std::exception& problem) {
    return Error(ErrorCode::unavailable, std::string("cannot serve the repository: ") + problem.what());
  }
  GITOPSCTL_CHECK(quietly("git clone --quiet " + server_->url() + "/shop.git " + directory_ + "/shop"));
  for (const auto& file : demo_files()) {
    std::string path(file.path);
    if (path.starts_with("channels/")) {
      path = ".gitopsctl/" + path;
    } else if (!path.starts_with("notes/")) {
      path = "charts/" + path;
    }
    GITOPSCTL_CHECK(write_file(path, std::string(file.content)));
  }
  GITOPSCTL_CHECK(write_file("src/main.py", "print('the shop itself; none of it is deployed from here')\n"));
  return write_text(directory_ + "/agent.yaml",
                    "apiVersion: gitopsctl.dev/v1\n"
                    "kind: Agent\n"
                    "installation: demo\n"
                    "stateDirectory: state\n"
                    "store: {path: state/store.db}\n"
                    "repositories:\n"
                    "  - name: shop\n"
                    "    url: " +
                        server_->url() +
                        "/shop.git\n"
                        "    poll: {interval: 1s}\n"
                        "environments:\n"
                        "  - {name: test, kind: embedded, path: test/environment.db}\n"
                        "  - {name: prod, kind: embedded, path: prod/environment.db}\n"
                        "bindings:\n"
                        "  - {repository: shop, channel: test, environment: test}\n"
                        "  - {repository: shop, channel: prod, environment: prod}\n");
}

Result<void> Stage::start_agent() {
  const int log = ::open((directory_ + "/agent.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) return Error(ErrorCode::unavailable, "cannot write the agent's log");
  auto started = ChildProcess::start({options_.program, {"agent", "--config", directory_ + "/agent.yaml"}, std::nullopt, {}},
                                     {-1, log, log});
  ::close(log);
  if (!started.ok()) return started.error();
  agent_ = *std::move(started);
  return {};
}

std::string Stage::shell_lines() const {
  return "cd " + directory_ + "/shop\nexport PATH=" + directory_ + "/bin:$PATH GITOPSCTL_CONFIG=" + directory_ +
         "/agent.yaml\n";
}

Result<Said> Stage::run(const std::string& command) {
  CapturedCommand captured;
  captured.command.program = "/bin/sh";
  captured.command.arguments = {"-c", command};
  const char* path = std::getenv("PATH");
  captured.command.environment = {
      {"PATH", directory_ + "/bin:" + (path == nullptr ? "/usr/bin:/bin" : path)},
      {"GITOPSCTL_CONFIG", directory_ + "/agent.yaml"},
      {"XDG_CACHE_HOME", directory_ + "/cache"},
      {"HOME", directory_},
      {"GIT_CONFIG_NOSYSTEM", "1"},
      {"GIT_AUTHOR_NAME", "Dana"},
      {"GIT_AUTHOR_EMAIL", "dana@example.com"},
      {"GIT_COMMITTER_NAME", "Dana"},
      {"GIT_COMMITTER_EMAIL", "dana@example.com"},
      {"GIT_TERMINAL_PROMPT", "0"},
      {"LANG", "C.UTF-8"},
      {"NO_COLOR", "1"},
  };
  std::error_code failed;
  captured.command.directory = fs::exists(directory_ + "/shop", failed) ? directory_ + "/shop" : directory_;
  GITOPSCTL_TRY(const auto said, run_command(captured, {options_.stop, Deadline(system_clock(), command_patience)}));
  return Said{said.out, said.err, said.status.exit_code};
}

void Stage::heading(const std::string& text) {
  const std::string line = std::to_string(++step_) + ". " + text;
  options_.say('\n' + (options_.colour ? "\x1b[1m" + line + "\x1b[0m" : line) + '\n');
}

void Stage::note(const std::string& text) { options_.say("  " + text + '\n'); }

Result<Said> Stage::type(const std::string& command, const std::vector<int>& expected, bool show) {
  const std::string line = "  $ " + command;
  options_.say((options_.colour ? "\x1b[36m" + line + "\x1b[0m" : line) + '\n');
  GITOPSCTL_TRY(const Said said, run(command));
  if (show) options_.say(indent(said.out, options_.colour) + indent(said.err, options_.colour));
  if (std::find(expected.begin(), expected.end(), said.exit_code) == expected.end()) {
    if (!show) options_.say(indent(said.out + said.err, options_.colour));
    return Error(ErrorCode::internal, "'" + command + "' ended with " + std::to_string(said.exit_code))
        .with_hint("the agent's log is " + directory_ + "/agent.log (with --keep or --directory it stays)");
  }
  return said;
}

Result<Said> Stage::quietly(const std::string& command, const std::vector<int>& expected) {
  GITOPSCTL_TRY(const Said said, run(command));
  if (std::find(expected.begin(), expected.end(), said.exit_code) == expected.end()) {
    return Error(ErrorCode::internal, "'" + command + "' ended with " + std::to_string(said.exit_code) + ": " + said.err);
  }
  return said;
}

Result<std::string> Stage::until(const std::string& command, const std::string& text) {
  const Deadline deadline(system_clock(), until_patience);
  for (;;) {
    GITOPSCTL_TRY(const Said said, run(command));
    if (said.out.find(text) != std::string::npos) return said.out;
    if (deadline.passed()) {
      return Error(ErrorCode::timeout,
                   "'" + command + "' did not come to say '" + text + "'; it says: " + said.out + said.err);
    }
    if (!system_clock().sleep(Millis(100), options_.stop)) return Error(ErrorCode::cancelled, "the demo was interrupted");
  }
}

Result<void> Stage::write_file(const std::string& path, const std::string& content) {
  return write_text(directory_ + "/shop/" + path, content);
}

Result<std::string> Stage::read_file(const std::string& path) const {
  std::ifstream file(directory_ + "/shop/" + path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return Error(ErrorCode::not_found, "the demo's file '" + path + "' is not there");
  return text.str();
}

Result<void> Stage::edit(const std::string& path, const std::string& from, const std::string& to) {
  GITOPSCTL_TRY(std::string text, read_file(path));
  const auto at = text.find(from);
  if (at == std::string::npos) return Error(ErrorCode::internal, "the demo's file '" + path + "' has no '" + from + "'");
  text.replace(at, from.size(), to);
  return write_file(path, text);
}

}  // namespace gitopsctl::agent::demo
