#include "invoke-compat/runner/guardian.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <ctime>

namespace gitopsctl::invoke::detail {
namespace {

/// Between two rounds of SIGKILL.
constexpr int kill_round_ms = 10;
/// How long rounds of SIGKILL go on: what is still there then, sleeps in the kernel or belongs to somebody else.
constexpr std::int64_t kill_limit_ms = 10'000;
/// Processes of the machine that one look takes in.
constexpr std::size_t max_processes = 65'536;
constexpr unsigned highest_descriptor_tried = 65'536;

struct Process {
  pid_t pid;
  pid_t parent;
  bool ours;
};

std::int64_t now_ms() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

void close_from(unsigned first) noexcept {
  if (::close_range(first, ~0U, 0) == 0) return;
  for (unsigned fd = first; fd < highest_descriptor_tried; ++fd) ::close(static_cast<int>(fd));  // before Linux 5.9
}

void mark_from(unsigned first) noexcept {
  if (::close_range(first, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  for (unsigned fd = first; fd < highest_descriptor_tried; ++fd) (void)::fcntl(static_cast<int>(fd), F_SETFD, FD_CLOEXEC);
}

[[noreturn]] void refuse(const GuardianPlan& plan, StartFailure::Stage stage, int reason) noexcept {
  const StartFailure failure{stage, reason};
  (void)!::write(plan.report, &failure, sizeof failure);
  ::_exit(127);
}

/// Handlers of the process that was forked would run here; what it ignores, programs inherit (nohup relies on that), but for
/// SIGPIPE and SIGXFSZ, which no program expects to be ignored.
void default_signals() noexcept {
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action{};
    if (::sigaction(signal, nullptr, &action) != 0) continue;
    const bool ignored = (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_IGN;
    if (ignored && signal != SIGPIPE && signal != SIGXFSZ && signal != SIGCHLD) continue;
    action = {};
    action.sa_handler = SIG_DFL;
    (void)::sigaction(signal, &action, nullptr);
  }
}

void place(const GuardianPlan& plan, int from, int to) noexcept {
  if (from < 0) {
    from = ::open("/dev/null", to == STDIN_FILENO ? O_RDONLY : O_WRONLY);
    if (from == to) return;
    if (from < 0) refuse(plan, StartFailure::Stage::setup, errno);
  }
  if (::dup2(from, to) < 0) refuse(plan, StartFailure::Stage::setup, errno);
}

[[noreturn]] void become_program(const GuardianPlan& plan, pid_t guardian) noexcept {
  if (!plan.disown) {
    // The last net: somebody kills the guardian.
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != guardian) ::_exit(127);
  }
  if (plan.own_session) (void)::setsid();
  if (plan.terminal && ::ioctl(plan.in, TIOCSCTTY, 0) != 0) refuse(plan, StartFailure::Stage::setup, errno);
  place(plan, plan.in, STDIN_FILENO);
  place(plan, plan.out, STDOUT_FILENO);
  place(plan, plan.err, STDERR_FILENO);
  int report = plan.report;
  unsigned first_own = STDERR_FILENO + 1;
  if (plan.script >= 0) {
    // Descriptor 3 may be the report's.
    report = ::fcntl(report, F_DUPFD_CLOEXEC, STDERR_FILENO + 2);
    if (plan.script != STDERR_FILENO + 1) {
      if (report < 0 || ::dup2(plan.script, STDERR_FILENO + 1) < 0) ::_exit(127);
    } else {
      (void)::fcntl(plan.script, F_SETFD, 0);
    }
    ++first_own;
  }
  GuardianPlan moved = plan;
  moved.report = report;
  mark_from(first_own);
  if (::chdir(plan.directory) != 0) refuse(moved, StartFailure::Stage::directory, errno);
  sigset_t none;
  sigemptyset(&none);
  (void)::sigprocmask(SIG_SETMASK, &none, nullptr);
  int reason = ENOENT;
  for (const char* const* path = plan.paths; *path != nullptr; ++path) {
    ::execve(*path, plan.argv, plan.environment);
    if (errno != ENOENT && errno != ENOTDIR) reason = errno;
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) break;
  }
  refuse(moved, StartFailure::Stage::program, reason);
}

/// The number at the start of `text`; -1 when there is none.
pid_t number_at(const char* text) noexcept {
  pid_t number = 0;
  if (*text < '0' || *text > '9') return -1;
  for (; *text >= '0' && *text <= '9'; ++text) number = number * 10 + (*text - '0');
  return number;
}

/// The parent of `pid`, from /proc/PID/stat: what follows the name, which itself may hold anything.
pid_t parent_of(const char* pid) noexcept {
  char path[64] = "/proc/";
  std::size_t length = 6;
  for (const char* c = pid; *c != '\0' && length < sizeof path - 8; ++c) path[length++] = *c;
  for (const char* c = "/stat"; *c != '\0'; ++c) path[length++] = *c;
  path[length] = '\0';
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  char text[512];
  const ssize_t count = ::read(file, text, sizeof text - 1);
  ::close(file);
  if (count <= 0) return -1;
  text[count] = '\0';
  ssize_t at = count;
  while (at > 0 && text[at] != ')') --at;
  // `) S 123`
  return at + 4 < count ? number_at(text + at + 4) : -1;
}

/// Directory entries as getdents64(2) writes them.
struct Entry {
  std::uint64_t inode;
  std::int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[1];
};

class Guardian {
 public:
  Guardian(const GuardianPlan& plan, pid_t program) noexcept : plan_(plan), program_(program), restore_(plan.restore) {
    void* const memory = ::mmap(nullptr, max_processes * sizeof(Process), PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory != MAP_FAILED) processes_ = static_cast<Process*>(memory);
  }

