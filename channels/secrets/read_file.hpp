#pragma once

#include <cstdint>
#include <string>

#include "base/result/result.hpp"
#include "channels/secrets/secret_bytes.hpp"

namespace gitopsctl::channels::secrets {

/// The content of a file that the configuration names: a token, a key, a certificate. Links are followed. It must be a
/// regular file of at most `max_bytes`. Errors name `path` and never show content.
[[nodiscard]] Result<SecretBytes> read_named_file(const std::string& path, std::uint64_t max_bytes);

/// A token or password in a file: one line, of which blanks and the line end around it are left out; not empty, and nothing
/// that could not stand in a header.
[[nodiscard]] Result<SecretBytes> read_token_file(const std::string& path);

/// `text` without blanks and line ends around it, as long as what is left can stand in a header of HTTP; nothing otherwise.
[[nodiscard]] Result<SecretBytes> as_token(std::string_view text, const std::string& whose);

}  // namespace gitopsctl::channels::secrets
