#pragma once

#include <cstddef>
#include <mutex>
#include <stop_token>
#include <vector>

#include "invoke-compat/runner/descriptor.hpp"

namespace gitopsctl::invoke {

/// Ctrl-C on its way to the commands that run. Thread-safe.
class Interrupts {
 public:
  /// Tells every command that runs. `from_terminal`: the key was pressed, so that the kernel told the commands that share
  /// our terminal already. Returns how many commands listen; with none it is up to the caller what to do.
  std::size_t raise(bool from_terminal);

  /// One listening command.
  class Listener {
   public:
    /// `interrupts` may be nullptr; else it must outlive this.
    explicit Listener(Interrupts* interrupts);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    /// Readable when there is something to take; -1 without interrupts.
    [[nodiscard]] int descriptor() const noexcept { return event_.fd(); }
    struct Raised {
      std::size_t from_terminal = 0;
      std::size_t others = 0;
    };
    /// What came since the last call.
    [[nodiscard]] Raised take();

   private:
    friend class Interrupts;
    Interrupts* interrupts_;
    Descriptor event_;
    Raised raised_;
  };

 private:
  std::mutex mutex_;
  std::vector<Listener*> listeners_;
};

/// For a program that a person runs: from now on SIGINT goes to the running commands, and SIGTERM, SIGHUP, and SIGINT while
/// no command runs, request the stop. A second one of these within one program ends it at once with 128 + its number. Call
/// it in the main thread before other threads are started, and once: it blocks these signals, and threads inherit that. A
/// signal that is ignored (nohup) stays so. Both arguments must live as long as the process.
void forward_signals(Interrupts& interrupts, std::stop_source& stop);

}  // namespace gitopsctl::invoke
