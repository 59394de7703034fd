#include "invoke-compat/runner/output.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "invoke-compat/runner/descriptor.hpp"

namespace gitopsctl::invoke {
namespace {

/// How long a wait for a slow reader lasts before it is asked whether to go on.
constexpr std::chrono::milliseconds wait_slice{50};
/// A pipe that poll() calls writable takes this much without blocking (pipe(7): PIPE_BUF).
constexpr std::size_t safe_write = 4096;

}  // namespace

void DescriptorSink::write(std::string_view bytes, const KeepWaiting& keep_waiting) {
  std::unique_lock lock(mutex_, std::defer_lock);
  while (!lock.try_lock_for(wait_slice)) {
    if (!keep_waiting()) return;
  }
  const NoPipeSignal quiet;
  while (!bytes.empty() && !broken_) {
    pollfd ready{descriptor_, POLLOUT, 0};
    const int count = ::poll(&ready, 1, static_cast<int>(wait_slice.count()));
    if (count <= 0) {
      if (count < 0 && errno != EINTR) broken_ = true;
      if (!keep_waiting()) return;
      continue;
    }
    const ssize_t written = ::write(descriptor_, bytes.data(), std::min(bytes.size(), safe_write));
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR && errno != EAGAIN) {
      broken_ = true;
    } else if (!keep_waiting()) {
      return;
    }
  }
}

void MemorySink::write(std::string_view bytes, const KeepWaiting& /*keep_waiting*/) {
  const std::lock_guard lock(mutex_);
  text_ += bytes.substr(0, limit_ - std::min(limit_, text_.size()));
}

std::string MemorySink::text() const {
  const std::lock_guard lock(mutex_);
  return text_;
}

PrefixSink::~PrefixSink() { finish(); }

void PrefixSink::write(std::string_view bytes, const KeepWaiting& keep_waiting) {
  const std::lock_guard lock(mutex_);
  std::string out;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const bool whole = end != std::string_view::npos;
    const std::size_t length = std::min(whole ? end : bytes.size(), max_line - line_.size());
    line_ += bytes.substr(0, length);
    bytes.remove_prefix(length);
    if (!bytes.empty() && bytes.front() == '\n') {
      bytes.remove_prefix(1);
    } else if (line_.size() < max_line) {
      break;
    }
    out += prefix_ + line_ + "\n";
    line_.clear();
  }
  // One write for all of them: lines of others come between lines, never into one.
  if (!out.empty()) to_.write(out, keep_waiting);
}

void PrefixSink::finish() {
  const std::lock_guard lock(mutex_);
  if (line_.empty()) return;
  to_.write(prefix_ + line_ + "\n");
  line_.clear();
}

}  // namespace gitopsctl::invoke
