#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result/result.hpp"

namespace gitopsctl {

/// SHA-256 in 64 lower-case hexadecimal digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);
/// SHA-256 in 32 raw bytes.
[[nodiscard]] std::string sha256(std::string_view bytes);
/// SHA-1, SHA-512 in hexadecimal digits (template functions only; nothing here trusts SHA-1).
[[nodiscard]] std::string sha1_hex(std::string_view bytes);
[[nodiscard]] std::string sha512_hex(std::string_view bytes);
/// HMAC-SHA-256 in 32 raw bytes, and in hexadecimal digits.
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view bytes);
[[nodiscard]] std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);

/// SHA-256 over what is added piece by piece. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void add(std::string_view bytes);
  /// Adds the length and then the bytes, so that pieces cannot run into each other.
  void add_field(std::string_view bytes);
  /// Ends the sum: 64 hexadecimal digits. Only once.
  [[nodiscard]] std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] std::string hex_encode(std::string_view bytes);
/// Standard alphabet with padding.
[[nodiscard]] std::string base64_encode(std::string_view bytes);
/// Standard alphabet with padding; line breaks are skipped. Errors name the offset as Go does.
[[nodiscard]] Result<std::string> base64_decode(std::string_view text);
/// `count` bytes from the system's generator.
[[nodiscard]] std::string random_bytes(std::size_t count);
/// Equality in time that does not depend on where they differ.
[[nodiscard]] bool constant_time_equal(std::string_view a, std::string_view b);
/// A ULID (26 characters, sorts by time and, in one process, in the order made) for `now_ms` milliseconds since 1970.
[[nodiscard]] std::string make_ulid(std::int64_t now_ms);

}  // namespace gitopsctl
