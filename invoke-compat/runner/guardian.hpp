#pragma once

#include <termios.h>

#include <cstdint>

// What runs in the guardian's process: system calls only, since it is a fork of a process with several threads.
namespace gitopsctl::invoke::detail {

/// Everything that the guardian and the program need, made before the fork.
struct GuardianPlan {
  int socket = -1;                     ///< the guardian's end
  int report = -1;                     ///< where a failure to start is written; closed by a start that worked
  const char* const* paths = nullptr;  ///< where the program may be, nullptr at the end
  char* const* argv = nullptr;
  char* const* environment = nullptr;
  const char* directory = nullptr;
  int in = -1;
  int out = -1;
  int err = -1;
  int script = -1;
  bool own_session = true;
  bool terminal = false;
  bool disown = false;
  std::int64_t grace_ms = 0;
  int restore_terminal = -1;
  termios modes = {};
  bool restore = false;
};

/// Written to GuardianPlan::report.
struct StartFailure {
  enum class Stage : std::int32_t { fork, directory, program, setup } stage = Stage::setup;
  std::int32_t reason = 0;  ///< errno
};

/// What the guardian says on its socket.
struct GuardianNews {
  enum class Kind : std::int32_t { started, exited } kind = Kind::started;
  std::int32_t pid = 0;
  std::int32_t status = 0;  ///< as waitpid() gives it
  std::int32_t left = 0;    ///< 1: it left something running; 0: the guardian ends now
};

/// Orders to the guardian: one byte each. The end of the socket without any means that the other side is dead.
inline constexpr char order_interrupt = 'I';
inline constexpr char order_end = 'E';
inline constexpr char order_release = 'R';
inline constexpr char order_keep_terminal = 'T';

/// The guardian's life. All signals are blocked when it begins.
[[noreturn]] void guard(const GuardianPlan& plan) noexcept;

}  // namespace gitopsctl::invoke::detail
