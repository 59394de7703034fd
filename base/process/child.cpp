#include "base/process/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace gitopsctl {
namespace {

/// The longest sleep between two looks at a deadline, whose clock may be a test's.
constexpr Millis poll_slice{100};

ExitStatus decode(int status) {
  if (WIFSIGNALED(status)) return {128 + WTERMSIG(status), WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

/// A NULL-terminated array of the strings, as execve takes it. They must outlive it.
std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (const auto& text : strings) out.push_back(const_cast<char*>(text.c_str()));  // execve's type predates const
  out.push_back(nullptr);
  return out;
}

struct Actions {
  posix_spawn_file_actions_t value{};
  posix_spawnattr_t attributes{};
  Actions() {
    posix_spawn_file_actions_init(&value);
    posix_spawnattr_init(&attributes);
  }
  ~Actions() {
    posix_spawn_file_actions_destroy(&value);
    posix_spawnattr_destroy(&attributes);
  }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
};

/// Own group, empty mask, default handlers; the descriptors in place.
int prepare(Actions& actions, const Command& command, const StandardFiles& files) {
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&actions.attributes, &none);
  posix_spawnattr_setsigdefault(&actions.attributes, &all);
  posix_spawnattr_setpgroup(&actions.attributes, 0);
  posix_spawnattr_setflags(&actions.attributes,
                           static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP));
  const std::array<std::pair<int, int>, 3> wanted{
      {{files.in, STDIN_FILENO}, {files.out, STDOUT_FILENO}, {files.err, STDERR_FILENO}}};
  for (const auto& [from, to] : wanted) {
    const int failure = from >= 0 ? posix_spawn_file_actions_adddup2(&actions.value, from, to)
                                  : posix_spawn_file_actions_addopen(&actions.value, to, "/dev/null",
                                                                     to == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0);
    if (failure != 0) return failure;
  }
  if (!command.directory.empty()) {
    if (const int failure = posix_spawn_file_actions_addchdir_np(&actions.value, command.directory.c_str()); failure != 0) {
      return failure;
    }
  }
  return posix_spawn_file_actions_addclosefrom_np(&actions.value, STDERR_FILENO + 1);
}

}  // namespace

Result<ChildProcess> ChildProcess::start(const Command& command, const StandardFiles& files) {
  std::vector<std::string> words{command.program};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  for (const auto& word : words) {
    if (word.find('\0') != std::string::npos) {
      return Error(ErrorCode::invalid_input, "cannot start " + command.program + ": an argument has a NUL byte");
    }
  }
  std::vector<std::string> environment;
  if (command.environment) {
    for (const auto& [name, value] : *command.environment) environment.push_back(name + "=" + value);
  }
  Actions actions;
  int failure = prepare(actions, command, files);
  pid_t pid = -1;
  if (failure == 0) {
    const auto argv = pointers(words);
    const auto envp = pointers(environment);
    failure = ::posix_spawnp(&pid, command.program.c_str(), &actions.value, &actions.attributes, argv.data(),
                             command.environment ? envp.data() : environ);
  }
  if (failure != 0) {
    const ErrorCode code = failure == ENOENT   ? ErrorCode::not_found
                           : failure == EACCES ? ErrorCode::forbidden
                                               : ErrorCode::unavailable;
    return Error(code, "cannot start " + command.program + ": " + std::strerror(failure));
  }
  const int exit_fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  ChildProcess child(pid, exit_fd);
  if (exit_fd < 0) {
    const int reason = errno;
    child.terminate(Millis{0});
    return Error(ErrorCode::unavailable, "cannot watch " + command.program + ": " + std::strerror(reason));
  }
  return child;
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0 && !status_) terminate(Millis{0});
  if (exit_fd_ >= 0) ::close(exit_fd_);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), exit_fd_(std::exchange(other.exit_fd_, -1)), status_(other.status_) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(exit_fd_, other.exit_fd_);
  std::swap(status_, other.status_);
  return *this;
}

std::optional<ExitStatus> ChildProcess::poll_exit() {
  if (status_ || pid_ <= 0) return status_;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == pid_) status_ = decode(status);
  return status_;
}

Result<ExitStatus> ChildProcess::wait(const Interrupt& interrupt) {
  const StopDescriptor stop(interrupt.stop);
  for (;;) {
    if (const auto status = poll_exit()) return *status;
    GITOPSCTL_CHECK(interrupt.check("waiting for a process"));
    std::array<pollfd, 2> waiting{{{exit_fd_, POLLIN, 0}, {stop.descriptor(), POLLIN, 0}}};
    (void)::poll(waiting.data(), waiting.size(), static_cast<int>(std::min(interrupt.deadline.left(), poll_slice).count()));
  }
}

void ChildProcess::send(int signal) noexcept {
  if (pid_ > 0 && !poll_exit()) (void)::kill(-pid_, signal);
}

ExitStatus ChildProcess::terminate(Millis grace) {
  if (status_) return *status_;
  const Millis end = system_clock().monotonic() + grace;
  if (grace.count() > 0) (void)::kill(-pid_, SIGTERM);
  for (Millis left = grace; left.count() > 0; left = end - system_clock().monotonic()) {
    pollfd waiting{exit_fd_, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(std::min(left, poll_slice).count())) > 0) break;
  }
  // Also when it ended by itself: what it left running in its group goes with it. It is not reaped yet, so its number, and
  // with it the group's, is still its own.
  (void)::kill(-pid_, SIGKILL);
  int status = 0;
  while (!status_) {
    const pid_t got = ::waitpid(pid_, &status, 0);
    if (got == pid_) status_ = decode(status);
    if (got < 0 && errno != EINTR) status_ = ExitStatus{128 + SIGKILL, SIGKILL};
  }
  return *status_;
}

void StopDescriptor::Wake::operator()() const noexcept {
  const std::uint64_t one = 1;
  if (fd >= 0) (void)!::write(fd, &one, sizeof one);
}

StopDescriptor::StopDescriptor(std::stop_token stop)
    : event_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)}, callback_(std::move(stop), Wake{event_.fd}) {}

StopDescriptor::Event::~Event() {
  if (fd >= 0) ::close(fd);
}

}  // namespace gitopsctl
