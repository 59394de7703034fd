#include "base/text/base64.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace gitopsctl {
namespace {

int digit_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

}  // namespace

std::string encode_base64(std::string_view bytes) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t at) {
      return at < bytes.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at])) : 0U;
    };
    const std::uint32_t three = byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2);
    out += alphabet[three >> 18U];
    out += alphabet[(three >> 12U) & 63U];
    out += i + 1 < bytes.size() ? alphabet[(three >> 6U) & 63U] : '=';
    out += i + 2 < bytes.size() ? alphabet[three & 63U] : '=';
  }
  return out;
}

bool decode_base64(std::string_view text, std::string& out) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  int digits = 0;
  int padding = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r') continue;
    if (c == '=') {
      if (digits + padding < 2 || digits + padding > 3) return false;
      ++padding;
      continue;
    }
    const int value = digit_value(c);
    if (value < 0 || padding > 0) return false;
    group = group << 6U | static_cast<std::uint32_t>(value);
    if (++digits == 4) {
      bytes += static_cast<char>(static_cast<unsigned char>(group >> 16U));
      bytes += static_cast<char>(static_cast<unsigned char>(group >> 8U));
      bytes += static_cast<char>(static_cast<unsigned char>(group));
      group = 0;
      digits = 0;
    }
  }
  if (digits + padding != 0 && digits + padding != 4) return false;
  if (digits == 1) return false;
  if (digits >= 2) bytes += static_cast<char>(static_cast<unsigned char>(group >> (digits == 2 ? 4U : 10U)));
  if (digits == 3) bytes += static_cast<char>(static_cast<unsigned char>(group >> 2U));
  out = std::move(bytes);
  return true;
}

}  // namespace gitopsctl
