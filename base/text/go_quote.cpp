#include <array>
#include <string>
#include <string_view>

#include "base/text/go_format.hpp"
#include "base/text/go_verbs.hpp"
#include "base/text/unicode.hpp"
#include "base/text/utf8.hpp"

namespace gitopsctl {
namespace detail {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

void append_hex(std::string& out, char32_t value, int digits) {
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4)
    out += hex_digits[(value >> static_cast<unsigned>(shift)) & 0xFU];
}

/// The short escape of a control character, or 0.
char short_escape(char32_t rune) {
  switch (rune) {
    case '\a': return 'a';
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    case '\v': return 'v';
    default: return 0;
  }
}

}  // namespace

void append_quoted_rune(std::string& out, char32_t rune, char quote, bool ascii_only) {
  if (rune == static_cast<char32_t>(quote) || rune == U'\\') {
    out += '\\';
    out += static_cast<char>(rune);
    return;
  }
  if (ascii_only ? rune < 0x7F && rune >= 0x20 : is_print(rune)) {
    append_utf8(out, rune);
    return;
  }
  if (const char escape = short_escape(rune); escape != 0) {
    out += '\\';
    out += escape;
  } else if (rune < 0x20 || rune == 0x7F) {
    out += "\\x";
    append_hex(out, rune, 2);
  } else if (rune < 0x10000) {
    out += "\\u";
    append_hex(out, rune, 4);
  } else {
    out += "\\U";
    append_hex(out, rune, 8);
  }
}

void append_quoted(std::string& out, std::string_view text, char quote, bool ascii_only) {
  out.reserve(out.size() + text.size() + 2);
  out += quote;
  while (!text.empty()) {
    const DecodedRune rune = decode_utf8(text);
    if (!rune.valid) {
      // A byte that is no character keeps its value.
      out += "\\x";
      append_hex(out, static_cast<unsigned char>(text[0]), 2);
    } else {
      append_quoted_rune(out, rune.value, quote, ascii_only);
    }
    text.remove_prefix(rune.length);
  }
  out += quote;
}

bool can_backquote(std::string_view text) {
  while (!text.empty()) {
    const DecodedRune rune = decode_utf8(text);
    text.remove_prefix(rune.length);
    if (rune.length > 1) {
      if (rune.value == 0xFEFF) return false;
      continue;
    }
    if (!rune.valid || (rune.value < 0x20 && rune.value != '\t') || rune.value == '`' || rune.value == 0x7F) return false;
  }
  return true;
}

}  // namespace detail

std::string go_quote(std::string_view text) {
  std::string out;
  detail::append_quoted(out, text, '"', false);
  return out;
}

std::string go_quote_ascii(std::string_view text) {
  std::string out;
  detail::append_quoted(out, text, '"', true);
  return out;
}

}  // namespace gitopsctl
