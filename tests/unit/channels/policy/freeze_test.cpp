#include <doctest/doctest.h>

#include <random>
#include <string>

#include "channels/policy/guard.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;

namespace {

TimePoint at(std::string_view text) {
  const auto time = parse_time(text);
  REQUIRE_MESSAGE(time.ok(), text);
  return *time;
}

FreezeWindow weekly(std::vector<int> days, int from, int to, int offset = 0) {
  FreezeWindow window;
  window.days = std::move(days);
  window.from_minute = from;
  window.to_minute = to;
  window.offset_minutes = offset;
  return window;
}

/// When the freeze ends that holds at `now`; `open` when none does, `never` when no end is in sight.
std::string until(const std::vector<FreezeWindow>& windows, std::string_view now) {
  const auto freeze = active_freeze(windows, at(now));
  if (!freeze) return "open";
  return freeze->second == TimePoint::max() ? "never" : format_time(freeze->second);
}

}  // namespace

TEST_SUITE("freeze") {
  // 2026-11-20 is a Friday.
  TEST_CASE("a weekly window") {
    const std::vector<FreezeWindow> friday = {weekly({5}, 12 * 60, 18 * 60)};
    CHECK(until(friday, "2026-11-20T11:59:59Z") == "open");
    CHECK(until(friday, "2026-11-20T12:00:00Z") == "2026-11-20T18:00:00Z");
    CHECK(until(friday, "2026-11-20T17:59:59.999Z") == "2026-11-20T18:00:00Z");
    CHECK(until(friday, "2026-11-20T18:00:00Z") == "open");
    CHECK(until(friday, "2026-11-19T13:00:00Z") == "open");
    CHECK(until(friday, "2026-11-27T13:00:00Z") == "2026-11-27T18:00:00Z");
  }

  TEST_CASE("across midnight") {
    const std::vector<FreezeWindow> night = {weekly({5}, 22 * 60, 6 * 60)};
    CHECK(until(night, "2026-11-20T21:59:00Z") == "open");
    CHECK(until(night, "2026-11-20T23:00:00Z") == "2026-11-21T06:00:00Z");
    CHECK(until(night, "2026-11-21T05:59:00Z") == "2026-11-21T06:00:00Z");
    CHECK(until(night, "2026-11-21T06:00:00Z") == "open");
    CHECK(until(night, "2026-11-21T23:00:00Z") == "open");
    CHECK(until({weekly({6}, 22 * 60, 6 * 60)}, "2026-11-22T01:00:00Z") == "2026-11-22T06:00:00Z");
  }

  TEST_CASE("offsets east and west move the day") {
    // Friday 20:00 to 24:00 in UTC+13 is Friday 07:00 to 11:00 UTC.
    CHECK(until({weekly({5}, 20 * 60, 24 * 60, 13 * 60)}, "2026-11-20T08:00:00Z") == "2026-11-20T11:00:00Z");
    CHECK(until({weekly({5}, 20 * 60, 24 * 60, 13 * 60)}, "2026-11-20T12:00:00Z") == "open");
    // Friday 20:00 to 24:00 in UTC-8 is Saturday 04:00 to 08:00 UTC.
    CHECK(until({weekly({5}, 20 * 60, 24 * 60, -8 * 60)}, "2026-11-21T05:00:00Z") == "2026-11-21T08:00:00Z");
    CHECK(until({weekly({5}, 20 * 60, 24 * 60, -8 * 60)}, "2026-11-20T20:00:00Z") == "open");
  }

  TEST_CASE("windows without a gap are one freeze") {
    const std::vector<FreezeWindow> weekend = {weekly({6, 0}, 0, 24 * 60)};
    CHECK(until(weekend, "2026-11-21T10:00:00Z") == "2026-11-23T00:00:00Z");
    const std::vector<FreezeWindow> joined = {weekly({6}, 0, 12 * 60), weekly({6}, 10 * 60, 15 * 60)};
    CHECK(until(joined, "2026-11-21T01:00:00Z") == "2026-11-21T15:00:00Z");
    CHECK(until({weekly({0, 1, 2, 3, 4, 5, 6}, 0, 24 * 60)}, "2026-11-21T10:00:00Z") == "never");
  }

  TEST_CASE("equal times are a whole day") {
    CHECK(until({weekly({5}, 6 * 60, 6 * 60)}, "2026-11-21T05:00:00Z") == "2026-11-21T06:00:00Z");
  }

  TEST_CASE("absolute windows, with and without ends") {
    FreezeWindow window;
    window.from = at("2026-12-20T00:00:00Z");
    window.to = at("2027-01-02T00:00:00Z");
    CHECK(until({window}, "2026-12-19T23:59:59Z") == "open");
    CHECK(until({window}, "2026-12-20T00:00:00Z") == "2027-01-02T00:00:00Z");
    CHECK(until({window}, "2027-01-02T00:00:00Z") == "open");
    window.to.reset();
    CHECK(until({window}, "2026-12-25T00:00:00Z") == "never");
    window.from.reset();
    CHECK(until({window}, "1999-01-01T00:00:00Z") == "never");
  }

  TEST_CASE("no windows, no freeze; the first that holds is named") {
    CHECK(until({}, "2026-11-20T12:00:00Z") == "open");
    std::vector<FreezeWindow> windows = {weekly({6}, 0, 60), weekly({5}, 0, 24 * 60), weekly({5}, 600, 800)};
    windows[1].reason = "second";
    const auto freeze = active_freeze(windows, at("2026-11-20T11:00:00Z"));
    REQUIRE(freeze);
    CHECK(freeze->first->reason == "second");
  }

  TEST_CASE("random windows: what is said about the end is true, minute by minute") {
    std::mt19937 random(5);
    for (int round = 0; round < 300; ++round) {
      std::vector<FreezeWindow> windows;
      for (unsigned i = 0; i < 1 + random() % 3; ++i) {
        std::vector<int> days;
        for (int day = 0; day < 7; ++day) {
          if (random() % 3 == 0) days.push_back(day);
        }
        if (days.empty()) days.push_back(static_cast<int>(random() % 7));
        windows.push_back(weekly(std::move(days), static_cast<int>(random() % 24) * 60, static_cast<int>(random() % 25) * 60,
                                 static_cast<int>(random() % 27) * 60 - 13 * 60));
      }
      const TimePoint now = at("2026-11-20T00:00:00Z") + std::chrono::minutes(random() % 10'080);
      const auto freeze = active_freeze(windows, now);
      if (!freeze) continue;
      if (freeze->second == TimePoint::max()) continue;
      REQUIRE(freeze->second > now);
      for (TimePoint t = now; t < freeze->second; t += std::chrono::minutes(30)) REQUIRE(active_freeze(windows, t));
      REQUIRE_FALSE(active_freeze(windows, freeze->second));
    }
  }
}
