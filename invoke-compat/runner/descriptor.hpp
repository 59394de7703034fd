#pragma once

#include <sys/types.h>

#include <csignal>
#include <string_view>
#include <utility>

#include "base/result/result.hpp"

namespace gitopsctl::invoke {

/// A descriptor that is closed with the object.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int fd() const noexcept { return fd_; }
  [[nodiscard]] bool open() const noexcept { return fd_ >= 0; }
  void close() noexcept;

 private:
  int fd_ = -1;
};

/// The two ends of a pipe, neither of which programs inherit and neither of which is one of the three standard descriptors
/// (a process may have those closed, and then pipes would take their numbers).
struct Pipe {
  Descriptor read;
  Descriptor write;
};
[[nodiscard]] Result<Pipe> make_pipe();
/// `fd` itself, or a copy of it above the three standard ones; takes it over either way.
[[nodiscard]] Result<Descriptor> above_standard(int fd);
/// Only for descriptors whose open file nobody else has.
void set_nonblocking(int fd) noexcept;

/// write() to a pipe without reader is an error of the write, whatever the process does about SIGPIPE elsewhere: blocks it
/// for this thread, and takes a pending one away before unblocking.
class NoPipeSignal {
 public:
  NoPipeSignal() noexcept;
  ~NoPipeSignal();
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;

 private:
  sigset_t before_{};
  bool was_pending_ = false;
};

}  // namespace gitopsctl::invoke
