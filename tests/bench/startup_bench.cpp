// How long people wait before `gitopsctl` does anything: the time from starting the process to its end for verbs that do
// next to nothing. That is an upper bound of the time before main, since main and the end of the process are in it. A
// program of the C library alone stands beside it as the floor of this machine.

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

struct Spans {
  double median = -1;
  double fastest = -1;
};

Spans measure(const std::string& program, const std::vector<std::string>& arguments) {
  std::vector<double> spans;
  for (int i = 0; i < runs; ++i) {
    Command command;
    command.program = program;
    command.arguments = arguments;
    const auto start = std::chrono::steady_clock::now();
    auto child = ChildProcess::start(command, {});
    if (!child.ok()) return {};
    const auto status = child->wait({});
    const std::chrono::duration<double, std::milli> span = std::chrono::steady_clock::now() - start;
    if (!status.ok() || status->exit_code != 0) return {};
    spans.push_back(span.count());
  }
  std::sort(spans.begin(), spans.end());
  return {spans[spans.size() / 2], spans.front()};
}

}  // namespace

int main() {
  const std::string program = std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl";
  const Spans floor = measure("/bin/true", {});
  const Spans version = measure(program, {"version"});
  const Spans help = measure(program, {"diff", "--help"});
  const Spans completion = measure(program, {"completion", "bash"});
  std::printf(
      "bench startup before_main_ms=%.2f fastest_ms=%.2f help_ms=%.2f completion_ms=%.2f floor_ms=%.2f limit_ms=%.1f\n",
      version.median, version.fastest, help.median, completion.median, floor.median, limit_ms);
  const bool measured = version.median > 0 && help.median > 0 && completion.median > 0;
  // The median is the figure; the fastest run decides, since a busy machine makes every program slow.
  return measured && version.fastest <= limit_ms ? 0 : 1;
}
