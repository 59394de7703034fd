#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "agent/kube/kubeconfig.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::agent {

/// What one request logs in with, and what its connection trusts. Every text in it but the certificates is registered with
/// the log's redaction.
struct KubeCredential {
  std::string bearer;
  std::string username;
  std::string password;
  std::string client_certificate_pem;
  std::string client_key_pem;
  std::string ca_pem;             ///< empty: the system's authorities
  std::uint64_t version = 0;      ///< grows with every change of any of these
  std::uint64_t tls_version = 0;  ///< grows when a certificate, key or authority changed: connections must be made anew
};

/// Hands out the credentials of a target and keeps them fresh: files (token, certificates, authority) are read again when
/// they were read more than a minute ago, plugins run again when their answer expires, and both after rejected(). When a
/// file cannot be read any more, or holds nonsense, what it held before stays in use and a line is logged. Thread-safe:
/// one thread renews, the others wait for it.
class CredentialSource {
 public:
  /// How long files are taken as they were read; service account tokens are renewed long before they expire.
  static constexpr Millis file_age{60'000};
  /// After a failure of a plugin, callers get the same error for so long instead of starting it again; after a rejection it
  /// is not started more often than this either.
  static constexpr Millis plugin_pause{5'000};

  CredentialSource(KubeTarget target, Clock& clock);
  ~CredentialSource();
  CredentialSource(const CredentialSource&) = delete;
  CredentialSource& operator=(const CredentialSource&) = delete;

  /// The credentials to use now. May run a plugin; waits at most as `interrupt` says.
  [[nodiscard]] Result<std::shared_ptr<const KubeCredential>> current(const Interrupt& interrupt);
  /// The server answered 401 to credentials of this version: current() renews them unless that was done meanwhile.
  void rejected(std::uint64_t version);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gitopsctl::agent
