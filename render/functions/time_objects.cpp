#include <cmath>
#include <string>
#include <vector>

#include "base/text/go_format.hpp"
#include "render/functions/calendar.hpp"
#include "render/functions/go_time.hpp"
#include "render/functions/time_names.hpp"

namespace gitopsctl::render {
namespace {

constexpr std::int64_t second = 1'000'000'000;

/// time.Month and time.Weekday: a number that prints as its name.
class NamedNumber final : public ValueObject {
 public:
  NamedNumber(std::string_view type, std::int64_t number, std::string_view name)
      : type_(type), name_(name), number_(number) {}
  [[nodiscard]] std::string_view go_type() const override { return type_; }
  [[nodiscard]] std::string_view go_kind() const override { return "int"; }
  [[nodiscard]] std::string print() const override { return std::string(name_); }
  [[nodiscard]] bool field(std::string_view name, Value& out) const override {
    if (name != "String") return false;
    out = Value::string(name_);
    return true;
  }
  [[nodiscard]] Value to_plain() const override { return Value::go_int(number_); }
  [[nodiscard]] bool truth() const override { return number_ != 0; }

 private:
  std::string_view type_;
  std::string_view name_;
  std::int64_t number_;
};

class DurationObject final : public ValueObject {
 public:
  explicit DurationObject(std::int64_t nanoseconds) : nanoseconds_(nanoseconds) {}
  [[nodiscard]] std::string_view go_type() const override { return "time.Duration"; }
  [[nodiscard]] std::string_view go_kind() const override { return "int64"; }
  [[nodiscard]] std::string print() const override { return format_go_duration(nanoseconds_); }
  [[nodiscard]] bool field(std::string_view name, Value& out) const override;
  [[nodiscard]] bool call(std::string_view name, const std::vector<Value>& arguments, Value& out,
                          std::string& error) const override;
  [[nodiscard]] Value to_plain() const override { return Value::int64(nanoseconds_); }
  [[nodiscard]] bool truth() const override { return nanoseconds_ != 0; }
  [[nodiscard]] const std::int64_t& nanoseconds() const noexcept { return nanoseconds_; }

