#include "render/template/stack.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <new>
#include <thread>
#include <vector>

#include "render/template/engine.hpp"

using namespace gitopsctl::render;

TEST_SUITE("template stack") {
  TEST_CASE("what is thrown on the large stack arrives at the caller, and the next work has its stack again") {
    for (int i = 0; i < 2; ++i) {
      CHECK_THROWS_AS(run_with_large_stack([] { throw std::bad_alloc(); }), std::bad_alloc);
      CHECK_FALSE(detail::on_large_stack());
      // Where no thread could be made.
      CHECK_THROWS_AS(detail::run_here([] { throw std::bad_alloc(); }), std::bad_alloc);
      CHECK_FALSE(detail::on_large_stack());
    }
    bool large = false;
    run_with_large_stack([&] { large = detail::on_large_stack(); });
    CHECK(large);
  }

  TEST_CASE("the large stack is as deep as it says, and one work on it may hold another") {
    const auto deep = [](const auto& self, int level) -> int {
      volatile char frame[4096] = {};
      frame[level % 4096] = 1;
      if (detail::stack_exhausted()) return level;
      return self(self, level + 1) + frame[0] * 0;
    };
    int levels = 0;
    run_with_large_stack([&] { run_with_large_stack([&] { levels = deep(deep, 0); }); });
    CHECK(levels > 1'000);
    CHECK(levels < 14'000);
    CHECK_FALSE(detail::on_large_stack());
    // Many threads at once have a stack each.
    std::vector<std::thread> threads;
    std::atomic<int> reached = 0;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] { run_with_large_stack([&] { reached += deep(deep, 0) > 1'000 ? 1 : 0; }); });
    }
    for (auto& thread : threads) thread.join();
    CHECK(reached == 8);
  }
}
