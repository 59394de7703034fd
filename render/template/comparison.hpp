#pragma once

#include <span>

#include "base/result/result.hpp"
#include "render/template/function.hpp"

namespace gitopsctl::render::detail {

// Go's template comparisons.
Result<Value> compare_eq(CallContext& context, std::span<const Value> arguments);
Result<Value> compare_ne(CallContext& context, std::span<const Value> arguments);
Result<Value> compare_lt(CallContext& context, std::span<const Value> arguments);
Result<Value> compare_le(CallContext& context, std::span<const Value> arguments);
Result<Value> compare_gt(CallContext& context, std::span<const Value> arguments);
Result<Value> compare_ge(CallContext& context, std::span<const Value> arguments);

}  // namespace gitopsctl::render::detail
