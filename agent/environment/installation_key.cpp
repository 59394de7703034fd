#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "agent/environment/environment.hpp"
#include "base/crypto/digest.hpp"
#include "base/log/redaction.hpp"

namespace gitopsctl::agent {

namespace {

constexpr std::size_t key_bytes = 32;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const noexcept { return number_; }

 private:
  int number_;
};

Error failure(const std::string& path, const std::string& what) {
  return Error(ErrorCode::unavailable, what + ": " + std::strerror(errno)).at({path, 0, 0});
}

/// Makes the key in a file of its own and links it to its name, so that of two processes one wins and nobody ever sees half
/// a key.
Result<void> make_key(const std::string& directory, const std::string& path) {
  const std::string temporary = path + "." + hex_encode(random_bytes(8));
  const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) return failure(temporary, "cannot make the installation's key");
  const std::string key = random_bytes(key_bytes);
  const bool written =
      ::write(file.get(), key.data(), key.size()) == static_cast<ssize_t>(key.size()) && ::fsync(file.get()) == 0;
  if (!written) {
    const Error error = failure(temporary, "cannot write the installation's key");
    ::unlink(temporary.c_str());
    return error;
  }
  const bool linked = ::link(temporary.c_str(), path.c_str()) == 0 || errno == EEXIST;
  const Error error = failure(path, "cannot make the installation's key");
  ::unlink(temporary.c_str());
  if (!linked) return error;
  const Descriptor parent(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.get() >= 0) ::fsync(parent.get());
  return {};
}

}  // namespace

Result<std::string> load_installation_key(const std::string& directory) {
  const std::string folder = directory.empty() ? "." : directory;
  const std::string path = folder + "/installation.key";
  std::error_code problem;
  if (!std::filesystem::exists(folder, problem)) {
    std::filesystem::create_directories(folder, problem);
    if (!problem) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, problem);
    if (problem) {
      return Error(ErrorCode::unavailable, "cannot make the directory of the installation's key: " + problem.message())
          .at({folder, 0, 0});
    }
  }
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) GITOPSCTL_CHECK(make_key(folder, path));
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return failure(path, "cannot read the installation's key");
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return failure(path, "cannot read the installation's key");
  if ((info.st_mode & (S_IWGRP | S_IRWXO)) != 0) {
    return Error(ErrorCode::forbidden, "the installation's key can be read or written by others")
        .at({path, 0, 0})
        .with_hint("chmod 600 " + path);
  }
  std::array<char, key_bytes + 1> bytes{};
  const ssize_t count = ::read(file.get(), bytes.data(), bytes.size());
  if (count < 0) return failure(path, "cannot read the installation's key");
  if (count != static_cast<ssize_t>(key_bytes)) {
    return Error(ErrorCode::invalid_input, "the installation's key must have " + std::to_string(key_bytes) + " bytes, not " +
                                               (count > static_cast<ssize_t>(key_bytes) ? "more" : std::to_string(count)))
        .at({path, 0, 0})
        .with_hint("restore it from a backup; with a new key every digest and generated secret changes");
  }
  std::string key(bytes.data(), key_bytes);
  // It makes every hash of a secret and every generated one: it must not come into a log in any form.
  log::register_secret(key);
  log::register_secret(hex_encode(key));
  return key;
}

}  // namespace gitopsctl::agent
