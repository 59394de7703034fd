#include <cmath>
#include <limits>
#include <string>

#include "base/text/go_format.hpp"
#include "base/text/go_number.hpp"
#include "base/text/unicode.hpp"
#include "render/functions/arguments.hpp"
#include "render/functions/functions.hpp"
#include "render/functions/go_time.hpp"

namespace gitopsctl::render {
namespace {

using enum ParamType;

constexpr std::int64_t second = 1'000'000'000;

Result<std::int64_t> from_seconds(std::int64_t seconds) {
  constexpr auto limit = std::numeric_limits<std::int64_t>::max() / second;
  if (seconds > limit || seconds < -limit) return failure("duration seconds overflow: " + std::to_string(seconds));
  return seconds * second;
}

Result<std::int64_t> from_seconds(double seconds) {
  if (!std::isfinite(seconds)) return failure("invalid duration seconds: " + go_format_float(seconds));
  constexpr double limit = 9223372036854775807.0 / 1e9;
  if (seconds > limit || seconds < -limit) return failure("duration seconds overflow: " + go_format_float(seconds));
  const double nanoseconds = seconds * 1e9;
  return truncate_to_int64(nanoseconds);
}

/// A duration from what charts have at hand: a duration, Go's text for one, or seconds as number or text.
Result<std::int64_t> duration_of(const Value& value) {
  if (const auto* nanoseconds = as_duration(value); nanoseconds != nullptr) return *nanoseconds;
  if (value.is_nothing()) return failure("invalid duration");
  if (value.is_int()) return from_seconds(value.as_int());
  if (value.is_float()) return from_seconds(value.as_double());
  if (value.is_object() && value.as_object()->go_kind() == "int") return from_seconds(to_int64(value));
  if (!value.is_string()) return failure("unsupported duration type " + std::string(go_type_name(value)));
  const auto text = trim_space(value.as_string());
  if (text.empty()) return failure("empty duration");
  if (const auto parsed = parse_go_duration(text); parsed.ok()) return *parsed;
  if (const auto number = parse_go_float(text); number.status == GoNumberStatus::ok) return from_seconds(number.value);
  return failure("could not parse duration " + go_quote(value.as_string()));
}

std::int64_t duration_or_zero(const Value& value) { return duration_of(value).value_or(0); }

Result<Value> must_to_duration(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(const auto nanoseconds, duration_of(arguments[0]));
  return duration_value(nanoseconds);
}

/// In units as Go counts them: the whole ones and the rest apart.
double in_units(std::int64_t nanoseconds, std::int64_t unit) {
  const std::int64_t whole = nanoseconds / unit;
  return static_cast<double>(whole) + static_cast<double>(nanoseconds % unit) / static_cast<double>(unit);
}

template <std::int64_t unit>
Result<Value> float_of(CallContext& /*context*/, Arguments arguments) {
  return Value::float64(in_units(duration_or_zero(arguments[0]), unit));
}
Result<Value> days(CallContext& /*context*/, Arguments arguments) {
  return Value::float64(in_units(duration_or_zero(arguments[0]), 3600 * second) / 24.0);
}
Result<Value> weeks(CallContext& /*context*/, Arguments arguments) {
  return Value::float64(in_units(duration_or_zero(arguments[0]), 3600 * second) / 24.0 / 7.0);
}
template <std::int64_t unit>
Result<Value> whole_of(CallContext& /*context*/, Arguments arguments) {
  return Value::int64(duration_or_zero(arguments[0]) / unit);
}

template <std::int64_t (*adjust)(std::int64_t, std::int64_t)>
Result<Value> adjusted(CallContext& /*context*/, Arguments arguments) {
  const auto duration = duration_of(arguments[0]);
  if (!duration.ok()) return duration_value(0);
  const auto unit = duration_of(arguments[1]);
  return duration_value(unit.ok() ? adjust(*duration, *unit) : *duration);
}

constexpr Function table[] = {
    {"mustToDuration", must_to_duration, params<any>},
    {"durationSeconds", float_of<second>, params<any>},
    {"durationMinutes", float_of<60 * second>, params<any>},
    {"durationHours", float_of<3600 * second>, params<any>},
    {"durationDays", days, params<any>},
    {"durationWeeks", weeks, params<any>},
    {"durationMilliseconds", whole_of<1'000'000>, params<any>},
    {"durationMicroseconds", whole_of<1'000>, params<any>},
    {"durationNanoseconds", whole_of<1>, params<any>},
    {"durationRoundTo", adjusted<round_duration>, params<any, any>},
    {"durationTruncateTo", adjusted<truncate_duration>, params<any, any>},
};

}  // namespace

std::span<const Function> duration_functions() { return table; }

}  // namespace gitopsctl::render
