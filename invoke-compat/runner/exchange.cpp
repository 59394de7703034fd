#include "invoke-compat/runner/exchange.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "invoke-compat/runner/terminal.hpp"

namespace gitopsctl::invoke {
namespace {

/// The longest sleep between two looks at a deadline, whose clock may be a test's.
constexpr Millis poll_slice{100};
constexpr std::size_t chunk = std::size_t{16} << 10U;
/// Chunks read of a command that was ended: more than pipes hold (1 MiB, pipe(7)).
constexpr std::size_t max_last_chunks = 128;
/// What waits to be read by the command; our input is left alone above it.
constexpr std::size_t max_pending = std::size_t{64} << 10U;
/// What answers may pile up on a command that does not read.
constexpr std::size_t max_answers = std::size_t{1} << 20U;
/// What is taken of our input after the end of a command that did not read it.
constexpr std::size_t max_swallowed = std::size_t{1} << 20U;
constexpr std::string_view interrupt_key = "\x03";  // ETX, the terminal's VINTR

}  // namespace

Exchange::Exchange(const RunOptions& options, const RunContext& context, const Redactor& redactor, WatcherSet watchers,
                   Guarded& guarded, Interrupts::Listener& interrupts, CommandStreams streams, bool pty)
    : context_(context),
      watchers_(std::move(watchers)),
      guarded_(guarded),
      streams_(std::move(streams)),
      pty_(pty),
      out_(options.hide == Hide::none || options.hide == Hide::err ? context.out : nullptr, redactor, options.max_kept),
      err_(options.hide == Hide::none || options.hide == Hide::out ? context.err : nullptr, redactor, options.max_kept),
      deadline_(options.timeout ? Deadline(*context.clock, *options.timeout) : Deadline()),
      stop_(context.interrupt.stop),
      interrupts_(interrupts),
      keep_waiting_([this] { return attend(); }) {
  switch (options.input) {
    case InputChoice::inherit:
      input_open_ = context.input.descriptor >= 0;
      if (!input_open_) input_ended();
      echo_input_ = options.echo_stdin.value_or(!pty && is_terminal(context.input.descriptor));
      break;
    case InputChoice::none: input_ended(); break;
    case InputChoice::text:
      pending_ = options.input_text;
      input_ended();
      break;
  }
}

void Exchange::run() {
  const NoPipeSignal quiet;
  while (!guarded_.gone() || streams_.out.open() || streams_.err.open()) {
    attend();
    write_input();
    read_outputs();
    const bool ended = guarded_.gone() || guarded_.exited();
    if (ended && ending_ == Ending::by_itself && !streams_.out.open() && !streams_.err.open()) break;
    if (guarded_.gone() && ending_ != Ending::by_itself) {
      // Everything that could be ended is: whoever still holds a stream is out of reach, and has said enough.
      for (std::size_t i = 0; i < max_last_chunks && read_outputs(); ++i) {
      }
      break;
    }
    wait();
  }
  react(0, out_.finish(keep_waiting_));
  react(1, err_.finish(keep_waiting_));
  swallow_input();
}

bool Exchange::attend() {
  guarded_.update();
  if (const auto raised = interrupts_.take(); raised.from_terminal + raised.others > 0) {
    if (pty_) {
      pending_ += interrupt_key;
    } else if (raised.others > 0 || !context_.share_terminal) {
      guarded_.interrupt();
    }
  }
  if (ending_ != Ending::by_itself) return false;
  if (deadline_.passed()) {
    end(Ending::timeout);
  } else if (const auto go_on = context_.interrupt.check("the command"); !go_on.ok()) {
    cancel_reason_ = go_on.error();
    end(Ending::cancelled);
  }
  return ending_ == Ending::by_itself;
}

void Exchange::end(Ending why) {
  if (ending_ != Ending::by_itself) return;
  ending_ = why;
  guarded_.end();
}

bool Exchange::read_outputs() {
  const bool out = read_output(streams_.out, out_, 0);
  const bool err = read_output(streams_.err, err_, 1);
  return out || err;
}

bool Exchange::read_output(Descriptor& from, OutputStream& stream, std::size_t index) {
  if (!from.open()) return false;
  std::array<char, chunk> buffer;  // NOLINT(*-member-init): read() fills it
  const ssize_t count = ::read(from.fd(), buffer.data(), buffer.size());
  if (count > 0) {
    react(index, stream.feed({buffer.data(), static_cast<std::size_t>(count)}, keep_waiting_));
  } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
    from.close();  // a terminal ends with EIO
  }
  return count > 0;
}

