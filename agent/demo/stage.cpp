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
#include "agent/demo/cluster.hpp"
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
  if (const auto left = leave_cluster(); !left.ok()) options_.say("\n" + left.error().to_string() + '\n');
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
  if (options.cluster) GITOPSCTL_CHECK(stage->enter_cluster());
  GITOPSCTL_CHECK(stage->write_agent_files());
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
    const auto as = options_.cluster ? file_for_cluster(file.path, file.content)
                                     : std::vector<DemoFile>{{std::string(file.path), std::string(file.content)}};
    for (const auto& one : as) {
      std::string path = one.path;
      if (path.starts_with("channels/")) {
        path = ".gitopsctl/" + path;
      } else if (!path.starts_with("notes")) {
        path = "charts/" + path;
      }
      GITOPSCTL_CHECK(write_file(path, one.content));
    }
  }
  return write_file("src/main.py", "print('the shop itself; none of it is deployed from here')\n");
}

/// The chart's account and rights, and the kinds. What may be undone later is begun here.
Result<void> Stage::enter_cluster() {
  const Interrupt interrupt{options_.stop, Deadline(system_clock(), command_patience)};
  GITOPSCTL_CHECK(check_free(*options_.cluster, interrupt));
  const std::string values = directory_ + "/install.yaml";
  GITOPSCTL_CHECK(write_text(values, install_values()));
  in_cluster_ = true;
  GITOPSCTL_CHECK(
      quietly("gitopsctl install --name " + std::string(install_name) + " --values " + values + cluster_flags()));
  return write_agent_kubeconfig(*options_.cluster, directory_ + "/agent.kubeconfig", interrupt);
}

Result<void> Stage::leave_cluster() {
  if (!in_cluster_) return {};
  in_cluster_ = false;
  if (agent_) agent_->terminate(Millis(3'000));
  agent_.reset();
  // Also when the demo was interrupted: nothing of it is to stay.
  GITOPSCTL_CHECK(remove_namespaces(*options_.cluster, {{}, Deadline(system_clock(), 2 * command_patience)}));
  options_.stop = {};
  GITOPSCTL_CHECK(
      quietly("gitopsctl uninstall --name " + std::string(install_name) + " --confirm demo --purge" + cluster_flags()));
  return {};
}

/// How commands of the shell reach the cluster as the person who gave the demo.
std::string Stage::cluster_flags() const {
  std::string out;
  if (!options_.cluster->kubeconfig.empty())
    out += " --kubeconfig '" + fs::absolute(options_.cluster->kubeconfig).string() + '\'';
  if (!options_.cluster->context.empty()) out += " --context '" + options_.cluster->context + '\'';
  return out;
}

std::string Stage::namespace_of(const std::string& release, const std::string& channel) const {
  return options_.cluster ? namespace_in_cluster(release, channel) : release;
}

/// The agent's file; and in a cluster another one for people, who have rights of their own there.
Result<void> Stage::write_agent_files() {
  const std::string head =
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
      "    poll: {interval: 1s}\n";
  if (!options_.cluster) {
    return write_text(directory_ + "/agent.yaml", head +
                                                      "environments:\n"
                                                      "  - {name: test, kind: embedded, path: test/environment.db}\n"
                                                      "  - {name: prod, kind: embedded, path: prod/environment.db}\n"
                                                      "bindings:\n"
                                                      "  - {repository: shop, channel: test, environment: test}\n"
                                                      "  - {repository: shop, channel: prod, environment: prod}\n");
  }
  const auto write = [&](const std::string& file, const std::string& kubeconfig, const std::string& context) {
    std::string place = "{name: cluster, kind: cluster";
    if (!kubeconfig.empty()) place += ", kubeconfig: '" + fs::absolute(kubeconfig).string() + '\'';
    if (!context.empty()) place += ", context: '" + context + '\'';
    return write_text(directory_ + '/' + file, head + "environments:\n  - " + place +
                                                   "}\n"
                                                   "bindings:\n"
                                                   "  - {repository: shop, channel: test, environment: cluster}\n"
                                                   "  - {repository: shop, channel: prod, environment: cluster}\n");
  };
  GITOPSCTL_CHECK(write("agent.yaml", directory_ + "/agent.kubeconfig", ""));
  return write("person.yaml", options_.cluster->kubeconfig, options_.cluster->context);
}

/// The file that commands read.
std::string Stage::config_file() const { return directory_ + (options_.cluster ? "/person.yaml" : "/agent.yaml"); }

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
  return "cd " + directory_ + "/shop\nexport PATH=" + directory_ + "/bin:$PATH GITOPSCTL_CONFIG=" + config_file() + '\n';
}

Result<Said> Stage::run(const std::string& command) {
  CapturedCommand captured;
  captured.command.program = "/bin/sh";
  captured.command.arguments = {"-c", command};
  const char* path = std::getenv("PATH");
  captured.command.environment = {
      {"PATH", directory_ + "/bin:" + (path == nullptr ? "/usr/bin:/bin" : path)},
      {"GITOPSCTL_CONFIG", config_file()},
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
