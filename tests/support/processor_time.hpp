#pragma once

#include <ctime>

#include <chrono>

namespace gitopsctl::support {

/// Processor time of the calling thread so far. What a test of "this does not take minutes" compares: other work on the
/// machine does not count.
inline std::chrono::nanoseconds processor_time() {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

}  // namespace gitopsctl::support
