#include "base/process/spawn.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace gitopsctl {
namespace {

constexpr Millis poll_slice{100};

/// One end of a pipe, closed at the end of its life.
class End {
 public:
  End() = default;
  explicit End(int fd) : fd_(fd) {}
  ~End() { close(); }
  End(End&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  End& operator=(End&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  [[nodiscard]] int fd() const noexcept { return fd_; }
  void close() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

struct Pipe {
  End read;
  End write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return Error(ErrorCode::unavailable, std::string("cannot make a pipe: ") + std::strerror(errno));
  }
  return Pipe{End(ends[0]), End(ends[1])};
}

void unblock(int fd) { (void)::fcntl(fd, F_SETFL, O_NONBLOCK); }

/// A write to a pipe without reader is an error of the write here, whatever the program does about SIGPIPE elsewhere:
/// blocks it for this thread and takes a pending one away before unblocking.
class NoPipeSignal {
 public:
  NoPipeSignal() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoPipeSignal() {
    const timespec now{};
    if (!was_pending_) {
      while (sigtimedwait(&pipe_, nullptr, &now) < 0 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

class Capture {
 public:
  Capture(const CapturedCommand& command, const Interrupt& interrupt) : command_(command), interrupt_(interrupt) {}

  Result<CapturedOutput> run() {
    GITOPSCTL_TRY(Pipe in, make_pipe());
    GITOPSCTL_TRY(Pipe out, make_pipe());
    GITOPSCTL_TRY(Pipe err, make_pipe());
    GITOPSCTL_TRY(ChildProcess child, ChildProcess::start(command_.command, {in.read.fd(), out.write.fd(), err.write.fd()}));
    in.read.close();
    out.write.close();
    err.write.close();
    in_ = std::move(in.write);
    out_ = std::move(out.read);
    err_ = std::move(err.read);
    for (const End* end : {&in_, &out_, &err_}) unblock(end->fd());
    const StopDescriptor stop(interrupt_.stop);
    const NoPipeSignal quiet;
    const auto finished = exchange(child, stop);
    if (!finished.ok()) {
      child.terminate(command_.grace);
      return finished.error();
    }
    return std::move(output_);
  }

 private:
  Result<void> exchange(ChildProcess& child, const StopDescriptor& stop) {
    for (;;) {
      // Looked at before reading: what it wrote before its end is in the pipes then.
      const auto status = child.poll_exit();
      GITOPSCTL_CHECK(feed());
      GITOPSCTL_CHECK(drain(out_, output_.out));
      GITOPSCTL_CHECK(drain(err_, output_.err));
      if (status) {
        output_.status = *status;
        return {};
      }
      GITOPSCTL_CHECK(interrupt_.check("running " + command_.command.program));
      std::array<pollfd, 5> waiting{{{in_.fd(), POLLOUT, 0},
                                     {out_.fd(), POLLIN, 0},
                                     {err_.fd(), POLLIN, 0},
                                     {child.exit_descriptor(), POLLIN, 0},
                                     {stop.descriptor(), POLLIN, 0}}};
      (void)::poll(waiting.data(), waiting.size(),
                   static_cast<int>(std::min(interrupt_.deadline.left(), poll_slice).count()));
    }
  }

  Result<void> feed() {
    while (in_.fd() >= 0 && sent_ < command_.input.size()) {
      const ssize_t count = ::write(in_.fd(), command_.input.data() + sent_, command_.input.size() - sent_);
      if (count >= 0) {
        sent_ += static_cast<std::size_t>(count);
      } else if (errno == EAGAIN) {
        return {};
      } else if (errno != EINTR) {
        sent_ = command_.input.size();  // it does not want the rest, which is its own affair
      }
    }
    in_.close();
    return {};
  }

  Result<void> drain(End& end, std::string& into) {
    std::array<char, 16384> buffer{};
    while (end.fd() >= 0) {
      const ssize_t count = ::read(end.fd(), buffer.data(), buffer.size());
      if (count > 0) {
        if (into.size() + static_cast<std::size_t>(count) > command_.max_output) {
          return Error(ErrorCode::too_large,
                       command_.command.program + " wrote more than " + std::to_string(command_.max_output) + " bytes");
        }
        into.append(buffer.data(), static_cast<std::size_t>(count));
      } else if (count == 0) {
        end.close();
      } else if (errno == EAGAIN) {
        return {};
      } else if (errno != EINTR) {
        return Error(ErrorCode::unavailable,
                     "cannot read what " + command_.command.program + " writes: " + std::strerror(errno));
      }
    }
    return {};
  }

  const CapturedCommand& command_;
  const Interrupt& interrupt_;
  End in_;
  End out_;
  End err_;
  std::size_t sent_ = 0;
  CapturedOutput output_;
};

}  // namespace

Result<CapturedOutput> run_command(const CapturedCommand& command, const Interrupt& interrupt) {
  return Capture(command, interrupt).run();
}

}  // namespace gitopsctl