 private:
  /// Whole units and the rest separately, as Go does, so that the last digit agrees.
  [[nodiscard]] double in(std::int64_t unit) const {
    const std::int64_t whole = nanoseconds_ / unit;
    return static_cast<double>(whole) + static_cast<double>(nanoseconds_ % unit) / static_cast<double>(unit);
  }
  std::int64_t nanoseconds_;
};

bool DurationObject::field(std::string_view name, Value& out) const {
  if (name == "String") {
    out = Value::string(print());
  } else if (name == "Seconds") {
    out = Value::float64(in(second));
  } else if (name == "Minutes") {
    out = Value::float64(in(60 * second));
  } else if (name == "Hours") {
    out = Value::float64(in(3600 * second));
  } else if (name == "Milliseconds") {
    out = Value::int64(nanoseconds_ / 1'000'000);
  } else if (name == "Microseconds") {
    out = Value::int64(nanoseconds_ / 1'000);
  } else if (name == "Nanoseconds") {
    out = Value::int64(nanoseconds_);
  } else if (name == "Abs") {
    const auto positive = nanoseconds_ == INT64_MIN ? INT64_MAX : std::abs(nanoseconds_);
    out = duration_value(positive);
  } else {
    return false;
  }
  return true;
}

/// Refuses a call whose arguments are not what the method declares.
bool wrong_arguments(std::string_view method, const std::vector<Value>& arguments, std::size_t count, bool fit,
                     std::string_view type, std::string& error) {
  if (arguments.size() != count) {
    error = "wrong number of args for " + std::string(method) + ": want " + std::to_string(count) + " got " +
            std::to_string(arguments.size());
    return true;
  }
  if (fit) return false;
  for (const auto& argument : arguments) {
    error = "wrong type for value; expected " + std::string(type) + "; got " + std::string(go_type_name(argument));
  }
  return true;
}

bool DurationObject::call(std::string_view name, const std::vector<Value>& arguments, Value& out, std::string& error) const {
  if (name != "Round" && name != "Truncate") return false;
  const auto* unit = arguments.empty() ? nullptr : as_duration(arguments[0]);
  if (wrong_arguments(name, arguments, 1, unit != nullptr, "time.Duration", error)) return true;
  out = duration_value(name == "Round" ? round_duration(nanoseconds_, *unit) : truncate_duration(nanoseconds_, *unit));
  return true;
}

class TimeObject final : public ValueObject {
 public:
  explicit TimeObject(GoTime time) : time_(std::move(time)) {}
  [[nodiscard]] std::string_view go_type() const override { return "time.Time"; }
  [[nodiscard]] std::string_view go_kind() const override { return "struct"; }
  [[nodiscard]] std::string print() const override {
    return format_go_time(time_, "2006-01-02 15:04:05.999999999 -0700 MST");
  }
  [[nodiscard]] bool field(std::string_view name, Value& out) const override;
  [[nodiscard]] bool call(std::string_view name, const std::vector<Value>& arguments, Value& out,
                          std::string& error) const override;
  [[nodiscard]] Value to_plain() const override { return Value::string(format_rfc3339(time_)); }
  [[nodiscard]] const GoTime& time() const noexcept { return time_; }

 private:
  [[nodiscard]] bool unix_field(std::string_view name, Value& out) const;
  [[nodiscard]] bool compare_call(std::string_view name, const std::vector<Value>& arguments, Value& out,
                                  std::string& error) const;
  GoTime time_;
};

bool TimeObject::unix_field(std::string_view name, Value& out) const {
  // Go's arithmetic wraps around for times that nanoseconds cannot count.
  const auto units = [&](std::int64_t per_second) {
    const auto whole = static_cast<std::uint64_t>(time_.seconds) * static_cast<std::uint64_t>(per_second);
    return Value::int64(
        static_cast<std::int64_t>(whole + static_cast<std::uint64_t>(time_.nanoseconds / (second / per_second))));
  };
  if (name == "Unix") {
    out = Value::int64(time_.seconds);
  } else if (name == "UnixMilli") {
    out = units(1'000);
  } else if (name == "UnixMicro") {
    out = units(1'000'000);
  } else if (name == "UnixNano") {
    out = units(second);
  } else {
    return false;
  }
  return true;
}

bool TimeObject::field(std::string_view name, Value& out) const {
  if (unix_field(name, out)) return true;
  const auto civil = to_civil(time_);
  const auto number = [&](std::int64_t value) {
    out = Value::go_int(value);
    return true;
  };
  if (name == "Year") return number(civil.year);
  if (name == "Day") return number(civil.day);
  if (name == "Hour") return number(civil.hour);
  if (name == "Minute") return number(civil.minute);
  if (name == "Second") return number(civil.second);
  if (name == "Nanosecond") return number(time_.nanoseconds);
  if (name == "YearDay") return number(civil.year_day);
  if (name == "Month") {
    out = Value::object(new NamedNumber("time.Month", civil.month, month_names[static_cast<std::size_t>(civil.month - 1)]));
  } else if (name == "Weekday") {
    out = Value::object(
        new NamedNumber("time.Weekday", civil.weekday, weekday_names[static_cast<std::size_t>(civil.weekday)]));
  } else if (name == "String") {
    out = Value::string(print());
  } else if (name == "UTC" || name == "Local") {
    GoTime moved = time_;
    moved.zone = utc_zone();
    out = time_value(std::move(moved));
  } else if (name == "IsZero") {
    out = Value::boolean(time_.seconds == GoTime{}.seconds && time_.nanoseconds == 0);
  } else {
    return false;
  }
  return true;
}

bool TimeObject::compare_call(std::string_view name, const std::vector<Value>& arguments, Value& out,
                              std::string& error) const {
  if (name != "After" && name != "Before" && name != "Equal" && name != "Compare" && name != "Sub") return false;
  const auto* other = arguments.empty() ? nullptr : as_time(arguments[0]);
  if (wrong_arguments(name, arguments, 1, other != nullptr, "time.Time", error)) return true;
  const auto key = [](const GoTime& time) { return std::pair(time.seconds, time.nanoseconds); };
  const int order = key(time_) < key(*other) ? -1 : key(time_) > key(*other) ? 1 : 0;
  if (name == "Sub") {
    out = duration_value(nanoseconds_between(*other, time_));
  } else if (name == "Compare") {
    out = Value::go_int(order);
  } else {
    out = Value::boolean(name == "After" ? order > 0 : name == "Before" ? order < 0 : order == 0);
  }
  return true;
}

bool TimeObject::call(std::string_view name, const std::vector<Value>& arguments, Value& out, std::string& error) const {
  if (compare_call(name, arguments, out, error)) return true;
  if (name == "Format") {
    if (wrong_arguments(name, arguments, 1, !arguments.empty() && arguments[0].is_string(), "string", error)) return true;
    out = Value::string(format_go_time(time_, arguments[0].as_string()));
    return true;
  }
  if (name == "Add") {
    const auto* by = arguments.empty() ? nullptr : as_duration(arguments[0]);
    if (wrong_arguments(name, arguments, 1, by != nullptr, "time.Duration", error)) return true;
    out = time_value(shifted(time_, *by));
    return true;
  }
  if (name == "AddDate") {
    bool numbers = arguments.size() == 3;
    // A bound on what the calendar is asked for; Go's own arithmetic wraps long before.
    for (const auto& argument : arguments) {
      numbers =
          numbers && argument.kind() == Kind::integer && argument.as_int() < 100'000'000 && argument.as_int() > -100'000'000;
    }
    if (wrong_arguments(name, arguments, 3, numbers, "int", error)) return true;
    const auto civil = to_civil(time_);
    GoTime moved = time_;
    moved.seconds = civil_seconds(civil.year + arguments[0].as_int(), civil.month + arguments[1].as_int(),
                                  civil.day + arguments[2].as_int(), civil.hour, civil.minute, civil.second) -
                    civil.offset.seconds;
    out = time_value(std::move(moved));
    return true;
  }
  return false;
}

}  // namespace

Value time_value(GoTime time) { return Value::object(new TimeObject(std::move(time))); }
const GoTime* as_time(const Value& value) noexcept {
  const auto* object = dynamic_cast<const TimeObject*>(value.as_object());
  return object == nullptr ? nullptr : &object->time();
}
Value duration_value(std::int64_t nanoseconds) { return Value::object(new DurationObject(nanoseconds)); }
const std::int64_t* as_duration(const Value& value) noexcept {
  const auto* object = dynamic_cast<const DurationObject*>(value.as_object());
  return object == nullptr ? nullptr : &object->nanoseconds();
}

}  // namespace gitopsctl::render