  [[noreturn]] void live() noexcept {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    const int children = ::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    say({GuardianNews::Kind::started, program_, 0, 0});
    for (;;) {
      reap();
      pollfd waiting[2] = {{plan_.socket, POLLIN, 0}, {children, POLLIN, 0}};
      // Without a signalfd looks often instead.
      (void)::poll(waiting, 2, children < 0 ? kill_round_ms : -1);
      signalfd_siginfo drained;
      while (::read(children, &drained, sizeof drained) > 0) {
      }
      if (waiting[0].revents != 0) listen();
    }
  }

 private:
  void say(const GuardianNews& news) const noexcept {
    (void)!::send(plan_.socket, &news, sizeof news, MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  /// Takes in who ended; ends itself after the last one.
  void reap() noexcept {
    GuardianNews news{GuardianNews::Kind::exited, program_, 0, 0};
    bool program_ended = false;
    for (;;) {
      int status = 0;
      const pid_t ended = ::waitpid(-1, &status, WNOHANG);
      if (ended < 0 && errno == EINTR) continue;
      if (ended == program_) {
        program_ended = true;
        news.status = status;
      }
      if (ended > 0) continue;
      news.left = ended == 0 ? 1 : 0;
      if (program_ended) say(news);
      if (ended < 0) ::_exit(0);
      return;
    }
  }

  void listen() noexcept {
    char order = 0;
    const ssize_t count = ::recv(plan_.socket, &order, 1, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count == 1 && order == order_interrupt) return interrupt();
    if (count == 1 && order == order_release) {
      // What runs on must not die with this process.
      ::_exit(0);
    }
    if (count == 1 && order == order_keep_terminal) {
      restore_ = false;
      return;
    }
    if (count <= 0) restore_terminal();
    end_all();
  }

  /// As the key of a terminal does it: to a process group, in one step, so that no fork gets away. In a group that is not
  /// the program's own that would be too many.
  void interrupt() noexcept {
    if (!plan_.own_session || ::kill(-program_, SIGINT) != 0) signal_all(SIGINT);
  }

  /// The other side is dead, and left the terminal as it needed it. Not TCSETSW: a terminal that is held (Ctrl-S) would hold
  /// this process, too.
  void restore_terminal() noexcept {
    if (restore_) (void)::ioctl(plan_.restore_terminal, TCSETS, &plan_.modes);
    restore_ = false;
  }

  /// Orders have no meaning any more while everything is ended; the other side may still die.
  void watch_terminal() noexcept {
    char order = 0;
    while (restore_) {
      const ssize_t count = ::recv(plan_.socket, &order, 1, MSG_DONTWAIT);
      if (count == 0) return restore_terminal();
      if (count < 0) return;
      if (order == order_keep_terminal) restore_ = false;
    }
  }

  [[noreturn]] void end_all() noexcept {
    signal_all(SIGTERM);
    signal_all(SIGCONT);  // what is stopped does not hear the other one
    wait_until(now_ms() + plan_.grace_ms, false);
    wait_until(now_ms() + kill_limit_ms, true);
    ::_exit(1);
  }

  void wait_until(std::int64_t end, bool kill) noexcept {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    while (now_ms() < end) {
      watch_terminal();
      reap();
      if (kill) kill_children();
      const timespec round{0, kill_round_ms * 1'000'000L};
      (void)::sigtimedwait(&child, nullptr, &round);
    }
  }

  /// Those below a killed one fall to this process and are met in the next round. Only children are killed: nobody else gets
  /// their numbers before this process has waited for them.
  void kill_children() noexcept {
    look();
    const pid_t self = ::getpid();
    for (std::size_t i = 0; i < count_; ++i) {
      if (processes_[i].parent == self) (void)::kill(processes_[i].pid, SIGKILL);
    }
    if (count_ == 0) kill_without_proc(SIGKILL);
  }

  /// To everything below this process.
  void signal_all(int signal) noexcept {
    look();
    if (count_ == 0) return kill_without_proc(signal);
    const pid_t self = ::getpid();
    for (bool found = true; found;) {
      found = false;
      for (std::size_t i = 0; i < count_; ++i) {
        Process& one = processes_[i];
        const bool below = one.parent == self || is_ours(one.parent);
        if (one.ours || !below) continue;
        one.ours = true;
        found = true;
      }
    }
    for (std::size_t i = 0; i < count_; ++i) {
      if (processes_[i].ours) (void)::kill(processes_[i].pid, signal);
    }
  }

  bool is_ours(pid_t pid) const noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
      if (processes_[i].pid == pid) return processes_[i].ours;
    }
    return false;
  }

