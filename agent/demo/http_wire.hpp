#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

struct ssl_st;
struct ssl_ctx_st;

// The least of HTTP/1.1 that a server on loopback needs: blocking sockets, one thread per connection, everything bounded.
// Depends on nothing of the project, so that more than tests can use it.

namespace gitopsctl::agent::demo {

/// One request or answer without its body.
struct WireHead {
  std::string first_line;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case

  /// The first value of a header; empty when it is not there.
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const noexcept;
};

/// A connected socket, plain or TLS. Not thread-safe, except for interrupt().
class Wire {
 public:
  /// Owns `socket`; `tls` may be null. Reads and writes give up after `timeout_seconds`.
  Wire(int socket, ssl_ctx_st* tls, int timeout_seconds);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// TLS handshake where there is TLS, as the server.
  [[nodiscard]] bool accept();
  /// The same as the client: with a context of TLS_client_method(), which decides what is verified.
  [[nodiscard]] bool connect();
  /// Reads a head of at most 64 KiB; false at the end of the connection or for nonsense.
  [[nodiscard]] bool read_head(WireHead& head);
  /// Reads the body that `head` announces, chunked or with a length, up to `max_bytes`. Of one that ends early `body` has
  /// what came.
  [[nodiscard]] bool read_body(const WireHead& head, std::string& body, std::size_t max_bytes);
  /// The same, but gives each piece to `take` as it comes; false also when `take` says so.
  [[nodiscard]] bool pass_body(const WireHead& head, const std::function<bool(std::string_view)>& take);
  /// Reads until the other side closes.
  [[nodiscard]] bool read_rest(std::string& body, std::size_t max_bytes);
  [[nodiscard]] bool write(std::string_view bytes);
  /// Makes reads and writes of another thread fail.
  void interrupt() const noexcept;
  [[nodiscard]] int socket() const noexcept { return socket_; }

 private:
  bool fill();
  bool read_line(std::string& line, std::size_t max_bytes);
  bool read_exactly(std::string& body, std::size_t size);

  int socket_;
  ssl_st* tls_ = nullptr;
  std::string buffer_;
};

/// Connects to a port of 127.0.0.1; -1 when nobody listens.
[[nodiscard]] int connect_loopback(std::uint16_t port);

/// Accepts connections on 127.0.0.1 and gives each a thread, until it is destroyed (which ends them all).
class WireServer {
 public:
  using Serve = std::function<void(Wire& wire)>;

  /// `port` 0: any free one. With `certificate_pem` it speaks TLS. Throws std::runtime_error when it cannot start.
  WireServer(std::uint16_t port, const std::string& certificate_pem, const std::string& key_pem, Serve serve);
  ~WireServer();
  WireServer(const WireServer&) = delete;
  WireServer& operator=(const WireServer&) = delete;
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  struct Worker;
  void listen_loop();
  void reap(bool all);

  Serve serve_;
  ssl_ctx_st* tls_ = nullptr;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::list<std::unique_ptr<Worker>> workers_;
  bool stopping_ = false;
  std::thread listen_thread_;
};

}  // namespace gitopsctl::agent::demo
