#pragma once

#include <string>

namespace gitopsctl::channels {

/// What a login over SSH takes, as texts.
struct SshLogin {
  std::string private_key;  ///< in OpenSSH's format or PEM
  std::string passphrase;   ///< of the key; empty: it is not encrypted
  std::string known_hosts;  ///< in OpenSSH's format: the only host keys that are believed

  friend bool operator==(const SshLogin&, const SshLogin&) = default;
};

}  // namespace gitopsctl::channels
