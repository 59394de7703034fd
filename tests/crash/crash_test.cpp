// Kills the real agent with SIGKILL at every point of base/process/crash_point.hpp and at moments that nobody chose, starts
// it again, and looks whether the environment becomes what the commit says, and nothing was deleted that was not to be
// (docs/consistency.md). After half of the kills the branch goes back to the commit before, so that what the killed run had
// made must be found and taken away again.
//
// GITOPSCTL_CRASH_LONG=1 kills every time that a point is reached, not only the first and the last, and at more moments.
// GITOPSCTL_CRASH_SEED=N repeats the moments of a run that printed N.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <random>
#include <set>
#include <span>
#include <string_view>
#include <thread>

#include "base/process/crash_point.hpp"
#include "tests/crash/lab.hpp"

using namespace gitopsctl;
using namespace gitopsctl::crash;

namespace {

constexpr std::size_t points_per_stage = 5;
constexpr std::array stages = {"fetch", "candidate", "render", "plan", "apply", "prune", "inventory", "store"};
/// Between the statements of a write: of an object, of a group of objects, of a delete. Which write of an inventory it is
/// that is cut makes all the difference, so here every time counts.
constexpr std::array transactions = {"environment"};
/// After a kill in one of these something of the commit may be there already, so the branch goes back as well; in the first
/// three every release leaves something else.
constexpr std::array releases_at_work = {"apply", "prune", "inventory"};
constexpr std::array around_them = {"environment", "store"};
constexpr std::size_t moments = 16;
constexpr std::size_t moments_long = 400;
/// About as long as one of the slower steps takes, a commit of SQLite.
constexpr unsigned longest_delay_us = 5000;
constexpr unsigned workers = 3;

bool is_long() { return std::getenv("GITOPSCTL_CRASH_LONG") != nullptr; }

/// Made once for all cases.
const Lab& lab() {
  static const Lab instance;
  return instance;
}

std::string stage_of(std::string_view point) { return std::string(point.substr(0, point.find('.'))); }
std::string point_of(const CaseResult& result) { return result.name.substr(0, result.name.find(':')); }

enum class Times { first_and_last, every };

/// The points of these stages; where there is time for it every time that each is reached.
std::vector<KillPoint> kill_points(std::span<const char* const> wanted, Times how = Times::first_and_last) {
  std::vector<KillPoint> out;
  for (const auto name : crash_point_names()) {
    const std::string point(name);
    if (std::find(wanted.begin(), wanted.end(), stage_of(point)) == wanted.end()) continue;
    const auto reached = lab().times_reached().find(point);
    int times = reached == lab().times_reached().end() ? 1 : reached->second;
    if (point == "fetch.pack_half") times = 1;  // in how many pieces a pack comes is different every time
    std::set<int> which{1, times};
    const bool every = how == Times::every || is_long();
    for (int nth = 2; every && nth < times; ++nth) which.insert(nth);
    for (const int nth : which) out.push_back({point, nth});
  }
  return out;
}

/// Runs `count` cases, some at a time.
std::vector<CaseResult> run_cases(std::size_t count, const std::function<CaseResult(std::size_t)>& run) {
  std::vector<CaseResult> results(count);
  std::atomic<std::size_t> next{0};
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < workers; ++i) {
    threads.emplace_back([&] {
      for (std::size_t at = next.fetch_add(1); at < count; at = next.fetch_add(1)) {
        try {
          results[at] = run(at);
        } catch (const std::exception& problem) {
          results[at].name = "case " + std::to_string(at);
          results[at].problems = {problem.what()};
        }
      }
    });
  }
  threads.clear();
  return results;
}

void check(const std::vector<CaseResult>& results) {
  std::printf("%-54s %-7s %-7s %-8s %s\n", "killed", "branch", "starts", "deleted", "outcome");
  for (const auto& result : results) {
    const bool good = result.problems.empty();
    std::printf("%-54s %-7s %-7d %-8zu %s\n", result.name.c_str(), result.goal == Commit::first ? "back" : "stays",
                result.starts, result.deleted.size(), good ? "as the commit" : "WRONG");
    for (const auto& problem : result.problems) std::printf("    %s\n", problem.c_str());
  }
  std::fflush(stdout);
  for (const auto& result : results) {
    CHECK_MESSAGE(result.problems.empty(), result.name << ": " << (result.problems.empty() ? "" : result.problems.front()));
  }
}

