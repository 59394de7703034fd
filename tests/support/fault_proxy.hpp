#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/demo/http_wire.hpp"

namespace gitopsctl::support {

/// One request that came through.
struct SeenRequest {
  std::string method;
  std::string target;
  std::string authorization;
  std::string git_protocol;
  std::uint64_t request_bytes = 0;   ///< of the body
  std::uint64_t response_bytes = 0;  ///< of the body; of a stream 0
  std::string request_class;         ///< empty where nobody tells classes apart
  std::uint64_t ordinal = 0;         ///< it is the how-manieth of its class, from 1, in the order of their arrival
  std::string user_agent;
  int status = 0;  ///< of the answer of the server behind, or of one that was made up; 0: none
};

/// What a FaultProxy does to a request or its answer.
struct Fault {
  enum class Kind : std::uint8_t {
    none,
    drop,      ///< closes the connection without an answer; nothing is forwarded
    hang,      ///< never answers; nothing is forwarded
    hold,      ///< forwards only after `wait`, so that others overtake
    stop_mid,  ///< sends `bytes` of the body and then nothing more, with the connection open
    cut,       ///< sends `bytes` of the body and closes, though more was announced
    truncate,  ///< sends `bytes` of the body as if that were all of it
    flip,      ///< turns over the bits of the byte at `bytes` of the body (from the end when negative)
    edit,      ///< the body, or each line of a stream, is what `edit` makes of it
    answer,    ///< answers `status` with `headers` and `body` itself; dripping when `wait` is set; nothing is forwarded
    delay,     ///< answers after `wait`
    drip,      ///< sends the body in pieces of `bytes` with `wait` between them
    lose,      ///< lets the request through, throws the answer away and closes
    // Of streams only, whose lines are the events of a watch:
    skip_event,    ///< leaves the line number `event` out
    repeat_event,  ///< sends that line twice
    swap_events,   ///< sends that line after the next one
  };
  Kind kind = Kind::none;
  std::string path = {};           ///< only requests whose target holds this; empty: all
  std::string method = {};         ///< only this method; empty: all
  std::string request_class = {};  ///< only this class, as FaultProxyOptions tells them apart; empty: all
  /// Only where this is true, which must not call the proxy; empty: all.
  std::function<bool(const SeenRequest& request, std::string_view body)> when = {};
  int at = 1;  ///< begins with the at-th request that it fits; counts from when it is set
  std::int64_t bytes = 0;
  int status = 500;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  std::chrono::milliseconds wait{0};
  int times = -1;  ///< how often it happens; -1: always
  std::function<void(std::string& body)> edit = {};
  int event = 1;  ///< of one stream, from 1
};

/// Where a request is when it is looked at.
enum class Moment : std::uint8_t { before_forwarding, after_forwarding };

/// What is behind a FaultProxy, and how it tells requests apart.
struct FaultProxyOptions {
  /// A new connection to the server behind, with a time limit in seconds for each read; null when there is none.
  std::function<std::unique_ptr<agent::demo::Wire>(int timeout_seconds)> dial;
  std::string certificate_pem = {};  ///< with key_pem: TLS in front
  std::string key_pem = {};
  /// The class of a request; every class is counted by itself.
  std::function<std::string(const std::string& method, const std::string& target)> classify = {};
  /// Whether the answer goes on and on, so that it is passed on as it comes.
  std::function<bool(const std::string& request_class)> streams = {};
  /// Looks at each request that no fault keeps from the server, before it is forwarded and when its whole answer (of a
  /// stream: its head) is there. With false the connection is closed at this point. Several requests may be looked at at
  /// once.
  std::function<bool(const SeenRequest& request, std::string_view body, Moment moment)> observe = {};
};

/// An HTTP/1.1 proxy on 127.0.0.1 in front of a server on another port of it: counts, and does harm when told. Answers are
/// held in memory whole, except for streams. Every request gets a connection of its own behind. Thread-safe.
class FaultProxy {
 public:
  explicit FaultProxy(std::uint16_t upstream_port);
  explicit FaultProxy(FaultProxyOptions options);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::uint16_t port() const;
  /// Replaces all faults; of several that fit a request the first happens. What hangs because of an old one goes on.
  void set(std::vector<Fault> faults);
  void clear() { set({}); }
  /// Requests in the order in which they were answered, or began to be for a stream.
  [[nodiscard]] std::vector<SeenRequest> seen() const;
  /// Forgets them, and counts ordinals from 1 again.
  void forget_seen();
  /// Breaks off every answer that is being passed on right now.
  void cut_streams();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gitopsctl::support
