#pragma once

#include <memory>
#include <string>
#include <vector>

namespace gitopsctl::support {

/// A certificate and its private key, both PEM.
struct CertifiedKey {
  std::string certificate_pem;
  std::string key_pem;
};

/// A certificate authority for one test run: P-256 keys, certificates that are valid from an hour ago for a day. Functions
/// throw std::runtime_error when OpenSSL refuses. Not thread-safe.
class CertificateAuthority {
 public:
  CertificateAuthority();
  ~CertificateAuthority();
  CertificateAuthority(const CertificateAuthority&) = delete;
  CertificateAuthority& operator=(const CertificateAuthority&) = delete;

  [[nodiscard]] const std::string& pem() const noexcept { return pem_; }
  /// For a server; `names` as OpenSSL spells them: `IP:127.0.0.1`, `DNS:localhost`.
  [[nodiscard]] CertifiedKey issue_server(const std::vector<std::string>& names);
  /// For a client: as Kubernetes reads it, `user` is the common name and `group` (may be empty) the organization.
  [[nodiscard]] CertifiedKey issue_client(const std::string& user, const std::string& group);

 private:
  struct Secrets;
  std::unique_ptr<Secrets> secrets_;
  std::string pem_;
};

/// An RSA-2048 key pair, as service account tokens are signed with.
struct KeyPair {
  std::string private_pem;
  std::string public_pem;
};
[[nodiscard]] KeyPair make_rsa_pair();

/// A certificate authority of our own and a certificate for 127.0.0.1 and localhost that it signed.
struct TestCertificates {
  std::string ca_pem;
  std::string certificate_pem;
  std::string key_pem;
};
[[nodiscard]] TestCertificates make_test_certificates();

}  // namespace gitopsctl::support
