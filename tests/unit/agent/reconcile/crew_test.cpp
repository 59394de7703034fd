#include "agent/reconcile/crew.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace gitopsctl::tests {
namespace {

using agent::do_at_once;
using agent::do_in_order;
using Needs = std::vector<std::vector<std::size_t>>;

TEST_SUITE("concurrency: crew") {
  TEST_CASE("one hand does everything in its order") {
    std::vector<std::size_t> done;
    do_in_order(Needs{{}, {0}, {}, {1, 2}}, 1, [&](std::size_t i) {
      done.push_back(i);
      return true;
    });
    CHECK(done == std::vector<std::size_t>{0, 1, 2, 3});
    do_in_order({}, 4, [](std::size_t) { return false; });
  }

  TEST_CASE("a task begins when those it needs have ended, however many hands there are") {
    Needs needs(60);
    for (std::size_t i = 0; i < needs.size(); ++i) {
      if (i >= 7) needs[i].push_back(i - 7);
      if (i % 5 == 4) needs[i].push_back(i / 2);
    }
    std::vector<std::atomic<bool>> ended(needs.size());
    std::atomic<bool> early{false};
    std::atomic<int> at_once{0}, most{0};
    do_in_order(needs, 6, [&](std::size_t i) {
      most = std::max<int>(most, ++at_once);
      for (const std::size_t need : needs[i]) early = early || !ended[need];
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      --at_once;
      ended[i] = true;
      return true;
    });
    CHECK_FALSE(early);
    CHECK(std::ranges::all_of(ended, [](const auto& one) { return one.load(); }));
    CHECK(most > 1);
    CHECK(most <= 6);
  }

  TEST_CASE("nothing begins after one that said no, and what was begun is waited for") {
    std::mutex mutex;
    std::vector<std::size_t> done;
    do_in_order(Needs(1000), 4, [&](std::size_t i) {
      std::this_thread::sleep_for(std::chrono::microseconds(100));
      const std::lock_guard lock(mutex);
      done.push_back(i);
      return i != 10;
    });
    CHECK(done.size() >= 11);
    CHECK(done.size() < 40);
    // Also who waits for it ends.
    std::vector<std::size_t> few;
    do_in_order(Needs{{}, {0}, {0}}, 3, [&](std::size_t i) {
      const std::lock_guard lock(mutex);
      few.push_back(i);
      return false;
    });
    CHECK(few == std::vector<std::size_t>{0});
  }

  TEST_CASE("tasks at once: all end, and the first in order that failed tells") {
    std::promise<void> second_began;
    std::atomic<bool> third{false};
    const auto first = [&]() -> Result<void> {
      // Only while the second is under way too.
      const bool met = second_began.get_future().wait_for(std::chrono::seconds(60)) == std::future_status::ready;
      return Error(ErrorCode::unavailable, met ? "first" : "alone");
    };
    const auto second = [&]() -> Result<void> {
      second_began.set_value();
      throw std::runtime_error("second");
    };
    const auto last = [&]() -> Result<void> {
      third = true;
      return {};
    };
    const auto done = do_at_once(3, {first, second, last});
    REQUIRE_FALSE(done.ok());
    CHECK(done.error().message() == "first");

    const auto thrown = do_at_once(2, {last, []() -> Result<void> { throw std::runtime_error("second"); }});
    REQUIRE_FALSE(thrown.ok());
    CHECK(thrown.error().to_string().find("second") != std::string::npos);
    CHECK(do_at_once(2, {}).ok());
  }

  TEST_CASE("tasks with one hand: in order, and none after one that failed") {
    std::vector<int> done;
    const auto task = [&](int number, bool good) -> std::function<Result<void>()> {
      return [&done, number, good]() -> Result<void> {
        done.push_back(number);
        if (!good) return Error(ErrorCode::unavailable, "no");
        return {};
      };
    };
    CHECK(do_at_once(1, {task(1, true), task(2, true)}).ok());
    CHECK_FALSE(do_at_once(1, {task(3, false), task(4, true)}).ok());
    CHECK(done == std::vector<int>{1, 2, 3});
  }
}

}  // namespace
}  // namespace gitopsctl::tests
