#include "agent/cli/handover.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <string>

#include "version_data.hpp"

namespace gitopsctl::agent::cli {
namespace {

constexpr const char* mark_name = "GITOPSCTL_HANDOVER";
constexpr const char* mark_value = GITOPSCTL_VERSION " " GITOPSCTL_COMMIT;
constexpr const char* path_name = "GITOPSCTL_HANDOVER_PROGRAM";

}  // namespace

std::string own_path() {
  std::array<char, PATH_MAX> buffer{};
  const ssize_t size = ::readlink("/proc/self/exe", buffer.data(), buffer.size());
  if (size <= 0 || static_cast<std::size_t>(size) == buffer.size()) return {};
  return {buffer.data(), static_cast<std::size_t>(size)};
}

Error hand_over_to_network_program(char* const* argv) {
  const std::string path = own_path();
  const std::string directory = path.substr(0, path.rfind('/'));
  if (directory.empty()) {
    return Error(ErrorCode::internal, "cannot tell where this program is, to start gitopsctl-net beside it")
        .with_hint("is /proc mounted? gitopsctl-net itself takes the same commands");
  }
  ::setenv(mark_name, mark_value, 1);
  ::setenv(path_name, path.c_str(), 1);
  const std::array<std::string, 2> places{directory + "/gitopsctl-net", directory + "/../libexec/gitopsctl/gitopsctl-net"};
  int failure = ENOENT;
  std::string tried;
  for (const std::string& place : places) {
    ::execv(place.c_str(), argv);
    if (errno != ENOENT) {
      failure = errno;
      tried = place;
      break;
    }
  }
  ::unsetenv(mark_name);
  ::unsetenv(path_name);
  if (failure == ENOENT) {
    return Error(ErrorCode::not_found, "this command needs the program gitopsctl-net, and it is neither in " + directory +
                                           " nor in " + directory + "/../libexec/gitopsctl")
        .with_hint("install gitopsctl and gitopsctl-net from the same package, or build both with ./dev build");
  }
  return Error(ErrorCode::internal, "cannot start " + tried + ": " + std::strerror(failure));
}

Result<std::string> accept_handover() {
  const char* mark = std::getenv(mark_name);
  if (mark == nullptr) return std::string();
  const std::string from = mark;
  const char* path = std::getenv(path_name);
  std::string program = path == nullptr ? "" : path;
  ::unsetenv(mark_name);
  ::unsetenv(path_name);
  if (from == mark_value) return program;
  return Error(ErrorCode::conflict, "gitopsctl is version " + from + ", but gitopsctl-net beside it is " + mark_value)
      .with_hint("install both from the same package");
}

}  // namespace gitopsctl::agent::cli
