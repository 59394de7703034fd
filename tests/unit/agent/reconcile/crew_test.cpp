#include "agent/reconcile/crew.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

namespace gitopsctl::tests {
namespace {

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
}

}  // namespace
}  // namespace gitopsctl::tests
