#include "base/process/memory.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <list>
#include <string>
#include <thread>
#include <vector>

// The sanitizers bring a memory pool of their own, which keeps what is freed.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
using namespace gitopsctl;

namespace {

/// This process's resident memory of its own, in kB; 0 when the system does not tell.
long own_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "RssAnon:") continue;
    long kilobytes = 0;
    status >> kilobytes;
    return kilobytes;
  }
  return 0;
}

}  // namespace

TEST_SUITE("memory") {
  TEST_CASE("what a thread freed goes back to the system although something after it is kept") {
    std::list<std::string> kept;
    long full = 0;
    std::thread([&] {
      std::vector<std::string> pieces;
      pieces.reserve(40'000);
      for (int i = 0; i < 40'000; ++i) pieces.emplace_back(1000, 'x');
      kept.emplace_back(1000, 'y');  // at the end of the pool: what is before it stays without the call
      full = own_memory();
    }).join();
    REQUIRE(full > 40'000);
    return_free_memory();
    CHECK(own_memory() < full - 30'000);
    CHECK(kept.front().size() == 1000);
  }
}
#endif
