#include "tests/support/git_server.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <stdexcept>

#include "base/crypto/digest.hpp"

namespace gitopsctl::support {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Key make_key() {
  Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  if (key == nullptr) throw std::runtime_error("no key");
  return key;
}

void add_extension(X509* certificate, X509* issuer, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
  if (extension == nullptr) throw std::runtime_error("no certificate extension");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate make_certificate(const char* name, EVP_PKEY* key, long serial, X509* issuer, EVP_PKEY* issuer_key) {
  Certificate certificate(X509_new(), &X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 24L * 3600);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509* signer = issuer == nullptr ? certificate.get() : issuer;
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
  if (issuer == nullptr) {
    add_extension(certificate.get(), signer, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate.get(), signer, NID_key_usage, "critical,keyCertSign,cRLSign");
  } else {
    add_extension(certificate.get(), signer, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
  }
  if (X509_sign(certificate.get(), issuer_key, EVP_sha256()) == 0) throw std::runtime_error("no certificate");
  return certificate;
}

template <class Write>
std::string to_pem(Write&& write) {
  BIO* memory = BIO_new(BIO_s_mem());
  write(memory);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  std::string out(bytes, static_cast<std::size_t>(size));
  BIO_free(memory);
  return out;
}

}  // namespace

TestCertificates make_test_certificates() {
  const Key ca_key = make_key();
  const Key key = make_key();
  const Certificate ca = make_certificate("gitopsctl test authority", ca_key.get(), 1, nullptr, ca_key.get());
  const Certificate leaf = make_certificate("127.0.0.1", key.get(), 2, ca.get(), ca_key.get());
  TestCertificates out;
  out.ca_pem = to_pem([&](BIO* bio) { PEM_write_bio_X509(bio, ca.get()); });
  out.certificate_pem = to_pem([&](BIO* bio) { PEM_write_bio_X509(bio, leaf.get()); });
  out.key_pem = to_pem([&](BIO* bio) { PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  return out;
}

GitServer::GitServer(const GitServerOptions& options) {
  std::string exec_path = run_program({"git", "--exec-path"});
  while (exec_path.ends_with('\n')) exec_path.pop_back();
  CgiOptions cgi;
  cgi.program = exec_path + "/git-http-backend";
  const char* path = std::getenv("PATH");
  cgi.environment = {"GIT_PROJECT_ROOT=" + root_.path(),
                     "GIT_HTTP_EXPORT_ALL=1",
                     "GIT_CONFIG_GLOBAL=/dev/null",
                     "GIT_CONFIG_SYSTEM=/dev/null",
                     "GIT_CONFIG_COUNT=3",
                     "GIT_CONFIG_KEY_2=core.fsync",
                     "GIT_CONFIG_VALUE_2=none",
                     "GIT_CONFIG_KEY_0=safe.directory",
                     "GIT_CONFIG_VALUE_0=*",
                     "GIT_CONFIG_KEY_1=http.receivepack",
                     std::string("GIT_CONFIG_VALUE_1=") + (options.allow_push ? "true" : "false"),
                     std::string("PATH=") + (path == nullptr ? "/usr/bin:/bin" : path)};
  cgi.username = options.username;
  cgi.password = options.password;
  if (options.accepts) {
    cgi.accepts = [options](const std::string& header) {
      const auto plain = base64_decode(header.starts_with("Basic ") ? header.substr(6) : "");
      const std::string start = options.username + ":";
      return plain.ok() && plain->starts_with(start) && options.accepts(plain->substr(start.size()));
    };
  }
  cgi.pass_on_cut_bodies = options.pass_on_cut_bodies;
  if (!options.protocol_v2) cgi.dropped_headers.emplace_back("git-protocol");
  if (options.tls) {
    certificates_ = make_test_certificates();
    cgi.certificate_pem = certificates_.certificate_pem;
    cgi.key_pem = certificates_.key_pem;
  }
  server_ = std::make_unique<CgiServer>(std::move(cgi));
}

ScratchRepo GitServer::repository(const std::string& name) { return ScratchRepo(root_ / name); }

}  // namespace gitopsctl::support
