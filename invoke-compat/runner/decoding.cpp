#include "invoke-compat/runner/decoding.hpp"

#include <cstdint>
#include <vector>

#include "base/text/unicode.hpp"
#include "base/text/utf8.hpp"

namespace gitopsctl::invoke {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

/// True for what str.splitlines() ends a line at, but for the pair of carriage return and line feed.
bool ends_line(char32_t rune) noexcept {
  return (rune >= '\n' && rune <= '\r') || (rune >= 0x1C && rune <= 0x1E) || rune == 0x85 || rune == 0x2028 ||
         rune == 0x2029;
}

unsigned byte_of(std::string_view text, std::size_t at) noexcept { return static_cast<unsigned char>(text[at]); }

/// What the bytes at `at` are.
struct Sequence {
  std::size_t length = 1;  ///< of the character, or of the ill-formed part that one U+FFFD stands for
  bool valid = false;
  bool open = false;  ///< it may become a character when more bytes come
};

Sequence sequence_at(std::string_view text, std::size_t at) noexcept {
  const unsigned first = byte_of(text, at);
  if (first < 0x80) return {1, true, false};
  // The second byte's range keeps out overlong forms, surrogates and what is above U+10FFFF (Unicode, table 3-7).
  unsigned low = 0x80;
  unsigned high = 0xBF;
  std::size_t length = 0;
  if (first >= 0xC2 && first <= 0xDF) length = 2;
  if (first >= 0xE0 && first <= 0xEF) length = 3;
  if (first >= 0xF0 && first <= 0xF4) length = 4;
  if (length == 0) return {};
  if (first == 0xE0) low = 0xA0;
  if (first == 0xED) high = 0x9F;
  if (first == 0xF0) low = 0x90;
  if (first == 0xF4) high = 0x8F;
  for (std::size_t i = 1; i < length; ++i) {
    if (at + i >= text.size()) return {i, false, true};
    const unsigned next = byte_of(text, at + i);
    if (next < (i == 1 ? low : 0x80U) || next > (i == 1 ? high : 0xBFU)) return {i, false, false};
  }
  return {length, true, false};
}

}  // namespace

std::string last_lines(std::string_view text, std::size_t count) {
  if (count == 0) return {};
  // A ring of the last lines: a text of many lines costs no memory.
  std::vector<std::string_view> lines(count);
  std::size_t seen = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto rune = decode_utf8(text.substr(i));
    if (!rune.valid || !ends_line(rune.value)) {
      i += rune.length;
      continue;
    }
    lines[seen++ % count] = text.substr(begin, i - begin);
    i += rune.value == '\r' && i + 1 < text.size() && text[i + 1] == '\n' ? 2U : rune.length;
    begin = i;
  }
  if (begin < text.size()) lines[seen++ % count] = text.substr(begin);
  std::string out;
  for (std::size_t i = seen > count ? seen - count : 0; i < seen; ++i) {
    if (!out.empty() || i > (seen > count ? seen - count : 0)) out += '\n';
    out += lines[i % count];
  }
  return out;
}

std::string ReplacingDecoder::feed(std::string_view bytes) {
  std::string joined;
  if (!rest_.empty()) {
    joined = rest_;
    joined += bytes;
    bytes = joined;
    rest_.clear();
  }
  std::string out;
  out.reserve(bytes.size());
  std::size_t begin = 0;
  for (std::size_t i = 0; i < bytes.size();) {
    const Sequence next = sequence_at(bytes, i);
    if (next.valid) {
      i += next.length;
      continue;
    }
    out += bytes.substr(begin, i - begin);
    begin = i + next.length;
    if (next.open) {
      rest_ = bytes.substr(i);
      break;
    }
    out += replacement;
    i = begin;
  }
  if (begin < bytes.size()) out += bytes.substr(begin);
  return out;
}

std::string ReplacingDecoder::finish() {
  const bool left = !rest_.empty();
  rest_.clear();
  return left ? std::string(replacement) : std::string();
}

}  // namespace gitopsctl::invoke
