#include <string>

#include "base/text/go_number.hpp"
#include "render/functions/arguments.hpp"
#include "render/functions/functions.hpp"
#include "render/functions/go_time.hpp"
#include "render/template/evaluator.hpp"

namespace gitopsctl::render {
namespace {

using enum ParamType;

GoTime render_time(CallContext& context) {
  const auto milliseconds = context.evaluator.context().now().time_since_epoch().count();
  return shifted(GoTime{.seconds = 0, .nanoseconds = 0, .zone = utc_zone()}, milliseconds * 1'000'000);
}

/// The time that a date function means: times and integers as seconds since 1970; everything else, a YAML number too, is
/// now.
GoTime time_of(CallContext& context, const Value& value) {
  if (const auto* time = as_time(value); time != nullptr) return *time;
  if (value.kind() == Kind::int64 || value.kind() == Kind::integer) {
    return GoTime{.seconds = value.as_int(), .nanoseconds = 0, .zone = utc_zone()};
  }
  return render_time(context);
}

Value formatted(GoTime time, std::string_view layout, std::string_view zone_name) {
  auto zone = load_zone(zone_name);
  time.zone = zone == nullptr ? utc_zone() : std::move(zone);
  return Value::string(format_go_time(time, layout));
}

constexpr std::string_view html_layout = "2006-01-02";

Result<Value> now(CallContext& context, Arguments /*arguments*/) { return time_value(render_time(context)); }

Result<Value> date(CallContext& context, Arguments arguments) {
  return formatted(time_of(context, arguments[1]), arguments[0].as_string(), "Local");
}
Result<Value> date_in_zone(CallContext& context, Arguments arguments) {
  return formatted(time_of(context, arguments[1]), arguments[0].as_string(), arguments[2].as_string());
}
Result<Value> html_date(CallContext& context, Arguments arguments) {
  return formatted(time_of(context, arguments[0]), html_layout, "Local");
}
Result<Value> html_date_in_zone(CallContext& context, Arguments arguments) {
  return formatted(time_of(context, arguments[0]), html_layout, arguments[1].as_string());
}

Result<Value> must_date_modify(CallContext& /*context*/, Arguments arguments) {
  const auto* time = as_time(arguments[1]);
  if (time == nullptr) return failure("wrong type for value; expected time.Time");
  GITOPSCTL_TRY(const auto by, parse_go_duration(arguments[0].as_string()));
  return time_value(shifted(*time, by));
}
Result<Value> date_modify(CallContext& context, Arguments arguments) {
  auto modified = must_date_modify(context, arguments);
  return modified.ok() ? *modified : arguments[1];
}

Result<Value> must_to_date(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(auto time, parse_go_time(arguments[0].as_string(), arguments[1].as_string()));
  return time_value(std::move(time));
}
Result<Value> to_date(CallContext& context, Arguments arguments) {
  auto time = must_to_date(context, arguments);
  return time.ok() ? std::move(*time) : time_value({});
}

Result<Value> unix_epoch(CallContext& /*context*/, Arguments arguments) {
  const auto* time = as_time(arguments[0]);
  if (time == nullptr) return failure("wrong type for value; expected time.Time");
  return Value::string(std::to_string(time->seconds));
}

Result<Value> ago(CallContext& context, Arguments arguments) {
  const auto since = nanoseconds_between(time_of(context, arguments[0]), render_time(context));
  return Value::string(format_go_duration(round_duration(since, 1'000'000'000)));
}

Result<Value> duration(CallContext& /*context*/, Arguments arguments) {
  std::int64_t seconds = 0;
  if (arguments[0].is_string()) {
    seconds = parse_go_int(arguments[0].as_string(), 10).value;
  } else if (arguments[0].kind() == Kind::int64) {
    seconds = arguments[0].as_int();
  }
  // Go's multiplication wraps around.
  const auto nanoseconds = static_cast<std::uint64_t>(seconds) * 1'000'000'000U;
  return Value::string(format_go_duration(static_cast<std::int64_t>(nanoseconds)));
}

Result<Value> duration_round(CallContext& context, Arguments arguments) {
  const auto& value = arguments[0];
  std::int64_t nanoseconds = 0;
  if (value.is_string()) {
    nanoseconds = parse_go_duration(value.as_string()).value_or(0);
  } else if (value.kind() == Kind::int64) {
    nanoseconds = value.as_int();
  } else if (const auto* time = as_time(value); time != nullptr) {
    nanoseconds = nanoseconds_between(*time, render_time(context));
  }
  const std::uint64_t size =
      nanoseconds < 0 ? ~static_cast<std::uint64_t>(nanoseconds) + 1 : static_cast<std::uint64_t>(nanoseconds);
  struct Unit {
    std::uint64_t seconds;
    std::string_view name;
  };
  for (const auto& unit : {Unit{86400ULL * 365, "y"}, Unit{86400ULL * 30, "mo"}, Unit{86400, "d"}, Unit{3600, "h"},
                           Unit{60, "m"}, Unit{1, "s"}}) {
    const auto length = unit.seconds * 1'000'000'000U;
    // Exactly one unit is still counted in the smaller one.
    if (size > length) return Value::string(std::to_string(size / length) + std::string(unit.name));
  }
  return Value::string("0s");
}

// What depends on the render's clock is not folded.
constexpr Function table[] = {
    {"now", now, params<>, false, false},
    {"date", date, params<string, any>, false, false},
    {"dateInZone", date_in_zone, params<string, any, string>, false, false},
    {"date_in_zone", date_in_zone, params<string, any, string>, false, false},
    {"htmlDate", html_date, params<any>, false, false},
    {"htmlDateInZone", html_date_in_zone, params<any, string>, false, false},
    {"dateModify", date_modify, params<string, time>, false, false},
    {"date_modify", date_modify, params<string, time>, false, false},
    {"mustDateModify", must_date_modify, params<string, time>, false, false},
    {"must_date_modify", must_date_modify, params<string, time>, false, false},
    {"toDate", to_date, params<string, string>},
    {"mustToDate", must_to_date, params<string, string>},
    {"unixEpoch", unix_epoch, params<time>},
    {"ago", ago, params<any>, false, false},
    {"duration", duration, params<any>},
    {"durationRound", duration_round, params<any>, false, false},
};

}  // namespace

std::span<const Function> date_functions() { return table; }

}  // namespace gitopsctl::render