  void kill_without_proc(int signal) const noexcept {
    (void)::kill(program_, signal);
    if (plan_.own_session) (void)::kill(-program_, signal);
  }

  /// All processes of the machine that can be seen, with their parents.
  void look() noexcept {
    count_ = 0;
    if (processes_ == nullptr) return;
    const int directory = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return;
    alignas(Entry) char buffer[8192];
    for (;;) {
      const long length = ::syscall(SYS_getdents64, directory, buffer, sizeof buffer);
      if (length <= 0) break;
      for (long at = 0; at < length;) {
        const auto* entry = reinterpret_cast<const Entry*>(buffer + at);
        at += entry->length;
        const char* const name = static_cast<const char*>(entry->name);
        const pid_t pid = number_at(name);
        if (pid <= 0 || count_ >= max_processes) continue;
        const pid_t parent = parent_of(name);
        if (parent > 0) processes_[count_++] = {pid, parent, false};
      }
    }
    ::close(directory);
  }

  const GuardianPlan& plan_;
  pid_t program_;
  bool restore_;
  Process* processes_ = nullptr;
  std::size_t count_ = 0;
};

/// Keeps the socket, as descriptor 3, and the terminal, as 4, and nothing else.
void shed_descriptors(GuardianPlan& plan) noexcept {
  // Both first above everything, so that neither is overwritten by the other.
  const int socket = ::fcntl(plan.socket, F_DUPFD, 10);
  const int terminal = plan.restore ? ::fcntl(plan.restore_terminal, F_DUPFD, 10) : -1;
  const int null = ::open("/dev/null", O_RDWR);
  if (socket < 0 || null < 0) ::_exit(1);
  for (int fd = 0; fd <= STDERR_FILENO; ++fd) (void)::dup2(null, fd);
  (void)::dup2(socket, 3);
  plan.socket = 3;
  plan.restore = terminal >= 0 && ::dup2(terminal, 4) >= 0;
  plan.restore_terminal = 4;
  close_from(plan.restore ? 5 : 4);
}

}  // namespace

void guard(const GuardianPlan& given) noexcept {
  GuardianPlan plan = given;
  default_signals();
  if (!plan.disown) (void)::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const pid_t self = ::getpid();
  const pid_t program = ::_Fork();
  if (program == 0) become_program(plan, self);
  if (program < 0) refuse(plan, StartFailure::Stage::fork, errno);
  // Out of the session and process group of the program: what ends those must not end this.
  (void)::setsid();
  (void)::prctl(PR_SET_NAME, "task-guardian");
  shed_descriptors(plan);
  (void)!::chdir("/");
  Guardian guardian(plan, program);
  if (plan.disown) {
    const GuardianNews started{GuardianNews::Kind::started, program, 0, 0};
    (void)!::send(plan.socket, &started, sizeof started, MSG_NOSIGNAL | MSG_DONTWAIT);
    ::_exit(0);
  }
  guardian.live();
}

}  // namespace gitopsctl::invoke::detail
