#include "invoke-compat/runner/terminal.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

namespace gitopsctl::invoke {

TerminalSize terminal_size_of(int descriptor) noexcept {
  winsize size{};
  TerminalSize out;
  if (descriptor < 0 || ::ioctl(descriptor, TIOCGWINSZ, &size) != 0) return out;
  if (size.ws_col > 0) out.columns = size.ws_col;
  if (size.ws_row > 0) out.rows = size.ws_row;
  return out;
}

Result<PseudoTerminal> open_terminal(TerminalSize size) {
  const auto failed = [] {
    return Error(ErrorCode::unavailable, std::string("cannot open a terminal: ") + std::strerror(errno))
        .with_hint("run the command without a terminal of its own (pty: false)");
  };
  const int ours = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (ours < 0) return failed();
  GITOPSCTL_TRY(Descriptor first, above_standard(ours));
  if (::grantpt(first.fd()) != 0 || ::unlockpt(first.fd()) != 0) return failed();
  // By the descriptor, not by its name: that may be another terminal's in this mount namespace.
  const int theirs = ::ioctl(first.fd(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (theirs < 0) return failed();
  GITOPSCTL_TRY(Descriptor second, above_standard(theirs));
  const winsize wanted{size.rows, size.columns, 0, 0};
  (void)::ioctl(second.fd(), TIOCSWINSZ, &wanted);
  return PseudoTerminal{std::move(first), std::move(second)};
}

bool is_terminal(int descriptor) noexcept { return descriptor >= 0 && ::isatty(descriptor) == 1; }

bool may_read(int descriptor) noexcept {
  if (!is_terminal(descriptor)) return true;
  const pid_t foreground = ::tcgetpgrp(descriptor);
  return foreground < 0 || foreground == ::getpgrp();
}

struct KeyByKey::Before {
  int descriptor;
  termios modes;
};

KeyByKey::KeyByKey(int descriptor) {
  termios modes{};
  if (!is_terminal(descriptor) || ::tcgetpgrp(descriptor) != ::getpgrp() || ::tcgetattr(descriptor, &modes) != 0) return;
  before_ = std::make_unique<Before>(Before{descriptor, modes});
  modes.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);
  modes.c_cc[VMIN] = 1;
  modes.c_cc[VTIME] = 0;
  // What was typed before is not lost (Python's setcbreak() throws it away), and output that is held (Ctrl-S) holds nobody.
  (void)::tcsetattr(descriptor, TCSANOW, &modes);
}

KeyByKey::~KeyByKey() {
  if (before_) (void)::tcsetattr(before_->descriptor, TCSANOW, &before_->modes);
}

}  // namespace gitopsctl::invoke
