#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result/result.hpp"
#include "channels/secrets/age.hpp"
#include "channels/secrets/secret_bytes.hpp"
#include "channels/secrets/sops_tree.hpp"

namespace gitopsctl::channels::secrets {

/// What an encrypted document says of itself: who can read it, what of it is encrypted, what it is authenticated by.
struct SopsMetadata {
  /// Which values are encrypted: by the end of a key on the way to them, or by a regular expression over such a key.
  enum class Rule : std::uint8_t { unencrypted_suffix, encrypted_suffix, unencrypted_regex, encrypted_regex };

  struct AgeKey {
    std::string recipient;
    std::string encrypted;  ///< the data key, as an age file
  };
  std::vector<AgeKey> age;
  std::vector<std::string> other_keys;  ///< kinds of keys besides age: `kms`, `pgp`, …
  std::string last_modified;
  std::string mac;  ///< encrypted
  Rule rule = Rule::unencrypted_suffix;
  std::string rule_text = "_unencrypted";
  bool mac_only_encrypted = false;
};

/// A document that was read and not decrypted yet.
struct SopsDocument {
  SopsStore store = SopsStore::yaml;
  std::vector<SopsNode> trees;  ///< without the metadata
  SopsMetadata metadata;
};

inline constexpr std::size_t max_sops_recipients = 100;

/// Reads an encrypted file. `invalid_input` when it is none, `unsupported` for what needs the sops program (several key
/// groups, rules over comments), `too_large`. Errors never quote the file. Pure.
[[nodiscard]] Result<SopsDocument> read_sops(std::string_view text, SopsStore store, const std::string& file);

/// Decrypts the document and compares its sum (MAC) before it gives back anything. The plain text is YAML with keys in order
/// (several documents with `---` between them), JSON, dotenv as it was, or the bytes of a binary file; comments of YAML are
/// left out. `forbidden` when no identity is a recipient, `invalid_input` when the file was changed, `unsupported` when no
/// age key could open it, `too_large` over `max_bytes`. Shows nothing of any content. Pure; takes the document apart.
[[nodiscard]] Result<SecretBytes> decrypt_sops(SopsDocument document, std::span<const AgeIdentity> identities,
                                               std::uint64_t max_bytes, const std::string& file);

}  // namespace gitopsctl::channels::secrets
