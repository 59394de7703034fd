// Lets everything go wrong that can between the agent and a real API server: each fault of tests/support/kube_faults.hpp at
// each class of request, throughout a run and once (cells.hpp), and what happens in the cluster itself (rows.hpp, numbered
// as in the design). Whatever it is: nothing is deleted that was not to be, one clear condition with what to do stands on
// what was hit while the others go on, and when it is over everything is as the commit says within two runs, with the
// inventory right. No value that is secret is seen anywhere.
//
// Some of them, others every day; GITOPSCTL_CRASH_LONG=1 runs them all. GITOPSCTL_CRASH_SEED=N repeats the choice of a run
// that printed N; GITOPSCTL_CRASH_ONLY=TEXT takes those whose name holds TEXT.

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "base/log/log.hpp"
#include "base/metrics/metrics.hpp"
#include "tests/fault_cluster/cells.hpp"
#include "tests/fault_cluster/rows.hpp"

using namespace gitopsctl;
using namespace gitopsctl::fault;

namespace {

constexpr std::size_t cells_of_a_day = 24;
constexpr std::size_t rows_of_a_day = 6;
// Many of them wait for what does not come.
constexpr unsigned workers = 4;
// Cells one after the other in the same place.
constexpr std::size_t chain_length = 12;

const char* variable(const char* name) { return std::getenv(name); }
bool is_long() { return variable("GITOPSCTL_CRASH_LONG") != nullptr; }

/// What the agent logged, over all cells.
class Log {
 public:
  Log() {
    log::set_destination([this](std::string_view line) {
      const std::lock_guard lock(mutex_);
      text_ += line;
      text_ += '\n';
    });
  }
  ~Log() { log::set_destination({}); }
  std::string text() {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::string text_;
};

std::uint32_t seed() {
  if (const char* given = variable("GITOPSCTL_CRASH_SEED"); given != nullptr) {
    return static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10));
  }
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  return static_cast<std::uint32_t>(today.time_since_epoch().count());
}

template <class Case>
std::vector<Case> chosen(std::vector<Case> all, std::size_t of_a_day, const std::string& what) {
  if (const char* only = variable("GITOPSCTL_CRASH_ONLY"); only != nullptr) {
    std::erase_if(all, [&](const Case& one) { return one.to_string().find(only) == std::string::npos; });
    return all;
  }
  std::printf("%zu %s, in the order of GITOPSCTL_CRASH_SEED=%u\n", all.size(), what.c_str(), seed());
  std::mt19937 random(seed());
  std::shuffle(all.begin(), all.end(), random);
  if (!is_long()) all.resize(std::min(all.size(), of_a_day));
  return all;
}

/// Runs tasks side by side.
void run_all(const std::vector<std::function<void()>>& tasks) {
  std::atomic<std::size_t> next{0};
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < workers; ++i) {
    threads.emplace_back([&] {
      for (std::size_t at = next.fetch_add(1); at < tasks.size(); at = next.fetch_add(1)) tasks[at]();
    });
  }
}

/// The outcomes of cases, told as they come.
class Outcomes {
 public:
  explicit Outcomes(std::size_t total) : total_(total) {}

  void add(const std::string& name, const CellResult& result) {
    const std::lock_guard lock(mutex_);
    std::printf("%3zu/%zu %5.1f s  %s%s\n", ++done_, total_, result.seconds, name.c_str(),
                !result.problems.empty() ? "  WRONG"
                : result.absorbed        ? "  (did no harm)"
                                         : "");
    for (const auto& problem : result.problems) std::printf("    %s\n", problem.c_str());
    std::fflush(stdout);
    absorbed_ += result.absorbed ? 1 : 0;
    if (!result.problems.empty()) wrong_.push_back(name + ": " + result.problems.front());
  }
  void check() {
    std::printf("%zu run: %zu did no harm, %zu were told of and cured, %zu wrong\n", done_, absorbed_,
                done_ - absorbed_ - wrong_.size(), wrong_.size());
    for (const auto& problem : wrong_) CHECK_MESSAGE(false, problem);
    CHECK(done_ == total_);
  }

 private:
  std::mutex mutex_;
  std::size_t total_;
  std::size_t done_ = 0;
  std::size_t absorbed_ = 0;
  std::vector<std::string> wrong_;
};

/// Cells one after the other, in a new place after one that went wrong.
void run_chain(crash::Cluster& cluster, const std::vector<Cell>& chain, Outcomes& outcomes) {
  std::unique_ptr<Stage> stage;
  for (const auto& cell : chain) {
    CellResult result;
    try {
      if (!stage) stage = std::make_unique<Stage>(cluster);
      result = run_cell(*stage, cell);
    } catch (const std::exception& problem) {
      result.problems.emplace_back(problem.what());
    }
    outcomes.add(cell.to_string(), result);
    if (!result.problems.empty()) stage.reset();
  }
}

void check_secrets(Log& log) {
  for (const auto& found : crash::canaries().found_in(log.text())) CHECK_MESSAGE(false, "the log shows " << found);
  for (const auto& found : crash::canaries().found_in(metrics::registry().exposition())) {
    CHECK_MESSAGE(false, "the metrics show " << found);
  }
}

}  // namespace

TEST_SUITE("cluster faults") {
  TEST_CASE("each fault at each class of request") {
    crash::Cluster* cluster = need_cluster("faults of the agent in a cluster");
    if (cluster == nullptr) return;
    Log log;
    auto cells = chosen(every_cell(), cells_of_a_day, "cells");
    Outcomes outcomes(cells.size());
    std::vector<std::function<void()>> tasks;
    for (std::size_t first = 0; first < cells.size(); first += chain_length) {
      const auto begin = cells.begin() + static_cast<std::ptrdiff_t>(first);
      const auto end = cells.begin() + static_cast<std::ptrdiff_t>(std::min(first + chain_length, cells.size()));
      tasks.emplace_back([&, chain = std::vector<Cell>(begin, end)] { run_chain(*cluster, chain, outcomes); });
    }
    run_all(tasks);
    outcomes.check();
    check_secrets(log);
  }

  TEST_CASE("each row of what can be left behind") {
    crash::Cluster* cluster = need_cluster("faults of the agent in a cluster");
    if (cluster == nullptr) return;
    Log log;
    const auto rows = chosen(every_row(), rows_of_a_day, "rows");
    Outcomes outcomes(rows.size());
    std::vector<std::function<void()>> tasks;
    for (const auto& row : rows) {
      tasks.emplace_back([&] {
        CellResult result;
        const auto begin = std::chrono::steady_clock::now();
        try {
          Stage stage(*cluster);
          result.problems = row.run(stage);
          crash::add(result.problems, stage.judge_secrets(stage.look()));
        } catch (const std::exception& problem) {
          result.problems.emplace_back(problem.what());
        }
        result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        outcomes.add(row.to_string(), result);
      });
    }
    run_all(tasks);
    outcomes.check();
    check_secrets(log);
  }
}
