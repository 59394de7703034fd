#include "render/template/bounded.hpp"

namespace gitopsctl::render {

std::string excess_message(BudgetExcess excess, const BudgetLimits& limits) {
  if (excess == BudgetExcess::memory) {
    constexpr std::uint64_t mib = 1UL << 20U;
    const bool even = limits.memory_bytes % mib == 0;
    return "the render holds more than " + std::to_string(even ? limits.memory_bytes / mib : limits.memory_bytes) +
           (even ? " MiB" : " bytes") + " of memory";
  }
  return "the render takes more than " + std::to_string(limits.cpu_time.count()) + " ms of computing";
}

}  // namespace gitopsctl::render
