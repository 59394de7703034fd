#include "base/process/signals.hpp"

#include <unistd.h>

#include <csignal>
#include <thread>

namespace gitopsctl {
namespace {

/// Never destroyed: the watching thread outlives main.
std::stop_source& source() {
  static auto* const made = new std::stop_source;
  return *made;
}

bool watch() {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGINT);
  sigaddset(&wanted, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  // Lives as long as the process: there is nothing to wait for when main returns.
  std::thread([wanted] {
    int signal = 0;
    while (sigwait(&wanted, &signal) != 0) {
    }
    source().request_stop();
    while (sigwait(&wanted, &signal) != 0) {
    }
    ::_exit(128 + signal);
  }).detach();
  return true;
}

}  // namespace

std::stop_token stop_on_signals() {
  static const bool watching = watch();
  static_cast<void>(watching);
  return source().get_token();
}

std::stop_token stop_of_signals() { return source().get_token(); }

}  // namespace gitopsctl
