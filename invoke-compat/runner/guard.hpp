#pragma once

#include <sys/types.h>

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "invoke-compat/runner/descriptor.hpp"

namespace gitopsctl::invoke {

/// What a guardian starts.
struct GuardedCommand {
  std::vector<std::string> argv;         ///< argv[0] is a path, or a name that is looked up in PATH of `environment`
  std::vector<std::string> environment;  ///< NAME=VALUE
  std::string directory;                 ///< absolute
  int in = -1;                           ///< its three standard descriptors, each above 2; -1: /dev/null
  int out = -1;
  int err = -1;
  int script = -1;            ///< becomes descriptor 3 of the program; -1: it has none
  bool own_session = true;    ///< else it stays in the session and process group of this process
  bool terminal = false;      ///< `in` becomes the controlling terminal of its session
  bool disown = false;        ///< no guardian stays with it
  Millis grace{2'000};        ///< between SIGTERM and SIGKILL
  int restore_terminal = -1;  ///< gets back the modes that it has at the start when this process is killed
};

/// A program and all that it starts, held by a guardian: a small process between this one and the program. The guardian is
/// what orphans below it fall to (PR_SET_CHILD_SUBREAPER), so nothing gets away by a fork, a session of its own or a deaf
/// ear for SIGTERM. When it is told so, or when this process is gone in whatever way, it ends everything: SIGTERM, SIGKILL
/// after the grace, until nothing is left. Only programs that this user may not signal (sudo's) get away, ten seconds later.
///
/// The guardian is a fork of this process that executes nothing: it makes system calls only, holds no descriptor but its
/// own, and shares memory with this process until that changes. Not thread-safe; the destructor ends everything and waits.
class Guarded {
 public:
  /// `not_found` when there is no such program or directory, `forbidden` when it may not be run, `unavailable` when the
  /// machine has no room for more.
  [[nodiscard]] static Result<Guarded> start(const GuardedCommand& command);
  Guarded() = default;
  ~Guarded();
  Guarded(Guarded&& other) noexcept;
  Guarded& operator=(Guarded&& other) noexcept;

  /// The program's.
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Readable when there is news for update(); -1 when the guardian is gone.
  [[nodiscard]] int descriptor() const noexcept { return socket_.fd(); }
  /// Takes the news in. Never waits.
  void update();
  /// Its exit code, or -N for signal N; nothing while it runs.
  [[nodiscard]] std::optional<int> exited() const noexcept { return exited_; }
  /// Nothing is left of it, or nothing that can be ended.
  [[nodiscard]] bool gone() const noexcept { return !socket_.open(); }

  /// SIGINT to the program's process group; in the session of this process to the program and everything below it.
  void interrupt() noexcept;
  /// Begins to end everything; update() tells when that is done.
  void end() noexcept;
  /// Leaves alone what still runs, and ends the guardian.
  void release() noexcept;
  /// The terminal's modes are no business of the guardian any more (GuardedCommand::restore_terminal).
  void keep_terminal() noexcept;

 private:
  void tell(char order) noexcept;
  void reap() noexcept;
  pid_t guardian_ = -1;
  pid_t pid_ = -1;
  Descriptor socket_;
  std::optional<int> exited_;
};

/// Holds what commands of one task leave in the background, and ends it with itself. Thread-safe.
class TaskScope {
 public:
  TaskScope() = default;
  ~TaskScope() { end(); }
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;
  void adopt(Guarded left);
  /// Ends all of it, at once, and waits for that.
  void end();

 private:
  std::mutex mutex_;
  std::vector<Guarded> left_;
};

}  // namespace gitopsctl::invoke
