#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "render/functions/time_zone.hpp"

namespace gitopsctl::render {

/// Go's time.Time: a point in time with nanoseconds, and the zone it is shown in.
struct GoTime {
  /// Go's zero time: 0001-01-01 00:00:00 UTC.
  std::int64_t seconds = -62135596800;  ///< since 1970, UTC
  std::int32_t nanoseconds = 0;         ///< 0 to 999,999,999
  TimeZonePtr zone = utc_zone();
};

/// The parts of a time in its zone.
struct CivilTime {
  std::int64_t year = 1;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int weekday = 0;   ///< Sunday is 0
  int year_day = 1;  ///< from 1
  TimeZone::Offset offset;
};

[[nodiscard]] CivilTime to_civil(const GoTime& time);
/// Parts as UTC; they need not be in their ranges (`month` 14 is February of the next year).
[[nodiscard]] std::int64_t civil_seconds(std::int64_t year, std::int64_t month, std::int64_t day, std::int64_t hour,
                                         std::int64_t minute, std::int64_t second);

/// Time.Format with a Go layout (`2006-01-02T15:04:05Z07:00`).
[[nodiscard]] std::string format_go_time(const GoTime& time, std::string_view layout);
/// time.ParseInLocation with UTC. Errors have Go's texts: `parsing time "x" as "2006": cannot parse "x" as "2006"`.
[[nodiscard]] Result<GoTime> parse_go_time(std::string_view layout, std::string_view text);
/// RFC 3339 with as many digits of the second as needed: how JSON and TOML write times.
[[nodiscard]] std::string format_rfc3339(const GoTime& time);
/// The time `nanoseconds` later.
[[nodiscard]] GoTime shifted(GoTime time, std::int64_t nanoseconds);
/// Nanoseconds from `earlier` to `later`, at Go's limits when it does not fit.
[[nodiscard]] std::int64_t nanoseconds_between(const GoTime& earlier, const GoTime& later);

/// time.ParseDuration in nanoseconds. Errors: `time: invalid duration "x"`.
[[nodiscard]] Result<std::int64_t> parse_go_duration(std::string_view text);
/// Duration.String: `1h2m3s`, `1.5s`, `300ms`, `0s`.
[[nodiscard]] std::string format_go_duration(std::int64_t nanoseconds);
/// Duration.Round: halves away from zero; `unit` <= 0 leaves it.
[[nodiscard]] std::int64_t round_duration(std::int64_t nanoseconds, std::int64_t unit);
/// Duration.Truncate.
[[nodiscard]] std::int64_t truncate_duration(std::int64_t nanoseconds, std::int64_t unit);

/// A time.Time as a template value.
[[nodiscard]] Value time_value(GoTime time);
/// The time in a value, or nullptr.
[[nodiscard]] const GoTime* as_time(const Value& value) noexcept;
/// A time.Duration as a template value.
[[nodiscard]] Value duration_value(std::int64_t nanoseconds);
/// The nanoseconds in a duration value, or nullptr.
[[nodiscard]] const std::int64_t* as_duration(const Value& value) noexcept;

}  // namespace gitopsctl::render
