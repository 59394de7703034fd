#include "tests/support/fault_proxy.hpp"

#include <poll.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace gitopsctl::support {

using namespace agent::demo;  // the HTTP server that the demo serves its repository with
namespace {

using Kind = Fault::Kind;

constexpr std::size_t max_bytes = 512U << 20U;
constexpr int answer_seconds = 60;
constexpr int stream_seconds = 3600;
constexpr int watch_slice_ms = 50;

struct Exchange {
  WireHead request;
  std::string request_body;
  SeenRequest seen;
  WireHead answer;
  std::string body;

  /// Of a HEAD, and of statuses that never have one (RFC 9110 §6.4.1).
  [[nodiscard]] bool has_no_body() const { return seen.method == "HEAD" || seen.status == 204 || seen.status == 304; }
};

bool is_of_one_hop(const std::string& name) {
  return name == "connection" || name == "transfer-encoding" || name == "content-length" || name == "keep-alive" ||
         name == "expect";
}

bool keeps_from_server(Kind kind) { return kind == Kind::drop || kind == Kind::hang || kind == Kind::answer; }

/// Sends the request on and takes the head of the answer.
bool ask_upstream(Wire& upstream, Exchange& exchange, bool plain_text) {
  std::string text = exchange.request.first_line + "\r\n";
  for (const auto& [name, value] : exchange.request.headers) {
    if (!is_of_one_hop(name) && !(plain_text && name == "accept-encoding")) text += name + ": " + value + "\r\n";
  }
  text += "connection: close\r\ncontent-length: " + std::to_string(exchange.request_body.size()) + "\r\n\r\n";
  if (!upstream.write(text) || !upstream.write(exchange.request_body) || !upstream.read_head(exchange.answer)) return false;
  const std::string& line = exchange.answer.first_line;
  exchange.seen.status =
      static_cast<int>(std::strtol(line.c_str() + std::min(line.find(' '), line.size() - 1), nullptr, 10));
  return true;
}

std::string head_text(const Exchange& exchange, const std::string& framing) {
  std::string out = exchange.answer.first_line + "\r\n";
  for (const auto& [name, value] : exchange.answer.headers) {
    if (!is_of_one_hop(name)) out += name + ": " + value + "\r\n";
  }
  return out + framing + "\r\n";
}

std::string head_text(const Exchange& exchange, std::size_t length) {
  return head_text(exchange, "content-length: " + std::to_string(length) + "\r\n");
}

void make_up_answer(Exchange& exchange, const Fault& fault) {
  exchange.answer = {"HTTP/1.1 " + std::to_string(fault.status) + " Injected", fault.headers};
  exchange.seen.status = fault.status;
  exchange.body = fault.body;
}

std::string chunk(std::string_view piece) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string size;
  for (auto left = piece.size(); left > 0; left >>= 4U) size.insert(size.begin(), digits[left & 15U]);
  return size + "\r\n" + std::string(piece) + "\r\n";
}

bool works_on_lines(Kind kind) {
  return kind == Kind::edit || kind == Kind::skip_event || kind == Kind::repeat_event || kind == Kind::swap_events;
}

/// What a fault makes of the lines of one stream.
class FaultyLines {
 public:
  explicit FaultyLines(const Fault& fault) : fault_(fault) {}

  /// What is to be sent now that `piece` has come.
  std::string take(std::string_view piece) {
    partial_ += piece;
    std::string out;
    for (std::size_t end = 0; (end = partial_.find('\n')) != std::string::npos; partial_.erase(0, end + 1)) {
      out += change(partial_.substr(0, end + 1));
    }
    return out;
  }

  /// What is left at the end of the stream.
  std::string rest() { return std::exchange(held_, {}) + std::exchange(partial_, {}); }

 private:
  std::string change(std::string line) {
    if (fault_.kind == Kind::edit) {
      if (fault_.edit) fault_.edit(line);
      return line;
    }
    if (++number_ != fault_.event) return line + std::exchange(held_, {});
    switch (fault_.kind) {
      case Kind::skip_event: return {};
      case Kind::repeat_event: return line + line;
      default: held_ = std::move(line); return {};
    }
  }

  const Fault& fault_;
  int number_ = 0;
  std::string partial_;
  std::string held_;
};

/// Interrupts `behind` when the client goes away, which a stream that has nothing to send would not notice.
std::jthread watch_client(const Wire& client, const Wire& behind) {
  return std::jthread([socket = client.socket(), &behind](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd waiting{socket, POLLRDHUP, 0};
      if (::poll(&waiting, 1, watch_slice_ms) > 0) return behind.interrupt();
    }
  });
}

}  // namespace