void Exchange::react(std::size_t stream, std::string_view text) {
  if (watchers_.empty() || text.empty() || ending_ != Ending::by_itself) return;
  const auto reaction = watchers_.see(stream, text);
  if (reaction.failed) {
    failed_watcher_ = *reaction.failed;
    return end(Ending::watcher);
  }
  // A command that reads none of its answers gets no more of them, as with a pipe that is full.
  if (waiting_input() + reaction.answer.size() <= max_answers) pending_ += reaction.answer;
}

bool Exchange::wants_input() const {
  return input_open_ && streams_.in.open() && waiting_input() < max_pending && may_read(context_.input.descriptor);
}

void Exchange::read_input() {
  std::array<char, 4096> buffer;  // NOLINT(*-member-init): read() fills it
  const ssize_t count = ::read(context_.input.descriptor, buffer.data(), buffer.size());
  if (count > 0) {
    take_input({buffer.data(), static_cast<std::size_t>(count)});
  } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
    input_open_ = false;
    input_ended();
  }
}

void Exchange::take_input(std::string_view bytes) {
  pending_ += bytes;
  if (echo_input_) context_.out->write(bytes, keep_waiting_);
}

/// Watchers may still have something to say, and a terminal has no end.
void Exchange::input_ended() { close_after_pending_ = watchers_.empty() && !pty_; }

/// Only when that is most of it, so that a long text is not moved again and again.
void Exchange::forget_sent() {
  if (!streams_.in.open()) sent_ = pending_.size();
  if (sent_ < pending_.size() - pending_.size() / 2) return;
  pending_.erase(0, sent_);
  sent_ = 0;
}

void Exchange::write_input() {
  while (streams_.in.open() && waiting_input() > 0) {
    const ssize_t count = ::write(streams_.in.fd(), pending_.data() + sent_, waiting_input());
    if (count > 0) {
      sent_ += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN) {
      return forget_sent();
    } else if (errno != EINTR) {
      streams_.in.close();  // it reads no more, which is its own affair
    }
  }
  forget_sent();
  if (close_after_pending_) streams_.in.close();
}

void Exchange::wait() {
  const bool reads_input = wants_input();
  std::array<pollfd, 7> waiting{{
      {streams_.in.open() && waiting_input() > 0 ? streams_.in.fd() : -1, POLLOUT, 0},
      {streams_.out.fd(), POLLIN, 0},
      {streams_.err.fd(), POLLIN, 0},
      {guarded_.descriptor(), POLLIN, 0},
      {stop_.descriptor(), POLLIN, 0},
      {interrupts_.descriptor(), POLLIN, 0},
      {reads_input ? context_.input.descriptor : -1, POLLIN, 0},
  }};
  // A stop is readable for ever.
  if (ending_ != Ending::by_itself) waiting[4].fd = -1;
  const Millis left = std::min({poll_slice, deadline_.left(), context_.interrupt.deadline.left()});
  const int count =
      ::poll(waiting.data(), waiting.size(), static_cast<int>((ending_ == Ending::by_itself ? left : poll_slice).count()));
  if (count > 0 && reads_input && waiting[6].revents != 0) read_input();
}

/// The reference goes on reading until nothing is there, so that the first command eats all that was typed ahead.
void Exchange::swallow_input() {
  for (std::size_t taken = 0; input_open_ && taken < max_swallowed && may_read(context_.input.descriptor);) {
    pollfd ready{context_.input.descriptor, POLLIN, 0};
    if (::poll(&ready, 1, 0) <= 0) return;
    std::array<char, 4096> buffer;  // NOLINT(*-member-init): read() fills it
    const ssize_t count = ::read(context_.input.descriptor, buffer.data(), buffer.size());
    if (count <= 0) return;
    taken += static_cast<std::size_t>(count);
  }
}

}  // namespace gitopsctl::invoke
