#include "invoke-compat/runner/interrupts.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <thread>

namespace gitopsctl::invoke {

std::size_t Interrupts::raise(bool from_terminal) {
  const std::lock_guard lock(mutex_);
  for (Listener* listener : listeners_) {
    ++(from_terminal ? listener->raised_.from_terminal : listener->raised_.others);
    const std::uint64_t one = 1;
    if (listener->event_.open()) (void)!::write(listener->event_.fd(), &one, sizeof one);
  }
  return listeners_.size();
}

Interrupts::Listener::Listener(Interrupts* interrupts) : interrupts_(interrupts) {
  if (interrupts_ == nullptr) return;
  event_ = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  const std::lock_guard lock(interrupts_->mutex_);
  interrupts_->listeners_.push_back(this);
}

Interrupts::Listener::~Listener() {
  if (interrupts_ == nullptr) return;
  const std::lock_guard lock(interrupts_->mutex_);
  std::erase(interrupts_->listeners_, this);
}

Interrupts::Listener::Raised Interrupts::Listener::take() {
  if (interrupts_ == nullptr) return {};
  std::uint64_t count = 0;
  (void)!::read(event_.fd(), &count, sizeof count);
  const std::lock_guard lock(interrupts_->mutex_);
  return std::exchange(raised_, Raised{});
}

void forward_signals(Interrupts& interrupts, std::stop_source& stop) {
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action{};
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) sigaddset(&wanted, signal);
  }
  pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  // Lives as long as the process: there is nothing to wait for when main returns.
  std::thread([wanted, &interrupts, &stop] {
    for (;;) {
      siginfo_t info{};
      const int signal = ::sigwaitinfo(&wanted, &info);
      if (signal < 0 && errno == EINTR) continue;
      if (signal < 0) return;
      if (signal == SIGINT && interrupts.raise(info.si_code == SI_KERNEL) > 0) continue;
      // Guardians end what still runs.
      if (stop.stop_requested()) ::_exit(128 + signal);
      stop.request_stop();
    }
  }).detach();
}

}  // namespace gitopsctl::invoke
