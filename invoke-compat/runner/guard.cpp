#include "invoke-compat/runner/guard.hpp"

#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "invoke-compat/runner/guardian.hpp"

namespace gitopsctl::invoke {
namespace {

using detail::GuardianNews;
using detail::GuardianPlan;
using detail::StartFailure;

/// What Python, and with it the reference, looks through without a PATH (os.defpath).
constexpr std::string_view default_path = "/bin:/usr/bin";

Error system_error(std::string_view what) {
  return {ErrorCode::unavailable, std::string(what) + ": " + std::strerror(errno)};
}

bool has_nul(const std::vector<std::string>& texts) {
  return std::any_of(texts.begin(), texts.end(),
                     [](const std::string& text) { return text.find('\0') != std::string::npos; });
}

/// Where `program` may be.
std::vector<std::string> places_of(const std::string& program, const std::vector<std::string>& environment) {
  if (program.find('/') != std::string::npos) return {program};
  std::string_view path = default_path;
  constexpr std::string_view name = "PATH=";
  for (const std::string& variable : environment) {
    if (variable.starts_with(name)) path = std::string_view(variable).substr(name.size());
  }
  std::vector<std::string> places;
  for (;;) {
    const std::size_t end = path.find(':');
    const std::string_view directory = path.substr(0, end);
    places.push_back(directory.empty() ? program : std::string(directory) + "/" + program);
    if (end == std::string_view::npos) return places;
    path.remove_prefix(end + 1);
  }
}

/// A nullptr-terminated array of the strings, as execve takes it. They must outlive it.
std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (const std::string& text : strings) out.push_back(const_cast<char*>(text.c_str()));  // execve's type predates const
  out.push_back(nullptr);
  return out;
}

/// Blocks all signals of this thread while it lives: a handler must not run in the fork.
class NoSignals {
 public:
  NoSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;

 private:
  sigset_t before_{};
};

Error start_error(const StartFailure& failure, const GuardedCommand& command) {
  const ErrorCode code = failure.reason == ENOENT || failure.reason == ENOTDIR ? ErrorCode::not_found
                         : failure.reason == EACCES || failure.reason == EPERM ? ErrorCode::forbidden
                                                                               : ErrorCode::unavailable;
  const std::string why = std::string(": ") + std::strerror(failure.reason);
  switch (failure.stage) {
    case StartFailure::Stage::directory: return {code, "cannot run a command in " + command.directory + why};
    case StartFailure::Stage::program: return {code, "cannot start " + command.argv.front() + why};
    default: return {ErrorCode::unavailable, "cannot start a process for " + command.argv.front() + why};
  }
}

/// Reads exactly `size` bytes; fewer at the end.
std::size_t read_all(int fd, void* into, std::size_t size) noexcept {
  std::size_t got = 0;
  while (got < size) {
    const ssize_t count = ::read(fd, static_cast<char*>(into) + got, size - got);
    if (count == 0 || (count < 0 && errno != EINTR)) break;
    if (count > 0) got += static_cast<std::size_t>(count);
  }
  return got;
}

void wait_for(pid_t pid) noexcept {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Result<Guarded> Guarded::start(const GuardedCommand& command) {
  if (command.argv.empty() || command.argv.front().empty()) return Error(ErrorCode::invalid_input, "there is no command");
  if (has_nul(command.argv) || has_nul(command.environment) || has_nul({command.directory})) {
    return Error(ErrorCode::invalid_input, "cannot start a command with a NUL byte in it, its environment or its directory");
  }
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return system_error("cannot make a socket");
  auto ours = above_standard(ends[0]);
  auto theirs = above_standard(ends[1]);
  if (!ours.ok()) return ours.error();
  if (!theirs.ok()) return theirs.error();
  GITOPSCTL_TRY(Pipe report, make_pipe());

  const auto places = places_of(command.argv.front(), command.environment);
  const auto paths = pointers(places);
  const auto argv = pointers(command.argv);
  const auto environment = pointers(command.environment);
  GuardianPlan plan;
  plan.socket = theirs->fd();
  plan.report = report.write.fd();
  plan.paths = paths.data();
  plan.argv = argv.data();
  plan.environment = environment.data();
  plan.directory = command.directory.c_str();
  plan.in = command.in;
  plan.out = command.out;
  plan.err = command.err;
  plan.script = command.script;
  plan.own_session = command.own_session || command.terminal || command.disown;
  plan.terminal = command.terminal;
  plan.disown = command.disown;
  plan.grace_ms = command.grace.count();
  plan.restore_terminal = command.restore_terminal;
  plan.restore = command.restore_terminal >= 0 && ::tcgetattr(command.restore_terminal, &plan.modes) == 0;

  Guarded guarded;
  {
    const NoSignals quiet;
    guarded.guardian_ = ::fork();
    if (guarded.guardian_ == 0) detail::guard(plan);
  }
  if (guarded.guardian_ < 0) return system_error("cannot start a process for " + command.argv.front());
  guarded.socket_ = std::move(*ours);
  theirs->close();
  report.write.close();

  // The write end is closed by the exec that succeeds.
  StartFailure failure;
  if (read_all(report.read.fd(), &failure, sizeof failure) == sizeof failure) return start_error(failure, command);
  GuardianNews news;
  ssize_t got = 0;
  while ((got = ::recv(guarded.socket_.fd(), &news, sizeof news, 0)) < 0 && errno == EINTR) {
  }
  if (got != static_cast<ssize_t>(sizeof news)) {
    return Error(ErrorCode::unavailable, "the process that was to guard " + command.argv.front() + " is gone");
  }
  guarded.pid_ = news.pid;
  if (command.disown) guarded.reap();
  return guarded;
}

Guarded::~Guarded() { reap(); }

Guarded::Guarded(Guarded&& other) noexcept
    : guardian_(std::exchange(other.guardian_, -1)),
      pid_(std::exchange(other.pid_, -1)),
      socket_(std::move(other.socket_)),
      exited_(other.exited_) {}

Guarded& Guarded::operator=(Guarded&& other) noexcept {
  std::swap(guardian_, other.guardian_);
  std::swap(pid_, other.pid_);
  std::swap(socket_, other.socket_);
  std::swap(exited_, other.exited_);
  return *this;
}

void Guarded::update() {
  while (socket_.open()) {
    GuardianNews news;
    const ssize_t count = ::recv(socket_.fd(), &news, sizeof news, MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count != static_cast<ssize_t>(sizeof news)) return reap();
    if (news.kind != GuardianNews::Kind::exited) continue;
    exited_ = WIFSIGNALED(news.status) ? -WTERMSIG(news.status) : WEXITSTATUS(news.status);
    if (news.left == 0) return reap();
  }
}

void Guarded::tell(char order) noexcept {
  if (socket_.open()) (void)!::send(socket_.fd(), &order, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Guarded::interrupt() noexcept { tell(detail::order_interrupt); }
void Guarded::end() noexcept { tell(detail::order_end); }
void Guarded::keep_terminal() noexcept { tell(detail::order_keep_terminal); }

void Guarded::release() noexcept {
  tell(detail::order_release);
  reap();
}

void Guarded::reap() noexcept {
  tell(detail::order_end);
  socket_.close();
  if (guardian_ > 0) wait_for(std::exchange(guardian_, -1));
}

void TaskScope::adopt(Guarded left) {
  const std::lock_guard lock(mutex_);
  left_.push_back(std::move(left));
}

void TaskScope::end() {
  std::vector<Guarded> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(left_);
  }
  // All are told before one is waited for.
  for (Guarded& one : left) one.end();
}

}  // namespace gitopsctl::invoke
