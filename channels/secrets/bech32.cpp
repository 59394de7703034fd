#include "channels/secrets/bech32.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "base/text/ascii.hpp"

namespace gitopsctl::channels::secrets {
namespace {

constexpr std::string_view alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::size_t checksum_digits = 6;
/// Longer than every key that is written so.
constexpr std::size_t max_text = 4096;

/// The remainder of BIP 173 over five-bit digits.
std::uint32_t remainder(const std::vector<std::uint8_t>& digits) {
  constexpr std::array<std::uint32_t, 5> generator{0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3};
  std::uint32_t sum = 1;
  for (const auto digit : digits) {
    const std::uint32_t top = sum >> 25U;
    sum = ((sum & 0x1FFFFFFU) << 5U) ^ digit;
    for (std::size_t i = 0; i < generator.size(); ++i) {
      if (((top >> i) & 1U) != 0) sum ^= generator[i];
    }
  }
  return sum;
}

std::vector<std::uint8_t> expanded(std::string_view prefix) {
  std::vector<std::uint8_t> out;
  for (const char c : prefix) out.push_back(static_cast<std::uint8_t>(static_cast<unsigned char>(c) >> 5U));
  out.push_back(0);
  for (const char c : prefix) out.push_back(static_cast<std::uint8_t>(c) & 31U);
  return out;
}

}  // namespace

std::optional<Bech32> decode_bech32(std::string_view text) {
  if (text.size() > max_text) return std::nullopt;
  const bool lower = std::ranges::any_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
  const bool upper = std::ranges::any_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
  const bool printable = std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
  const std::size_t separator = text.rfind('1');
  if ((lower && upper) || !printable || separator == std::string_view::npos || separator == 0 ||
      text.size() - separator - 1 < checksum_digits) {
    return std::nullopt;
  }
  Bech32 out;
  for (const char c : text.substr(0, separator)) out.prefix += ascii_lower(c);
  auto digits = expanded(out.prefix);
  const std::size_t begin = digits.size();
  for (const char c : text.substr(separator + 1)) {
    const std::size_t digit = alphabet.find(ascii_lower(c));
    if (digit == std::string_view::npos) return std::nullopt;
    digits.push_back(static_cast<std::uint8_t>(digit));
  }
  if (remainder(digits) != 1) return std::nullopt;
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (std::size_t i = begin; i < digits.size() - checksum_digits; ++i) {
    held = (held << 5U) | digits[i];
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out.bytes += static_cast<char>((held >> bits) & 0xFFU);
      held &= (1U << bits) - 1;
    }
  }
  // Fewer than five bits may be left over, and they are zero.
  if (bits >= 5 || held != 0) return std::nullopt;
  return out;
}

std::string encode_bech32(std::string_view prefix, std::string_view bytes) {
  std::vector<std::uint8_t> digits;
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const char byte : bytes) {
    held = (held << 8U) | static_cast<unsigned char>(byte);
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      digits.push_back((held >> bits) & 31U);
    }
    held &= (1U << bits) - 1;
  }
  if (bits > 0) digits.push_back((held << (5 - bits)) & 31U);
  auto checked = expanded(prefix);
  checked.insert(checked.end(), digits.begin(), digits.end());
  checked.insert(checked.end(), checksum_digits, 0);
  const std::uint32_t sum = remainder(checked) ^ 1U;
  for (std::size_t i = 0; i < checksum_digits; ++i) digits.push_back((sum >> (5 * (checksum_digits - 1 - i))) & 31U);
  std::string out(prefix);
  out += '1';
  for (const auto digit : digits) out += alphabet[digit];
  return out;
}

}  // namespace gitopsctl::channels::secrets
