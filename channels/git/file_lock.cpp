#include "channels/git/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/text/escape.hpp"

namespace gitopsctl::channels::git {

FileLock::~FileLock() {
  if (file_ >= 0) close(file_);
}

FileLock::FileLock(FileLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

Result<FileLock> FileLock::open(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    const int error = errno;
    return Error(error == EACCES || error == EROFS ? ErrorCode::forbidden : ErrorCode::unavailable,
                 "open the lock " + terminal_safe(path) + ": " + std::generic_category().message(error));
  }
  return FileLock(file);
}

bool FileLock::try_lock(Mode mode) {
  for (;;) {
    if (flock(file_, (mode == Mode::exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0) return true;
    if (errno == EINTR) continue;
    // A file system without locks has nobody to exclude.
    return errno == ENOLCK || errno == EOPNOTSUPP;
  }
}

Result<void> FileLock::lock(Mode mode, const Interrupt& interrupt, std::string_view what) {
  while (!try_lock(mode)) {
    GITOPSCTL_CHECK(interrupt.check(what));
    system_clock().sleep(Millis(20), interrupt.stop);
  }
  return {};
}

}  // namespace gitopsctl::channels::git
