#pragma once

#include <string>
#include <string_view>

#include "base/result/result.hpp"

namespace gitopsctl::channels {

/// A http or https URL taken apart.
struct HttpUrl {
  std::string scheme;    ///< `http` or `https`
  std::string host;      ///< lower case; of IPv6 in brackets
  std::string port;      ///< always set
  std::string user;      ///< decoded
  std::string password;  ///< decoded
  std::string plain;     ///< the whole URL without user, password and fragment

  /// Reads `text`; `invalid_input` when it is no http(s) URL. The error shows no credentials.
  static Result<HttpUrl> parse(std::string_view text);
  /// The same for an address that most likely begins as `known` does, whose taking apart is used again then.
  static Result<HttpUrl> parse_like(const HttpUrl& known, std::string_view text);
  /// `location` of a redirect, seen from this URL.
  [[nodiscard]] Result<HttpUrl> resolve(std::string_view location) const;
  [[nodiscard]] bool same_origin(const HttpUrl& other) const noexcept;
  /// `scheme://host:port`.
  [[nodiscard]] std::string origin() const;
};

}  // namespace gitopsctl::channels
