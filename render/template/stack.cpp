#include "render/template/stack.hpp"

#include <pthread.h>

#include <cstdint>
#include <exception>
#include <functional>

#include "render/template/engine.hpp"

namespace gitopsctl::render {
namespace detail {
namespace {

// What must stay free below the deepest frame of ours: functions, value printing (bounded at some thousand levels) and
// the reports of sanitizers.
constexpr std::size_t reserve_bytes = 12UL << 20U;

// Where no thread can be made: a quarter of the usual 8 MiB.
constexpr std::size_t fallback_budget = 2UL << 20U;

thread_local const char* stack_begin = nullptr;
thread_local std::size_t stack_budget = 0;

/// An address in the current frame. Not inlined, so that it is below the caller's.
[[gnu::noinline]] const char* here() noexcept { return static_cast<const char*>(__builtin_frame_address(0)); }

std::size_t distance(const char* begin) noexcept {
  const auto from = reinterpret_cast<std::uintptr_t>(begin);
  const auto to = reinterpret_cast<std::uintptr_t>(here());
  return from > to ? from - to : to - from;
}

struct Job {
  const std::function<void()>* work;
  std::exception_ptr thrown;
};

void* run_job(void* argument) {
  auto& job = *static_cast<Job*>(argument);
  stack_begin = here();
  stack_budget = large_stack_bytes - reserve_bytes;
  try {
    (*job.work)();
  } catch (...) {
    job.thrown = std::current_exception();
  }
  return nullptr;
}

/// The caller's stack is no large one any more when the work is over, however it ended.
struct BorrowedStack {
  BorrowedStack(const char* begin, std::size_t budget) {
    stack_begin = begin;
    stack_budget = budget;
  }
  ~BorrowedStack() { stack_begin = nullptr; }
  BorrowedStack(const BorrowedStack&) = delete;
  BorrowedStack& operator=(const BorrowedStack&) = delete;
};

}  // namespace

bool on_large_stack() noexcept { return stack_begin != nullptr; }

bool stack_exhausted(std::size_t margin) noexcept {
  return stack_begin != nullptr && distance(stack_begin) + margin > stack_budget;
}

void run_here(const std::function<void()>& work) {
  const BorrowedStack borrowed(here(), fallback_budget);
  work();
}

StackMeter::StackMeter() noexcept : begin_(here()) {}

bool StackMeter::used_more_than(std::size_t bytes) const noexcept { return distance(begin_) > bytes; }

}  // namespace detail

void run_with_large_stack(const std::function<void()>& work) {
  if (detail::on_large_stack()) {
    work();
    return;
  }
  detail::Job job{&work, nullptr};
  pthread_attr_t attributes;
  pthread_t thread{};
  bool started = false;
  if (pthread_attr_init(&attributes) == 0) {
    started = pthread_attr_setstacksize(&attributes, detail::large_stack_bytes) == 0 &&
              pthread_create(&thread, &attributes, detail::run_job, &job) == 0;
    pthread_attr_destroy(&attributes);
  }
  if (started) {
    pthread_join(thread, nullptr);
    if (job.thrown) std::rethrow_exception(job.thrown);
    return;
  }
  // No thread to be had (limits of the container): the work still runs, and deep recursion is refused earlier.
  detail::run_here(work);
}

}  // namespace gitopsctl::render
