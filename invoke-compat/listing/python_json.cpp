#include "invoke-compat/listing/python_json.hpp"

#include "base/text/utf8.hpp"

namespace gitopsctl::invoke {
namespace {

void append_unit(std::string& out, char32_t unit) {
  constexpr std::string_view signs = "0123456789abcdef";
  out += "\\u";
  for (unsigned shift = 16; shift > 0; shift -= 4) out += signs[(unit >> (shift - 4)) & 0xFU];
}

}  // namespace

std::string python_json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto rune = decode_utf8(text);
    const auto value = rune.valid ? rune.value : 0xDC00U + static_cast<unsigned char>(text[0]);
    switch (value) {
      case U'"': out += "\\\""; break;
      case U'\\': out += "\\\\"; break;
      case U'\n': out += "\\n"; break;
      case U'\r': out += "\\r"; break;
      case U'\t': out += "\\t"; break;
      case U'\f': out += "\\f"; break;
      case U'\b': out += "\\b"; break;
      default:
        if (value >= 0x20 && value < 0x80) {
          // DEL is ASCII and stands as it is.
          out += static_cast<char>(value);
        } else if (value < 0x10000) {
          append_unit(out, value);
        } else {
          append_unit(out, 0xD800U + ((value - 0x10000U) >> 10U));
          append_unit(out, 0xDC00U + ((value - 0x10000U) & 0x3FFU));
        }
    }
    text.remove_prefix(rune.length);
  }
  return out + '"';
}

}  // namespace gitopsctl::invoke
