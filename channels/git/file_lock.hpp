#pragma once

#include <string>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::channels::git {

/// An advisory lock on a file (flock), let go when the object or the process ends, however it ends. Two objects on one file
/// exclude each other also within a process. Not thread-safe.
class FileLock {
 public:
  enum class Mode : bool { shared, exclusive };

  FileLock() = default;
  ~FileLock();
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;

  /// Opens `path`, creating it, without locking.
  static Result<FileLock> open(const std::string& path);
  /// Takes the lock, or changes its mode, when that is possible at once. Changing the mode may lose the lock when it fails.
  [[nodiscard]] bool try_lock(Mode mode);
  /// Waits for the lock; `timeout` or `cancelled` with `what` as the thing waited for.
  [[nodiscard]] Result<void> lock(Mode mode, const Interrupt& interrupt, std::string_view what);

 private:
  explicit FileLock(int file) : file_(file) {}
  int file_ = -1;
};

}  // namespace gitopsctl::channels::git
