#pragma once

#include <optional>

#include "base/process/child.hpp"
#include "invoke-compat/runner/context.hpp"
#include "invoke-compat/runner/guard.hpp"
#include "invoke-compat/runner/interrupts.hpp"
#include "invoke-compat/runner/options.hpp"
#include "invoke-compat/runner/stream.hpp"
#include "invoke-compat/runner/watchers.hpp"

namespace gitopsctl::invoke {

/// Our ends of a command's streams. With a terminal `in` and `out` are two copies of one descriptor, and there is no `err`.
struct CommandStreams {
  Descriptor in;
  Descriptor out;
  Descriptor err;
};

/// A command from its start to its end: copies its streams in both directions, answers, passes on Ctrl-C, and ends it when
/// its time is over or the context says so. One thread, one loop. The arguments must outlive it.
class Exchange {
 public:
  Exchange(const RunOptions& options, const RunContext& context, const Redactor& redactor, WatcherSet watchers,
           Guarded& guarded, Interrupts::Listener& interrupts, CommandStreams streams, bool pty);

  /// Blocks until the command has ended and both its streams have.
  void run();

  enum class Ending : unsigned char { by_itself, timeout, watcher, cancelled };
  [[nodiscard]] Ending ending() const noexcept { return ending_; }
  /// The watcher that failed.
  [[nodiscard]] std::size_t failed_watcher() const noexcept { return failed_watcher_; }
  /// Why it was cancelled.
  [[nodiscard]] const std::optional<Error>& cancel_reason() const noexcept { return cancel_reason_; }
  [[nodiscard]] OutputStream& out() noexcept { return out_; }
  [[nodiscard]] OutputStream& err() noexcept { return err_; }

 private:
  /// Looks at clock, stop, Ctrl-C and guardian; false once the command is being ended, so that nobody waits for readers.
  bool attend();
  void end(Ending why);
  /// What can be read now; false when that is nothing.
  bool read_output(Descriptor& from, OutputStream& stream, std::size_t index);
  bool read_outputs();
  void react(std::size_t stream, std::string_view text);
  void read_input();
  void take_input(std::string_view bytes);
  void input_ended();
  void write_input();
  void forget_sent();
  [[nodiscard]] std::size_t waiting_input() const noexcept { return pending_.size() - sent_; }
  void wait();
  void swallow_input();
  [[nodiscard]] bool wants_input() const;

  const RunContext& context_;
  WatcherSet watchers_;
  Guarded& guarded_;
  CommandStreams streams_;
  bool pty_;
  OutputStream out_;
  OutputStream err_;
  Deadline deadline_;
  StopDescriptor stop_;
  Interrupts::Listener& interrupts_;
  KeepWaiting keep_waiting_;
  Ending ending_ = Ending::by_itself;
  std::size_t failed_watcher_ = 0;
  std::optional<Error> cancel_reason_;
  bool input_open_ = false;  ///< our own input may have more
  bool echo_input_ = false;
  std::string pending_;   ///< for the command's input
  std::size_t sent_ = 0;  ///< of `pending_`
  bool close_after_pending_ = false;
};

}  // namespace gitopsctl::invoke
