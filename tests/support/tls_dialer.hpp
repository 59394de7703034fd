#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "agent/demo/http_wire.hpp"

namespace gitopsctl::support {

/// Makes TLS connections to ports of 127.0.0.1 and trusts only one authority. Thread-safe.
class TlsDialer {
 public:
  /// Throws std::runtime_error when it is no certificate.
  explicit TlsDialer(const std::string& ca_pem);
  ~TlsDialer();
  TlsDialer(const TlsDialer&) = delete;
  TlsDialer& operator=(const TlsDialer&) = delete;

  /// Null when nobody listens, or when the certificate is not one for 127.0.0.1 of this authority.
  [[nodiscard]] std::unique_ptr<agent::demo::Wire> dial(std::uint16_t port, int timeout_seconds) const;

 private:
  ssl_ctx_st* context_ = nullptr;
};

}  // namespace gitopsctl::support
