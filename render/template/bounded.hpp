#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/budget/budget.hpp"
#include "base/result/result.hpp"
#include "render/template/engine.hpp"

namespace gitopsctl::render {

/// The message for a budget that is used up: `the render holds more than N bytes of memory`.
[[nodiscard]] std::string excess_message(BudgetExcess excess, const BudgetLimits& limits);

/// Runs `work`, which returns a Result, on a large stack and within `limits`; passing one is a `too_large` error. Inside of
/// another call the outer limits hold.
template <class Work>
auto run_bounded(const BudgetLimits& limits, const Work& work) -> decltype(work()) {
  std::optional<decltype(work())> out;
  run_with_large_stack([&] {
    const Budget budget(limits);
    try {
      out = work();
    } catch (const BudgetExceeded& exceeded) {
      out = Error(ErrorCode::too_large, excess_message(exceeded.excess(), limits));
    }
  });
  return std::move(*out);
}

}  // namespace gitopsctl::render
