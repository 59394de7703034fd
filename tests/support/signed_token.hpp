#pragma once

#include <openssl/evp.h>

#include <memory>
#include <optional>
#include <string>

// Signed tokens (RFC 7519) as the stand-ins of servers look at them, by OpenSSL alone: not with the code that is tested.
namespace gitopsctl::support {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

/// Base64 of RFC 4648 §5 without padding; nothing for anything else.
[[nodiscard]] std::optional<std::string> base64_url_decoded(std::string text);

/// Whether `signature` is that of `text` by `key`, with SHA-256.
[[nodiscard]] bool is_signed_by(EVP_PKEY* key, const std::string& text, const std::string& signature);

}  // namespace gitopsctl::support
