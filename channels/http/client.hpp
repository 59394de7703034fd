#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::channels {

/// How to reach an HTTP server. Credentials go to the origin (scheme, host, port) they were given for and to no other,
/// also when a redirect leads there.
struct HttpOrigin {
  std::string username;  ///< basic authentication, with password; for tokens of forges any name
  std::string password;
  std::string bearer;  ///< instead of the two above
  std::string ca_pem;  ///< certificates to trust instead of the system's; empty: the system's
  std::string proxy;   ///< empty: from the environment
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::uint64_t max_response_bytes = 64ULL << 20U;
  Millis connect_timeout{10'000};
  Millis stall_timeout{30'000};  ///< no byte for so long: given up
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;                                          ///< empty when a sink took it
  std::string url;                                           ///< after redirects

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

/// A blocking HTTP client over libcurl: TLS 1.2 and up, HTTP/2, keep-alive, compression, bounded redirects (same origin, or
/// without credentials), no protocol but http and https. An Error means that no complete answer came (`unavailable`,
/// `timeout`, `cancelled`, `too_large`); a status of 400 and more is an answer. Errors never show credentials.
/// Not thread-safe: one per thread.
class HttpClient {
 public:
  explicit HttpClient(HttpOrigin origin);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  [[nodiscard]] Result<HttpResponse> send(const HttpRequest& request, const Interrupt& interrupt, const HttpSink& sink = {});
  [[nodiscard]] HttpCounters counters() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// `url` without user and password.
[[nodiscard]] std::string redact_url(std::string_view url);

}  // namespace gitopsctl::channels
