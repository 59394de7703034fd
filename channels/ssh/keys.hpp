#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result/result.hpp"

struct ssh_key_struct;  // libssh's

namespace gitopsctl::channels {

namespace ssh {

struct FreeKey {
  void operator()(ssh_key_struct* key) const noexcept;
};
using KeyHandle = std::unique_ptr<ssh_key_struct, FreeKey>;

/// `ssh-ed25519 SHA256:…`, as ssh-keygen -l names a key.
[[nodiscard]] std::string describe_key(const ssh_key_struct* key);

/// Reads a private key in OpenSSH's format or PEM: ed25519, RSA of at least 2048 bits, or ECDSA. Never asks anybody for a
/// passphrase. `invalid_input` says what is wrong and shows nothing of the key.
[[nodiscard]] Result<KeyHandle> read_private_key(const std::string& text, const std::string& passphrase);

/// The entries of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT) for one server: plain, with patterns, or hashed;
/// `@revoked` keys are refused whatever else says. Lines with other marks, of kinds of keys that we do not know, or
/// that cannot be read are passed over; a @revoked line of this server that cannot be read is an error.
class KnownHosts {
 public:
  /// `name` is SshAddress::known_hosts_name.
  [[nodiscard]] static Result<KnownHosts> read(const std::string& text, const std::string& name);
  [[nodiscard]] bool empty() const noexcept { return known_.empty(); }
  /// What to agree on with the server, the kinds of keys first that are known here. Never SHA-1.
  [[nodiscard]] std::string algorithms() const;
  /// `forbidden` unless `offered` is known and not revoked; says the fingerprint and what to do.
  [[nodiscard]] Result<void> check(const ssh_key_struct* offered) const;
  /// There is no key to believe.
  [[nodiscard]] Error nothing_known() const;

 private:
  Result<void> take(std::string line);
  std::string name_;
  std::vector<KeyHandle> known_;
  std::vector<KeyHandle> revoked_;
  bool authority_ = false;  ///< there is a line of a certificate authority for this server
  bool unread_ = false;     ///< there is a line for this server that cannot be read
};

}  // namespace ssh

/// Says whether the two parts of a login can be used at all: for whoever reads them from files.
[[nodiscard]] Result<void> check_private_key(const std::string& text, const std::string& passphrase);
/// `name` is SshAddress::known_hosts_name.
[[nodiscard]] Result<void> check_known_hosts(const std::string& text, const std::string& name);

}  // namespace gitopsctl::channels
