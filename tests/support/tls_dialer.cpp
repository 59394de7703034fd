#include "tests/support/tls_dialer.hpp"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <csignal>
#include <stdexcept>

namespace gitopsctl::support {

using agent::demo::Wire;

TlsDialer::TlsDialer(const std::string& ca_pem) : context_(SSL_CTX_new(TLS_client_method())) {
  // OpenSSL writes with write(2), which raises SIGPIPE when the other side is gone.
  std::signal(SIGPIPE, SIG_IGN);
  BIO* text = BIO_new_mem_buf(ca_pem.data(), static_cast<int>(ca_pem.size()));
  X509* ca = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
  BIO_free(text);
  const bool good = context_ != nullptr && ca != nullptr && X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), ca) == 1 &&
                    X509_VERIFY_PARAM_set1_ip_asc(SSL_CTX_get0_param(context_), "127.0.0.1") == 1;
  X509_free(ca);
  if (!good) {
    SSL_CTX_free(context_);
    throw std::runtime_error("this is no certificate authority: " + ca_pem.substr(0, 40));
  }
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
}

TlsDialer::~TlsDialer() { SSL_CTX_free(context_); }

std::unique_ptr<Wire> TlsDialer::dial(std::uint16_t port, int timeout_seconds) const {
  const int socket = agent::demo::connect_loopback(port);
  if (socket < 0) return nullptr;
  auto wire = std::make_unique<Wire>(socket, context_, timeout_seconds);
  if (!wire->connect()) return nullptr;
  return wire;
}

}  // namespace gitopsctl::support
