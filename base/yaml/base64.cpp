#include "base/yaml/base64.hpp"

#include <cstdint>

namespace gitopsctl::yaml_detail {
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

}  // namespace gitopsctl::yaml_detail
