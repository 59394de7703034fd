#include "agent/reconcile/leadership.hpp"

#include <doctest/doctest.h>

#include <thread>

#include "agent/control/lease_names.hpp"
#include "tests/support/scratch.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;

namespace {

/// Two agents, each with a connection of its own to one environment, whose clock is told.
struct Pair {
  support::ScratchDir directory;
  ManualClock clock{*parse_time("2026-11-21T12:00:00Z")};
  std::unique_ptr<Environment> first = *open_embedded_environment(directory / "env.db", clock);
  std::unique_ptr<Environment> second = *open_embedded_environment(directory / "env.db", clock);
  std::string log;
  LogSink sink = [this](std::string_view level, const std::string& text) { log += std::string(level) + ": " + text + '\n'; };
  Leadership one{*first, leader_lease_name("home"), "one", {}, clock, sink};
  Leadership two{*second, leader_lease_name("home"), "two", {}, clock, sink};
};

}  // namespace

TEST_SUITE("agent/reconcile leadership") {
  TEST_CASE("the lease of an installation is none of a channel's") {
    CHECK(leader_lease_name("home") == "gitopsctl-leader.home");
    CHECK(channel_lease_name({"home", "shop", "leader"}).find('.') == std::string::npos);
  }

  TEST_CASE_FIXTURE(Pair, "one leads, and is followed at once when it gives up, and after its span when it dies") {
    CHECK_FALSE(one.leads());
    CHECK_FALSE(one.problem().empty());
    REQUIRE(one.wait({}));
    CHECK(one.leads());
    CHECK(one.certain());
    CHECK(one.problem().empty());

    // The clock goes on with every look of the one that waits.
    const Millis begin = clock.monotonic();
    REQUIRE(two.wait({}));
    CHECK(clock.monotonic() - begin >= Leadership::span - Millis(1'000));
    CHECK(log.find("info: this agent waits: lease 'gitopsctl-leader.home' is held by 'one'") != std::string::npos);
    CHECK(log.find("this agent waits", log.find("this agent waits") + 1) == std::string::npos);  // said once
    // The first one never heard of it, and does not believe itself any more.
    CHECK(one.leads());
    CHECK_FALSE(one.certain());

    two.give_up();
    CHECK_FALSE(two.leads());
    one.give_up();  // what it had is gone: nothing happens
    const Millis given = clock.monotonic();
    REQUIRE(one.wait({}));
    CHECK(clock.monotonic() - given < Millis(1'000));
  }

  TEST_CASE_FIXTURE(Pair, "who lost the lease stops") {
    REQUIRE(one.wait({}));
    clock.advance(Leadership::span + Millis(1));
    REQUIRE(two.wait({}));
    one.keep({});  // returns
    CHECK(log.find("warn: this agent stops working") != std::string::npos);
    CHECK_FALSE(one.certain());
  }

  TEST_CASE_FIXTURE(Pair, "who waits is told to stop") {
    REQUIRE(one.wait({}));
    std::stop_source stop;
    stop.request_stop();
    CHECK_FALSE(two.wait(stop.get_token()));
    one.keep(stop.get_token());
    CHECK(one.leads());
  }
}
