#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "channels/secrets/secret_bytes.hpp"

/// Files of the format age-encryption.org/v1, read only, for X25519 recipients. Everything here is pure and thread-safe.
namespace gitopsctl::channels::secrets {

/// The private half of an age key: `AGE-SECRET-KEY-1…`.
class AgeIdentity {
 public:
  /// `invalid_input` when it is none, `unsupported` for the kinds that need more than this program (plugins, hybrid and SSH
  /// keys). Shows nothing of it.
  [[nodiscard]] static Result<AgeIdentity> parse(std::string_view text);
  /// `age1…`, the public half.
  [[nodiscard]] std::string recipient() const;

  [[nodiscard]] std::string_view scalar() const noexcept { return scalar_.view(); }
  [[nodiscard]] std::string_view public_key() const noexcept { return public_key_; }

 private:
  AgeIdentity(SecretBytes scalar, std::string public_key) : scalar_(std::move(scalar)), public_key_(std::move(public_key)) {}
  SecretBytes scalar_;
  std::string public_key_;
};

/// The identities of a key file, one a line; empty lines and those that begin with `#` do not count. At most
/// max_age_identities, and at least one. `file` is for messages.
[[nodiscard]] Result<std::vector<AgeIdentity>> parse_age_identities(std::string_view text, const std::string& file);

inline constexpr std::size_t max_age_identities = 16;
/// Of one file. With the identities it bounds the time for a wrong key: one multiplication on the curve for each pair. sops
/// writes one for each data key.
inline constexpr std::size_t max_age_stanzas = 32;
inline constexpr std::size_t max_age_header_bytes = 1U << 20U;

/// One recipient's part of a header.
struct AgeStanza {
  std::vector<std::string_view> arguments;  ///< the first one is the type
  std::string body;
};

/// The head of a file. Views are into the text that it was read from.
struct AgeHeader {
  std::vector<AgeStanza> stanzas;
  std::string_view authenticated;  ///< what the MAC is over: up to and with `---`
  std::string mac;                 ///< 32 bytes
  std::string_view payload;        ///< what follows
};

/// Reads the head of a binary file. `invalid_input`, `too_large`.
[[nodiscard]] Result<AgeHeader> parse_age_header(std::string_view file);
/// The binary file in an armored one; what is not armored is given back as it is.
[[nodiscard]] Result<std::string> remove_age_armor(std::string_view file);

/// The plain text of an armored or binary file. `forbidden` when no identity is one of its recipients, `invalid_input` when
/// it was changed, cut or is none, `unsupported` for passphrases, `too_large` over `max_bytes`. Shows nothing of any
/// content.
[[nodiscard]] Result<SecretBytes> decrypt_age(std::string_view file, std::span<const AgeIdentity> identities,
                                              std::uint64_t max_bytes);

}  // namespace gitopsctl::channels::secrets
