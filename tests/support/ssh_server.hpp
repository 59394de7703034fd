#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/process/child.hpp"
#include "tests/support/scratch.hpp"

namespace gitopsctl::support {

/// True when this machine has OpenSSH's server and ssh-keygen.
[[nodiscard]] bool has_ssh_server();

/// A pair of keys made by ssh-keygen.
struct SshKeyPair {
  std::string path;  ///< of the private key; `.pub` beside it
  [[nodiscard]] std::string private_text() const;
  /// `ssh-ed25519 AAAA…`, without the comment.
  [[nodiscard]] std::string public_text() const;
};
/// `arguments` of ssh-keygen besides the name, such as {"-t", "ed25519"}.
[[nodiscard]] SshKeyPair make_ssh_key(const std::string& path, const std::vector<std::string>& arguments,
                                      const std::string& passphrase = {});

struct SshServerOptions {
  bool protocol_v2 = true;  ///< takes GIT_PROTOCOL from the client
  bool shell = false;       ///< commands go to the account's shell, not to git-shell
  bool allow_push = true;
  std::string preamble;  ///< shell text that runs before each command
  std::vector<std::string> host_keys{"ed25519", "rsa", "ecdsa"};
  std::vector<std::string> configuration;  ///< more lines of sshd_config
};

/// The real sshd on 127.0.0.1 with the real git behind it, for this user, over every repository below a directory of its
/// own; with nobody's configuration. Stops when destroyed.
class SshServer {
 public:
  explicit SshServer(SshServerOptions options = {});
  ~SshServer();
  SshServer(const SshServer&) = delete;
  SshServer& operator=(const SshServer&) = delete;

  /// Makes the bare repository `name`.
  ScratchRepo repository(const std::string& name);
  /// `ssh://user@127.0.0.1:PORT/…/name`; with another port: through a relay.
  [[nodiscard]] std::string url(const std::string& name, std::uint16_t port = 0) const;
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] const std::string& user() const noexcept { return user_; }
  [[nodiscard]] const std::string& root() const { return repositories_; }
  /// A new key that may log in.
  SshKeyPair user_key(const std::vector<std::string>& arguments = {"-t", "ed25519"}, const std::string& passphrase = {});
  /// Only these may log in from now on.
  void authorize(const std::vector<std::string>& public_keys);
  /// Lines for known_hosts: of all host keys or of one kind, as seen at this port.
  [[nodiscard]] std::string known_hosts(const std::string& kind = {}, std::uint16_t port = 0) const;
  [[nodiscard]] std::string host_key(const std::string& kind) const;
  /// What sshd wrote to its log.
  [[nodiscard]] std::string log() const;
  /// Stops it and starts it again at the same port; connections end.
  void restart();

 private:
  void start();
  void stop();
  SshServerOptions options_;
  ScratchDir root_;
  std::string repositories_;
  std::string user_;
  std::uint16_t port_ = 0;
  int keys_ = 0;
  std::vector<std::string> authorized_;
  std::optional<ChildProcess> process_;
};

/// Passes TCP connections on 127.0.0.1 on to another port, and harms them when told. Thread-safe.
class Relay {
 public:
  /// As an HTTP proxy it wants a CONNECT first, which is in asked().
  explicit Relay(std::uint16_t upstream_port, bool proxy = false);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  [[nodiscard]] std::uint16_t port() const;
  /// Connections are closed once so many bytes came from the server; -1: never.
  void cut_after(std::int64_t bytes);
  /// From so many bytes on nothing more is passed on, with the connection open; -1: never.
  void hang_after(std::int64_t bytes);
  /// As a proxy: the first line of the last request.
  [[nodiscard]] std::string asked() const;
  /// How many connections were made.
  [[nodiscard]] int connections() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gitopsctl::support
