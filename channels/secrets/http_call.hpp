#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "base/value/value.hpp"
#include "channels/http/client.hpp"
#include "channels/secrets/secret_bytes.hpp"

namespace gitopsctl::channels::secrets {

/// One request to a service that hands out secrets or tokens. A redirect is an answer: nothing is sent elsewhere.
struct SecretCall {
  std::string url;
  std::string method = "GET";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;    ///< overwritten after the call
  std::string bearer;  ///< a token; empty: none
  std::string ca_pem;  ///< see HttpOrigin
  bool direct = false;
  /// Sent again by itself only when nobody can have acted on it: a login may count.
  bool resend = true;
};

/// What came back; the body is overwritten in the end.
struct SecretAnswer {
  int status = 0;
  SecretBytes body;
  std::string metadata_flavor;  ///< the header of Google's metadata server

  /// The body as JSON; `unavailable` when it is none.
  [[nodiscard]] Result<Value> json(const std::string& who) const;
};

/// Sends it; errors as HttpClient has them. At most 4 MiB of answer.
[[nodiscard]] Result<SecretAnswer> send_call(SecretCall call, const Interrupt& interrupt);

/// The error that a status of 400 and more (or a redirect) means: 401 and 403 `forbidden`, 404 `not_found`, 408, 429, 500
/// and more `unavailable`, the rest `invalid_input`. `who` answers; its words are not repeated, since they may be anything.
[[nodiscard]] Error answer_error(int status, const std::string& who);

/// `text` with everything but letters, digits and `-_.~` percent-encoded; `/` stays with `slashes`.
[[nodiscard]] std::string percent_encode(std::string_view text, bool slashes = false);
/// A body of application/x-www-form-urlencoded.
[[nodiscard]] std::string form_body(const std::vector<std::pair<std::string_view, std::string_view>>& fields);

}  // namespace gitopsctl::channels::secrets
