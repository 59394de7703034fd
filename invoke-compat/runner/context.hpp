#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/time/clock.hpp"
#include "invoke-compat/runner/output.hpp"

namespace gitopsctl::invoke {

class Interrupts;
class TaskScope;

/// Where typed input comes from. The descriptor belongs to somebody else.
struct InputSource {
  int descriptor = -1;  ///< -1: there is none
};

struct TerminalSize {
  unsigned short columns = 80;
  unsigned short rows = 24;
};

/// Everything around a command. Nothing else is asked: not the process' own environment, working directory or descriptors.
/// What it points to must outlive every command that is run with it. Copies are cheap enough; const use is thread-safe.
struct RunContext {
  OutputSink* out = nullptr;  ///< must be there
  OutputSink* err = nullptr;  ///< must be there
  InputSource input = {};
  std::map<std::string, std::string> environment = {};
  std::string directory;         ///< absolute: where commands run
  bool out_is_terminal = false;  ///< then the default echo is bold
  /// For commands with a terminal of their own (the reference's default is 80 times 24).
  TerminalSize terminal_size = {};
  /// The command stays in the session and process group of this process, so that it can use the same terminal as /dev/tty
  /// and the terminal's keys reach it: for a program that a person runs. Otherwise it gets a session of its own.
  bool share_terminal = false;
  bool compat = false;               ///< the reference's bytes where ours differ on purpose
  Interrupt interrupt = {};          ///< stop and deadline: the command is ended then
  Interrupts* interrupts = nullptr;  ///< Ctrl-C, which is passed on to the command
  TaskScope* scope = nullptr;        ///< holds what commands leave in the background; nullptr: it ends with the command
  Millis grace{2'000};               ///< between SIGTERM and SIGKILL
  const Clock* clock = &system_clock();
};

}  // namespace gitopsctl::invoke
