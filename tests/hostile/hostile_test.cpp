// Charts that want to do harm, rendered by the real program: none takes more than 512 MB or ten seconds of a processor, none
// crashes it, and each that does not render fails with one error.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/hostile/hostile_case.hpp"
#include "tests/hostile/hostile_run.hpp"
#include "tests/support/scratch.hpp"

using namespace gitopsctl;
using namespace gitopsctl::tests;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// A sanitizer keeps what was freed, and shadows of everything.
constexpr bool sanitized = true;
constexpr double max_peak_mb = 4'096;
constexpr double max_seconds = 90;
#else
constexpr bool sanitized = false;
constexpr double max_peak_mb = 512;
constexpr double max_seconds = 10;
#endif

/// Whether renders get the whole of their budget, which a hundred of them use up.
bool full_length() {
  return std::getenv("GITOPSCTL_HOSTILE_LONG") != nullptr;  // NOLINT(concurrency-mt-unsafe): nothing changes it
}
bool shortened() { return sanitized || !full_length(); }

void write_file(const std::filesystem::path& path, const std::string& content) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

std::vector<std::string> prepare(const HostileCase& hostile, const std::string& directory) {
  namespace fs = std::filesystem;
  std::vector<std::string> arguments{"helm", "template", "x"};
  if (!hostile.archive.empty()) {
    write_file(fs::path(directory) / "chart.tgz", hostile.archive);
    arguments.emplace_back("chart.tgz");
  } else {
    const fs::path chart = fs::path(directory) / "chart";
    write_file(chart / "Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n");
    for (const auto& [name, content] : hostile.files) write_file(chart / name, content);
    for (const auto& [name, target] : hostile.links) {
      fs::create_directories((chart / name).parent_path());
      fs::create_symlink(target, chart / name);
    }
    arguments.emplace_back("chart");
  }
  arguments.insert(arguments.end(), hostile.arguments.begin(), hostile.arguments.end());
  if (shortened()) arguments.emplace_back(full_length() ? "--render-limit=cpu=2s" : "--render-limit=cpu=1s");
  return arguments;
}

std::size_t errors_in(const std::string& text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size();
       at = text.find('\n', at) == std::string::npos ? text.size() : text.find('\n', at) + 1) {
    if (text.compare(at, 6, "error:") == 0) ++count;
  }
  return count;
}

void check(const HostileCase& hostile, bool isolated) {
  CAPTURE(hostile.name);
  const support::ScratchDir scratch;
  auto arguments = prepare(hostile, scratch.path());
  if (isolated) arguments.emplace_back("--isolate");
  const HostileRun run = run_hostile(arguments, scratch.path());
  const auto line = run.err.substr(0, run.err.find('\n'));
  std::printf("%7.1f MB %6.2f s  %-9s %-60.60s %.110s\n", run.peak_mb, run.processor_s,
              run.signal != 0      ? "SIGNAL"
              : run.exit_code == 0 ? "rendered"
                                   : "error",
              hostile.name.c_str(), run.exit_code == 0 ? "" : line.c_str());
  std::fflush(stdout);
  CHECK(run.signal == 0);
  CHECK((run.exit_code == 0 || run.exit_code == 1));
  CHECK(run.peak_mb < max_peak_mb);
  CHECK(run.processor_s < max_seconds);
  CHECK(run.err.size() < (1U << 20U));
  if (run.exit_code != 0) {
    CHECK(errors_in(run.err) == 1);
    CHECK(run.out_bytes == 0);
  }
  if (!hostile.error.empty()) {
    CHECK(run.exit_code == 1);
    // With less time than usual, that can be used up before the limit that is meant.
    const bool in_time = !shortened() || run.err.find(" ms of computing") == std::string::npos;
    if (in_time) CHECK_MESSAGE(run.err.find(hostile.error) != std::string::npos, run.err.substr(0, 400));
  }
  if (hostile.renders) CHECK(run.exit_code == 0);
}

void check_all(const std::vector<HostileCase>& cases, bool isolated = false) {
  // For looking into one: its name, or a part.
  const char* only = std::getenv("GITOPSCTL_HOSTILE");
  for (const auto& hostile : cases) {
    if (only == nullptr || hostile.name.find(only) != std::string::npos) check(hostile, isolated);
  }
}

}  // namespace

TEST_CASE("templates that loop") { check_all(hostile_loops()); }
TEST_CASE("templates that grow") { check_all(hostile_texts()); }
TEST_CASE("templates with values that hold themselves, or each other many times") { check_all(hostile_values()); }
TEST_CASE("templates that recurse, and texts that nest") { check_all(hostile_recursion()); }
TEST_CASE("templates that burn, roll dice and look outside") { check_all(hostile_functions()); }
TEST_CASE("archives, links, globs and files") { check_all(hostile_files()); }
TEST_CASE("values, schemas, documents, charts in charts and flags") { check_all(hostile_charts()); }

TEST_CASE("the same in a locked process, of each list the first ones") {
  for (auto cases : {hostile_loops(), hostile_texts(), hostile_values(), hostile_recursion(), hostile_functions(),
                     hostile_files(), hostile_charts()}) {
    cases.resize(6);
    check_all(cases, true);
  }
}
