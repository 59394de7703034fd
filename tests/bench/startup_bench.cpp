// How long people wait before `gitopsctl` does anything, for verbs that do next to nothing. before_main_ms is the processor
// time of the whole process, which a busy machine does not change; main and the end of the process are in it, so that it is
// an upper bound of the time before main. wall_ms is from starting the process to its end. A program of the C library alone
// stands beside both as the floor of this machine.

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "base/process/child.hpp"

using namespace gitopsctl;

namespace {

constexpr int runs = 50;
constexpr double limit_ms = 3.0;

/// Medians in milliseconds; negative when the program could not be run.
struct Cost {
  double cpu = -1;
  double wall = -1;
};

/// Processor time of all children that were waited for.
double children_ms() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

Cost measure(const std::string& program, const std::vector<std::string>& arguments) {
  std::vector<double> cpu;
  std::vector<double> wall;
  for (int i = 0; i < runs; ++i) {
    Command command;
    command.program = program;
    command.arguments = arguments;
    const double before = children_ms();
    const auto start = std::chrono::steady_clock::now();
    auto child = ChildProcess::start(command, {});
    if (!child.ok()) return {};
    const auto status = child->wait({});
    const std::chrono::duration<double, std::milli> span = std::chrono::steady_clock::now() - start;
    if (!status.ok() || status->exit_code != 0) return {};
    cpu.push_back(children_ms() - before);
    wall.push_back(span.count());
  }
  return {median(cpu), median(wall)};
}

}  // namespace

int main() {
  const std::string program = std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl";
  const Cost floor = measure("/bin/true", {});
  const Cost version = measure(program, {"version"});
  const Cost help = measure(program, {"diff", "--help"});
  const Cost completion = measure(program, {"completion", "bash"});
  std::printf(
      "bench startup before_main_ms=%.2f wall_ms=%.2f help_ms=%.2f completion_ms=%.2f floor_ms=%.2f floor_wall_ms=%.2f "
      "limit_ms=%.1f\n",
      version.cpu, version.wall, help.cpu, completion.cpu, floor.cpu, floor.wall, limit_ms);
  const double worst = std::max({version.cpu, help.cpu, completion.cpu});
  return version.cpu >= 0 && help.cpu >= 0 && completion.cpu >= 0 && worst <= limit_ms ? 0 : 1;
}
