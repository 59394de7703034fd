#include "base/budget/budget.hpp"

#include "base/budget/small_blocks.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <exception>

namespace gitopsctl {

namespace detail {

thread_local constinit ThreadBudget thread_budget;

}  // namespace detail

namespace {

using std::chrono::nanoseconds;

// How often memory and clock are looked at, in bytes asked for. To ask for a MiB takes some ten microseconds at least, to
// read the clock of a thread a third of one.
constexpr std::int64_t look_every = std::int64_t{1} << 20U;
constexpr std::int64_t memory_reserve = std::int64_t{64} << 20U;
constexpr nanoseconds time_reserve = std::chrono::milliseconds(500);

struct Running {
  bool active = false;
  int deferrals = 0;
  std::int64_t base = 0;       ///< bytes held when it began
  std::int64_t max_bytes = 0;  ///< above the base
  std::int64_t peak = 0;
  nanoseconds deadline{};  ///< on the clock of the thread
  std::optional<BudgetExcess> excess;
};
thread_local constinit Running running;

nanoseconds thread_time() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

std::int64_t held() noexcept { return detail::thread_budget.allocated - detail::thread_budget.freed - running.base; }

/// What is used up now, and when to look again.
std::optional<BudgetExcess> look() noexcept {
  const std::int64_t bytes = held();
  running.peak = std::max(running.peak, bytes);
  const std::int64_t left = running.max_bytes - bytes;
  // Not before the limit can be reached, and not at every allocation behind it.
  detail::thread_budget.next_look =
      detail::thread_budget.allocated + (left > 0 ? std::min(left, look_every) : look_every / 16);
  if (left < 0) return BudgetExcess::memory;
  if (thread_time() > running.deadline) return BudgetExcess::cpu_time;
  return std::nullopt;
}

/// Marks the budget as used up and grants the reserve, once.
void exceed(BudgetExcess excess) noexcept {
  if (running.excess) return;
  running.excess = excess;
  running.max_bytes += memory_reserve;
  running.deadline = std::max(running.deadline, thread_time()) + time_reserve;
}

}  // namespace

const char* BudgetExceeded::what() const noexcept {
  return excess_ == BudgetExcess::memory ? "the memory allowed for this work is used up"
                                         : "the time allowed for this work is used up";
}

Budget::Budget(const BudgetLimits& limits) noexcept : outermost_(!running.active) {
  if (!outermost_) return;
  constexpr auto most = static_cast<std::uint64_t>(INT64_MAX / 4);
  running.active = true;
  running.base = detail::thread_budget.allocated - detail::thread_budget.freed;
  running.max_bytes = static_cast<std::int64_t>(std::min(limits.memory_bytes, most));
  running.peak = 0;
  running.deadline = thread_time() + limits.cpu_time;
  running.excess.reset();
  detail::thread_budget.next_look =
      detail::thread_budget.allocated + std::min(look_every, std::max<std::int64_t>(running.max_bytes, 1));
}

Budget::~Budget() {
  if (!outermost_) return;
  running.active = false;
  running.excess.reset();
  detail::thread_budget.next_look = INT64_MAX;
}

std::uint64_t Budget::seen_peak_bytes() noexcept {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(running.active ? std::max(running.peak, held()) : 0, 0));
}

BudgetDeferral::BudgetDeferral() noexcept { ++running.deferrals; }

BudgetDeferral::~BudgetDeferral() {
  // The next allocation looks.
  if (--running.deferrals == 0 && running.active) detail::thread_budget.next_look = detail::thread_budget.allocated;
}

std::optional<BudgetExcess> budget_excess() noexcept {
  if (!running.active) return std::nullopt;
  if (running.excess) return running.excess;
  if (const auto excess = look()) exceed(*excess);
  return running.excess;
}

void exceed_budget(BudgetExcess excess) {
  if (!running.active) return;
  exceed(excess);
  if (running.deferrals == 0 && std::uncaught_exceptions() == 0) throw BudgetExceeded(*running.excess);
}

void detail::look_at_budget(std::int64_t wanted) {
  const auto excess = look();
  if (!excess || running.deferrals > 0 || std::uncaught_exceptions() > 0) return;
  detail::thread_budget.allocated -= wanted;
  exceed(*excess);
  throw BudgetExceeded(*running.excess);
}

