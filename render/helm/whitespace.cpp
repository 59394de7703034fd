#include "render/helm/whitespace.hpp"

#include <cstddef>

namespace gitopsctl::render::helm {

namespace {

bool is_ascii_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// All white space outside ASCII is two or three bytes long in UTF-8.
bool is_wide_space(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (bytes.size() == 2) return byte(0) == 0xC2 && (byte(1) == 0x85 || byte(1) == 0xA0);
  if (bytes.size() != 3) return false;
  if (byte(0) == 0xE1) return byte(1) == 0x9A && byte(2) == 0x80;
  if (byte(0) == 0xE3) return byte(1) == 0x80 && byte(2) == 0x80;
  if (byte(0) != 0xE2) return false;
  if (byte(1) == 0x81) return byte(2) == 0x9F;
  return byte(1) == 0x80 && ((byte(2) >= 0x80 && byte(2) <= 0x8A) || byte(2) == 0xA8 || byte(2) == 0xA9 || byte(2) == 0xAF);
}

std::size_t trailing_space(std::string_view text) {
  if (text.empty()) return 0;
  if (is_ascii_space(text.back())) return 1;
  for (std::size_t n = 2; n <= 3 && n <= text.size(); ++n) {
    if (is_wide_space(text.substr(text.size() - n))) return n;
  }
  return 0;
}

}  // namespace

std::size_t leading_space(std::string_view text) noexcept {
  if (text.empty()) return 0;
  if (is_ascii_space(text.front())) return 1;
  for (std::size_t n = 2; n <= 3 && n <= text.size(); ++n) {
    if (is_wide_space(text.substr(0, n))) return n;
  }
  return 0;
}

std::string_view trim_left_space(std::string_view text) noexcept {
  while (const auto n = leading_space(text)) text.remove_prefix(n);
  return text;
}

std::string_view trim_space(std::string_view text) noexcept {
  text = trim_left_space(text);
  while (const auto n = trailing_space(text)) text.remove_suffix(n);
  return text;
}

}  // namespace gitopsctl::render::helm
