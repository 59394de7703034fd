#include "tests/hostile/hostile_run.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace gitopsctl::tests {

namespace {

constexpr auto patience = std::chrono::minutes(2);

/// The most that the program which runs there held so far; 0 when it is gone. Unlike ru_maxrss, without what stood in the
/// memory of its parent when it was started.
double peak_of(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  std::string line;
  // Before the exec it is still a copy of this process.
  if (!std::getline(status, line) || line.find("gitopsctl") == std::string::npos) return 0;
  while (std::getline(status, line)) {
    if (line.starts_with("VmHWM:")) return std::strtod(line.c_str() + 6, nullptr) / 1024;
  }
  return 0;
}

double seconds(const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; }

}  // namespace

HostileRun run_hostile(const std::vector<std::string>& arguments, const std::string& directory) {
  const std::string program = std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl";
  const std::string out = directory + "/stdout";
  const std::string err = directory + "/stderr";
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const auto start = std::chrono::steady_clock::now();
  const pid_t pid = ::fork();
  if (pid < 0) throw std::runtime_error("fork");
  if (pid == 0) {
    const int files[] = {::open("/dev/null", O_RDONLY), ::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600),
                         ::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600)};
    for (int i = 0; i < 3; ++i) ::dup2(files[i], i);
    if (::chdir(directory.c_str()) != 0) ::_exit(126);
    ::execv(program.c_str(), argv.data());
    ::_exit(127);
  }
  HostileRun run;
  rusage mine{};
  ::getrusage(RUSAGE_SELF, &mine);
  int status = 0;
  rusage used{};
  while (::wait4(pid, &status, WNOHANG, &used) == 0) {
    if (std::chrono::steady_clock::now() - start > patience) ::kill(pid, SIGKILL);
    run.peak_mb = std::max(run.peak_mb, peak_of(pid));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  run.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  run.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  constexpr long counted_late = 16L << 10U;  // KiB: the kernel adds pages up in batches
  if (used.ru_maxrss > mine.ru_maxrss + counted_late) run.peak_mb = static_cast<double>(used.ru_maxrss) / 1024;
  run.processor_s = seconds(used.ru_utime) + seconds(used.ru_stime);
  struct stat about{};
  if (::stat(out.c_str(), &about) == 0) run.out_bytes = static_cast<std::size_t>(about.st_size);
  std::ifstream text(err, std::ios::binary);
  run.err.assign(std::istreambuf_iterator<char>(text), {});
  return run;
}

}  // namespace gitopsctl::tests
