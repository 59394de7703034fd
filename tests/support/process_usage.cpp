#include "tests/support/process_usage.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>

#include "base/process/memory.hpp"
#include "tests/support/scratch.hpp"

extern char** environ;

namespace gitopsctl::support {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The fields of /proc/PID/stat behind the name, which may hold blanks: the state is the first.
std::vector<std::string> stat_fields(pid_t pid) {
  const std::string text = read_file("/proc/" + std::to_string(pid) + "/stat");
  std::vector<std::string> out;
  const auto end = text.rfind(')');
  if (end == std::string::npos) return out;
  std::istringstream rest(text.substr(end + 1));
  for (std::string field; rest >> field;) out.push_back(field);
  return out;
}

/// What this process ever held would be counted as its child's: both are one until the child's program is loaded.
void forget_own_peak() {
  return_free_memory();
  std::ofstream("/proc/self/clear_refs") << "5";  // proc(5): the peak
}

double seconds(const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; }

}  // namespace

ProcessUsage usage_of(pid_t pid) {
  ProcessUsage out;
  const auto fields = stat_fields(pid);
  if (fields.size() < 13) return out;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  out.processor_s = (std::stod(fields[11]) + std::stod(fields[12])) / ticks;
  std::istringstream status(read_file("/proc/" + std::to_string(pid) + "/status"));
  for (std::string key; status >> key;) {
    if (key == "VmRSS:") status >> out.resident_mb;
    if (key == "RssAnon:") status >> out.own_mb;
  }
  out.resident_mb /= 1000;
  out.own_mb /= 1000;
  return out;
}

pid_t child_named(const std::string& program, pid_t parent) {
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return 0;
  pid_t found = 0;
  while (const dirent* entry = ::readdir(proc)) {
    const auto pid = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
    if (pid <= 0) continue;
    const auto fields = stat_fields(pid);
    if (fields.size() < 2 || std::stol(fields[1]) != parent) continue;
    const std::string line = read_file("/proc/" + std::to_string(pid) + "/cmdline");
    const std::string path = line.substr(0, line.find('\0'));
    if (path.substr(path.rfind('/') + 1) == program) found = pid;
  }
  ::closedir(proc);
  return found;
}

MeasuredRun run_measured(const std::vector<std::string>& command,
                         const std::vector<std::pair<std::string, std::string>>& environment) {
  std::map<std::string, std::string> variables;
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string text(*one);
    variables[text.substr(0, text.find('='))] = text.substr(text.find('=') + 1);
  }
  for (const auto& [name, value] : environment) variables[name] = value;
  std::vector<std::string> lines;
  for (const auto& [name, value] : variables) lines.push_back(name + '=' + value);
  std::vector<char*> envp;
  for (auto& line : lines) envp.push_back(line.data());
  envp.push_back(nullptr);
  std::vector<std::string> words = command;
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  const ScratchDir scratch;
  const std::string path = scratch / "output";
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&files, 1, path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&files, 1, 2);
  forget_own_peak();
  pid_t pid = 0;
  const auto begin = std::chrono::steady_clock::now();
  const int failed = ::posix_spawnp(&pid, command.front().c_str(), &files, nullptr, argv.data(), envp.data());
  ::posix_spawn_file_actions_destroy(&files);
  if (failed != 0) throw std::runtime_error("cannot start " + command.front());
  int status = 0;
  rusage used{};
  while (::wait4(pid, &status, 0, &used) < 0) {
    if (errno != EINTR) throw std::runtime_error("cannot wait for " + command.front());
  }
  MeasuredRun out;
  out.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  out.processor_s = seconds(used.ru_utime) + seconds(used.ru_stime);
  out.peak_mb = static_cast<double>(used.ru_maxrss) / 1024;  // Linux counts in KiB
  out.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  out.output = read_file(path);
  return out;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace gitopsctl::support
