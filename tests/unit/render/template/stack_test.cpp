#include "render/template/stack.hpp"

#include <doctest/doctest.h>

#include <new>
#include <thread>

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
    const auto caller = std::this_thread::get_id();
    bool large = false;
    run_with_large_stack([&] { large = detail::on_large_stack() && std::this_thread::get_id() != caller; });
    CHECK(large);
  }
}
