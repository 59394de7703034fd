#include "base/process/signals.hpp"

#include <unistd.h>

#include <csignal>
#include <thread>

namespace gitopsctl {
namespace {

std::stop_source start_watching() {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGINT);
  sigaddset(&wanted, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  std::stop_source source;
  // Lives as long as the process: there is nothing to wait for when main returns.
  std::thread([source, wanted]() mutable {
    int signal = 0;
    while (sigwait(&wanted, &signal) != 0) {
    }
    source.request_stop();
    while (sigwait(&wanted, &signal) != 0) {
    }
    ::_exit(128 + signal);
  }).detach();
  return source;
}

}  // namespace

std::stop_token stop_on_signals() {
  static const std::stop_source source = start_watching();
  return source.get_token();
}

}  // namespace gitopsctl
