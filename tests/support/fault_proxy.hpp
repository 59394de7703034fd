#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gitopsctl::support {

/// What a FaultProxy does to an answer.
struct Fault {
  enum class Kind : std::uint8_t {
    none,
    drop,      ///< closes the connection without an answer
    hang,      ///< never answers
    stop_mid,  ///< sends `bytes` of the body and then nothing more, with the connection open
    cut,       ///< sends `bytes` of the body and closes, though more was announced
    truncate,  ///< sends `bytes` of the body as if that were all of it
    flip,      ///< turns over the bits of the byte at `bytes` of the body (from the end when negative)
    answer,    ///< answers `status` with `headers` and `body` itself; dripping when `wait` is set
    delay,     ///< answers after `wait`
    drip,      ///< sends the body in pieces of `bytes` with `wait` between them
    lose,      ///< lets the request through, throws the answer away and closes
  };
  Kind kind = Kind::none;
  std::string path;    ///< only requests whose target holds this; empty: all
  std::string method;  ///< only this method; empty: all
  std::int64_t bytes = 0;
  int status = 500;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::chrono::milliseconds wait{0};
  int times = -1;  ///< how often it happens; -1: always
};

/// One request that came through.
struct SeenRequest {
  std::string method;
  std::string target;
  std::string authorization;
  std::string git_protocol;
  std::uint64_t request_bytes = 0;   ///< of the body
  std::uint64_t response_bytes = 0;  ///< of the body
};

/// An HTTP proxy on 127.0.0.1 in front of a server on another port of it: counts, and does harm when told. Answers are held
/// in memory whole. Thread-safe.
class FaultProxy {
 public:
  explicit FaultProxy(std::uint16_t upstream_port);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::uint16_t port() const;
  /// Replaces all faults. What hangs because of an old one goes on.
  void set(std::vector<Fault> faults);
  void clear() { set({}); }
  [[nodiscard]] std::vector<SeenRequest> seen() const;
  void forget_seen();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gitopsctl::support
