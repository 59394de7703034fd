#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result/result.hpp"

namespace gitopsctl::channels::git {

// Git's packet lines (gitprotocol-common): four hexadecimal digits of length, which count themselves, then the payload.
// 0000, 0001 and 0002 are marks without payload.

/// Largest packet, length digits included (gitprotocol-common, LARGE_PACKET_MAX).
inline constexpr std::size_t max_pkt_bytes = 65520;

enum class PktKind : std::uint8_t { line, flush, delimiter, response_end };

struct Pkt {
  PktKind kind = PktKind::flush;
  std::string_view payload;  ///< of a line, with its newline if it has one; valid until the reader is fed again

  /// The payload without one trailing newline.
  [[nodiscard]] std::string_view text() const noexcept;
};

/// Takes packets out of bytes that arrive in pieces of any size.
class PktReader {
 public:
  void feed(std::string_view bytes);
  /// The next whole packet; nothing when more bytes are needed. `unavailable` when the bytes are no packets; then the
  /// reader stays in error.
  [[nodiscard]] Result<std::optional<Pkt>> next();
  /// True when every byte that was fed has been handed out.
  [[nodiscard]] bool drained() const noexcept { return at_ == buffer_.size(); }

 private:
  std::string buffer_;
  std::size_t at_ = 0;
};

/// Appends one line. `payload` must be at most max_pkt_bytes - 4 bytes; a longer one is a programming mistake and is cut.
void append_pkt(std::string& out, std::string_view payload);
void append_flush(std::string& out);
void append_delimiter(std::string& out);

}  // namespace gitopsctl::channels::git
