#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "base/files/file_tree.hpp"

namespace gitopsctl {

namespace {

/// A file descriptor that is closed at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

Error system_error(const std::string& what, int code) {
  ErrorCode kind = ErrorCode::unavailable;
  if (code == ENOENT || code == ENOTDIR) kind = ErrorCode::not_found;
  if (code == EACCES || code == EPERM) kind = ErrorCode::forbidden;
  return {kind, "cannot read '" + what + "': " + std::strerror(code)};
}

/// What a directory says of an entry without a look at it; nothing when its file system does not say.
std::optional<FileType> type_of(const dirent& entry) {
  switch (entry.d_type) {
    case DT_REG: return FileType::file;
    case DT_DIR: return FileType::directory;
    case DT_LNK: return FileType::symlink;
    case DT_UNKNOWN: return std::nullopt;
    default: return FileType::other;
  }
}

FileInfo make_info(std::string_view name, const struct stat& status) {
  FileInfo info;
  info.name = name;
  if (S_ISREG(status.st_mode)) {
    info.type = FileType::file;
    info.size = static_cast<std::uint64_t>(status.st_size);
    info.executable = (status.st_mode & S_IXUSR) != 0;
  } else if (S_ISDIR(status.st_mode)) {
    info.type = FileType::directory;
  } else if (S_ISLNK(status.st_mode)) {
    info.type = FileType::symlink;
  } else {
    info.type = FileType::other;
  }
  return info;
}

class DiskTree final : public FileTree {
 public:
  DiskTree(Descriptor root, std::string name) : root_(std::move(root)), name_(std::move(name)) {}

