#pragma once

#include <string>
#include <string_view>

#include "base/result/result.hpp"

namespace gitopsctl {

/// An Ed25519 key pair as OpenSSH writes it.
struct SshKey {
  /// The private half, unencrypted: `-----BEGIN OPENSSH PRIVATE KEY-----` … A secret.
  std::string private_text;
  /// The public half: `ssh-ed25519 AAAA… comment`, without a line end.
  std::string public_text;
};

/// A new pair from the system's generator. The comment stands in both halves; it must be one line of at most 256 printable
/// characters. Thread-safe.
[[nodiscard]] Result<SshKey> make_ssh_key(std::string_view comment);

}  // namespace gitopsctl
