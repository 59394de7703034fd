#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::agent {

/// What a frame holds.
enum class FrameKind : std::uint8_t { order = 1, question, answer, result };

/// One message on the socket between a render and who asked for it: four bytes of size (little endian), one of kind, the
/// payload.
struct Frame {
  FrameKind kind = FrameKind::order;
  std::string payload;
};

inline constexpr std::size_t frame_head_bytes = 5;

/// Reads the head of a frame (exactly frame_head_bytes): the size of its payload, its kind in `kind`. `internal` for
/// another kind than there is, `too_large` over `max_bytes`.
[[nodiscard]] Result<std::uint32_t> read_frame_head(std::string_view head, std::uint64_t max_bytes, FrameKind& kind);
[[nodiscard]] Result<std::string> frame_head(FrameKind kind, std::size_t payload_bytes);

/// One end of that socket. Not thread-safe; does not own the descriptor.
class FrameLine {
 public:
  FrameLine(int descriptor, Deadline deadline) : fd_(descriptor), deadline_(deadline) {}

  /// `timeout` when the deadline passed, `unavailable` when the other side is gone.
  [[nodiscard]] Result<void> send(FrameKind kind, std::string_view payload);
  /// A frame of at most `max_bytes`.
  [[nodiscard]] Result<Frame> receive(std::uint64_t max_bytes);

 private:
  [[nodiscard]] Result<void> wait(short events) const;
  [[nodiscard]] Result<void> put(std::string_view bytes);
  [[nodiscard]] Result<void> get(std::string& into, std::size_t bytes);

  int fd_;
  Deadline deadline_;
};

}  // namespace gitopsctl::agent
