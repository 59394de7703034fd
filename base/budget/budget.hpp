#pragma once

#include <chrono>
#include <cstdint>
#include <new>
#include <optional>

namespace gitopsctl {

/// What a piece of work may take.
struct BudgetLimits {
  std::uint64_t memory_bytes = 0;        ///< held at once by what its thread made with `new`, since the budget began
  std::chrono::milliseconds cpu_time{};  ///< of its thread: a busy machine takes nothing of it
};

/// Which of them is used up.
enum class BudgetExcess : std::uint8_t { memory, cpu_time };

/// What `new` and budget_work() throw when a budget is used up. A kind of bad_alloc, so that code which survives a lack of
/// memory survives this as well.
class BudgetExceeded final : public std::bad_alloc {
 public:
  explicit BudgetExceeded(BudgetExcess excess) noexcept : excess_(excess) {}
  [[nodiscard]] BudgetExcess excess() const noexcept { return excess_; }
  [[nodiscard]] const char* what() const noexcept override;

 private:
  BudgetExcess excess_;
};

/// Bounds the memory and the time of everything that this thread does until the end of the scope: for work on what
/// strangers wrote, whose size cannot be told beforehand. It is met where memory is asked for, so that no function has to
/// count by itself; programs in which it is used replace the global `new` and `delete`, at the cost of an addition each.
///
/// Used up, a budget makes itself known by throwing BudgetExceeded. Then a reserve is granted, once (64 MiB, half a second),
/// in which the error is made and what was built is freed; behind it everything throws, until enough was freed. Nothing is
/// thrown while an exception is on its way or a BudgetDeferral lives.
///
/// What C libraries take by malloc and what other threads take is not counted.
/// Memory from before that is freed within counts as given back: a thread should not throw away much of it. Inside of
/// another budget of the same thread a new one does nothing: the outer one holds.
class Budget {
 public:
  explicit Budget(const BudgetLimits& limits) noexcept;
  ~Budget();
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  /// The most that was held at once so far, as far as it was looked at (every MiB asked for). For measurements.
  [[nodiscard]] static std::uint64_t seen_peak_bytes() noexcept;

 private:
  bool outermost_;
};

/// As long as it lives, nothing throws BudgetExceeded on this thread: around code that cannot take it, such as libraries
/// that are not made for exceptions, destructors, and changes to what several threads share. What is used meanwhile counts.
class BudgetDeferral {
 public:
  BudgetDeferral() noexcept;
  ~BudgetDeferral();
  BudgetDeferral(const BudgetDeferral&) = delete;
  BudgetDeferral& operator=(const BudgetDeferral&) = delete;
};

/// What is used up of this thread's budget, if anything is, whether it was thrown already or not. Reads the clock: for
/// loops, every thousand turns or so.
[[nodiscard]] std::optional<BudgetExcess> budget_excess() noexcept;

namespace detail {

/// Counters of one thread, in bytes since it began. `delete` has nothing to compare, `new` one number.
struct ThreadBudget {
  std::int64_t allocated = 0;
  std::int64_t freed = 0;
  std::int64_t next_look = INT64_MAX;  ///< of `allocated`
};
extern thread_local constinit ThreadBudget thread_budget;

/// Looks at memory and clock; throws BudgetExceeded. `wanted` bytes are about to be allocated and counted already.
void look_at_budget(std::int64_t wanted);

}  // namespace detail

/// Counts work that allocates nothing, in bytes looked at, so that the clock is read every MiB. Throws BudgetExceeded.
inline void budget_work(std::uint64_t bytes) {
  auto& thread = detail::thread_budget;
  thread.allocated += static_cast<std::int64_t>(bytes);
  thread.freed += static_cast<std::int64_t>(bytes);
  if (thread.allocated > thread.next_look) [[unlikely]]
    detail::look_at_budget(0);
}

/// Throws BudgetExceeded when this thread has a budget: for one piece of work that would outlast any. Returns otherwise.
void exceed_budget(BudgetExcess excess);

}  // namespace gitopsctl
