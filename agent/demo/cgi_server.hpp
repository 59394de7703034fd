#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace gitopsctl::agent::demo {

/// How a CgiServer behaves.
struct CgiOptions {
  std::string program;                   ///< absolute path of the CGI program
  std::vector<std::string> environment;  ///< `NAME=value`, for every run; nothing of our own environment is passed
  std::uint16_t port = 0;                ///< 0: any free one
  std::string username;                  ///< with password: basic authentication is required
  std::string password;
  /// Instead of the two: whether the text of an Authorization header is right at this moment. Called from several threads.
  std::function<bool(const std::string& authorization)> accepts;
  std::string certificate_pem;  ///< with key_pem: TLS
  std::string key_pem;
  std::vector<std::string> dropped_headers;  ///< lower case; as if the client had not sent them
  std::size_t max_body_bytes = 512U << 20U;
  /// Also runs the program for a request that ends in the middle of its body, with what came of it: as servers do that pass
  /// a body on while it comes.
  bool pass_on_cut_bodies = false;
};

/// An HTTP/1.1 server on 127.0.0.1 that runs a CGI program (RFC 3875) for every request, as `git http-backend` wants it: one
/// thread per connection, keep-alive, chunked answers that are passed on as they come. Stops when destroyed. For tests and
/// demonstrations on one machine: it trusts its clients.
class CgiServer {
 public:
  /// Throws std::runtime_error when it cannot listen.
  explicit CgiServer(CgiOptions options);
  ~CgiServer();
  CgiServer(const CgiServer&) = delete;
  CgiServer& operator=(const CgiServer&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept;
  /// `http://127.0.0.1:PORT`, or https.
  [[nodiscard]] std::string url() const;
  /// With pass_on_cut_bodies: the paths of the requests that ended early, each once the program was done with it.
  [[nodiscard]] std::vector<std::string> cut_requests() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gitopsctl::agent::demo
