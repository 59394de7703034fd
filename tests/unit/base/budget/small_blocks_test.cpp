#include "base/budget/small_blocks.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <new>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/budget/budget.hpp"

using namespace gitopsctl;

namespace {

// What a process has switched on stays: each case has one of its own, and says by its exit code which step was wrong.
constexpr int not_here = 99;  // a sanitizer looks after the memory

int in_a_process(const std::function<int()>& steps) {
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    use_small_blocks();
    ::_exit(detail::small_range.size == 0 ? not_here : steps());
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void check_all_right(int code) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__clang__)
  CHECK(code == not_here);
#else
  CHECK(code == 0);
#endif
}

}  // namespace

TEST_SUITE("small blocks") {
  TEST_CASE("blocks of every size are aligned and do not overlap") {
    check_all_right(in_a_process([] {
      struct Held {
        unsigned char* block;
        std::size_t size;
      };
      std::vector<Held> all;
      for (int round = 0; round < 40; ++round) {
        for (std::size_t size = 0; size <= 600; ++size) {
          auto* block = static_cast<unsigned char*>(::operator new(size));
          if (reinterpret_cast<std::uintptr_t>(block) % __STDCPP_DEFAULT_NEW_ALIGNMENT__ != 0) return 1;
          if (detail::is_small_block(block) != (size <= detail::SmallBlocks::largest)) return 2;
          std::memset(block, static_cast<int>(all.size() % 251), size);
          all.push_back({block, size});
        }
      }
      for (std::size_t i = 0; i < all.size(); ++i) {
        const auto& [block, size] = all[i];
        if (std::any_of(block, block + size, [&](unsigned char c) { return c != i % 251; })) return 3;
        ::operator delete(block, size);
      }
      return 0;
    }));
  }

  TEST_CASE("a freed block is used again, for its size") {
    check_all_right(in_a_process([] {
      void* first = ::operator new(40);
      ::operator delete(first, 40);
      void* other = ::operator new(100);
      void* again = ::operator new(48);  // as many steps as 40
      const bool right = again == first && other != first;
      return right ? 0 : 1;
    }));
  }

  TEST_CASE("whoever does not tell the size keeps the block from being used again, and harms nothing") {
    check_all_right(in_a_process([] {
      void* first = ::operator new(40);
      ::operator delete(first);
      if (::operator new(40) == first) return 1;
      delete[] new char[10];
      ::operator delete(static_cast<void*>(nullptr), 40);
      ::operator delete(static_cast<void*>(nullptr));
      return 0;
    }));
  }

  TEST_CASE("blocks go from one thread to another") {
    check_all_right(in_a_process([] {
      std::array<std::vector<std::unique_ptr<std::array<char, 64>>>, 4> made;
      std::vector<std::thread> threads;
      for (auto& mine : made) {
        threads.emplace_back([&mine] {
          for (int i = 0; i < 10'000; ++i) mine.push_back(std::make_unique<std::array<char, 64>>());
        });
      }
      for (auto& thread : threads) thread.join();
      std::set<void*> different;
      for (auto& mine : made) {
        for (auto& one : mine) different.insert(one.get());
      }
      if (different.size() != 40'000) return 1;
      for (auto& mine : made) mine.clear();
      // They are this thread's now.
      const auto again = std::make_unique<std::array<char, 64>>();
      return different.contains(again.get()) ? 0 : 2;
    }));
  }

  TEST_CASE("the budget counts them, and more than the range holds comes from malloc") {
    check_all_right(in_a_process([] {
      const Budget budget({std::uint64_t{1} << 30U, std::chrono::minutes(1)});
      struct Link {
        Link* next;
        std::array<char, 480> rest;
      };
      Link* head = nullptr;
      bool beyond = false;
      for (int i = 0; i < 600'000; ++i) {  // 300 MB of 256 MiB
        head = new Link{head, {}};
        beyond = !detail::is_small_block(head);
      }
      if (!beyond) return 1;
      if (Budget::seen_peak_bytes() < std::uint64_t{280} << 20U) return 2;
      while (head != nullptr) delete std::exchange(head, head->next);
      try {
        const Budget inner({1, std::chrono::minutes(1)});  // the outer one holds
        return 0;
      } catch (const BudgetExceeded&) {
        return 3;
      }
    }));
  }
}
