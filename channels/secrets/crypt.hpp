#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "channels/secrets/secret_bytes.hpp"

/// The primitives that encrypted files and tokens are made of, over OpenSSL. All are pure and thread-safe.
namespace gitopsctl::channels::secrets {

/// The public key of an X25519 scalar of 32 bytes (RFC 7748, 5).
[[nodiscard]] Result<std::string> x25519_public(std::string_view scalar);
/// The shared secret of a scalar and somebody's public key, 32 bytes each; nothing when it is all zero, which means that the
/// key is of low order.
[[nodiscard]] std::optional<SecretBytes> x25519_shared(std::string_view scalar, std::string_view point);

/// HKDF with SHA-256 (RFC 5869), 32 bytes of output.
[[nodiscard]] SecretBytes hkdf_sha256(std::string_view key, std::string_view salt, std::string_view info);

/// ChaCha20-Poly1305 (RFC 8439): the plain text of `sealed`, which ends with its tag of 16 bytes. Nothing when the tag is
/// not the one of `key` (32 bytes) and `nonce` (12).
[[nodiscard]] std::optional<SecretBytes> open_chacha20_poly1305(std::string_view key, std::string_view nonce,
                                                                std::string_view sealed);
/// AES-256-GCM with an IV of 1 to 64 bytes and a tag of 16. Nothing when the tag is not that of the rest.
[[nodiscard]] std::optional<SecretBytes> open_aes256_gcm(std::string_view key, std::string_view iv, std::string_view data,
                                                         std::string_view tag, std::string_view additional);

/// RS256 (RFC 7518, 3.3) of `text` by an RSA key in PEM. `invalid_input` when it is none; shows nothing of it.
[[nodiscard]] Result<std::string> sign_rs256(std::string_view private_key_pem, std::string_view text);

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4).
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes) noexcept;

/// Base64 of the standard alphabet, whole and in the one spelling that an encoder writes: no blanks, no bits left over, with
/// all of its padding or with none. Nothing for every other text.
[[nodiscard]] std::optional<std::string> strict_base64(std::string_view text, bool padded);

}  // namespace gitopsctl::channels::secrets
