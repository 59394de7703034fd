#pragma once

#include <string_view>

namespace gitopsctl::agent::detail {

/// The text holds what looks like a certificate in PEM; whether it is one, the TLS library says.
[[nodiscard]] constexpr bool has_certificate(std::string_view pem) noexcept {
  return pem.find("-----BEGIN CERTIFICATE-----") != std::string_view::npos &&
         pem.find("-----END CERTIFICATE-----") != std::string_view::npos;
}

/// The same for a private key of any kind.
[[nodiscard]] constexpr bool has_private_key(std::string_view pem) noexcept {
  const auto begin = pem.find("-----BEGIN ");
  const auto key = pem.find("PRIVATE KEY-----");
  return begin != std::string_view::npos && key != std::string_view::npos && pem.find("-----END ") != std::string_view::npos;
}

}  // namespace gitopsctl::agent::detail
