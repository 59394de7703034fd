// Kills the real agent with SIGKILL on its way from one commit to the next on a real API server: at every write, before and
// after it was forwarded, and at every point of base/process/crash_point.hpp that such a run reaches. Starts it again, and
// looks whether the cluster becomes what the commit says and nothing was deleted that was not to be: the API server notes
// every delete (docs/consistency.md). After a third of the kills the branch goes back to the commit before.
//
// 60 of them, others every day; GITOPSCTL_CRASH_LONG=1 runs them all and holds them against the writes and points of a run
// that nobody disturbs. GITOPSCTL_CRASH_SEED=N repeats the choice of a run that printed N; GITOPSCTL_CRASH_ONLY=TEXT takes
// those whose name holds TEXT.

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <random>
#include <set>
#include <string_view>
#include <thread>

#include "base/process/crash_point.hpp"
#include "tests/crash_cluster/lab.hpp"
#include "tests/support/not_run.hpp"

using namespace gitopsctl;
using namespace gitopsctl::crash;

namespace {

constexpr std::size_t chosen_of_a_day = 60;
constexpr unsigned workers = 5;

struct Case {
  Blow blow;
  Commit goal = Commit::second;
};

const char* variable(const char* name) { return std::getenv(name); }
bool is_long() { return variable("GITOPSCTL_CRASH_LONG") != nullptr; }

/// Made once for all cases; null, after a loud word, where the programs for it are not here.
Lab* need_lab() {
  std::string missing;
  for (const auto& name : support::ControlPlane::missing_peers(true, true)) missing += " " + name;
  if (!missing.empty()) {
    tests::not_run("kills of the agent in a cluster",
                   "no control plane without" + missing + ": ./dev setup --peers=kube builds it");
    return nullptr;
  }
  static Lab lab;
  return &lab;
}

/// A lease is renewed by runs that take long, and so not by every run.
bool is_renewal(const std::string& write, std::uint64_t nth) {
  return write.find("(taken)") != std::string::npos && nth > (write.ends_with("-test") ? 2U : 1U);
}

/// Points of what has no part in a cluster: the environment in a file, and candidates, which this agent does not build.
bool is_elsewhere(std::string_view point) { return point.starts_with("environment.") || point.starts_with("candidate."); }

std::vector<Case> every_kill(const Lab& lab) {
  std::vector<Case> out;
  const auto add = [&](Blow blow) {
    const Commit goal = out.size() % 3 == 2 ? Commit::first : Commit::second;
    out.push_back({std::move(blow), goal});
  };
  for (const auto& [write, times] : lab.writes()) {
    for (std::uint64_t nth = 1; nth <= times && !is_renewal(write, nth); ++nth) {
      for (const auto moment : {support::Moment::before_forwarding, support::Moment::after_forwarding}) {
        add({Blow::Kind::kill_at_write, write, nth, moment});
      }
    }
  }
  for (const auto& [point, times] : lab.points()) {
    // In how many pieces a pack comes is different every time. Of the store every commit counts, of the rest the writes
    // above are in between already.
    const bool every = point.starts_with("store.");
    const std::uint64_t last = point == "fetch.pack_half" ? 1 : times;
    for (std::uint64_t nth = 1; nth <= last; ++nth) {
      if (every || nth == 1 || nth == last) add({Blow::Kind::kill_at_point, point, nth});
    }
  }
  return out;
}

/// A number that is another one every day.
std::uint32_t seed() {
  if (const char* given = variable("GITOPSCTL_CRASH_SEED"); given != nullptr) {
    return static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10));
  }
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  return static_cast<std::uint32_t>(today.time_since_epoch().count());
}

std::vector<Case> chosen(std::vector<Case> all) {
  if (const char* only = variable("GITOPSCTL_CRASH_ONLY"); only != nullptr) {
    std::erase_if(all, [&](const Case& one) { return one.blow.to_string().find(only) == std::string::npos; });
    return all;
  }
  std::printf("%zu kills, in the order of GITOPSCTL_CRASH_SEED=%u\n", all.size(), seed());
  std::mt19937 random(seed());
  std::shuffle(all.begin(), all.end(), random);
  if (!is_long()) all.resize(std::min(all.size(), chosen_of_a_day));
  return all;
}

