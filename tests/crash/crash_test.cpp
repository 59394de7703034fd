// Kills the real agent with SIGKILL at every point of base/process/crash_point.hpp, starts it again, and looks whether the
// environment becomes what the commit says, and nothing was deleted that was not to be (docs/consistency.md).

#include <doctest/doctest.h>

#include <atomic>
#include <cstdio>
#include <exception>
#include <set>
#include <thread>

#include "base/process/crash_point.hpp"
#include "tests/crash/lab.hpp"

using namespace gitopsctl;
using namespace gitopsctl::crash;

namespace {

constexpr std::size_t points_per_stage = 5;
constexpr unsigned workers = 2;

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

std::vector<CaseResult> run_cases(const Lab& lab, const std::vector<Case>& cases) {
  std::vector<CaseResult> results(cases.size());
  std::atomic<std::size_t> next{0};
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < workers; ++i) {
    threads.emplace_back([&] {
      for (std::size_t at = next.fetch_add(1); at < cases.size(); at = next.fetch_add(1)) {
        try {
          results[at] = lab.kill_at(cases[at].point, cases[at].nth);
        } catch (const std::exception& problem) {
          results[at].point = cases[at].point;
          results[at].problems = {problem.what()};
        }
      }
    });
  }
  threads.clear();
  return results;
}

void print_table(const Lab& lab, const std::vector<CaseResult>& results) {
  std::map<std::string, std::set<std::string>> stages;
  std::printf("%-28s %-8s %s\n", "killed at", "starts", "outcome");
  for (const auto& result : results) {
    stages[stage_of(result.point)].insert(result.point.substr(0, result.point.find(':')));
    std::printf("%-28s %-8d %s\n", result.point.c_str(), result.reconciles,
                result.problems.empty() ? "as the commit" : "WRONG");
    for (const auto& problem : result.problems) std::printf("    %s\n", problem.c_str());
  }
  std::printf("deleted in every case, each once:");
  for (const auto& what : lab.intended_deletions()) std::printf(" %s", what.c_str());
  std::printf("\npoints by stage:");
  for (const auto& [stage, points] : stages) std::printf(" %s %zu", stage.c_str(), points.size());
  std::printf("; kills %zu\n", results.size());
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

    const auto results = run_cases(lab, plan_cases(lab));
    print_table(lab, results);

    std::map<std::string, std::set<std::string>> reached;
    for (const auto& result : results) {
      CHECK_MESSAGE(result.problems.empty(),
                    result.point << ": " << (result.problems.empty() ? "" : result.problems.front()));
      CHECK_MESSAGE(result.reached, result.point << " was not reached");
      if (result.reached) reached[stage_of(result.point)].insert(result.point.substr(0, result.point.find(':')));
    }
    for (const char* stage : {"fetch", "candidate", "render", "plan", "apply", "prune", "inventory", "store"}) {
      CHECK_MESSAGE(reached[stage].size() >= points_per_stage,
                    stage << " was killed at " << reached[stage].size() << " points");
    }
  }
}
