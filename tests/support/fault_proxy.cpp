#include "tests/support/fault_proxy.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "agent/demo/http_wire.hpp"

namespace gitopsctl::support {

using namespace agent::demo;  // the HTTP server that the demo serves its repository with
namespace {

constexpr std::size_t max_bytes = 512U << 20U;

struct Exchange {
  WireHead request;
  std::string method;
  std::string target;
  std::string request_body;
  std::string status_line;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

bool is_of_one_hop(const std::string& name) {
  return name == "connection" || name == "transfer-encoding" || name == "content-length" || name == "keep-alive";
}

/// Sends the request on and takes the whole answer.
bool ask_upstream(std::uint16_t port, Exchange& exchange) {
  const int socket = connect_loopback(port);
  if (socket < 0) return false;
  Wire wire(socket, nullptr, 60);
  std::string text = exchange.request.first_line + "\r\n";
  for (const auto& [name, value] : exchange.request.headers) {
    if (!is_of_one_hop(name)) text += name + ": " + value + "\r\n";
  }
  text += "connection: close\r\ncontent-length: " + std::to_string(exchange.request_body.size()) + "\r\n\r\n";
  WireHead head;
  if (!wire.write(text) || !wire.write(exchange.request_body) || !wire.read_head(head)) return false;
  exchange.status_line = head.first_line;
  for (const auto& header : head.headers) {
    if (!is_of_one_hop(header.first)) exchange.headers.push_back(header);
  }
  return wire.read_body(head, exchange.body, max_bytes);
}

std::string head_text(const Exchange& exchange, std::size_t length) {
  std::string out = exchange.status_line + "\r\n";
  for (const auto& [name, value] : exchange.headers) out += name + ": " + value + "\r\n";
  return out + "content-length: " + std::to_string(length) + "\r\n\r\n";
}

}  // namespace

struct FaultProxy::State {
  explicit State(std::uint16_t upstream) : upstream_port(upstream) {
    server.emplace(0, "", "", [this](Wire& wire) { serve(wire); });
  }
  ~State() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
      ++generation;
    }
    changed.notify_all();
    server.reset();
  }

  void serve(Wire& wire) {
    for (Exchange exchange; wire.read_head(exchange.request); exchange = {}) {
      const std::string& line = exchange.request.first_line;
      const auto first = std::min(line.find(' '), line.size());
      exchange.method = line.substr(0, first);
      exchange.target = line.substr(first + 1, line.rfind(' ') - first - 1);
      if (!wire.read_body(exchange.request, exchange.request_body, max_bytes)) return;
      const Fault fault = choose(exchange);
      if (!answer(wire, exchange, fault)) return;
    }
  }

  Fault choose(const Exchange& exchange) {
    const std::lock_guard lock(mutex);
    for (auto& fault : faults) {
      if (fault.times == 0 || exchange.target.find(fault.path) == std::string::npos) continue;
      if (!fault.method.empty() && fault.method != exchange.method) continue;
      if (fault.times > 0) --fault.times;
      return fault;
    }
    return {};
  }

  void note(const Exchange& exchange) {
    const std::lock_guard lock(mutex);
    seen.push_back({exchange.method, exchange.target, std::string(exchange.request.header("authorization")),
                    std::string(exchange.request.header("git-protocol")), exchange.request_body.size(),
                    exchange.body.size()});
  }

  /// Waits until the faults are changed.
  void hang() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this, now = generation] { return generation != now; });
  }

  /// False when the connection is to be closed.
  bool answer(Wire& wire, Exchange& exchange, const Fault& fault) {
    using Kind = Fault::Kind;
    if (fault.kind == Kind::answer) {
      exchange.status_line = "HTTP/1.1 " + std::to_string(fault.status) + " Injected";
      exchange.headers = fault.headers;
      exchange.body = fault.body;
    } else if (fault.kind != Kind::drop && fault.kind != Kind::hang && !ask_upstream(upstream_port, exchange)) {
      return false;
    }
    note(exchange);
    const auto size = static_cast<std::int64_t>(exchange.body.size());
    const auto some = static_cast<std::size_t>(std::clamp<std::int64_t>(fault.bytes, 0, size));
    const std::string_view part = std::string_view(exchange.body).substr(0, some);
    switch (fault.kind) {
      case Kind::drop:
      case Kind::lose: return false;
      case Kind::hang: hang(); return false;
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
      case Kind::delay: std::this_thread::sleep_for(fault.wait); break;
      case Kind::drip: return drip(wire, exchange, fault);
      case Kind::answer:
        if (fault.wait.count() > 0) return drip(wire, exchange, fault);
        break;
      case Kind::none: break;
    }
    return wire.write(head_text(exchange, exchange.body.size())) && wire.write(exchange.body);
  }

  bool drip(Wire& wire, const Exchange& exchange, const Fault& fault) {
    if (!wire.write(head_text(exchange, exchange.body.size()))) return false;
    const auto step = static_cast<std::size_t>(std::max<std::int64_t>(fault.bytes, 1));
    for (std::size_t at = 0; at < exchange.body.size(); at += step) {
      if (!wire.write(std::string_view(exchange.body).substr(at, step))) return false;
      std::unique_lock lock(mutex);
      if (changed.wait_for(lock, fault.wait, [this] { return stopping; })) return false;
    }
    return true;
  }

  std::uint16_t upstream_port;
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::vector<Fault> faults;
  std::vector<SeenRequest> seen;
  int generation = 0;
  bool stopping = false;
  std::optional<WireServer> server;
};

FaultProxy::FaultProxy(std::uint16_t upstream_port) : state_(std::make_unique<State>(upstream_port)) {}
FaultProxy::~FaultProxy() = default;
std::uint16_t FaultProxy::port() const { return state_->server->port(); }
std::string FaultProxy::url() const { return "http://127.0.0.1:" + std::to_string(port()); }

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
  return state_->seen;
}

void FaultProxy::forget_seen() {
  const std::lock_guard lock(state_->mutex);
  state_->seen.clear();
}

}  // namespace gitopsctl::support
