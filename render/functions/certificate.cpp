#include "render/functions/certificate.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "base/crypto/digest.hpp"
#include "base/text/go_format.hpp"
#include "render/functions/arguments.hpp"
#include "render/functions/openssl_handle.hpp"

namespace gitopsctl::render {
namespace {

using Certificate = Handle<X509, X509_free>;
using Bio = Handle<BIO, BIO_free_all>;

Error certificate_failure(std::string_view step) {
  ERR_clear_error();
  return {ErrorCode::internal, "error creating certificate: " + std::string(step)};
}

/// One DER element: tag, length, content.
std::string der(unsigned char tag, std::string_view content) {
  std::string out(1, static_cast<char>(tag));
  if (content.size() < 0x80) {
    out += static_cast<char>(content.size());
  } else {
    std::string length;
    for (auto size = content.size(); size != 0; size >>= 8U) length.insert(length.begin(), static_cast<char>(size & 0xFFU));
    out += static_cast<char>(0x80U | length.size());
    out += length;
  }
  return out.append(content);
}

constexpr unsigned char der_sequence = 0x30;
constexpr unsigned char der_octets = 0x04;

bool add_extension(X509* certificate, int nid, bool critical, std::string_view content) {
  const Handle<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free> octets(ASN1_OCTET_STRING_new());
  ASN1_OCTET_STRING_set(octets.get(), reinterpret_cast<const unsigned char*>(content.data()),
                        static_cast<int>(content.size()));
  const Handle<X509_EXTENSION, X509_EXTENSION_free> extension(
      X509_EXTENSION_create_by_NID(nullptr, nid, critical ? 1 : 0, octets.get()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// The first 160 bits of SHA-256 over the public key's bits (RFC 7093), as Go has it since 1.25.
std::string subject_key_id(X509* certificate) {
  const ASN1_BIT_STRING* bits = X509_get0_pubkey_bitstr(certificate);
  return sha256({reinterpret_cast<const char*>(ASN1_STRING_get0_data(bits)),
                 static_cast<std::size_t>(ASN1_STRING_length(bits))})
      .substr(0, 20);
}

std::string alternative_names(const CertificateRequest& request) {
  std::string names;
  for (const auto& name : request.dns_names) names += der(0x82, name);
  for (const auto& address : request.addresses) names += der(0x87, address);
  return der(der_sequence, names);
}

/// In Go's order: usage, extended usage, constraints, key identifiers, names.
bool add_extensions(X509* certificate, const CertificateRequest& request, X509* issuer) {
  using namespace std::string_view_literals;
  // Bits of digitalSignature and keyEncipherment, for authorities keyCertSign too.
  const auto usage = request.is_ca ? "\x03\x02\x02\xA4"sv : "\x03\x02\x05\xA0"sv;
  constexpr auto server_auth = "\x2B\x06\x01\x05\x05\x07\x03\x01"sv;
  constexpr auto client_auth = "\x2B\x06\x01\x05\x05\x07\x03\x02"sv;
  bool ok = add_extension(certificate, NID_key_usage, true, usage) &&
            add_extension(certificate, NID_ext_key_usage, false,
                          der(der_sequence, der(0x06, server_auth) + der(0x06, client_auth))) &&
            add_extension(certificate, NID_basic_constraints, true, request.is_ca ? "\x30\x03\x01\x01\xFF"sv : "\x30\x00"sv);
  if (request.is_ca) {
    ok = ok && add_extension(certificate, NID_subject_key_identifier, false, der(der_octets, subject_key_id(certificate)));
  }
  const bool self_issued =
      issuer == nullptr || X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_subject_name(certificate)) == 0;
  if (const ASN1_OCTET_STRING* id = issuer == nullptr ? nullptr : X509_get0_subject_key_id(issuer);
      id != nullptr && !self_issued) {
    const std::string bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(id)),
                            static_cast<std::size_t>(ASN1_STRING_length(id)));
    ok = ok && add_extension(certificate, NID_authority_key_identifier, false, der(der_sequence, der(0x80, bytes)));
  }
  if (!request.dns_names.empty() || !request.addresses.empty()) {
    ok = ok && add_extension(certificate, NID_subject_alt_name, request.common_name.empty(), alternative_names(request));
  }
  return ok;
}

/// Characters of ASN.1's PrintableString, with the two more that Go lets through when it writes.
bool is_printable_string(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(" '()+,-./:=?").find(c) != std::string_view::npos;
  });
}

