#include "render/template/stack.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cstdint>
#include <exception>
#include <functional>

#include "base/text/regex.hpp"
#include "render/template/engine.hpp"

// The sanitizers know the stacks of threads only.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GITOPSCTL_STACK_OF_THREAD
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define GITOPSCTL_STACK_OF_THREAD
#endif
#endif

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

/// Does the work of a job on the stack that it is called on, which is a large one.
void run_job(Job& job) noexcept {
  stack_begin = here();
  stack_budget = large_stack_bytes - reserve_bytes;
  try {
    (*job.work)();
  } catch (...) {
    job.thrown = std::current_exception();
  }
  stack_begin = nullptr;
  Regex::forget_patterns();
}

#ifdef GITOPSCTL_STACK_OF_THREAD

void* run_in_thread(void* argument) {
  run_job(*static_cast<Job*>(argument));
  return nullptr;
}

/// False when no thread can be had (limits of the container).
bool run_elsewhere(Job& job) {
  pthread_attr_t attributes;
  pthread_t thread{};
  if (pthread_attr_init(&attributes) != 0) return false;
  const bool started = pthread_attr_setstacksize(&attributes, large_stack_bytes) == 0 &&
                       pthread_create(&thread, &attributes, run_in_thread, &job) == 0;
  pthread_attr_destroy(&attributes);
  if (started) pthread_join(thread, nullptr);
  return started;
}

#else

// A pointer, in the two parts that makecontext(3) can hand over.
void run_in_context(unsigned high, unsigned low) {
  const auto address = (static_cast<std::uintptr_t>(high) << 32U) | low;
  run_job(*reinterpret_cast<Job*>(address));  // NOLINT(performance-no-int-to-ptr): as it has to come
}

/// Memory for a stack, with a page below it that ends the program when it is touched.
class StackMemory {
 public:
  StackMemory()
      : begin_(
            ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0)) {
    if (begin_ != MAP_FAILED && ::mprotect(begin_, guard, PROT_NONE) != 0) unmap();
  }
  ~StackMemory() {
    if (begin_ != MAP_FAILED) unmap();
  }
  StackMemory(const StackMemory&) = delete;
  StackMemory& operator=(const StackMemory&) = delete;
  [[nodiscard]] bool ok() const noexcept { return begin_ != MAP_FAILED; }
  [[nodiscard]] stack_t stack() const noexcept {
    stack_t out{};
    out.ss_sp = static_cast<char*>(begin_) + guard;
    out.ss_size = size - guard;
    return out;
  }

 private:
  static constexpr std::size_t guard = 64UL << 10U;  // a multiple of the page sizes that there are
  static constexpr std::size_t size = large_stack_bytes + guard;
  void unmap() noexcept {
    ::munmap(begin_, size);
    begin_ = MAP_FAILED;
  }
  void* begin_;
};

/// On a stack of its own, but on the same thread: to start another one and wait for it takes as long as a small chart's
/// templates. False when there is no memory for the stack.
bool run_elsewhere(Job& job) {
  const StackMemory memory;
  ucontext_t back{};
  ucontext_t there{};
  if (!memory.ok() || ::getcontext(&there) != 0) return false;
  there.uc_stack = memory.stack();
  there.uc_link = &back;
  const auto address = reinterpret_cast<std::uintptr_t>(&job);
  ::makecontext(&there, reinterpret_cast<void (*)()>(run_in_context), 2, static_cast<unsigned>(address >> 32U),
                static_cast<unsigned>(address));
  return ::swapcontext(&back, &there) == 0;
}

#endif

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
  if (detail::run_elsewhere(job)) {
    if (job.thrown) std::rethrow_exception(job.thrown);
    return;
  }
  // No stack to be had: the work still runs, and deep recursion is refused earlier.
  detail::run_here(work);
}

}  // namespace gitopsctl::render
