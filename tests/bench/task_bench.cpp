// The task runner beside the real invoke in the same run, in turns, wall clock, medians:
//
//   listing   `gitopsctl task -l` against `invoke -l` on the same tasks (tests/parity/invoke)
//   steps     a task of a hundred commands that do nothing; what bare shells take for them is no overhead of anybody
//
//   task_bench [ROUNDS]

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/support/not_run.hpp"
#include "tests/support/peers.hpp"
#include "tests/support/process_usage.hpp"
#include "tests/support/scratch.hpp"

using namespace gitopsctl;
using support::median;
using support::run_measured;

namespace {

constexpr double listing_limit = 15;  ///< times faster
constexpr double steps_limit = 3;     ///< times less overhead
constexpr int commands = 100;

/// Milliseconds; negative when the program failed.
double one_ms(const std::vector<std::string>& command) {
  const auto run = run_measured(command, {{"PYTHONDONTWRITEBYTECODE", "1"}});
  return run.exit_code == 0 ? run.wall_s * 1e3 : -1;
}

struct Medians {
  double ours = 0, theirs = 0, floor = 0;
  bool ok = true;
};

/// All in turns, so that a busy moment meets each of them.
Medians measure(int rounds, const std::vector<std::string>& ours, const std::vector<std::string>& theirs,
                const std::vector<std::string>& floor) {
  std::vector<double> a;
  std::vector<double> b;
  std::vector<double> c;
  for (int round = 0; round < rounds; ++round) {
    a.push_back(one_ms(ours));
    b.push_back(one_ms(theirs));
    if (!floor.empty()) c.push_back(one_ms(floor));
  }
  Medians out;
  for (const auto* list : {&a, &b, &c})
    out.ok = out.ok && std::all_of(list->begin(), list->end(), [](double ms) { return ms >= 0; });
  out.ours = median(a);
  out.theirs = median(b);
  out.floor = median(c);
  return out;
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

}  // namespace

int main(int argc, char** argv) {
  int rounds = 15;
  if (argc > 1) {
    const std::string text(argv[1]);
    std::from_chars(text.data(), text.data() + text.size(), rounds);
  }
  const auto invoke = tests::find_peer("invoke");
  if (!invoke) {
    std::printf("NOT RUN: task_bench: ./dev setup --peers=invoke installs what is compared with\n");
    return std::getenv("CI") == nullptr ? 0 : 1;  // NOLINT(concurrency-mt-unsafe): nothing changes it
  }
  const std::string program = std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl";
  // A folder each: where both files are, ours would ask Python for its tasks.
  const support::ScratchDir native;
  const support::ScratchDir python;
  const std::string from = std::string(GITOPSCTL_SOURCE_DIR) + "/tests/parity/invoke/";
  write(native / "tasks.yaml", read(from + "tasks.yaml"));
  write(python / "tasks.py", read(from + "tasks.py"));
  std::string steps = "apiVersion: gitopsctl.dev/v1\nkind: Tasks\ntasks:\n  many:\n    steps:\n";
  for (int i = 0; i < commands; ++i) steps += "      - run: 'true'\n";
  write(native / "many.yaml", steps);
  write(python / "many.py", "from invoke import task\n@task\ndef many(c):\n    for _ in range(" + std::to_string(commands) +
                                "): c.run('true')\n");
  const std::string loop = "for i in $(seq " + std::to_string(commands) + "); do bash -c true; done";

  const auto listing =
      measure(rounds, {program, "task", "-r", native.path(), "-l"}, {*invoke, "-r", python.path(), "-l"}, {});
  const auto many = measure(std::max(3, rounds / 3), {program, "task", "-r", native.path(), "-c", "many", "many"},
                            {*invoke, "-r", python.path(), "-c", "many", "many"}, {"bash", "-c", loop});
  const double listing_ratio = listing.theirs / listing.ours;
  const double steps_ratio = (many.theirs - many.floor) / std::max(many.ours - many.floor, 0.1);
  const bool met = listing.ok && many.ok && listing_ratio >= listing_limit && steps_ratio >= steps_limit;
  std::printf(
      "bench task listing_ms=%.2f invoke_ms=%.1f listing_ratio=%.1f limit=%.0f steps_ms=%.1f invoke_steps_ms=%.1f "
      "shells_ms=%.1f overhead_ratio=%.1f limit=%.0f %s\n",
      listing.ours, listing.theirs, listing_ratio, listing_limit, many.ours, many.theirs, many.floor, steps_ratio,
      steps_limit, met ? "met" : "MISSED");
  return met ? 0 : 1;
}
