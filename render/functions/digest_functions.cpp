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
  return text_value("b32enc", std::move(out));
}

/// Groups of eight characters; offsets in errors count without line breaks, as Go's do.
std::string base32_decode(std::string_view text) {
  std::string clean;
  for (const char c : text) {
    if (c != '\r' && c != '\n') clean += c;
  }
  const auto bad = [](std::size_t at) { return "illegal base32 data at input byte " + std::to_string(at); };
  std::string out;
  std::size_t at = 0;
  bool ended = false;
  while (at < clean.size()) {
    if (ended) return bad(at);
    std::uint64_t held = 0;
    std::size_t digits = 0;
    for (; digits < 8; ++digits) {
      if (at + digits == clean.size()) return bad(at);
      const char c = clean[at + digits];
      if (c == '=') break;
      const auto value = base32_alphabet.find(c);
      if (value == std::string_view::npos) return bad(at + digits);
      held = held << 5U | value;
    }
    if (digits < 8) {
      // What stays must be padding up to eight, after a count of digits that whole bytes can give.
      for (std::size_t i = digits; i < 8; ++i) {
        if (at + i == clean.size()) return bad(clean.size());
        if (clean[at + i] != '=') return bad(at + i - (i > digits ? 1 : 0));
      }
      if (digits == 0 || digits == 1 || digits == 3 || digits == 6) return bad(at + digits);
      ended = true;
    }
    const auto bytes = digits * 5 / 8;
    held <<= (8 - digits) * 5;
    for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>(held >> (32 - 8 * i) & 0xFFU);
    at += 8;
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
