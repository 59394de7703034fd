#include "tests/support/scratch.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace gitopsctl::support {
namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{-1, -1};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    from = ends[0];
    to = ends[1];
  }
  ~Pipe() {
    close_end(from);
    close_end(to);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  static void close_end(int& file) {
    if (file >= 0) close(file);
    file = -1;
  }
  int from = -1;
  int to = -1;
};

/// Reads what is there; false at the end.
bool drain(int file, std::string& into) {
  std::array<char, 65536> piece{};
  const auto got = read(file, piece.data(), piece.size());
  if (got < 0 && errno == EINTR) return true;
  if (got <= 0) return false;
  into.append(piece.data(), static_cast<std::size_t>(got));
  return true;
}

pid_t spawn(const std::vector<std::string>& command, const std::vector<std::string>& environment, Pipe& in, Pipe& out,
            Pipe& err) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.from, 0);
  posix_spawn_file_actions_adddup2(&actions, out.to, 1);
  posix_spawn_file_actions_adddup2(&actions, err.to, 2);
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::vector<char*> variables;
  variables.reserve(environment.size() + 1);
  for (const auto& line : environment) variables.push_back(const_cast<char*>(line.c_str()));
  for (char** line = environ; *line != nullptr; ++line) variables.push_back(*line);
  variables.push_back(nullptr);
  pid_t pid = -1;
  const int failed = posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), variables.data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("cannot run " + command[0]);
  return pid;
}

}  // namespace

ScratchDir::ScratchDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "gitopsctl-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no scratch directory");
  path_ = pattern;
}

ScratchDir::~ScratchDir() {
  if (std::getenv("GITOPSCTL_KEEP_SCRATCH") != nullptr) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string run_program(const std::vector<std::string>& command, const std::vector<std::string>& environment,
                        const std::string& input) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe in;
  Pipe out;
  Pipe err;
  const pid_t pid = spawn(command, environment, in, out, err);
  Pipe::close_end(in.from);
  Pipe::close_end(out.to);
  Pipe::close_end(err.to);
  fcntl(in.to, F_SETFL, O_NONBLOCK);
  std::string output;
  std::string errors;
  std::size_t fed = 0;
  if (input.empty()) Pipe::close_end(in.to);
  while (out.from >= 0 || err.from >= 0) {
    std::array<pollfd, 3> files{pollfd{out.from, POLLIN, 0}, pollfd{err.from, POLLIN, 0}, pollfd{in.to, POLLOUT, 0}};
    if (poll(files.data(), files.size(), -1) < 0 && errno != EINTR) break;
    if (files[0].revents != 0 && !drain(out.from, output)) Pipe::close_end(out.from);
    if (files[1].revents != 0 && !drain(err.from, errors)) Pipe::close_end(err.from);
    if (files[2].revents == 0) continue;
    const auto wrote = write(in.to, input.data() + fed, input.size() - fed);
    if (wrote > 0) fed += static_cast<std::size_t>(wrote);
    if (fed == input.size() || (wrote < 0 && errno != EAGAIN && errno != EINTR)) Pipe::close_end(in.to);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (status == 0) return output;
  std::string line;
  for (const auto& word : command) line += word + " ";
  throw std::runtime_error(line + "failed: " + errors);
}

ScratchRepo::ScratchRepo(std::string directory, bool bare, const std::vector<std::string>& init_arguments)
    : path_(std::move(directory)) {
  std::filesystem::create_directories(path_);
  std::vector<std::string> arguments{"init", "-q", "--initial-branch=main"};
  if (bare) arguments.emplace_back("--bare");
  arguments.insert(arguments.end(), init_arguments.begin(), init_arguments.end());
  git(arguments);
  git({"config", "gc.auto", "0"});
}

std::string ScratchRepo::git(const std::vector<std::string>& arguments, const std::string& input) const {
  // Scratch is not worth a disk sync per ref.
  std::vector<std::string> command{"git", "-c", "core.fsync=none", "-C", path_};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const std::string time = std::to_string(1767225600 + clock_) + " +0000";
  std::string output =
      run_program(command,
                  {"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_AUTHOR_NAME=Ada",
                   "GIT_AUTHOR_EMAIL=ada@example.org", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.org",
                   "GIT_AUTHOR_DATE=" + time, "GIT_COMMITTER_DATE=" + time, "GIT_TERMINAL_PROMPT=0", "LC_ALL=C"},
                  input);
  if (output.ends_with('\n')) output.pop_back();
  return output;
}

std::string ScratchRepo::commit(const std::string& branch, const std::map<std::string, std::string>& files,
                                const std::vector<std::string>& removed, const std::string& message) const {
  ++clock_;
  // fast-import needs no working tree and no index, so it works in bare repositories and is one process.
  const std::string ref = "refs/heads/" + branch;
  std::string text = "commit " + ref + "\ncommitter Ada <ada@example.org> " + std::to_string(1767225600 + clock_) +
                     " +0000\ndata " + std::to_string(message.size()) + "\n" + message + "\n";
  if (!git({"for-each-ref", ref}).empty()) text += "from " + ref + "^0\n";
  for (const auto& name : removed) text += "D " + name + "\n";
  for (const auto& [name, content] : files) {
    std::string path = name;
    std::string mode = "100644";
    if (path.ends_with('!')) mode = "100755";
    if (path.ends_with('@')) mode = "120000";
    if (mode != "100644") path.pop_back();
    text += "M " + mode + " inline " + path + "\ndata " + std::to_string(content.size()) + "\n" + content + "\n";
  }
  git({"fast-import", "--quiet", "--force"}, text);
  return tip(ref);
}

}  // namespace gitopsctl::support