struct FaultProxy::State {
  explicit State(FaultProxyOptions given) : options(std::move(given)) {
    server.emplace(0, options.certificate_pem, options.key_pem, [this](Wire& wire) { serve(wire); });
  }
  ~State() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
      ++generation;
      for (const auto& [wire, streams] : behind) wire->interrupt();
    }
    changed.notify_all();
    server.reset();
  }

  /// A connection to the server behind that is broken off with the proxy.
  struct Upstream {
    Upstream(State& owner, bool streams)
        : state(owner), wire(owner.options.dial(streams ? stream_seconds : answer_seconds)) {
      const std::lock_guard lock(state.mutex);
      if (state.stopping) wire.reset();
      if (wire != nullptr) state.behind.emplace(wire.get(), streams);
    }
    ~Upstream() {
      const std::lock_guard lock(state.mutex);
      state.behind.erase(wire.get());
    }
    Upstream(const Upstream&) = delete;
    Upstream& operator=(const Upstream&) = delete;
    State& state;
    std::unique_ptr<Wire> wire;
  };

  void serve(Wire& wire) {
    for (Exchange exchange; wire.read_head(exchange.request); exchange = {}) {
      const std::string& line = exchange.request.first_line;
      const auto first = std::min(line.find(' '), line.size());
      const bool waits = exchange.request.header("expect") == "100-continue";
      if (waits && !wire.write("HTTP/1.1 100 Continue\r\n\r\n")) return;
      if (!wire.read_body(exchange.request, exchange.request_body, max_bytes)) return;
      auto& seen = exchange.seen;
      seen.method = line.substr(0, first);
      seen.target = line.substr(std::min(first + 1, line.size()), line.rfind(' ') - first - 1);
      seen.authorization = exchange.request.header("authorization");
      seen.git_protocol = exchange.request.header("git-protocol");
      seen.user_agent = exchange.request.header("user-agent");
      seen.request_bytes = exchange.request_body.size();
      if (options.classify) seen.request_class = options.classify(seen.method, seen.target);
      const Fault fault = choose(seen, exchange.request_body);
      if (!(keeps_from_server(fault.kind) ? refuse(wire, exchange, fault) : forward(wire, exchange, fault))) return;
    }
  }

  /// Gives the request its number and its fault.
  Fault choose(SeenRequest& seen, std::string_view body) {
    const std::lock_guard lock(mutex);
    seen.ordinal = ++ordinals[seen.request_class];
    std::optional<Fault> chosen;
    for (auto& fault : faults) {
      if (fault.times == 0 || seen.target.find(fault.path) == std::string::npos) continue;
      if (!fault.method.empty() && fault.method != seen.method) continue;
      if (!fault.request_class.empty() && fault.request_class != seen.request_class) continue;
      if (fault.when && !fault.when(seen, body)) continue;
      if (fault.at > 1) {
        --fault.at;
      } else if (!chosen) {
        if (fault.times > 0) --fault.times;
        chosen = fault;
      }
    }
    return chosen.value_or(Fault());
  }

  void note(Exchange& exchange) {
    exchange.seen.response_bytes = exchange.body.size();
    const std::lock_guard lock(mutex);
    requests.push_back(exchange.seen);
  }

  bool observed(const Exchange& exchange, Moment moment) const {
    return !options.observe || options.observe(exchange.seen, exchange.request_body, moment);
  }

  /// Waits until the faults are changed.
  void hang() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this, now = generation] { return generation != now; });
  }

  /// Waits; false when the proxy ends meanwhile.
  bool pause(std::chrono::milliseconds span) {
    std::unique_lock lock(mutex);
    return !changed.wait_for(lock, span, [this] { return stopping; });
  }

  // These say false when the connection is to be closed.

  bool refuse(Wire& wire, Exchange& exchange, const Fault& fault) {
    if (fault.kind == Kind::answer) make_up_answer(exchange, fault);
    note(exchange);
    if (fault.kind == Kind::hang) hang();
    if (fault.kind != Kind::answer) return false;
    if (fault.wait.count() > 0) return drip(wire, exchange, fault);
    return wire.write(head_text(exchange, exchange.body.size())) && wire.write(exchange.body);
  }

  bool forward(Wire& wire, Exchange& exchange, const Fault& fault) {
    if (fault.kind == Kind::hold && !pause(fault.wait)) return false;
    if (!observed(exchange, Moment::before_forwarding)) return false;
    const bool streams = options.streams && options.streams(exchange.seen.request_class);
    Upstream upstream(*this, streams);
    if (upstream.wire == nullptr || !ask_upstream(*upstream.wire, exchange, fault.kind == Kind::edit)) return false;
    const bool whole = !streams || exchange.seen.status != 200;
    if (whole && !exchange.has_no_body() && !upstream.wire->read_body(exchange.answer, exchange.body, max_bytes))
      return false;
    note(exchange);
    if (!observed(exchange, Moment::after_forwarding) || fault.kind == Kind::lose) return false;
    if (fault.kind == Kind::delay && !pause(fault.wait)) return false;
    return whole ? answer(wire, exchange, fault) : stream(wire, *upstream.wire, exchange, fault);
  }

  bool answer(Wire& wire, Exchange& exchange, const Fault& fault) {
    if (exchange.has_no_body()) return wire.write(head_text(exchange, std::string()));
    if (fault.kind == Kind::edit && fault.edit) fault.edit(exchange.body);
    const auto size = static_cast<std::int64_t>(exchange.body.size());
    const auto some = static_cast<std::size_t>(std::clamp<std::int64_t>(fault.bytes, 0, size));
    const std::string_view part = std::string_view(exchange.body).substr(0, some);
    switch (fault.kind) {
      case Kind::stop_mid:
        if (wire.write(head_text(exchange, exchange.body.size())) && wire.write(part)) hang();
        return false;
      case Kind::cut: (void)(wire.write(head_text(exchange, exchange.body.size())) && wire.write(part)); return false;
      case Kind::truncate: return wire.write(head_text(exchange, part.size())) && wire.write(part);
      case Kind::flip: {
        const auto at = fault.bytes < 0 ? size + fault.bytes : fault.bytes;
        if (at >= 0 && at < size) exchange.body[static_cast<std::size_t>(at)] ^= static_cast<char>(0xff);
        break;
      }
      case Kind::drip: return drip(wire, exchange, fault);
      default: break;
    }
    return wire.write(head_text(exchange, exchange.body.size())) && wire.write(exchange.body);
  }

  bool drip(Wire& wire, const Exchange& exchange, const Fault& fault) {
    if (!wire.write(head_text(exchange, exchange.body.size()))) return false;
    const auto step = static_cast<std::size_t>(std::max<std::int64_t>(fault.bytes, 1));
    for (std::size_t at = 0; at < exchange.body.size(); at += step) {
      if (!wire.write(std::string_view(exchange.body).substr(at, step)) || !pause(fault.wait)) return false;
    }
    return true;
  }

  /// Passes pieces on as they come. stop_mid, cut and truncate happen after `bytes` of them.
  bool stream(Wire& wire, Wire& upstream, const Exchange& exchange, const Fault& fault) {
    const auto watcher = watch_client(wire, upstream);
    const bool limited = fault.kind == Kind::stop_mid || fault.kind == Kind::cut || fault.kind == Kind::truncate;
    auto left = limited ? static_cast<std::size_t>(std::max<std::int64_t>(fault.bytes, 0)) : std::string::npos;
    if (!wire.write(head_text(exchange, "transfer-encoding: chunked\r\n"))) return false;
    FaultyLines lines(fault);
    const auto send = [&](std::string_view bytes) { return bytes.empty() || wire.write(chunk(bytes)); };
    const bool ended = left > 0 && upstream.pass_body(exchange.answer, [&](std::string_view piece) {
      if (works_on_lines(fault.kind)) return send(lines.take(piece));
      const std::string_view some = piece.substr(0, left);
      if (limited) left -= some.size();
      if (fault.kind != Kind::drip) return send(some) && left > 0;
      const auto step = static_cast<std::size_t>(std::max<std::int64_t>(fault.bytes, 1));
      for (std::size_t at = 0; at < some.size(); at += step) {
        if (!send(some.substr(at, step)) || !pause(fault.wait)) return false;
      }
      return true;
    });
    if (ended && !send(lines.rest())) return false;
    if (left == 0 && fault.kind == Kind::stop_mid) hang();
    return (ended || (left == 0 && fault.kind == Kind::truncate)) && wire.write("0\r\n\r\n");
  }

  FaultProxyOptions options;
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::vector<Fault> faults;
  std::vector<SeenRequest> requests;
  std::map<std::string, std::uint64_t> ordinals;
  std::map<const Wire*, bool> behind;  // whether it is a stream
  int generation = 0;
  bool stopping = false;
  std::optional<WireServer> server;
};

