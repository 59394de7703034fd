#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::agent {

/// What the server asks the rest of the agent. Both are called on the server's thread, must not block for long, and may be
/// called at any time between start and stop. An exception becomes the answer 500.
struct ServerQuestions {
  /// Empty when the agent does its work; else why not, one line per reason, without secrets.
  std::function<std::string()> not_ready;
  /// The text exposition of all metrics.
  std::function<std::string()> metrics;
};

/// Bounds of what a stranger can use up.
struct ServerLimits {
  std::size_t connections = 256;    ///< above, a new one is closed at once
  std::size_t header_bytes = 8192;  ///< request line and header; more is answered 431
  std::size_t requests = 1000;      ///< on one connection, then it is closed
  Millis header_timeout{5'000};     ///< from the first wait to the last byte of the header: slow senders are cut off
  Millis write_timeout{10'000};     ///< for a reader to take the whole answer
};

/// The agent's HTTP server: GET and HEAD of /healthz (the process lives), /readyz (it does its work) and /metrics, and
/// nothing else. HTTP/1.0 and 1.1 with keep-alive and pipelining; request bodies are refused (413). One thread of its own.
class HttpServer {
 public:
  /// Listens on `host:port` (`127.0.0.1:9090`, `[::1]:9090`, `:9090` for all addresses; port 0: any free one) and serves
  /// until the object is destroyed. Errors: `invalid_input` for the address, `unavailable` when it cannot be listened on.
  static Result<std::unique_ptr<HttpServer>> start(const std::string& listen, ServerQuestions questions,
                                                   ServerLimits limits = {});
  /// Closes every connection and joins the thread.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// The port that it listens on. Thread-safe.
  [[nodiscard]] std::uint16_t port() const noexcept;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gitopsctl::agent
