#include "render/wire/bytes.hpp"

#include <bit>

namespace gitopsctl::render::wire {

void Writer::number(std::uint64_t value) {
  while (value >= 0x80) {
    byte(static_cast<std::uint8_t>(value | 0x80U));
    value >>= 7U;
  }
  byte(static_cast<std::uint8_t>(value));
}

void Writer::integer(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  number(value < 0 ? ~(bits << 1U) : bits << 1U);
}

void Writer::real(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  for (unsigned shift = 0; shift < 64; shift += 8) byte(static_cast<std::uint8_t>(bits >> shift));
}

void Writer::text(std::string_view value) {
  number(value.size());
  out_ += value;
}

std::uint8_t Reader::byte() {
  if (failed_ || rest_.empty()) {
    failed_ = true;
    return 0;
  }
  const auto value = static_cast<std::uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return value;
}

bool Reader::boolean() { return number_up_to(1) == 1; }

std::uint64_t Reader::number() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint8_t part = byte();
    // The tenth byte has room for one bit.
    if (shift == 63 && part > 1) break;
    value |= static_cast<std::uint64_t>(part & 0x7FU) << shift;
    if ((part & 0x80U) == 0) return failed_ ? 0 : value;
  }
  failed_ = true;
  return 0;
}

std::uint64_t Reader::number_up_to(std::uint64_t largest) {
  const auto value = number();
  if (value <= largest) return value;
  failed_ = true;
  return 0;
}

std::int64_t Reader::integer() {
  const auto value = number();
  const auto bits = value >> 1U;
  return static_cast<std::int64_t>((value & 1U) == 0 ? bits : ~bits);
}

double Reader::real() {
  std::uint64_t bits = 0;
  for (unsigned shift = 0; shift < 64; shift += 8) bits |= static_cast<std::uint64_t>(byte()) << shift;
  return std::bit_cast<double>(failed_ ? 0 : bits);
}

std::string_view Reader::text() {
  const auto size = number();
  if (size > rest_.size()) failed_ = true;
  if (failed_) return {};
  const auto value = rest_.substr(0, static_cast<std::size_t>(size));
  rest_.remove_prefix(value.size());
  return value;
}

std::size_t Reader::count(std::size_t item_bytes) {
  const auto items = number();
  if (failed_ || items > rest_.size() / item_bytes) {
    failed_ = true;
    return 0;
  }
  return static_cast<std::size_t>(items);
}

}  // namespace gitopsctl::render::wire
