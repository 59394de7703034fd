#pragma once

#include <string>

namespace gitopsctl::support {

/// A directory in memory (/dev/shm) where `min_bytes` are free there, else below the directory for temporary files. Goes
/// away with the object; those of processes that were killed go away when the next one is made. Throws std::runtime_error
/// when there is none to be had. `$GITOPSCTL_KEEP_SCRATCH` keeps it until then.
class RamDir {
 public:
  explicit RamDir(unsigned long long min_bytes);
  ~RamDir();
  RamDir(const RamDir&) = delete;
  RamDir& operator=(const RamDir&) = delete;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
  int lock_ = -1;
};

}  // namespace gitopsctl::support
