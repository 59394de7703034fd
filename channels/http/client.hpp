#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/http/sessions.hpp"

namespace gitopsctl::channels {

/// How to reach an HTTP server. Credentials go to the origin (scheme, host, port) they were given for and to no other,
/// also when a redirect leads there.
struct HttpOrigin {
  /// Any URL of the origin that the credentials belong to; empty: the origin of the client's first request.
  std::string url;
  std::string username;  ///< basic authentication, with password; for tokens of forges any name
  std::string password;
  std::string bearer;  ///< instead of the two above
  /// Certificate (with its chain) and key, in PEM, to log in with in the TLS handshake: credentials like those above.
  std::string client_certificate_pem;
  std::string client_key_pem;
  std::string ca_pem;  ///< certificates to trust instead of the system's; empty: the system's
  /// The name that is asked for (SNI) and that the certificate must have, instead of the URL's host. Of this origin only.
  std::string tls_server_name;
  /// Whoever answers is believed to be the server. Of this origin only.
  bool insecure_skip_tls_verify = false;
  bool http2 = true;                       ///< over TLS, where the server speaks it
  std::string proxy;                       ///< http, https or socks5(h); empty: from the environment
  bool direct = false;                     ///< no proxy, whatever the environment says
  std::shared_ptr<HttpSessions> sessions;  ///< shared with other clients; empty: each has its own
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;  ///< a name may come several times
  std::string body;
  /// False: once a byte of the body has left it is never sent a second time, also not when a kept connection turns out to
  /// be closed; the answer counts as lost then.
  bool resend = true;
  bool compressed = true;  ///< ask for a compressed answer
  int max_redirects = 5;   ///< 0: a redirect is the answer
  /// When set, a body goes out in at least two pieces, and this is called between them with the number of bytes that have
  /// left; also again from the start when the request is repeated on a new connection. Must not throw.
  std::function<void(std::uint64_t sent)> on_upload;
  std::uint64_t max_response_bytes = 64ULL << 20U;
  Millis connect_timeout{10'000};
  Millis stall_timeout{30'000};  ///< no byte for so long: given up
  /// Once a stop is requested, so long is still waited for the answer: who sent it would not know what became of it.
  Millis linger{0};
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;                                          ///< empty when a sink took it
  std::string url;                                           ///< after redirects
  int version = 0;                                           ///< of HTTP: 10, 11 or 20

  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const noexcept;
};

/// Gets the body piece by piece; an error ends the transfer and becomes the result.
using HttpSink = std::function<Result<void>(std::string_view piece)>;

/// Counts what went over the wire since the client was made.
struct HttpCounters {
  std::uint64_t requests = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
};

/// A blocking HTTP client over libcurl: TLS 1.2 and up, HTTP/2, keep-alive, compression, no protocol but http and https.
/// An Error means that no complete answer came (`unavailable`, `timeout`, `cancelled`, `too_large`, `forbidden` for a
/// redirect that is not followed); a status of 400 and more is an answer. Errors never show credentials.
///
/// Redirects: at most five, or as the request says. GET and HEAD follow all of them, other methods only 307 and 308 of the
/// same origin (a 301, 302 or 303 is their answer). To another origin go neither the credentials nor any header but Accept,
/// Content-Type, User-Agent and Git-Protocol; from https to http nothing goes. User and password in a URL count as
/// credentials of its origin when none are configured; those in a redirect are dropped.
///
/// Not thread-safe: one per thread. A set stop token ends a transfer at once, or after the request's `linger`.
class HttpClient {
 public:
  explicit HttpClient(HttpOrigin origin);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  [[nodiscard]] Result<HttpResponse> send(const HttpRequest& request, const Interrupt& interrupt, const HttpSink& sink = {});
  [[nodiscard]] HttpCounters counters() const noexcept;
  /// Whether any byte of the last request left this machine: when not, nobody can have acted on it.
  [[nodiscard]] bool sent() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// `url` without user and password, safe to print.
[[nodiscard]] std::string redact_url(std::string_view url);
/// True when both have the same scheme, host and port.
[[nodiscard]] bool same_origin(std::string_view a, std::string_view b);
/// What a Retry-After header asks for: seconds, or an HTTP date seen from `now`; nothing when unreadable. At most a day.
[[nodiscard]] std::optional<Millis> parse_retry_after(std::string_view value, TimePoint now);

}  // namespace gitopsctl::channels
