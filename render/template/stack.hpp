#pragma once

#include <cstddef>
#include <functional>

// Recursion of parser and evaluator is bounded by the stack that is left, not by counting: frames differ in size between
// compilers and sanitizers.
namespace gitopsctl::render::detail {

/// The size of the stack that deep work runs on. Not more: the address sanitizer gives up on larger ones.
inline constexpr std::size_t large_stack_bytes = 64UL << 20U;

/// True while run_with_large_stack works.
[[nodiscard]] bool on_large_stack() noexcept;

/// True when so little is left of the large stack that recursion has to end, `margin` bytes earlier than otherwise. Never
/// true on other stacks.
[[nodiscard]] bool stack_exhausted(std::size_t margin = 0) noexcept;

/// Runs `work` on the stack of the caller with a small budget; for run_with_large_stack where there is no other.
void run_here(const std::function<void()>& work);

/// Measures how much stack was used since it was made, for work that begins on an ordinary stack.
class StackMeter {
 public:
  StackMeter() noexcept;
  [[nodiscard]] bool used_more_than(std::size_t bytes) const noexcept;

 private:
  const char* begin_;
};

}  // namespace gitopsctl::render::detail
