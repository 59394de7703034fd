#include "agent/cluster/shared_look.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/time/clock.hpp"

namespace gitopsctl::tests {
namespace {

using agent::detail::SharedLook;

TEST_SUITE("concurrency: shared looks") {
  TEST_CASE("everybody gets the answer of a look that began after they asked") {
    // The truth only grows; whoever asks must not be told less than what was true when they asked.
    SharedLook shared{system_clock()};
    std::atomic<int> truth{0};
    std::atomic<int> seen{0};
    std::atomic<bool> stale{false};
    const auto look = [&]() -> Result<void> {
      const int now = truth;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      seen = now;
      return {};
    };
    constexpr int people = 8, questions = 50;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < people; ++i) {
        threads.emplace_back([&] {
          for (int k = 0; k < questions; ++k) {
            const int at_least = ++truth;
            // Looks follow each other, so what the last one saw is no less than what the one that answered did.
            if (!shared.ask("lease", look).ok() || seen < at_least) stale = true;
          }
        });
      }
    }
    CHECK_FALSE(stale);
    CHECK(shared.looks() >= 1);
    CHECK(shared.looks() <= static_cast<std::uint64_t>(people) * questions);
  }

  TEST_CASE("those who ask while a look is under way share the next one") {
    SharedLook shared{system_clock()};
    std::atomic<bool> let_go{false};
    std::atomic<int> answered{0};
    std::jthread first([&] {
      CHECK(shared
                .ask("a",
                     [&]() -> Result<void> {
                       while (!let_go) std::this_thread::yield();
                       return {};
                     })
                .ok());
    });
    while (shared.looks() == 0) std::this_thread::yield();
    std::vector<std::jthread> others;
    for (int i = 0; i < 6; ++i) {
      others.emplace_back([&] {
        const auto answer = shared.ask("a", []() -> Result<void> { return Error(ErrorCode::conflict, "taken over"); });
        CHECK_FALSE(answer.ok());
        ++answered;
      });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    CHECK(answered == 0);
    CHECK(shared.looks() == 1);
    let_go = true;
    others.clear();
    CHECK(answered == 6);
    CHECK(shared.looks() <= 4);  // one, unless the machine kept somebody from asking in time
  }

  TEST_CASE("a yes is good for a while, counted from when its look began, and a no never is") {
    ManualClock clock{TimePoint(Millis(0))};
    SharedLook shared(clock, Millis(250));
    const auto yes = [&]() -> Result<void> {
      clock.advance(Millis(100));
      return {};
    };
    const auto no = []() -> Result<void> { return Error(ErrorCode::conflict, "taken over"); };
    CHECK(shared.ask("a", yes).ok());
    clock.advance(Millis(149));
    CHECK(shared.ask("a", no).ok());
    CHECK_FALSE(shared.ask("b", no).ok());
    clock.advance(Millis(1));
    CHECK_FALSE(shared.ask("a", no).ok());
    CHECK_FALSE(shared.ask("a", no).ok());
    CHECK(shared.looks() == 4);
  }

  TEST_CASE("what somebody saw in another way is as good as a look, from when they began") {
    ManualClock clock{TimePoint(Millis(0))};
    SharedLook shared(clock, Millis(250));
    const auto no = []() -> Result<void> { return Error(ErrorCode::conflict, "taken over"); };
    shared.saw("a", clock.monotonic());
    clock.advance(Millis(249));
    CHECK(shared.ask("a", no).ok());
    CHECK_FALSE(shared.ask("b", no).ok());
    shared.saw("a", clock.monotonic() - Millis(260));  // an older one takes nothing away
    CHECK(shared.ask("a", no).ok());
    shared.forget("a");
    CHECK_FALSE(shared.ask("a", no).ok());
    shared.saw("a", clock.monotonic() - Millis(249));
    CHECK(shared.ask("a", no).ok());
    clock.advance(Millis(1));
    CHECK_FALSE(shared.ask("a", no).ok());
    shared.forget("nothing");
  }

  TEST_CASE("subjects do not wait for each other, and a look that throws is an error for all") {
    SharedLook shared{system_clock()};
    CHECK(shared.ask("a", [&]() -> Result<void> { return shared.ask("b", []() -> Result<void> { return {}; }); }).ok());
    const auto thrown = shared.ask("a", []() -> Result<void> { throw std::runtime_error("no"); });
    REQUIRE_FALSE(thrown.ok());
    CHECK(thrown.error().code() == ErrorCode::internal);
    CHECK(shared.ask("a", []() -> Result<void> { return {}; }).ok());
  }
}

}  // namespace
}  // namespace gitopsctl::tests