FaultProxy::FaultProxy(FaultProxyOptions options) : state_(std::make_unique<State>(std::move(options))) {}
FaultProxy::FaultProxy(std::uint16_t upstream_port)
    : FaultProxy(FaultProxyOptions{.dial = [upstream_port](int seconds) -> std::unique_ptr<Wire> {
        const int socket = connect_loopback(upstream_port);
        return socket < 0 ? nullptr : std::make_unique<Wire>(socket, nullptr, seconds);
      }}) {}
FaultProxy::~FaultProxy() = default;
std::uint16_t FaultProxy::port() const { return state_->server->port(); }
std::string FaultProxy::url() const {
  return (state_->options.certificate_pem.empty() ? "http://127.0.0.1:" : "https://127.0.0.1:") + std::to_string(port());
}

void FaultProxy::set(std::vector<Fault> faults) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->faults = std::move(faults);
    ++state_->generation;
  }
  state_->changed.notify_all();
}

std::vector<SeenRequest> FaultProxy::seen() const {
  const std::lock_guard lock(state_->mutex);
  return state_->requests;
}

void FaultProxy::forget_seen() {
  const std::lock_guard lock(state_->mutex);
  state_->requests.clear();
  state_->ordinals.clear();
}

void FaultProxy::cut_streams() {
  const std::lock_guard lock(state_->mutex);
  for (const auto& [wire, streams] : state_->behind) {
    if (streams) wire->interrupt();
  }
}

}  // namespace gitopsctl::support
