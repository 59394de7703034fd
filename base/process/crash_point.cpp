#include "base/process/crash_point.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <string>

namespace gitopsctl {

namespace {

constexpr std::array names = {
#define X(id, name) std::string_view(name),
    GITOPSCTL_CRASH_POINTS(X)
#undef X
};

}  // namespace

std::span<const std::string_view> crash_point_names() noexcept { return names; }

#ifdef GITOPSCTL_CRASH_TESTS
void crash_point(CrashPoint point) noexcept {
  static const char* const wanted = std::getenv("GITOPSCTL_CRASH_AT");
  static const char* const log = std::getenv("GITOPSCTL_CRASH_LOG");
  if (wanted == nullptr && log == nullptr) return;
  const auto name = names[static_cast<std::size_t>(point)];
  if (log != nullptr) {
    const int file = ::open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file >= 0) {
      const std::string line = std::string(name) + '\n';
      [[maybe_unused]] const auto written = ::write(file, line.data(), line.size());
      ::close(file);
    }
  }
  if (wanted == nullptr) return;
  const std::string_view text(wanted);
  const auto colon = text.find(':');
  if (text.substr(0, colon) != name) return;
  static std::atomic<long> reached{0};
  const long nth = colon == std::string_view::npos ? 1 : std::strtol(wanted + colon + 1, nullptr, 10);
  if (reached.fetch_add(1) + 1 != nth) return;
  const char* const signal = std::getenv("GITOPSCTL_CRASH_SIGNAL");
  const bool stop = signal != nullptr && std::string_view(signal) == "stop";
  // To this thread, so that it goes no further; both take the whole process with it.
  ::raise(stop ? SIGSTOP : SIGKILL);
}
#endif

}  // namespace gitopsctl
