#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "render/functions/random_source.hpp"

struct evp_pkey_st;
struct x509_st;

namespace gitopsctl::render {

struct FreeKey {
  void operator()(evp_pkey_st* key) const noexcept;
};
using PrivateKey = std::unique_ptr<evp_pkey_st, FreeKey>;

enum class KeyKind : std::uint8_t { rsa2048, rsa4096, ecdsa_p256, ed25519, dsa2048 };

/// A key computed from the numbers that `random` gives: same numbers, same key.
[[nodiscard]] Result<PrivateKey> make_private_key(KeyKind kind, RandomSource& random);
/// The key of a PEM text. Error: `no PEM data in input`.
[[nodiscard]] Result<PrivateKey> read_private_key(std::string_view pem);
/// As Go's tools write it: PKCS#1 for RSA, SEC 1 for elliptic curves, the traditional form for DSA, PKCS#8 for Ed25519.
[[nodiscard]] Result<std::string> write_private_key(const PrivateKey& key);

/// What a certificate says, beyond its key.
struct CertificateRequest {
  std::string common_name;
  std::vector<std::string> dns_names;
  std::vector<std::string> addresses;  ///< 4 or 16 bytes each
  std::int64_t not_before = 0;         ///< seconds since 1970
  std::int64_t not_after = 0;
  std::string serial;  ///< 16 bytes
  bool is_ca = false;
};

/// Who signs: PEM of certificate and key.
struct CertificateSigner {
  std::string_view certificate;
  std::string_view key;
};

/// An X.509 v3 certificate in PEM, with the extensions that Go's x509.CreateCertificate writes for such a request. Signed by
/// `signer`, or by its own key when that is nullptr. An ECDSA signature is random, all others depend on the inputs alone.
[[nodiscard]] Result<std::string> make_certificate(const CertificateRequest& request, const PrivateKey& key,
                                                   const CertificateSigner* signer);

/// Checks that `pem` holds a certificate.
[[nodiscard]] Result<void> check_certificate(std::string_view pem);

}  // namespace gitopsctl::render
