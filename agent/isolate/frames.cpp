#include "agent/isolate/frames.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace gitopsctl::agent {

namespace {

Error gone() { return {ErrorCode::unavailable, "the other side of the render is gone"}; }

}  // namespace

Result<std::uint32_t> read_frame_head(std::string_view head, std::uint64_t max_bytes, FrameKind& kind) {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint32_t>(static_cast<unsigned char>(head[at])); };
  if (head.size() != frame_head_bytes || byte(4) < static_cast<std::uint32_t>(FrameKind::order) ||
      byte(4) > static_cast<std::uint32_t>(FrameKind::result)) {
    return Error(ErrorCode::internal, "the isolated render sent what is no frame");
  }
  const std::uint32_t size = byte(0) | byte(1) << 8U | byte(2) << 16U | byte(3) << 24U;
  if (size > max_bytes) {
    return Error(ErrorCode::too_large, "the isolated render sent " + std::to_string(size) +
                                           " bytes at once, more than the " + std::to_string(max_bytes) + " that are taken");
  }
  kind = static_cast<FrameKind>(byte(4));
  return size;
}

Result<std::string> frame_head(FrameKind kind, std::size_t payload_bytes) {
  if (payload_bytes > UINT32_MAX) return Error(ErrorCode::too_large, "more than 4 GiB between a render and its owner");
  std::string head;
  for (unsigned shift = 0; shift < 32; shift += 8) head += static_cast<char>(payload_bytes >> shift & 0xFFU);
  head += static_cast<char>(kind);
  return head;
}

Result<void> FrameLine::wait(short events) const {
  // In slices: a poll cannot wait for longer than an int of milliseconds.
  constexpr Millis slice{1'000};
  for (;;) {
    if (deadline_.passed()) return Error(ErrorCode::timeout, "the isolated render took too long");
    pollfd ready{fd_, events, 0};
    const int count = ::poll(&ready, 1, static_cast<int>(std::min(deadline_.left(), slice).count()));
    if (count > 0) return {};
    if (count < 0 && errno != EINTR) return gone();
  }
}

Result<void> FrameLine::put(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (count < 0 && errno == EAGAIN) {
      GITOPSCTL_CHECK(wait(POLLOUT));
    } else if (count == 0 || errno != EINTR) {
      return gone();
    }
  }
  return {};
}

Result<void> FrameLine::get(std::string& into, std::size_t bytes) {
  // Grows with what arrives: a size alone takes no memory.
  constexpr std::size_t part = 1UL << 20U;
  while (bytes > 0) {
    const std::size_t before = into.size();
    into.resize(before + std::min(bytes, part));
    const ssize_t count = ::read(fd_, into.data() + before, into.size() - before);
    into.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count > 0) {
      bytes -= static_cast<std::size_t>(count);
    } else if (count < 0 && errno == EAGAIN) {
      GITOPSCTL_CHECK(wait(POLLIN));
    } else if (count == 0 || errno != EINTR) {
      return gone();
    }
  }
  return {};
}

Result<void> FrameLine::send(FrameKind kind, std::string_view payload) {
  GITOPSCTL_TRY(const auto head, frame_head(kind, payload.size()));
  GITOPSCTL_CHECK(put(head));
  return put(payload);
}

Result<Frame> FrameLine::receive(std::uint64_t max_bytes) {
  Frame frame;
  std::string head;
  GITOPSCTL_CHECK(get(head, frame_head_bytes));
  GITOPSCTL_TRY(const auto size, read_frame_head(head, max_bytes, frame.kind));
  GITOPSCTL_CHECK(get(frame.payload, size));
  return frame;
}

}  // namespace gitopsctl::agent
