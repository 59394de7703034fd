// The resident memory of an idle agent with the demo's repository and channels.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "base/process/child.hpp"
#include "base/time/clock.hpp"
#include "tests/support/scratch.hpp"

namespace {

using namespace gitopsctl;

constexpr double limit_mb = 25;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The process whose command line holds `text`; 0 when there is none.
long find_process(const std::string& text) {
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return 0;
  long found = 0;
  while (const dirent* entry = ::readdir(proc)) {
    const long pid = std::strtol(entry->d_name, nullptr, 10);
    if (pid <= 0 || pid == ::getpid()) continue;
    std::string line = read_file("/proc/" + std::to_string(pid) + "/cmdline");
    for (auto& c : line) c = c == '\0' ? ' ' : c;
    if (line.find(text) != std::string::npos) found = pid;
  }
  ::closedir(proc);
  return found;
}

}  // namespace

int main() {
  const support::ScratchDir scratch;
  const std::string directory = scratch / "demo";
  const int log = ::open((scratch / "log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  auto demo = ChildProcess::start(
      {std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl", {"demo", "--keep", "--directory", directory}, {}, {}},
      {-1, log, log});
  if (!demo.ok()) {
    std::fprintf(stderr, "idle_bench: %s\n", demo.error().to_string().c_str());
    return 1;
  }
  const Deadline deadline(system_clock(), Millis(120'000));
  while (read_file(scratch / "log").find("still running") == std::string::npos) {
    if (deadline.passed() || demo->poll_exit()) {
      std::fprintf(stderr, "idle_bench: the demo did not get there:\n%s\n", read_file(scratch / "log").c_str());
      return 1;
    }
    system_clock().sleep(Millis(200), {});
  }
  system_clock().sleep(Millis(5'000), {});  // several polls and nothing to do
  const long agent = find_process("agent --config " + directory);
  std::istringstream status(read_file("/proc/" + std::to_string(agent) + "/status"));
  double resident = 0, own = 0;
  for (std::string key; status >> key;) {
    if (key == "VmRSS:") status >> resident;
    if (key == "RssAnon:") status >> own;
  }
  demo->terminate(Millis(5'000));
  if (agent == 0 || resident == 0) {
    std::fprintf(stderr, "idle_bench: the agent is not there\n");
    return 1;
  }
  std::printf("bench idle agent_rss_mb=%.1f agent_own_mb=%.1f limit_mb=%.0f\n", resident / 1000, own / 1000, limit_mb);
  return resident / 1000 <= limit_mb ? 0 : 1;
}
