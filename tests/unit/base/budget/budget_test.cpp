#include "base/budget/budget.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <memory_resource>
#include <string>
#include <thread>
#include <vector>

#include "base/value/value.hpp"

using namespace gitopsctl;

namespace {

constexpr std::uint64_t mib = 1UL << 20U;
constexpr std::chrono::milliseconds long_time{60'000};

/// Blocks of a KiB until `bytes` are held.
std::vector<std::string> hold(std::uint64_t bytes) {
  std::vector<std::string> out;
  for (std::uint64_t held = 0; held < bytes; held += 1024) out.emplace_back(1024, 'x');
  return out;
}

}  // namespace

TEST_SUITE("budget") {
  TEST_CASE("what is held counts, not what was asked for over time") {
    const Budget budget({8 * mib, long_time});
    for (int i = 0; i < 64; ++i) CHECK(hold(4 * mib).size() == 4096);
    CHECK(!budget_excess());
    CHECK_THROWS_AS((void)hold(32 * mib), BudgetExceeded);
    CHECK(budget_excess() == BudgetExcess::memory);
  }

  TEST_CASE("one large block is refused before it is taken") {
    const Budget budget({8 * mib, long_time});
    CHECK_THROWS_AS(std::string(1UL << 40U, 'x'), BudgetExceeded);
  }

  TEST_CASE("memory resources and large alignments count") {
    struct alignas(64) Wide {
      char bytes[1024];
    };
    const Budget budget({8 * mib, long_time});
    const auto fill = [] {
      std::pmr::monotonic_buffer_resource arena;
      for (int i = 0; i < 100'000; ++i) (void)arena.allocate(1024, 8);
    };
    for (int i = 0; i < 100; ++i) CHECK(std::make_unique<Wide[]>(1000) != nullptr);
    CHECK_THROWS_AS(fill(), BudgetExceeded);
  }

  TEST_CASE("aligned blocks alone use a budget up") {
    struct alignas(64) Wide {
      char bytes[1024];
    };
    const Budget budget({8 * mib, long_time});
    std::vector<std::unique_ptr<Wide>> held;
    const auto fill = [&] {
      for (int i = 0; i < 100'000; ++i) held.push_back(std::make_unique<Wide>());
    };
    CHECK_THROWS_AS(fill(), BudgetExceeded);
  }

  TEST_CASE("growing texts, shared texts and lists are counted as freed") {
    const Budget budget({8 * mib, long_time});
    for (int round = 0; round < 20'000; ++round) {
      std::string grown;
      for (int i = 0; i < 100; ++i) grown += "twenty bytes of text";
      Value::List items(50, Value::string(grown));
      const Value list = Value::list(std::move(items)).deep_copy();
      CHECK_UNARY(list.size() == 50);
    }
    CHECK(!budget_excess());
    CHECK(Budget::seen_peak_bytes() < 4 * mib);
  }

  TEST_CASE("after the first time there is a reserve to tell of it") {
    const Budget budget({8 * mib, long_time});
    CHECK_THROWS_AS((void)hold(16 * mib), BudgetExceeded);
    CHECK(hold(30 * mib).size() == 30720);
    CHECK_THROWS_AS((void)hold(256 * mib), BudgetExceeded);
  }

  TEST_CASE("time is that of the thread, and looked at where work is counted") {
    const Budget budget({mib, std::chrono::milliseconds(20)});
    const auto burn = [] {
      for (;;) budget_work(4096);
    };
    CHECK_THROWS_AS(burn(), BudgetExceeded);
    CHECK(budget_excess() == BudgetExcess::cpu_time);
  }

  TEST_CASE("comparing what shares its parts takes no longer than allowed") {
    const auto shared = [] {
      Value out = Value::list();
      for (int i = 0; i < 60; ++i) out = Value::list({out, out});
      return out;
    };
    const Value a = shared();
    const Value b = shared();
    const Budget budget({64 * mib, std::chrono::milliseconds(50)});
    CHECK_THROWS_AS((void)deep_equal(a, b), BudgetExceeded);
    CHECK_THROWS_AS((void)a.deep_copy(), BudgetExceeded);
  }

  TEST_CASE("nothing is thrown while it is put off, and at once afterwards") {
    const Budget budget({8 * mib, long_time});
    std::vector<std::string> held;
    {
      const BudgetDeferral later;
      CHECK_NOTHROW(held = hold(16 * mib));
    }
    CHECK_THROWS_AS((void)hold(mib), BudgetExceeded);
  }

  TEST_CASE("nothing is thrown into the unwinding of another exception") {
    struct Greedy {
      ~Greedy() { size = hold(16 * mib).size(); }
      std::size_t& size;
    };
    const Budget budget({8 * mib, long_time});
    std::size_t size = 0;
    const auto fall = [&] {
      const Greedy greedy{size};
      throw 1;
    };
    CHECK_THROWS_AS(fall(), int);
    CHECK(size == 16384);
  }

  TEST_CASE("who asks for memory without exceptions gets none") {
    const Budget budget({8 * mib, long_time});
    CHECK(std::unique_ptr<char[]>(new (std::nothrow) char[64 * mib]) == nullptr);
  }

  TEST_CASE("the outer budget holds, and without one nothing is thrown") {
    {
      const Budget outer({8 * mib, long_time});
      const Budget inner({512 * mib, long_time});
      CHECK_THROWS_AS((void)hold(16 * mib), BudgetExceeded);
    }
    CHECK(hold(16 * mib).size() == 16384);
    CHECK(!budget_excess());
    CHECK_NOTHROW(exceed_budget(BudgetExcess::memory));
  }

  TEST_CASE("other threads have nothing to do with it") {
    const Budget budget({8 * mib, long_time});
    std::size_t count = 0;
    std::thread([&] { count = hold(32 * mib).size(); }).join();
    CHECK(count == 32768);
  }
}
