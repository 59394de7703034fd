#pragma once

#include <cstdint>
#include <string>

#include "base/result/result.hpp"

namespace gitopsctl::invoke {

/// What there is at a path of the machine.
enum class PathKind : std::uint8_t {
  nothing,
  file,  ///< a regular file
  directory,
  other,  ///< a pipe, a device, a socket: never read
};

/// What the task runner asks of the machine's files: configuration files and task files stand outside of any tree (in /etc,
/// in the home directory, in some directory above), so that they cannot come through a FileTree. Paths are absolute; links
/// are followed. Thread-safe.
class HostFiles {
 public:
  virtual ~HostFiles() = default;
  /// What is at `path`. `forbidden` or `unavailable` when that cannot be told: a file that cannot be read is not a missing
  /// one.
  [[nodiscard]] virtual Result<PathKind> look(const std::string& path) const = 0;
  /// The bytes of the file at `path`; `not_found`, `too_large`, and `invalid_input` when it is no regular file.
  [[nodiscard]] virtual Result<std::string> read(const std::string& path, std::uint64_t max_bytes) const = 0;
};

/// The machine's own files; lives as long as the program.
[[nodiscard]] const HostFiles& machine_files();

}  // namespace gitopsctl::invoke
