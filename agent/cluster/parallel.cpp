#include "agent/cluster/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace gitopsctl::agent::detail {

void in_parallel(std::size_t count, std::size_t limit, const std::function<bool(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> go_on{true};
  const auto run = [&] {
    // Whoever took a number does its work: so of those before one that failed none is left out.
    while (go_on) {
      const std::size_t i = next++;
      if (i >= count) return;
      if (!work(i)) go_on = false;
    }
  };
  std::vector<std::jthread> threads;
  try {
    for (std::size_t i = 1; i < std::min(count, limit); ++i) threads.emplace_back(run);
  } catch (const std::system_error&) {
    // The machine has no more threads: those that there are do it all.
  }
  run();
}

}  // namespace gitopsctl::agent::detail
