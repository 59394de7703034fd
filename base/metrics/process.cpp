#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/metrics/metrics.hpp"

namespace gitopsctl::metrics {
namespace {

double seconds(const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; }

/// Unix time at which the process started: the boot time plus field 22 of /proc/self/stat. 0 when /proc does not tell.
double start_time() {
  std::ifstream stat("/proc/self/stat");
  std::string line;
  std::getline(stat, line);
  const std::size_t name_end = line.rfind(')');  // the name in field 2 may hold anything, also blanks and brackets
  if (name_end == std::string::npos) return 0;
  std::size_t at = name_end + 1;
  for (int field = 2; field < 22 && at != std::string::npos; ++field) at = line.find(' ', at + (field == 2 ? 0 : 1));
  if (at == std::string::npos) return 0;
  const double ticks = std::strtod(line.c_str() + at, nullptr);
  std::ifstream boot("/proc/stat");
  for (std::string word; boot >> word;) {
    if (word != "btime") continue;
    double since = 0;
    boot >> since;
    return since + ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }
  return 0;
}

}  // namespace

void update_process_metrics(Registry& registry) {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) {
    // A gauge behind a counter's name would be a lie, so the difference is added.
    const auto cpu = registry.counter("process_cpu_seconds_total", "Processor time used, in seconds.");
    cpu->add(seconds(usage.ru_utime) + seconds(usage.ru_stime) - cpu->value());
  }
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  double resident = 0;
  if (statm >> pages >> resident) {
    registry.gauge("process_resident_memory_bytes", "Memory in use, in bytes.")
        ->set(resident * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  }
  std::error_code failure;
  double open = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", failure), end; !failure && at != end; at.increment(failure))
    ++open;
  if (!failure) registry.gauge("process_open_fds", "Open file descriptors.")->set(open);
  static const double started = start_time();
  if (started > 0)
    registry.gauge("process_start_time_seconds", "When the process started, in seconds since 1970.")->set(started);
}

}  // namespace gitopsctl::metrics
