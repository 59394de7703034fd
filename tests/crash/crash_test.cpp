// Kills the real agent with SIGKILL at every point of base/process/crash_point.hpp, starts it again, and looks whether the
// environment becomes what the commit says, and nothing was deleted that was not to be (docs/consistency.md).

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <set>
#include <thread>

#include "base/process/crash_point.hpp"
#include "tests/crash/lab.hpp"

using namespace gitopsctl;
using namespace gitopsctl::crash;

namespace {

constexpr std::size_t points_per_stage = 5;
constexpr unsigned workers = 2;
constexpr std::size_t moments = 16;

std::string stage_of(std::string_view point) { return std::string(point.substr(0, point.find('.'))); }

/// One kill to try.
struct Case {
  std::string point;
  int nth = 1;
};

/// The first, a middle and the last time of every point.
std::vector<Case> plan_cases(const Lab& lab) {
  std::vector<Case> out;
  for (const auto name : crash_point_names()) {
    const std::string point(name);
    const auto reached = lab.times_reached().find(point);
    const int times = reached == lab.times_reached().end() ? 1 : reached->second;
    for (const int nth : std::set<int>{1, (times + 1) / 2, times}) out.push_back({point, nth});
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
          results[at].point = "case " + std::to_string(at);
          results[at].problems = {problem.what()};
        }
      }
    });
  }
  threads.clear();
  return results;
}

void print_rows(const std::vector<CaseResult>& results) {
  std::printf("%-28s %-8s %s\n", "killed", "starts", "outcome");
  for (const auto& result : results) {
    std::printf("%-28s %-8d %s\n", result.point.c_str(), result.reconciles,
                result.problems.empty() ? "as the commit" : "WRONG");
    for (const auto& problem : result.problems) std::printf("    %s\n", problem.c_str());
  }
}

void print_summary(const Lab& lab, const std::vector<CaseResult>& results) {
  std::map<std::string, std::set<std::string>> stages;
  for (const auto& result : results) {
    stages[stage_of(result.point)].insert(result.point.substr(0, result.point.find(':')));
  }
  std::printf("deleted in every case, each once:");
  for (const auto& what : lab.intended_deletions()) std::printf(" %s", what.c_str());
  std::printf("\npoints by stage:");
  for (const auto& [stage, points] : stages) std::printf(" %s %zu", stage.c_str(), points.size());
  std::printf("; kills %zu\n", results.size());
}

void check_outcomes(const std::vector<CaseResult>& results) {
  for (const auto& result : results) {
    CHECK_MESSAGE(result.problems.empty(), result.point << ": " << (result.problems.empty() ? "" : result.problems.front()));
  }
}

}  // namespace

TEST_SUITE("crash") {
  TEST_CASE("SIGKILL at every point: the next starts finish, and only what was meant is deleted") {
#ifndef GITOPSCTL_CRASH_TESTS
    FAIL("this build has no crash points: configure it with GITOPSCTL_CRASH_TESTS=ON");
#endif
    Lab lab;
    lab.run_reference();
    // One object that left its release, and a release of three with its inventory and its status; never what holds data.
    CHECK(lab.intended_deletions().size() == 6);
    for (const auto& what : lab.intended_deletions()) CHECK(what.find("PersistentVolumeClaim") == std::string::npos);

    const auto cases = plan_cases(lab);
    const auto results = run_cases(cases.size(), [&](std::size_t i) { return lab.kill_at(cases[i].point, cases[i].nth); });
    print_rows(results);
    print_summary(lab, results);
    check_outcomes(results);

    std::map<std::string, std::set<std::string>> reached;
    for (const auto& result : results) {
      CHECK_MESSAGE(result.reached, result.point << " was not reached");
      if (result.reached) reached[stage_of(result.point)].insert(result.point.substr(0, result.point.find(':')));
    }
    for (const char* stage : {"fetch", "candidate", "render", "plan", "apply", "prune", "inventory", "store"}) {
      CHECK_MESSAGE(reached[stage].size() >= points_per_stage,
                    stage << " was killed at " << reached[stage].size() << " points");
    }
  }

  TEST_CASE("SIGKILL at any moment: the same, wherever the run was") {
    Lab lab;
    lab.run_reference();
    // Spread over the time that a run takes; the last ones may find it over.
    const auto results = run_cases(moments, [&](std::size_t i) {
      return lab.kill_after(lab.reference_span() * static_cast<std::int64_t>(i + 1) / static_cast<std::int64_t>(moments));
    });
    print_rows(results);
    check_outcomes(results);
    CHECK(std::any_of(results.begin(), results.end(), [](const CaseResult& result) { return result.reached; }));
  }
}
