#include "channels/git/pkt_line.hpp"

#include "base/text/escape.hpp"

namespace gitopsctl::channels::git {
namespace {

constexpr std::size_t digits = 4;

/// The number in four hexadecimal digits, -1 when they are none.
int length_of(std::string_view text) {
  int out = 0;
  for (const char c : text) {
    out <<= 4;
    if (c >= '0' && c <= '9') {
      out += c - '0';
    } else if (c >= 'a' && c <= 'f') {
      out += c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
      out += c - 'A' + 10;
    } else {
      return -1;
    }
  }
  return out;
}

Error not_packets(std::string_view bytes) {
  return {ErrorCode::unavailable, "the answer is not in Git's packet format: it has '" +
                                      terminal_safe(truncate_utf8(bytes, 32)) + "' where a packet should begin"};
}

}  // namespace

std::string_view Pkt::text() const noexcept {
  return payload.ends_with('\n') ? payload.substr(0, payload.size() - 1) : payload;
}

void PktReader::feed(std::string_view bytes) {
  // What was handed out goes first, so that the buffer holds no more than one packet and one piece.
  buffer_.erase(0, at_);
  at_ = 0;
  buffer_.append(bytes);
}

Result<std::optional<Pkt>> PktReader::next() {
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  if (rest.size() < digits) return std::optional<Pkt>();
  const int length = length_of(rest.substr(0, digits));
  switch (length) {
    case 0: at_ += digits; return std::optional<Pkt>(Pkt{PktKind::flush, {}});
    case 1: at_ += digits; return std::optional<Pkt>(Pkt{PktKind::delimiter, {}});
    case 2: at_ += digits; return std::optional<Pkt>(Pkt{PktKind::response_end, {}});
    default: break;
  }
  const auto size = static_cast<std::size_t>(length);
  if (length < static_cast<int>(digits) || size > max_pkt_bytes) return not_packets(rest);
  if (rest.size() < size) return std::optional<Pkt>();
  at_ += size;
  return std::optional<Pkt>(Pkt{PktKind::line, rest.substr(digits, size - digits)});
}

void append_pkt(std::string& out, std::string_view payload) {
  constexpr std::string_view hex = "0123456789abcdef";
  payload = payload.substr(0, max_pkt_bytes - digits);
  const std::size_t size = payload.size() + digits;
  for (int shift = 12; shift >= 0; shift -= 4) out += hex[(size >> static_cast<unsigned>(shift)) & 15U];
  out += payload;
}

void append_flush(std::string& out) { out += "0000"; }
void append_delimiter(std::string& out) { out += "0001"; }

}  // namespace gitopsctl::channels::git
