#include "agent/cli/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace gitopsctl::agent::cli {
namespace {

constexpr std::size_t flush_at = std::size_t{64} * 1024;

bool wants_colour(int fd) {
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* term = std::getenv("TERM");
  if (term == nullptr || std::string_view(term) == "dumb") return false;
  return ::isatty(fd) == 1;
}

/// Writes all of `text`; the errno of what went wrong, or 0. Waits where the descriptor was made non-blocking by somebody
/// that shares it.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count >= 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      pollfd waiting{fd, POLLOUT, 0};
      if (::poll(&waiting, 1, -1) < 0 && errno != EINTR) return errno;
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

}  // namespace

StandardTerminal::StandardTerminal()
    : colour_out_(wants_colour(STDOUT_FILENO)),
      colour_err_(wants_colour(STDERR_FILENO)),
      interactive_(::isatty(STDOUT_FILENO) == 1) {
  winsize size{};
  if (interactive_ && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) width_ = size.ws_col;
}

StandardTerminal::~StandardTerminal() { (void)flush(); }

void StandardTerminal::out(std::string_view text) {
  buffer_ += text;
  if (interactive_ || buffer_.size() >= flush_at) (void)flush();
}

void StandardTerminal::err(std::string_view text) {
  // What was said before on standard output comes first for a person who sees both.
  (void)flush();
  (void)write_all(STDERR_FILENO, text);
}

Result<void> StandardTerminal::flush() {
  if (failure_ == 0 && !buffer_.empty()) failure_ = write_all(STDOUT_FILENO, buffer_);
  buffer_.clear();
  if (failure_ == 0 || failure_ == EPIPE) return {};
  return Error(ErrorCode::unavailable, std::string("cannot write to standard output: ") + std::strerror(failure_));
}

}  // namespace gitopsctl::agent::cli