void check_coverage(const std::vector<CaseResult>& results) {
  std::map<std::string, std::set<std::string>> reached;
  for (const auto& result : results) {
    CHECK_MESSAGE(result.reached, result.name << " was not reached");
    if (result.reached) reached[stage_of(result.name)].insert(point_of(result));
  }
  for (const auto& [stage, points] : reached) {
    std::printf("%zu points of %s:", points.size(), stage.c_str());
    for (const auto& point : points) std::printf(" %s", point.c_str());
    std::printf("\n");
  }
  std::printf("%zu kills\n", results.size());
  for (const std::string_view stage : stages) {
    CHECK_MESSAGE(reached[std::string(stage)].size() >= points_per_stage,
                  stage << " was killed at " << reached[std::string(stage)].size() << " points");
  }
  // No point is of a stage that nobody tried.
  std::size_t all = 0;
  for (const auto& [stage, points] : reached) all += points.size();
  CHECK(all == crash_point_names().size());
}

std::uint32_t seed() {
  if (const char* given = std::getenv("GITOPSCTL_CRASH_SEED"); given != nullptr) {
    return static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10));
  }
  return std::random_device{}();
}

}  // namespace

TEST_SUITE("crash") {
  TEST_CASE("nobody kills: the environment is as each commit says, and only what was meant is deleted") {
#ifndef GITOPSCTL_CRASH_TESTS
    FAIL("this build has no crash points: configure it with GITOPSCTL_CRASH_TESTS=ON");
#endif
    for (const auto& problem : lab().reference_problems()) std::printf("    %s\n", problem.c_str());
    CHECK(lab().reference_problems().empty());
    std::printf("the second commit deletes:");
    for (const auto& what : deletions_of_second()) std::printf(" %s", what.c_str());
    std::printf("\n");
    CHECK(deletions_of_second().size() == 8);
  }

  TEST_CASE("SIGKILL at every point: the next starts finish, and only what was meant is deleted") {
    auto points = kill_points(stages);
    for (auto& point : kill_points(transactions, Times::every)) points.push_back(std::move(point));
    const auto results = run_cases(points.size(), [&](std::size_t i) { return lab().kill_at(points[i], Commit::second); });
    check(results);
    check_coverage(results);
  }

  TEST_CASE("SIGKILL at every point that writes, and the branch goes back: what was begun is undone") {
    auto points = kill_points(releases_at_work, Times::every);
    for (auto& point : kill_points(around_them)) points.push_back(std::move(point));
    const auto results = run_cases(points.size(), [&](std::size_t i) { return lab().kill_at(points[i], Commit::first); });
    check(results);
    for (const auto& result : results) CHECK_MESSAGE(result.reached, result.name << " was not reached");
    // There was something to undo, from nothing to all of it.
    std::set<std::size_t> counts;
    for (const auto& result : results) counts.insert(result.deleted.size());
    CHECK(counts.size() >= 5);
  }

  TEST_CASE("SIGKILL at any moment: the same, wherever the run was") {
    const std::uint32_t start = seed();
    std::printf("moments of GITOPSCTL_CRASH_SEED=%u\n", start);
    std::mt19937 random(start);
    int points = 0;
    for (const auto& [name, times] : lab().times_reached()) points += times;
    const auto pick = [&](int from, int to) {
      return Moment{from + static_cast<int>(random() % static_cast<unsigned>(std::max(to - from, 1))),
                    static_cast<int>(random() % longest_delay_us)};
    };
    struct Try {
      Moment moment;
      std::optional<Moment> again;
      Commit goal = Commit::second;
    };
    // Spread evenly over a run, and by chance within each part. Every fourth time the next start is killed as well.
    std::vector<Try> tries(is_long() ? moments_long : moments);
    const int count = static_cast<int>(tries.size());
    for (int i = 0; i < count; ++i) {
      Try& one = tries[static_cast<std::size_t>(i)];
      one.moment = pick(points * i / count, points * (i + 1) / count);
      if (random() % 4 == 0) one.again = pick(0, points);
      if (random() % 2 == 0) one.goal = Commit::first;
    }
    const auto results = run_cases(
        tries.size(), [&](std::size_t i) { return lab().kill_after(tries[i].moment, tries[i].again, tries[i].goal); });
    check(results);
    CHECK(std::any_of(results.begin(), results.end(), [](const CaseResult& result) { return result.reached; }));
  }

  TEST_CASE("a candidate of another agent, pushed while this one is about to push, is not overwritten unseen") {
    const auto result = lab().lose_race();
    check({result});
    CHECK(result.reached);
  }
}
