#include "tests/support/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace gitopsctl::support {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Key make_key() {
  Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  if (key == nullptr) throw std::runtime_error("no key");
  return key;
}

void add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  if (extension == nullptr) throw std::runtime_error("no certificate extension " + value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

void add_name(X509* certificate, const char* field, const std::string& value) {
  if (value.empty()) return;
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), field, MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(value.c_str()), -1, -1, 0);
}

Certificate new_certificate(EVP_PKEY* key, long serial) {
  Certificate certificate(X509_new(), &X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 24L * 3600);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

template <class Write>
std::string to_pem(Write&& write) {
  BIO* memory = BIO_new(BIO_s_mem());
  const int done = write(memory);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  std::string out(bytes, static_cast<std::size_t>(size));
  BIO_free(memory);
  if (done != 1) throw std::runtime_error("no PEM");
  return out;
}

std::string certificate_pem(X509* certificate) {
  return to_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

std::string private_pem(EVP_PKEY* key) {
  return to_pem([&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

}  // namespace

struct CertificateAuthority::Secrets {
  Key key = make_key();
  Certificate certificate = new_certificate(key.get(), 1);
  long serial = 1;

  void sign(X509* leaf) {
    X509_set_issuer_name(leaf, X509_get_subject_name(certificate.get()));
    if (X509_sign(leaf, key.get(), EVP_sha256()) == 0) throw std::runtime_error("no certificate");
  }
};

CertificateAuthority::CertificateAuthority() : secrets_(std::make_unique<Secrets>()) {
  X509* own = secrets_->certificate.get();
  add_name(own, "CN", "gitopsctl test authority");
  add_extension(own, own, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(own, own, NID_key_usage, "critical,keyCertSign,cRLSign");
  secrets_->sign(own);
  pem_ = certificate_pem(own);
}

CertificateAuthority::~CertificateAuthority() = default;

CertifiedKey CertificateAuthority::issue_server(const std::vector<std::string>& names) {
  const Key key = make_key();
  const Certificate leaf = new_certificate(key.get(), ++secrets_->serial);
  std::string all;
  for (const auto& name : names) all += (all.empty() ? "" : ",") + name;
  add_name(leaf.get(), "CN", "127.0.0.1");
  add_extension(leaf.get(), secrets_->certificate.get(), NID_subject_alt_name, all);
  add_extension(leaf.get(), secrets_->certificate.get(), NID_ext_key_usage, "serverAuth");
  secrets_->sign(leaf.get());
  return {certificate_pem(leaf.get()), private_pem(key.get())};
}

CertifiedKey CertificateAuthority::issue_client(const std::string& user, const std::string& group) {
  const Key key = make_key();
  const Certificate leaf = new_certificate(key.get(), ++secrets_->serial);
  add_name(leaf.get(), "O", group);
  add_name(leaf.get(), "CN", user);
  add_extension(leaf.get(), secrets_->certificate.get(), NID_ext_key_usage, "clientAuth");
  secrets_->sign(leaf.get());
  return {certificate_pem(leaf.get()), private_pem(key.get())};
}

KeyPair make_rsa_pair() {
  const Key key(EVP_RSA_gen(2048), &EVP_PKEY_free);
  if (key == nullptr) throw std::runtime_error("no RSA key");
  return {private_pem(key.get()), to_pem([&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key.get()); })};
}

TestCertificates make_test_certificates() {
  CertificateAuthority authority;
  const CertifiedKey leaf = authority.issue_server({"IP:127.0.0.1", "DNS:localhost"});
  return {authority.pem(), leaf.certificate_pem, leaf.key_pem};
}

}  // namespace gitopsctl::support
