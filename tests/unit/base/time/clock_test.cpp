#include <doctest/doctest.h>

#include "base/time/clock.hpp"

using namespace gitopsctl;

TEST_SUITE("time") {
  TEST_CASE("times are read and written as RFC 3339") {
    const auto at = parse_time("2026-12-24T17:30:00.250+01:00");
    REQUIRE(at.ok());
    CHECK(format_time(*at) == "2026-12-24T16:30:00.250Z");
    CHECK(format_time(*parse_time("2024-02-29T00:00:00Z")) == "2024-02-29T00:00:00Z");
    for (const auto* bad : {"", "2026-13-01T00:00:00Z", "2023-02-29T00:00:00Z", "2026-12-24", "2026-12-24T17:30:00",
                            "2026-12-24T25:30:00Z", "2026-12-24T17:30:00+1:00", "2026-12-24T17:30:00.Z"}) {
      CHECK_MESSAGE(!parse_time(bad).ok(), bad);
    }
  }

  TEST_CASE("durations have Go's form and a bound") {
    CHECK(*parse_duration("10m0s") == Millis(600'000));
    CHECK(*parse_duration("1h30m") == Millis(5'400'000));
    CHECK(*parse_duration("1.5s") == Millis(1500));
    CHECK(*parse_duration(".5s") == Millis(500));
    CHECK(*parse_duration("0") == Millis(0));
    for (const auto* bad : {"", "-1s", "10", "1d", "9e99h", "999999999h", "h", "1..5s", "inf"}) {
      CHECK_MESSAGE(!parse_duration(bad).ok(), bad);
    }
    CHECK(format_duration(Millis(600'000)) == "10m0s");
    CHECK(format_duration(Millis(5'400'000)) == "1h30m0s");
    CHECK(format_duration(Millis(1500)) == "1.5s");
    CHECK(format_duration(Millis(300)) == "300ms");
  }

  TEST_CASE("deadlines pass with their clock") {
    ManualClock clock{*parse_time("2026-01-01T00:00:00Z")};
    const Deadline deadline(clock, Millis(100));
    CHECK_FALSE(deadline.passed());
    CHECK(deadline.at_most(clock, Millis(50)).left() == Millis(50));
    clock.advance(Millis(100));
    CHECK(deadline.passed());
    CHECK(Interrupt{{}, deadline}.check("the fetch").error().code() == ErrorCode::timeout);
    CHECK_FALSE(Deadline().passed());
  }
}
