#include <cstdint>
#include <string>

#include "base/crypto/digest.hpp"
#include "render/functions/arguments.hpp"
#include "render/functions/functions.hpp"

namespace gitopsctl::render {
namespace {

using enum ParamType;

template <std::string (*digest)(std::string_view)>
Result<Value> digest_of(CallContext& /*context*/, Arguments arguments) {
  return Value::string(digest(arguments[0].as_string()));
}

/// RFC 1950.
Result<Value> adler32(CallContext& /*context*/, Arguments arguments) {
  constexpr std::uint32_t modulus = 65521;
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (const char c : arguments[0].as_string()) {
    a = (a + static_cast<unsigned char>(c)) % modulus;
    b = (b + a) % modulus;
  }
  return Value::string(std::to_string(b << 16U | a));
}

Result<Value> b64enc(CallContext& /*context*/, Arguments arguments) {
  return text_value("b64enc", base64_encode(arguments[0].as_string()));
}

/// A text that is no base64 comes back as the error's text.
Result<Value> b64dec(CallContext& /*context*/, Arguments arguments) {
  auto decoded = base64_decode(arguments[0].as_string());
  return Value::string(decoded.ok() ? *decoded : decoded.error().message());
}

constexpr std::string_view base32_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

Result<Value> b32enc(CallContext& /*context*/, Arguments arguments) {
  std::string out;
  std::uint64_t held = 0;
  unsigned bits = 0;
  for (const char c : arguments[0].as_string()) {
    held = held << 8U | static_cast<unsigned char>(c);
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += base32_alphabet[held >> bits & 31U];
    }
  }
  if (bits > 0) out += base32_alphabet[held << (5 - bits) & 31U];
  while (out.size() % 8 != 0) out += '=';
  return text_value("b32enc", out);
}

/// Groups of eight characters of which the last may be padded; what follows a padded group is ignored. A text that is no
/// base32 comes back as the error's text; its offsets do not count line breaks, as Go's do not.
std::string base32_decode(std::string_view text) {
  std::string clean;
  for (const char c : text) {
    if (c != '\r' && c != '\n') clean += c;
  }
  const auto bad = [](std::size_t at) { return "illegal base32 data at input byte " + std::to_string(at); };
  std::string out;
  for (std::size_t start = 0; start < clean.size(); start += 8) {
    std::uint64_t held = 0;
    std::size_t digits = 0;
    for (; digits < 8; ++digits) {
      const auto at = start + digits;
      if (at == clean.size()) return bad(start);
      // Padding counts only where not more than the rest of a group follows.
      if (clean[at] == '=' && digits >= 2 && clean.size() - at <= 8) break;
      const auto value = base32_alphabet.find(clean[at]);
      if (value == std::string_view::npos) return bad(at);
      held = held << 5U | value;
    }
    if (digits < 8) {
      if (clean.size() < start + 8) return bad(clean.size());
      const auto wrong = clean.substr(0, start + 8).find_first_not_of('=', start + digits);
      if (wrong != std::string::npos) return bad(wrong - 1);
      if (digits == 3 || digits == 6) return bad(start + digits);
    }
    held <<= (8 - digits) * 5;
    for (std::size_t i = 0; i < digits * 5 / 8; ++i) out += static_cast<char>(held >> (32 - 8 * i) & 0xFFU);
    if (digits < 8) break;
  }
  return out;
}

Result<Value> b32dec(CallContext& /*context*/, Arguments arguments) {
  return Value::string(base32_decode(arguments[0].as_string()));
}

constexpr Function table[] = {
    {"sha1sum", digest_of<sha1_hex>, params<string>},
    {"sha256sum", digest_of<sha256_hex>, params<string>},
    {"sha512sum", digest_of<sha512_hex>, params<string>},
    {"adler32sum", adler32, params<string>},
    {"b64enc", b64enc, params<string>},
    {"b64dec", b64dec, params<string>},
    {"b32enc", b32enc, params<string>},
    {"b32dec", b32dec, params<string>},
};

}  // namespace

std::span<const Function> digest_functions() { return table; }

}  // namespace gitopsctl::render
