#include "render/functions/go_time.hpp"

#include <array>
#include <limits>

#include "render/functions/calendar.hpp"
#include "render/functions/time_layout.hpp"
#include "render/functions/time_names.hpp"

namespace gitopsctl::render {
namespace {

constexpr std::int64_t seconds_per_day = 86400;
constexpr std::int64_t nanoseconds_per_second = 1'000'000'000;

/// Go's integers wrap around; times so far away are nobody's, but must not be undefined.
std::int64_t wrapping_add(std::int64_t a, std::int64_t b) noexcept {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

void append_padded(std::string& out, std::int64_t number, int width, char pad = '0') {
  if (number < 0) {
    out += '-';
    number = -number;
  }
  const auto digits = std::to_string(number);
  for (auto i = static_cast<int>(digits.size()); i < width; ++i) out += pad;
  out += digits;
}

void append_offset(std::string& out, const OffsetForm& form, std::int32_t seconds) {
  if (form.z_for_utc && seconds == 0) {
    out += 'Z';
    return;
  }
  out += seconds < 0 ? '-' : '+';
  const auto distance = seconds < 0 ? -seconds : seconds;
  append_padded(out, distance / 3600, 2);
  if (form.fields < 2) return;
  if (form.colons) out += ':';
  append_padded(out, distance / 60 % 60, 2);
  if (form.fields < 3) return;
  if (form.colons) out += ':';
  append_padded(out, distance % 60, 2);
}

void append_fraction(std::string& out, const LayoutPiece& piece, std::int32_t nanoseconds) {
  std::string digits;
  append_padded(digits, nanoseconds, 9);
  digits.resize(static_cast<std::size_t>(piece.digits), '0');
  if (piece.part == LayoutPart::fraction_shortest) {
    while (!digits.empty() && digits.back() == '0') digits.pop_back();
    if (digits.empty()) return;
  }
  out += piece.text[0];
  out += digits;
}

void append_part(std::string& out, const LayoutPiece& piece, const CivilTime& civil, std::int32_t nanoseconds) {
  const int hour12 = civil.hour % 12 == 0 ? 12 : civil.hour % 12;
  const auto month_name = month_names[static_cast<std::size_t>(civil.month - 1)];
  const auto weekday_name = weekday_names[static_cast<std::size_t>(civil.weekday)];
  switch (piece.part) {
    case LayoutPart::none: break;
    case LayoutPart::long_month: out += month_name; break;
    case LayoutPart::month: out += month_name.substr(0, 3); break;
    case LayoutPart::number_month: append_padded(out, civil.month, 0); break;
    case LayoutPart::zero_month: append_padded(out, civil.month, 2); break;
    case LayoutPart::long_weekday: out += weekday_name; break;
    case LayoutPart::weekday: out += weekday_name.substr(0, 3); break;
    case LayoutPart::day: append_padded(out, civil.day, 0); break;
    case LayoutPart::under_day: append_padded(out, civil.day, 2, ' '); break;
    case LayoutPart::zero_day: append_padded(out, civil.day, 2); break;
    case LayoutPart::under_year_day: append_padded(out, civil.year_day, 3, ' '); break;
    case LayoutPart::zero_year_day: append_padded(out, civil.year_day, 3); break;
    case LayoutPart::hour: append_padded(out, civil.hour, 2); break;
    case LayoutPart::hour12: append_padded(out, hour12, 0); break;
    case LayoutPart::zero_hour12: append_padded(out, hour12, 2); break;
    case LayoutPart::minute: append_padded(out, civil.minute, 0); break;
    case LayoutPart::zero_minute: append_padded(out, civil.minute, 2); break;
    case LayoutPart::second: append_padded(out, civil.second, 0); break;
    case LayoutPart::zero_second: append_padded(out, civil.second, 2); break;
    case LayoutPart::long_year: append_padded(out, civil.year, 4); break;
    case LayoutPart::year: append_padded(out, civil.year < 0 ? 0 : civil.year % 100, 2); break;
    case LayoutPart::upper_half: out += civil.hour >= 12 ? "PM" : "AM"; break;
    case LayoutPart::lower_half: out += civil.hour >= 12 ? "pm" : "am"; break;
    case LayoutPart::zone_name:
      if (civil.offset.name.empty()) {
        append_offset(out, {}, civil.offset.seconds);
      } else {
        out += civil.offset.name;
      }
      break;
    case LayoutPart::offset: append_offset(out, piece.form, civil.offset.seconds); break;
    case LayoutPart::fraction_zeros:
    case LayoutPart::fraction_shortest: append_fraction(out, piece, nanoseconds); break;
  }
}

}  // namespace

CivilTime to_civil(const GoTime& time) {
  CivilTime civil;
  civil.offset = time.zone->at(time.seconds);
  const auto local = wrapping_add(time.seconds, civil.offset.seconds);
  const auto days = floor_divide(local, seconds_per_day);
  const auto in_day = floor_modulo(local, seconds_per_day);
  const auto date = civil_from_days(days);
  civil.year = date.year;
  civil.month = date.month;
  civil.day = date.day;
  civil.hour = static_cast<int>(in_day / 3600);
  civil.minute = static_cast<int>(in_day / 60 % 60);
  civil.second = static_cast<int>(in_day % 60);
  civil.weekday = static_cast<int>((days % 7 + 11) % 7);  // day 0 was a Thursday
  civil.year_day = static_cast<int>(days - days_from_civil(date.year, 1, 1)) + 1;
  return civil;
}

std::int64_t civil_seconds(std::int64_t year, std::int64_t month, std::int64_t day, std::int64_t hour, std::int64_t minute,
                           std::int64_t second) {
  year += floor_divide(month - 1, 12);
  month -= floor_divide(month - 1, 12) * 12;
  const auto days = days_from_civil(year, static_cast<int>(month), 1) + day - 1;
  return days * seconds_per_day + hour * 3600 + minute * 60 + second;
}

std::string format_go_time(const GoTime& time, std::string_view layout) {
  const auto civil = to_civil(time);
  std::string out;
  while (!layout.empty()) {
    const auto piece = next_layout_piece(layout);
    out += piece.literal;
    append_part(out, piece, civil, time.nanoseconds);
  }
  return out;
}

std::string format_rfc3339(const GoTime& time) { return format_go_time(time, "2006-01-02T15:04:05.999999999Z07:00"); }

GoTime shifted(GoTime time, std::int64_t nanoseconds) {
  const auto seconds = floor_divide(nanoseconds, nanoseconds_per_second);
  auto rest = time.nanoseconds + floor_modulo(nanoseconds, nanoseconds_per_second);
  time.seconds = wrapping_add(time.seconds, seconds + rest / nanoseconds_per_second);
  rest %= nanoseconds_per_second;
  time.nanoseconds = static_cast<std::int32_t>(rest);
  return time;
}

std::int64_t nanoseconds_between(const GoTime& earlier, const GoTime& later) {
  using Limits = std::numeric_limits<std::int64_t>;
  std::int64_t out = 0;
  std::int64_t seconds = 0;
  if (__builtin_sub_overflow(later.seconds, earlier.seconds, &seconds) ||
      __builtin_mul_overflow(seconds, nanoseconds_per_second, &out) ||
      __builtin_add_overflow(out, static_cast<std::int64_t>(later.nanoseconds) - earlier.nanoseconds, &out)) {
    return later.seconds < earlier.seconds ? Limits::min() : Limits::max();
  }
  return out;
}

}  // namespace gitopsctl::render
