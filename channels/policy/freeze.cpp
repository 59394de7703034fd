#include <algorithm>
#include <chrono>

#include "channels/policy/guard.hpp"

namespace gitopsctl::channels {

namespace {

using std::chrono::days;
using std::chrono::minutes;

constexpr int minutes_per_day = 24 * 60;

/// Local midnight (of the window's offset) of the day that `at` is in, as UTC.
TimePoint midnight(TimePoint at, minutes offset) {
  return std::chrono::time_point_cast<Millis>(std::chrono::floor<days>(at + offset)) - offset;
}

/// 0 Sunday … 6 of the local day that begins at `start`.
int weekday(TimePoint start, minutes offset) {
  const std::chrono::weekday day(std::chrono::floor<days>(start + offset));
  return static_cast<int>(day.c_encoding());
}

std::optional<TimePoint> weekly_end(const FreezeWindow& window, TimePoint now) {
  const minutes offset(window.offset_minutes);
  const TimePoint today = midnight(now, offset);
  // Equal times mean a whole day: a window that says nothing else must not freeze nothing.
  const int length = window.to_minute > window.from_minute ? window.to_minute - window.from_minute
                                                           : window.to_minute - window.from_minute + minutes_per_day;
  for (const TimePoint start_day : {today, today - days(1)}) {  // yesterday's may reach over midnight
    const bool named = std::find(window.days.begin(), window.days.end(), weekday(start_day, offset)) != window.days.end();
    if (!named) continue;
    const TimePoint begin = start_day + minutes(window.from_minute);
    const TimePoint end = begin + minutes(length);
    if (begin <= now && now < end) return end;
  }
  return std::nullopt;
}

}  // namespace

std::optional<TimePoint> freeze_end(const FreezeWindow& window, TimePoint now) {
  if (!window.days.empty()) return weekly_end(window, now);
  if (window.from && now < *window.from) return std::nullopt;
  if (window.to && now >= *window.to) return std::nullopt;
  return window.to.value_or(TimePoint::max());
}

std::optional<std::pair<const FreezeWindow*, TimePoint>> active_freeze(const std::vector<FreezeWindow>& windows,
                                                                       TimePoint now) {
  const FreezeWindow* named = nullptr;
  TimePoint at = now;
  const TimePoint horizon = now + days(370);
  for (bool moved = true; moved && at < horizon;) {
    moved = false;
    for (const auto& window : windows) {
      const auto end = freeze_end(window, at);
      if (!end) continue;
      if (named == nullptr) named = &window;
      at = *end;
      moved = true;
      if (at == TimePoint::max()) break;
    }
  }
  if (named == nullptr) return std::nullopt;
  return std::pair{named, at >= horizon ? TimePoint::max() : at};
}

}  // namespace gitopsctl::channels
