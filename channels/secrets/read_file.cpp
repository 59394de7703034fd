#include "channels/secrets/read_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text/escape.hpp"

namespace gitopsctl::channels::secrets {
namespace {

constexpr std::size_t max_token_bytes = 64U << 10U;

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

Error system_error(const std::string& path, int code) {
  ErrorCode kind = ErrorCode::unavailable;
  if (code == ENOENT || code == ENOTDIR) kind = ErrorCode::not_found;
  if (code == EACCES || code == EPERM) kind = ErrorCode::forbidden;
  return {kind, "cannot read '" + terminal_safe(path) + "': " + std::strerror(code)};
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

Result<SecretBytes> read_named_file(const std::string& path, std::uint64_t max_bytes) {
  if (path.find('\0') != std::string::npos) return Error(ErrorCode::invalid_input, "a path has a zero byte in it");
  // A pipe would wait for somebody who writes; it is refused below.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (file.fd < 0) return system_error(path, errno);
  struct stat status{};
  if (::fstat(file.fd, &status) != 0) return system_error(path, errno);
  if (!S_ISREG(status.st_mode)) return Error(ErrorCode::invalid_input, "'" + terminal_safe(path) + "' is no regular file");
  const Error large(ErrorCode::too_large,
                    "'" + terminal_safe(path) + "' has more than " + std::to_string(max_bytes) + " bytes");
  if (static_cast<std::uint64_t>(status.st_size) > max_bytes) return large;
  // One more than may be there, so that a file that grows is seen.
  std::string out(
      static_cast<std::size_t>(std::min<std::uint64_t>(max_bytes, static_cast<std::uint64_t>(status.st_size))) + 1, '\0');
  std::size_t have = 0;
  while (have < out.size()) {
    const ssize_t got = ::read(file.fd, out.data() + have, out.size() - have);
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int code = errno;
      wipe(out);
      return system_error(path, code);
    }
    have += static_cast<std::size_t>(got);
  }
  if (have == out.size()) {
    wipe(out);
    return Error(ErrorCode::unavailable, "'" + terminal_safe(path) + "' is being written to");
  }
  out.resize(have);
  return SecretBytes(std::move(out));
}

Result<SecretBytes> as_token(std::string_view text, const std::string& whose) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  const bool good = !text.empty() && std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7F; });
  if (!good) return Error(ErrorCode::invalid_input, "there is no token in " + whose);
  return SecretBytes(std::string(text));
}

Result<SecretBytes> read_token_file(const std::string& path) {
  GITOPSCTL_TRY(const SecretBytes content, read_named_file(path, max_token_bytes));
  return as_token(content.view(), "'" + terminal_safe(path) + "'");
}

}  // namespace gitopsctl::channels::secrets
