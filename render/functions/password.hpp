#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result/result.hpp"

namespace gitopsctl::render {

/// bcrypt, `$2a$10$…`, with 16 bytes of salt. Errors: bcrypt's text for passwords over 72 bytes; `unsupported` for NUL
/// bytes.
[[nodiscard]] Result<std::string> bcrypt_hash(std::string_view password, std::string_view salt);
/// The Master Password algorithm, version 3. An unknown type gives upstream's text in place of a password.
[[nodiscard]] Result<std::string> derive_password(std::uint32_t counter, std::string_view type, std::string_view password,
                                                  std::string_view user, std::string_view site);
/// AES-256-CBC with PKCS#7 padding, base64 over the 16 bytes of `iv` and the text; the key is the password cut or filled
/// with zeros to 32 bytes.
[[nodiscard]] Result<std::string> encrypt_aes(std::string_view password, std::string_view text, std::string_view iv);
[[nodiscard]] Result<std::string> decrypt_aes(std::string_view password, std::string_view encoded);

}  // namespace gitopsctl::render
