#include "base/yaml/input.hpp"

#include <algorithm>
#include <cstdint>

#include "base/text/utf8.hpp"

namespace gitopsctl::yaml_detail {
namespace {

constexpr std::size_t block = 512;
constexpr std::string_view incomplete = "incomplete UTF-8 octet sequence";

bool allowed(char32_t rune) {
  if (rune < 0x80) return rune == '\t' || rune == '\n' || rune == '\r' || (rune >= 0x20 && rune <= 0x7E);
  return rune == 0x85 || (rune >= 0xA0 && rune <= 0xFFFD) || rune >= 0x10000;
}

/// Why the bytes at `at` are no character, in the words of Go's library; the place it names is up to three bytes later.
std::string_view utf8_problem(std::string_view text, std::size_t at, std::size_t& offset) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned lead = byte(0);
  const std::size_t width = lead < 0x80               ? 1
                            : (lead & 0xE0U) == 0xC0U ? 2
                            : (lead & 0xF0U) == 0xE0U ? 3
                            : (lead & 0xF8U) == 0xF0U ? 4
                                                      : 0;
  offset = at;
  if (width == 0) return "invalid leading UTF-8 octet";
  if (at + width > text.size()) return incomplete;
  std::uint32_t rune = width == 1 ? lead : lead & (0xFFU >> (width + 1));
  for (std::size_t i = 1; i < width; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) {
      offset = at + i;
      return "invalid trailing UTF-8 octet";
    }
    rune = rune << 6U | (byte(i) & 0x3FU);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (rune < least[width]) return "invalid length of a UTF-8 sequence";
  if ((rune >= 0xD800 && rune <= 0xDFFF) || rune > 0x10FFFF) return "invalid Unicode character";
  return "control characters are not allowed";
}

/// True when 64 bytes are printable ASCII or line breaks and tabs. Written so that compilers turn it into vector code.
bool plain_block(const char* bytes) {
  unsigned char bad = 0;
  for (std::size_t i = 0; i < 64; ++i) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    const auto control = static_cast<unsigned char>((c < 0x20) & (c != '\n') & (c != '\t') & (c != '\r'));
    bad = static_cast<unsigned char>(bad | control | static_cast<unsigned char>(c >= 0x7F));
  }
  return bad == 0;
}

void check_utf8(std::string_view text, std::size_t first, Input& out) {
  std::size_t at = first;
  while (at < text.size()) {
    if (text.size() - at >= 64 && plain_block(text.data() + at)) {
      at += 64;
      continue;
    }
    const std::size_t stop = std::min(text.size(), at + 64);
    while (at < stop) {
      const auto rune = decode_utf8(text.substr(at));
      if (rune.valid && allowed(rune.value)) {
        at += rune.length;
        out.ascii = out.ascii && rune.length == 1;
        continue;
      }
      out.problem = utf8_problem(text, at, out.offset);
      if (out.problem == incomplete) {
        // Known only when the input ends, so what stands before it is read first.
        out.text = text.substr(first, at - first);
        return;
      }
      // A character that begins in one block and ends in the next is read with the next.
      std::size_t begin = at / block * block;
      if (begin < first) begin = first;
      while (begin > first && (static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80U) --begin;
      out.text = text.substr(first, begin - first);
      return;
    }
  }
  out.text = text.substr(first);
}

void convert_utf16(std::string_view text, bool big_endian, Input& out) {
  const auto unit = [&](std::size_t at) {
    const auto a = static_cast<unsigned char>(text[at]);
    const auto b = static_cast<unsigned char>(text[at + 1]);
    return static_cast<char32_t>(big_endian ? a << 8U | b : b << 8U | a);
  };
  std::size_t block_end = 0;  // of the converted text that stands before the current block
  std::size_t current_block = 0;
  const auto fail = [&](std::string_view problem, std::size_t at) {
    out.problem = problem;
    out.offset = at;
    // As in UTF-8: a cut character is found only at the end.
    if (problem.substr(0, 10) != "incomplete") out.converted.resize(block_end);
  };
  for (std::size_t at = 2; at < text.size();) {
    if (at / block != current_block) {
      current_block = at / block;
      block_end = out.converted.size();
    }
    if (text.size() - at < 2) return fail("incomplete UTF-16 character", at);
    char32_t rune = unit(at);
    std::size_t width = 2;
    if ((rune & 0xFC00U) == 0xDC00U) return fail("unexpected low surrogate area", at);
    if ((rune & 0xFC00U) == 0xD800U) {
      if (text.size() - at < 4) return fail("incomplete UTF-16 surrogate pair", at);
      const char32_t low = unit(at + 2);
      if ((low & 0xFC00U) != 0xDC00U) return fail("expected low surrogate area", at + 2);
      rune = 0x10000 + ((rune & 0x3FFU) << 10U) + (low & 0x3FFU);
      width = 4;
    }
    if (!allowed(rune)) return fail("control characters are not allowed", at);
    out.ascii = out.ascii && rune < 0x80;
    append_utf8(out.converted, rune);
    at += width;
  }
}

}  // namespace

void open_input(std::string_view given, Input& out) {
  if (given.substr(0, 2) == "\xFF\xFE" || given.substr(0, 2) == "\xFE\xFF") {
    convert_utf16(given, given[0] == '\xFE', out);
    out.text = out.converted;
    return;
  }
  check_utf8(given, given.substr(0, 3) == "\xEF\xBB\xBF" ? 3 : 0, out);
}

}  // namespace gitopsctl::yaml_detail
