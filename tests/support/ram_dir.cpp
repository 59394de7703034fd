#include "tests/support/ram_dir.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace gitopsctl::support {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = "gitopsctl-ram-";

fs::path parent_with(unsigned long long min_bytes) {
  struct statvfs room{};
  if (statvfs("/dev/shm", &room) == 0 && access("/dev/shm", W_OK) == 0 &&
      static_cast<unsigned long long>(room.f_bavail) * room.f_frsize >= min_bytes) {
    return "/dev/shm";
  }
  return fs::temp_directory_path();
}

/// Removes the directories whose owner is gone: nobody holds the lock beside them. What it leaves in memory counts.
void sweep(const fs::path& parent) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(parent, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(".lock")) continue;
    const int lock = open(entry.path().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (lock < 0) continue;
    if (flock(lock, LOCK_EX | LOCK_NB) == 0) {
      fs::path directory = entry.path();
      fs::remove_all(directory.replace_extension(), ignored);
      fs::remove(entry.path(), ignored);
    }
    close(lock);
  }
}

}  // namespace

RamDir::RamDir(unsigned long long min_bytes) {
  const fs::path parent = parent_with(min_bytes);
  sweep(parent);
  // Held before it has the name that others look at.
  std::string waiting = (parent / "gitopsctl-new-XXXXXX").string();
  lock_ = mkostemp(waiting.data(), O_CLOEXEC);
  if (lock_ < 0 || flock(lock_, LOCK_EX | LOCK_NB) != 0)
    throw std::runtime_error("cannot make a directory in " + parent.string());
  path_ = (parent / prefix).string() + waiting.substr(waiting.size() - 6);
  std::error_code failed;
  fs::rename(waiting, path_ + ".lock", failed);
  if (!failed) fs::create_directory(path_, failed);
  if (!failed) fs::permissions(path_, fs::perms::owner_all, failed);
  if (failed) throw std::runtime_error("cannot make " + path_ + ": " + failed.message());
}

RamDir::~RamDir() {
  std::error_code ignored;
  if (std::getenv("GITOPSCTL_KEEP_SCRATCH") == nullptr) {
    fs::remove_all(path_, ignored);
    fs::remove(path_ + ".lock", ignored);
  }
  if (lock_ >= 0) close(lock_);
}

}  // namespace gitopsctl::support