/// Runs cases, some at a time.
std::vector<CaseResult> run_cases(Lab& lab, const std::vector<Case>& cases) {
  std::vector<CaseResult> results(cases.size());
  std::atomic<std::size_t> next{0};
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < workers; ++i) {
    threads.emplace_back([&] {
      for (std::size_t at = next.fetch_add(1); at < cases.size(); at = next.fetch_add(1)) {
        try {
          results[at] = lab.run(cases[at].blow, cases[at].goal);
        } catch (const std::exception& problem) {
          results[at].name = cases[at].blow.to_string();
          results[at].goal = cases[at].goal;
          results[at].problems = {problem.what()};
        }
        const CaseResult& result = results[at];
        std::string line = result.name + (result.goal == Commit::first ? " (back)" : "");
        char figures[64];
        std::snprintf(figures, sizeof figures, "%3zu/%zu  %d starts %5.1f s  ", at + 1, cases.size(), result.starts,
                      result.seconds);
        line = figures + line + (result.problems.empty() ? "" : "  WRONG");
        for (const auto& problem : result.problems) line += "\n    " + problem;
        std::printf("%s\n", line.c_str());
        std::fflush(stdout);
      }
    });
  }
  threads.clear();
  return results;
}

void check(const std::vector<CaseResult>& results) {
  for (const auto& result : results) {
    CHECK_MESSAGE(result.problems.empty(), result.name << ": " << (result.problems.empty() ? "" : result.problems.front()));
    CHECK_MESSAGE(result.reached, result.name << " was not reached");
  }
}

/// Every write of a run that nobody disturbs was killed at, before and after, and every point was reached.
void check_coverage(const Lab& lab, const std::vector<Case>& cases, const std::vector<CaseResult>& results) {
  std::size_t writes = 0;
  std::map<support::Moment, std::size_t> killed;
  std::set<std::string> points;
  for (const auto& [write, times] : lab.writes()) {
    for (std::uint64_t nth = 1; nth <= times && !is_renewal(write, nth); ++nth) ++writes;
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (!results[i].reached) continue;
    const Blow& blow = cases[i].blow;
    if (blow.kind == Blow::Kind::kill_at_write) ++killed[blow.moment];
    if (blow.kind == Blow::Kind::kill_at_point) points.insert(blow.name);
  }
  std::size_t named = 0;
  for (const auto name : crash_point_names()) {
    if (is_elsewhere(name)) continue;
    ++named;
    CHECK_MESSAGE(points.contains(std::string(name)), name << " was not reached");
  }
  const std::size_t before = killed[support::Moment::before_forwarding];
  const std::size_t after = killed[support::Moment::after_forwarding];
  std::printf("%zu writes recorded: killed before %zu and after %zu of them; %zu points named, %zu reached; %zu kills\n",
              writes, before, after, named, points.size(), results.size());
  CHECK(before == writes);
  CHECK(after == writes);
  CHECK(points.size() == named);
}

}  // namespace

TEST_SUITE("cluster crash") {
  TEST_CASE("nobody kills: the cluster is as each commit says, and only what was meant is deleted") {
#ifndef GITOPSCTL_CRASH_TESTS
    FAIL("this build has no crash points: configure it with GITOPSCTL_CRASH_TESTS=ON");
#endif
    Lab* lab = need_lab();
    if (lab == nullptr) return;
    for (const auto& problem : lab->reference_problems()) std::printf("    %s\n", problem.c_str());
    CHECK(lab->reference_problems().empty());
    const Names names{"case"};
    CHECK(objects_at(names, Commit::first).size() >= 30);
    CHECK(releases_at(names, Commit::first).size() == 4);
    std::printf("the second commit deletes:");
    for (const auto& what : removed_by_second(names)) std::printf(" %s", what.c_str());
    std::printf("\n");
    CHECK(removed_by_second(names).size() == 14);
  }

  TEST_CASE("SIGKILL at every write and every point: the next starts finish, and only what was meant is deleted") {
    Lab* lab = need_lab();
    if (lab == nullptr) return;
    const auto cases = chosen(every_kill(*lab));
    const auto results = run_cases(*lab, cases);
    check(results);
    if (is_long()) check_coverage(*lab, cases, results);
  }

  TEST_CASE("somebody makes an object anew while a delete of it is on its way: it stays") {
    Lab* lab = need_lab();
    if (lab == nullptr) return;
    std::vector<Case> cases;
    for (const auto& [write, times] : lab->writes()) {
      // What holds others goes with them, and what tells people is not worth anything.
      const bool of_release = write.starts_with("DELETE ") && write.find("/releases/") == std::string::npos &&
                              write.find("customresourcedefinitions") == std::string::npos &&
                              !write.ends_with("/namespaces/@-extra") && write.find("@-extra/") == std::string::npos &&
                              write.find("/olds/") == std::string::npos && write.find("gitopsctl-@") == std::string::npos;
      if (of_release) cases.push_back({{Blow::Kind::make_anew, write}, Commit::second});
    }
    CHECK(cases.size() >= 8);
    cases = chosen(std::move(cases));
    if (!is_long()) cases.resize(std::min<std::size_t>(cases.size(), 3));
    check(run_cases(*lab, cases));
  }
}
