#include "invoke-compat/config/host_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace gitopsctl::invoke {

namespace {

PathKind kind_of(const struct stat& status) {
  if (S_ISREG(status.st_mode)) return PathKind::file;
  return S_ISDIR(status.st_mode) ? PathKind::directory : PathKind::other;
}

Error failure(int number, const std::string& path) {
  ErrorCode code = ErrorCode::unavailable;
  if (number == ENOENT || number == ENOTDIR) code = ErrorCode::not_found;
  if (number == EACCES || number == EPERM) code = ErrorCode::forbidden;
  if (number == ELOOP || number == ENAMETOOLONG) code = ErrorCode::invalid_input;
  return Error(code, std::string("cannot be read: ") + std::strerror(number)).at({path, 0, 0});
}

class MachineFiles final : public HostFiles {
 public:
  Result<PathKind> look(const std::string& path) const override {
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0) return kind_of(status);
    if (errno == ENOENT || errno == ENOTDIR) return PathKind::nothing;
    return failure(errno, path);
  }

  Result<std::string> read(const std::string& path, std::uint64_t max_bytes) const override {
    // Without blocking, so that a pipe of that name cannot hold us.
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0) return failure(errno, path);
    auto content = read_all(descriptor, path, max_bytes);
    ::close(descriptor);
    return content;
  }

 private:
  static Result<std::string> read_all(int descriptor, const std::string& path, std::uint64_t max_bytes) {
    struct stat status{};
    if (::fstat(descriptor, &status) != 0) return failure(errno, path);
    if (kind_of(status) != PathKind::file) {
      return Error(ErrorCode::invalid_input, "is no regular file").at({path, 0, 0});
    }
    std::string out;
    std::array<char, 16384> chunk{};
    while (true) {
      const ssize_t count = ::read(descriptor, chunk.data(), chunk.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return failure(errno, path);
      if (count == 0) return out;
      out.append(chunk.data(), static_cast<std::size_t>(count));
      if (out.size() > max_bytes) {
        return Error(ErrorCode::too_large, "has more than " + std::to_string(max_bytes) + " bytes").at({path, 0, 0});
      }
    }
  }
};

}  // namespace

const HostFiles& machine_files() {
  static const MachineFiles files;
  return files;
}

}  // namespace gitopsctl::invoke
