#include "agent/cluster/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace gitopsctl::agent::detail {

namespace {

/// Threads that are in a call of in_parallel() or were started by one.
std::atomic<std::size_t> busy{0};

/// Counts this thread, and as many more as there is room for.
class Places {
 public:
  Places(std::size_t more, std::size_t limit) {
    std::size_t before = busy;
    do {
      more_ = std::min(more, limit - std::min(limit, before + 1));
    } while (!busy.compare_exchange_weak(before, before + 1 + more_));
  }
  ~Places() { busy.fetch_sub(more_ + 1); }
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;
  [[nodiscard]] std::size_t more() const noexcept { return more_; }

 private:
  std::size_t more_ = 0;
};

}  // namespace

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
  if (count == 0) return;
  const Places places(count - 1, limit);
  std::vector<std::jthread> threads;
  try {
    for (std::size_t i = 0; i < places.more(); ++i) threads.emplace_back(run);
  } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch)
    // The machine has no more threads: those that there are do it all.
  }
  run();
}

}  // namespace gitopsctl::agent::detail