 protected:
  Result<FileInfo> do_stat(const TreePath& path) const override {
    struct stat status{};
    if (path.is_root()) {
      if (::fstat(root_.get(), &status) != 0) return system_error(name_, errno);
      return make_info("", status);
    }
    const std::string name(path.name());
    if (const auto at = open_beneath(path.str(), O_PATH | O_NOFOLLOW)) {
      if (at->get() < 0) return system_error(path.str(), errno);
      if (::fstat(at->get(), &status) != 0) return system_error(path.str(), errno);
      return make_info(name, status);
    }
    GITOPSCTL_TRY(const Descriptor parent, open_directory(path.parent()));
    if (::fstatat(parent.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return system_error(path.str(), errno);
    return make_info(name, status);
  }

  Result<std::string> do_read(const TreePath& path, std::uint64_t max_bytes) const override {
    GITOPSCTL_TRY(const Descriptor file, open_file(path));
    return read_open(file, path, max_bytes);
  }

  std::optional<std::string> do_read_at_once(const TreePath& path, std::uint64_t max_bytes) const override {
    const auto file = open_beneath(path.str(), read_flags);
    if (!file || file->get() < 0) return std::nullopt;
    auto text = read_open(*file, path, max_bytes);
    if (!text.ok()) return std::nullopt;
    return *std::move(text);
  }

  Result<std::vector<FileInfo>> do_list(const TreePath& path) const override {
    GITOPSCTL_TRY(Descriptor directory, open_directory(path));
    DIR* stream = ::fdopendir(directory.get());
    if (stream == nullptr) return system_error(path.str(), errno);
    const int descriptor = directory.release();  // the stream owns it now
    std::vector<FileInfo> out;
    Result<void> problem;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(stream);
      if (entry == nullptr) {
        if (errno != 0) problem = system_error(path.str(), errno);
        break;
      }
      const std::string_view name(static_cast<const char*>(entry->d_name));
      if (name == "." || name == "..") continue;
      if (const auto type = type_of(*entry)) {
        out.push_back({.name = std::string(name), .type = *type, .content_id = {}});
        continue;
      }
      struct stat status{};
      if (::fstatat(descriptor, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) continue;  // gone between the two looks
        problem = system_error(path.child(name).str(), errno);
        break;
      }
      out.push_back(make_info(name, status));
    }
    ::closedir(stream);
    if (!problem.ok()) return problem.error();
    std::sort(out.begin(), out.end(), [](const FileInfo& a, const FileInfo& b) { return a.name < b.name; });
    return out;
  }

  Result<std::string> do_read_link(const TreePath& path) const override {
    GITOPSCTL_TRY(const Descriptor parent, open_directory(path.parent()));
    std::array<char, 4096> buffer{};
    const std::string name(path.name());
    const auto size = ::readlinkat(parent.get(), name.c_str(), buffer.data(), buffer.size());
    if (size < 0) return system_error(path.str(), errno);
    return std::string(buffer.data(), static_cast<std::size_t>(size));
  }

 private:
  // O_NONBLOCK: a FIFO put in the place of the file after the look must not hang us.
  static constexpr int read_flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

  static Result<std::string> read_open(const Descriptor& file, const TreePath& path, std::uint64_t max_bytes) {
    struct stat status{};
    if (::fstat(file.get(), &status) != 0) return system_error(path.str(), errno);
    if (!S_ISREG(status.st_mode)) {
      return Error(ErrorCode::invalid_input, "'" + path.str() + "' is not a regular file");
    }
    // One byte more than there is tells whether the file grows meanwhile.
    const auto stated = static_cast<std::uint64_t>(status.st_size);
    const auto expected = std::min(stated, max_bytes) + 1;
    std::string out(static_cast<std::size_t>(expected), '\0');
    std::size_t size = 0;
    for (;;) {
      if (size == out.size()) out.resize(2 * out.size());
      const auto count = ::read(file.get(), out.data() + size, out.size() - size);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return system_error(path.str(), errno);
      if (count == 0) break;
      size += static_cast<std::size_t>(count);
      if (size > max_bytes) {
        return Error(ErrorCode::too_large, "'" + path.str() + "' is larger than " + std::to_string(max_bytes) + " bytes");
      }
      // All that there was, and room was left: another read would only say that this was the end.
      if (size == stated && size < out.size()) break;
    }
    out.resize(size);
    return out;
  }

  /// Opens what is at `path` in one step, following no link. A descriptor below 0 with errno where that fails; nothing where
  /// the kernel cannot do it.
  std::optional<Descriptor> open_beneath(const std::string& path, std::uint64_t flags) const {
    static std::atomic<bool> unknown = false;
    if (unknown.load(std::memory_order_relaxed)) return std::nullopt;
    open_how how{};
    how.flags = flags | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    const auto opened = ::syscall(SYS_openat2, root_.get(), path.empty() ? "." : path.c_str(), &how, sizeof how);
    // Linux before 5.6, and sandboxes that do not know of it; EAGAIN: something above it was renamed meanwhile.
    if (opened < 0 && (errno == ENOSYS || errno == EPERM)) unknown.store(true, std::memory_order_relaxed);
    if (opened < 0 && (errno == ENOSYS || errno == EPERM || errno == EAGAIN)) return std::nullopt;
    if (opened < 0 && errno == ELOOP) errno = ENOTDIR;  // a link on the way, as a look at its parts would say
    return std::optional<Descriptor>(std::in_place, static_cast<int>(opened));
  }

  Result<Descriptor> open_file(const TreePath& path) const {
    if (auto at = open_beneath(path.str(), read_flags)) {
      if (at->get() < 0) return system_error(path.str(), errno);
      return *std::move(at);
    }
    GITOPSCTL_TRY(const Descriptor parent, open_directory(path.parent()));
    const std::string name(path.name());
    Descriptor file(::openat(parent.get(), name.c_str(), read_flags | O_CLOEXEC));
    if (file.get() < 0) return system_error(path.str(), errno);
    return file;
  }

  /// Opens the directory at `path` without following any link.
  Result<Descriptor> open_directory(const TreePath& path) const {
    if (auto at = open_beneath(path.str(), O_RDONLY | O_DIRECTORY)) {
      if (at->get() < 0) return system_error(path.str(), errno);
      return *std::move(at);
    }
    Descriptor at(::fcntl(root_.get(), F_DUPFD_CLOEXEC, 0));
    if (at.get() < 0) return system_error(name_, errno);
    // A duplicate shares the read position; directories that are listed need one of their own.
    at = Descriptor(::openat(at.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (at.get() < 0) return system_error(name_, errno);
    std::string_view rest(path.str());
    while (!rest.empty()) {
      const auto slash = rest.find('/');
      const std::string part(rest.substr(0, slash));
      Descriptor next(::openat(at.get(), part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (next.get() < 0) return system_error(path.str(), errno);
      at = std::move(next);
      rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    }
    return at;
  }

  Descriptor root_;
  std::string name_;
};

}  // namespace

Result<FileTreePtr> open_disk_tree(const std::string& root) {
  Descriptor directory(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0) return system_error(root, errno);
  return FileTreePtr(std::make_shared<DiskTree>(std::move(directory), root));
}

}  // namespace gitopsctl
