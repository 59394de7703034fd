#include "render/template/bounded.hpp"

namespace gitopsctl::render {

std::string excess_message(BudgetExcess excess, const BudgetLimits& limits) {
  if (excess == BudgetExcess::memory) {
    return "the render holds more than " + std::to_string(limits.memory_bytes) + " bytes of memory";
  }
  return "the render takes more than " + std::to_string(limits.cpu_time.count()) + " ms of computing";
}

}  // namespace gitopsctl::render
