#pragma once

#include <sys/types.h>

#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl {

/// What to start.
struct Command {
  std::string program;                 ///< a path, or a name that is looked up in PATH
  std::vector<std::string> arguments;  ///< without the program's own name
  /// The whole environment; nullopt: this process's.
  std::optional<std::vector<std::pair<std::string, std::string>>> environment;
  std::string directory;  ///< working directory; empty: this process's
};

/// How a process ended: by exit (signal 0) or by a signal (exit_code as shells count, 128 + signal).
struct ExitStatus {
  int exit_code = 0;
  int signal = 0;
};

/// Descriptors for a new process; -1 is /dev/null.
struct StandardFiles {
  int in = -1;
  int out = -1;
  int err = -1;
};

/// A running process in a process group of its own, so that ending it ends what it started. It gets no descriptor but the
/// three standard ones, default signal handling and an empty signal mask. No fork runs any code: posix_spawn does.
/// The destructor kills the group when the process still runs. Not thread-safe.
class ChildProcess {
 public:
  /// `not_found` when there is no such program, `forbidden` when it may not be run.
  [[nodiscard]] static Result<ChildProcess> start(const Command& command, const StandardFiles& files);
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Becomes readable when the process ended; for poll().
  [[nodiscard]] int exit_descriptor() const noexcept { return exit_fd_; }
  /// How it ended, or nothing while it runs. Never waits.
  [[nodiscard]] std::optional<ExitStatus> poll_exit();
  /// Waits for the end; the process goes on when the wait is given up.
  [[nodiscard]] Result<ExitStatus> wait(const Interrupt& interrupt);
  /// Sends `signal` to the whole group; nothing when the process ended.
  void send(int signal) noexcept;
  /// SIGTERM to the group, SIGKILL after `grace`, and the end waited for.
  ExitStatus terminate(Millis grace);

 private:
  ChildProcess(pid_t pid, int exit_fd) noexcept : pid_(pid), exit_fd_(exit_fd) {}
  pid_t pid_ = -1;
  int exit_fd_ = -1;
  std::optional<ExitStatus> status_;
};

/// Readable once `stop` is requested: lets a poll() loop end at once. Owns its descriptor.
class StopDescriptor {
 public:
  explicit StopDescriptor(std::stop_token stop);
  StopDescriptor(const StopDescriptor&) = delete;
  StopDescriptor& operator=(const StopDescriptor&) = delete;
  /// -1 when the system gave none (poll() skips it; the loop then sees the stop at its next turn).
  [[nodiscard]] int descriptor() const noexcept { return event_.fd; }

 private:
  struct Event {
    int fd;
    ~Event();
  };
  struct Wake {
    int fd;
    void operator()() const noexcept;
  };
  Event event_;  ///< before callback_: closed only after no call can come any more
  std::stop_callback<Wake> callback_;
};

}  // namespace gitopsctl