namespace {

// Small blocks count what is asked for and what malloc adds at most to that. When one is freed by somebody who does not tell
// its size, it counts as the smallest that it may have been: so it is never more that was freed. Large ones, where a
// question to malloc does not matter, count what they take. Sanitizers have another malloc: there it is always asked.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__clang__)
constexpr std::size_t asked_from = 0;
#else
constexpr std::size_t asked_from = 4096;
#endif
constexpr std::size_t header = 16;

constexpr bool is_large(std::size_t size) noexcept { return asked_from == 0 || size >= asked_from; }

constexpr std::int64_t small_cost(std::size_t size) noexcept { return static_cast<std::int64_t>(size + header); }

std::int64_t real_cost(void* block) noexcept {
  const std::size_t usable = ::malloc_usable_size(block);
  // glibc gives up to 15 bytes more than it was asked for.
  return static_cast<std::int64_t>(is_large(usable) || usable < header ? usable + header : usable - 15 + header);
}

[[gnu::noinline, gnu::cold]] void* without_memory(std::size_t size) {
  for (;;) {
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
    if (void* block = std::malloc(size == 0 ? 1 : size)) return block;
  }
}

[[gnu::noinline]] void* allocate_large(std::size_t size) {
  auto& thread = detail::thread_budget;
  // More than any budget, and too much to be counted.
  const bool absurd = size > static_cast<std::size_t>(INT64_MAX / 4);
  const auto wanted = absurd ? INT64_MAX / 4 : static_cast<std::int64_t>(size);
  thread.allocated += wanted;
  if (thread.allocated > thread.next_look) detail::look_at_budget(wanted);
  thread.allocated -= wanted;
  void* block = std::malloc(size == 0 ? 1 : size);
  if (block == nullptr) block = without_memory(size);
  thread.allocated += real_cost(block);
  return block;
}

}  // namespace

}  // namespace gitopsctl

// The global operators: what the standard's own do, and the counting. All of them are here, because
// runtimes of sanitizers bring each and would mix theirs with ours, and memory resources ask by the aligned ones.
void* operator new(std::size_t size) {
  using namespace gitopsctl;
  if (is_large(size)) [[unlikely]]
    return allocate_large(size);
  auto& thread = detail::thread_budget;
  const std::int64_t cost = small_cost(size);
  thread.allocated += cost;
  if (thread.allocated > thread.next_look) [[unlikely]]
    detail::look_at_budget(cost);
  if (size <= detail::SmallBlocks::largest) {
    if (void* block = detail::take_small_block(size)) return block;
  }
  if (void* block = std::malloc(size == 0 ? 1 : size)) [[likely]]
    return block;
  return without_memory(size);
}

void operator delete(void* block) noexcept {
  using namespace gitopsctl;
  // Of a small block nobody knows the size: it is not used again. Whoever frees much tells it.
  if (block == nullptr || detail::is_small_block(block)) return;
  detail::thread_budget.freed += real_cost(block);
  std::free(block);
}

void operator delete(void* block, std::size_t size) noexcept {
  using namespace gitopsctl;
  if (is_large(size)) [[unlikely]] {
    ::operator delete(block);
    return;
  }
  detail::thread_budget.freed += block == nullptr ? 0 : small_cost(size);
  if (detail::is_small_block(block)) {
    detail::give_small_block(block, size);
    return;
  }
  std::free(block);
}

void* operator new[](std::size_t size) { return ::operator new(size); }

void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  try {
    return ::operator new(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void* operator new[](std::size_t size, const std::nothrow_t& /*tag*/) noexcept { return ::operator new(size, std::nothrow); }

void operator delete(void* block, const std::nothrow_t& /*tag*/) noexcept { ::operator delete(block); }
void operator delete[](void* block) noexcept { ::operator delete(block); }
void operator delete[](void* block, std::size_t /*size*/) noexcept { ::operator delete(block); }
void operator delete[](void* block, const std::nothrow_t& /*tag*/) noexcept { ::operator delete(block); }

void* operator new(std::size_t size, std::align_val_t alignment) {
  using namespace gitopsctl;
  const auto wanted = static_cast<std::size_t>(alignment);
  if (wanted <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) return ::operator new(size);
  const std::size_t rounded = (size + wanted - 1) / wanted * wanted;
  // What may throw stands in front of what would have to be given back.
  budget_work(size);
  void* block = size > rounded ? nullptr : std::aligned_alloc(wanted, rounded == 0 ? wanted : rounded);
  if (block == nullptr) throw std::bad_alloc();
  detail::thread_budget.allocated += real_cost(block);
  return block;
}

void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t& /*tag*/) noexcept {
  try {
    return ::operator new(size, alignment);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void* operator new[](std::size_t size, std::align_val_t alignment) { return ::operator new(size, alignment); }
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t& /*tag*/) noexcept {
  return ::operator new(size, alignment, std::nothrow);
}

// Whatever the alignment, malloc knows the block.
void operator delete(void* block, std::align_val_t /*alignment*/) noexcept { ::operator delete(block); }
void operator delete(void* block, std::size_t size, std::align_val_t alignment) noexcept {
  if (static_cast<std::size_t>(alignment) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) {
    ::operator delete(block, size);
  } else {
    ::operator delete(block);
  }
}
void operator delete(void* block, std::align_val_t /*alignment*/, const std::nothrow_t& /*tag*/) noexcept {
  ::operator delete(block);
}
void operator delete[](void* block, std::align_val_t /*alignment*/) noexcept { ::operator delete(block); }
void operator delete[](void* block, std::size_t /*size*/, std::align_val_t /*alignment*/) noexcept {
  ::operator delete(block);
}
void operator delete[](void* block, std::align_val_t /*alignment*/, const std::nothrow_t& /*tag*/) noexcept {
  ::operator delete(block);
}
