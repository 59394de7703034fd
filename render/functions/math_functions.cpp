#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "base/text/go_format.hpp"
#include "base/text/go_number.hpp"
#include "render/functions/arguments.hpp"
#include "render/functions/decimal.hpp"
#include "render/functions/functions.hpp"

namespace gitopsctl::render {
namespace {

using enum ParamType;

// Go's integers wrap around.
std::int64_t wrapped(std::uint64_t bits) noexcept { return static_cast<std::int64_t>(bits); }
std::uint64_t bits(const Value& value) { return static_cast<std::uint64_t>(to_int64(value)); }

Result<Value> to_int(CallContext& /*context*/, Arguments arguments) { return Value::go_int(to_int64(arguments[0])); }
Result<Value> int64_of(CallContext& /*context*/, Arguments arguments) { return Value::int64(to_int64(arguments[0])); }
Result<Value> float64_of(CallContext& /*context*/, Arguments arguments) { return Value::float64(to_double(arguments[0])); }

Result<Value> atoi(CallContext& /*context*/, Arguments arguments) {
  // Out of range gives the limit, as strconv.Atoi does beside its error.
  return Value::go_int(parse_go_int(arguments[0].as_string(), 10).value);
}

Result<Value> to_decimal(CallContext& /*context*/, Arguments arguments) {
  const auto parsed = parse_go_int(go_format(arguments[0]), 8);
  return Value::int64(parsed.status == GoNumberStatus::ok ? parsed.value : 0);
}

Result<Value> add(CallContext& /*context*/, Arguments arguments) {
  std::uint64_t sum = 0;
  for (const auto& argument : arguments) sum += bits(argument);
  return Value::int64(wrapped(sum));
}
Result<Value> add1(CallContext& /*context*/, Arguments arguments) { return Value::int64(wrapped(bits(arguments[0]) + 1)); }
Result<Value> sub(CallContext& /*context*/, Arguments arguments) {
  return Value::int64(wrapped(bits(arguments[0]) - bits(arguments[1])));
}
Result<Value> mul(CallContext& /*context*/, Arguments arguments) {
  std::uint64_t product = 1;
  for (const auto& argument : arguments) product *= bits(argument);
  return Value::int64(wrapped(product));
}

Result<Value> div(CallContext& /*context*/, Arguments arguments) {
  const auto divisor = to_int64(arguments[1]);
  if (divisor == 0) return failure("runtime error: integer divide by zero");
  if (divisor == -1) return Value::int64(wrapped(0 - bits(arguments[0])));  // the minimum stays, instead of a trap
  return Value::int64(to_int64(arguments[0]) / divisor);
}
Result<Value> mod(CallContext& /*context*/, Arguments arguments) {
  const auto divisor = to_int64(arguments[1]);
  if (divisor == 0) return failure("runtime error: integer divide by zero");
  return Value::int64(divisor == -1 ? 0 : to_int64(arguments[0]) % divisor);
}

Result<Value> max(CallContext& /*context*/, Arguments arguments) {
  auto best = to_int64(arguments[0]);
  for (const auto& argument : arguments) best = std::max(best, to_int64(argument));
  return Value::int64(best);
}
Result<Value> min(CallContext& /*context*/, Arguments arguments) {
  auto best = to_int64(arguments[0]);
  for (const auto& argument : arguments) best = std::min(best, to_int64(argument));
  return Value::int64(best);
}

/// math.Max and math.Min: an infinity on the right side wins over NaN, NaN over numbers, zeros by their sign.
double extreme(double a, double b, bool largest) noexcept {
  const double infinity = largest ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();
  if (a == infinity || b == infinity) return infinity;
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  if (a == 0 && b == 0) return std::signbit(a) == largest ? b : a;
  return largest == (a > b) ? a : b;
}

template <bool largest>
Result<Value> extreme_of(CallContext& /*context*/, Arguments arguments) {
  double best = to_double(arguments[0]);
  for (const auto& argument : arguments.subspan(1)) best = extreme(best, to_double(argument), largest);
  return Value::float64(best);
}

Result<Value> floor(CallContext& /*context*/, Arguments arguments) {
  return Value::float64(std::floor(to_double(arguments[0])));
}
Result<Value> ceil(CallContext& /*context*/, Arguments arguments) {
  return Value::float64(std::ceil(to_double(arguments[0])));
}

Result<Value> round(CallContext& /*context*/, Arguments arguments) {
  const double on = arguments.size() > 2 ? arguments[2].as_double() : 0.5;
  const double power = std::pow(10, static_cast<double>(arguments[1].as_int()));
  const double scaled = power * to_double(arguments[0]);
  double whole = 0;
  const double fraction = std::modf(scaled, &whole);
  return Value::float64((fraction >= on ? std::ceil(scaled) : std::floor(scaled)) / power);
}

enum class DecimalOperation : std::uint8_t { add, subtract, multiply, divide };

/// `start` and then every argument, through decimals.
template <DecimalOperation operation>
Result<double> accumulate(double start, Arguments arguments) {
  GITOPSCTL_TRY(Decimal result, Decimal::from_double(start));
  for (const auto& argument : arguments) {
    GITOPSCTL_TRY(const Decimal operand, Decimal::from_double(to_double(argument)));
    if constexpr (operation == DecimalOperation::add) {
      result = result.add(operand);
    } else if constexpr (operation == DecimalOperation::subtract) {
      result = result.subtract(operand);
    } else if constexpr (operation == DecimalOperation::multiply) {
      result = result.multiply(operand);
    } else {
      GITOPSCTL_TRY(result, result.divide(operand));
    }
  }
  return result.to_double();
}

template <DecimalOperation operation>
Result<Value> fold(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(const double result, accumulate<operation>(to_double(arguments[0]), arguments.subspan(1)));
  return Value::float64(result);
}

Result<Value> addf(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(const double result, accumulate<DecimalOperation::add>(0, arguments));
  return Value::float64(result);
}

Result<Value> add1f(CallContext& /*context*/, Arguments arguments) {
  const Value one = Value::go_int(1);
  GITOPSCTL_TRY(const double result, accumulate<DecimalOperation::add>(to_double(arguments[0]), {&one, 1}));
  return Value::float64(result);
}

/// start, start + step, … before stop; empty when the step leads away or is 0.
Result<std::vector<std::int64_t>> steps(std::string_view function, std::int64_t start, std::int64_t stop,
                                        std::int64_t step) {
  std::vector<std::int64_t> numbers;
  const bool down = stop < start;
  if (down ? step >= 0 : step <= 0) return numbers;
  const auto distance = down ? static_cast<std::uint64_t>(start) - static_cast<std::uint64_t>(stop)
                             : static_cast<std::uint64_t>(stop) - static_cast<std::uint64_t>(start);
  const auto width = down ? 0 - static_cast<std::uint64_t>(step) : static_cast<std::uint64_t>(step);
  const auto count = distance / width + (distance % width != 0 ? 1 : 0);
  if (count > max_list_items) return list_too_long(function);
  numbers.reserve(static_cast<std::size_t>(count));
  auto at = static_cast<std::uint64_t>(start);
  for (std::uint64_t i = 0; i < count; ++i) {
    numbers.push_back(wrapped(at));
    at += static_cast<std::uint64_t>(step);
  }
  return numbers;
}

Result<Value> numbers_value(std::string_view function, std::int64_t start, std::int64_t stop, std::int64_t step) {
  GITOPSCTL_TRY(const auto numbers, steps(function, start, stop, step));
  Value::List items;
  items.reserve(numbers.size());
  for (const auto number : numbers) items.push_back(Value::go_int(number));
  return Value::list(std::move(items), ListType::integer);
}

Result<Value> until(CallContext& /*context*/, Arguments arguments) {
  const auto stop = arguments[0].as_int();
  return numbers_value("until", 0, stop, stop < 0 ? -1 : 1);
}
Result<Value> until_step(CallContext& /*context*/, Arguments arguments) {
  return numbers_value("untilStep", arguments[0].as_int(), arguments[1].as_int(), arguments[2].as_int());
}

/// Like the command of this name, with the end included.
Result<Value> seq(CallContext& /*context*/, Arguments arguments) {
  if (arguments.empty() || arguments.size() > 3) return Value::string("");
  const auto start = arguments.size() == 1 ? 1 : arguments[0].as_int();
  const auto end = arguments.back().as_int();
  const std::int64_t direction = end < start ? -1 : 1;
  const auto step = arguments.size() == 3 ? arguments[1].as_int() : direction;
  if (direction < 0 && step > 0) return Value::string("");
  GITOPSCTL_TRY(const auto numbers,
                steps("seq", start, wrapped(static_cast<std::uint64_t>(end) + static_cast<std::uint64_t>(direction)), step));
  std::string out;
  for (const auto number : numbers) {
    if (!out.empty()) out += ' ';
    out += std::to_string(number);
  }
  return text_value("seq", out);
}

constexpr Function table[] = {
    {"int", to_int, params<any>},
    {"int64", int64_of, params<any>},
    {"float64", float64_of, params<any>},
    {"atoi", atoi, params<string>},
    {"toDecimal", to_decimal, params<any>},
    {"add", add, params<any>, true},
    {"add1", add1, params<any>},
    {"sub", sub, params<any, any>},
    {"mul", mul, params<any, any>, true},
    {"div", div, params<any, any>},
    {"mod", mod, params<any, any>},
    {"max", max, params<any, any>, true},
    {"biggest", max, params<any, any>, true},
    {"min", min, params<any, any>, true},
    {"maxf", extreme_of<true>, params<any, any>, true},
    {"minf", extreme_of<false>, params<any, any>, true},
    {"floor", floor, params<any>},
    {"ceil", ceil, params<any>},
    {"round", round, params<any, integer, float64>, true},
    {"addf", addf, params<any>, true},
    {"add1f", add1f, params<any>},
    {"subf", fold<DecimalOperation::subtract>, params<any, any>, true},
    {"mulf", fold<DecimalOperation::multiply>, params<any, any>, true},
    {"divf", fold<DecimalOperation::divide>, params<any, any>, true},
    {"until", until, params<integer>, false, false},
    {"untilStep", until_step, params<integer, integer, integer>, false, false},
    {"seq", seq, params<integer>, true},
};

}  // namespace

std::span<const Function> math_functions() { return table; }

}  // namespace gitopsctl::render
