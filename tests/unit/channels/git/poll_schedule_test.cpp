#include <doctest/doctest.h>

#include "channels/git/mirror.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;

TEST_SUITE("git/poll_schedule") {
  TEST_CASE("after a success the interval is spread by the jitter, both ways") {
    const PollSchedule schedule;
    CHECK(schedule.next(0, 0.5) == Millis(15'000));
    CHECK(schedule.next(0, 0.0) == Millis(13'500));
    CHECK(schedule.next(0, 0.999999) < Millis(16'500));
    CHECK(schedule.next(0, 0.999999) > Millis(16'400));
  }

  TEST_CASE("failures double the wait up to its limit, whatever their number") {
    const PollSchedule schedule;
    CHECK(schedule.next(1, 0.5) == Millis(30'000));
    CHECK(schedule.next(2, 0.5) == Millis(60'000));
    CHECK(schedule.next(4, 0.5) == Millis(240'000));
    CHECK(schedule.next(5, 0.5) == Millis(300'000));
    CHECK(schedule.next(4'000'000'000U, 0.5) == Millis(300'000));
  }

  TEST_CASE("an interval above the limit of the back-off is kept") {
    PollSchedule schedule;
    schedule.interval = Millis(600'000);
    CHECK(schedule.next(3, 0.5) == Millis(600'000));
  }

  TEST_CASE("the server's word is a lower bound, also above the limit") {
    const PollSchedule schedule;
    CHECK(schedule.next(1, 0.0, Millis(900'000)) == Millis(900'000));
    CHECK(schedule.next(1, 0.9, Millis(900'000)) > Millis(900'000));
    CHECK(schedule.next(3, 0.5, Millis(1'000)) == Millis(120'000));
  }

  TEST_CASE("nonsense in the settings gives no negative wait") {
    PollSchedule schedule;
    schedule.interval = Millis(-5);
    schedule.jitter = 17;
    CHECK(schedule.next(0, 0.0) == Millis(0));
  }
}