bool set_subject(X509* certificate, const std::string& common_name) {
  if (common_name.empty()) return true;
  const int type = is_printable_string(common_name) ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING;
  // The library's limit of 64 characters is X.520's; Go has none.
  const Handle<X509_NAME_ENTRY, X509_NAME_ENTRY_free> entry(X509_NAME_ENTRY_new());
  if (X509_NAME_ENTRY_set_object(entry.get(), OBJ_nid2obj(NID_commonName)) != 1) return false;
  ASN1_STRING* data = X509_NAME_ENTRY_get_data(entry.get());
  Handle<ASN1_STRING, ASN1_STRING_free> text(ASN1_STRING_type_new(type));
  ASN1_STRING_set(text.get(), common_name.data(), static_cast<int>(common_name.size()));
  return ASN1_STRING_copy(data, text.get()) == 1 &&
         X509_NAME_add_entry(X509_get_subject_name(certificate), entry.get(), -1, 0) == 1;
}

const EVP_MD* signature_digest(EVP_PKEY* key) {
  const int kind = EVP_PKEY_get_base_id(key);
  if (kind == EVP_PKEY_ED25519) return nullptr;
  if (kind == EVP_PKEY_EC && EVP_PKEY_get_bits(key) > 384) return EVP_sha512();
  if (kind == EVP_PKEY_EC && EVP_PKEY_get_bits(key) > 256) return EVP_sha384();
  return EVP_sha256();
}

Certificate read_certificate(std::string_view pem) {
  const Bio in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Certificate certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return certificate;
}

Result<std::string> to_pem(X509* certificate) {
  const Bio out(BIO_new(BIO_s_mem()));
  char* data = nullptr;
  if (PEM_write_bio_X509(out.get(), certificate) != 1) return certificate_failure("writing it as PEM failed");
  const long size = BIO_get_mem_data(out.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

Result<void> check_names(const CertificateRequest& request) {
  for (const auto& name : request.dns_names) {
    if (std::any_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
      return failure("error creating certificate: x509: " + go_quote(name) + " cannot be encoded as an IA5String");
    }
  }
  return {};
}

}  // namespace

Result<void> check_certificate(std::string_view pem) {
  if (pem.find("-----BEGIN ") == std::string_view::npos) return failure("unable to decode certificate");
  if (read_certificate(pem) == nullptr) {
    return failure("error parsing certificate: decodedCert.Bytes: x509: malformed certificate");
  }
  return {};
}

Result<std::string> make_certificate(const CertificateRequest& request, const PrivateKey& key,
                                     const CertificateSigner* signer) {
  Certificate issuer;
  PrivateKey issuer_key;
  if (signer != nullptr) {
    if (signer->certificate.find("-----BEGIN ") == std::string_view::npos) return failure("unable to decode certificate");
    issuer = read_certificate(signer->certificate);
    if (issuer == nullptr) {
      return failure("error parsing certificate: decodedSignerCert.Bytes: x509: malformed certificate");
    }
    auto read = read_private_key(signer->key);
    if (!read.ok()) return failure("error parsing private key: " + read.error().message());
    issuer_key = std::move(*read);
    if (X509_check_private_key(issuer.get(), issuer_key.get()) != 1) {
      ERR_clear_error();
      return failure("error creating certificate: x509: provided PrivateKey doesn't match parent's PublicKey");
    }
  }
  GITOPSCTL_CHECK(check_names(request));
  EVP_PKEY* signing_key = signer == nullptr ? key.get() : issuer_key.get();

  const Certificate certificate(X509_new());
  const Handle<BIGNUM, BN_free> serial(BN_bin2bn(reinterpret_cast<const unsigned char*>(request.serial.data()),
                                                 static_cast<int>(request.serial.size()), nullptr));
  const bool made =
      X509_set_version(certificate.get(), 2) == 1 &&
      BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate.get())) != nullptr &&
      ASN1_TIME_set(X509_getm_notBefore(certificate.get()), request.not_before) != nullptr &&
      ASN1_TIME_set(X509_getm_notAfter(certificate.get()), request.not_after) != nullptr &&
      set_subject(certificate.get(), request.common_name) &&
      X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer ? issuer.get() : certificate.get())) == 1 &&
      X509_set_pubkey(certificate.get(), key.get()) == 1 && add_extensions(certificate.get(), request, issuer.get());
  if (!made) return certificate_failure("the values do not fit a certificate");
  if (X509_sign(certificate.get(), signing_key, signature_digest(signing_key)) == 0) {
    return certificate_failure("signing it failed");
  }
  return to_pem(certificate.get());
}

}  // namespace gitopsctl::render
