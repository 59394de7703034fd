#include "agent/reconcile/crew.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "base/result/no_throw.hpp"

namespace gitopsctl::agent {
namespace {

class Crew {
 public:
  Crew(const std::vector<std::vector<std::size_t>>& needs, const std::function<bool(std::size_t)>& work)
      : needs_(needs), work_(work), begun_(needs.size()), ended_(needs.size()) {}

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      const auto task = next();
      if (task) {
        begun_[*task] = true;
        lock.unlock();
        const bool go_on = work_(*task);
        lock.lock();
        ended_[*task] = true;
        stopped_ = stopped_ || !go_on;
        moved_.notify_all();
        continue;
      }
      if (stopped_ || first_ == needs_.size()) return;
      moved_.wait(lock);  // something that the rest needs is under way
    }
  }

 private:
  /// The first task that may begin now.
  std::optional<std::size_t> next() {
    if (stopped_) return std::nullopt;
    while (first_ < needs_.size() && begun_[first_]) ++first_;
    for (std::size_t i = first_; i < needs_.size(); ++i) {
      if (begun_[i]) continue;
      if (std::ranges::all_of(needs_[i], [&](std::size_t need) { return need >= i || ended_[need]; })) return i;
    }
    return std::nullopt;
  }

  const std::vector<std::vector<std::size_t>>& needs_;
  const std::function<bool(std::size_t)>& work_;
  std::mutex mutex_;
  std::condition_variable moved_;
  std::vector<bool> begun_;
  std::vector<bool> ended_;
  std::size_t first_ = 0;  ///< all before it have begun
  bool stopped_ = false;
};

}  // namespace

void do_in_order(const std::vector<std::vector<std::size_t>>& needs, std::size_t hands,
                 const std::function<bool(std::size_t)>& work) {
  Crew crew(needs, work);
  std::vector<std::jthread> others;
  try {
    for (std::size_t i = 1; i < std::min(hands, needs.size()); ++i) others.emplace_back([&crew] { crew.run(); });
  } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch)
    // The machine has no more threads: those that there are do it all.
  }
  crew.run();
}

Result<void> do_at_once(std::size_t hands, const std::vector<std::function<Result<void>()>>& tasks) {
  std::vector<Result<void>> done(tasks.size());
  do_in_order(std::vector<std::vector<std::size_t>>(tasks.size()), hands, [&](std::size_t i) {
    done[i] = no_throw("one of several tasks", tasks[i]);
    return done[i].ok();
  });
  for (auto& one : done) {
    if (!one.ok()) return std::move(one);
  }
  return {};
}

}  // namespace gitopsctl::agent
