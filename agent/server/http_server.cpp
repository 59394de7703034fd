#include "agent/server/http_server.hpp"

#include <array>
#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <charconv>
#include <optional>
#include <thread>
#include <tuple>
#include <unordered_set>
#include <vector>

#include "agent/server/answer.hpp"
#include "base/log/log.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::agent {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

Result<Address> parse_listen(const std::string& listen) {
  const Error wrong = Error(ErrorCode::invalid_input, "'" + terminal_safe(listen) + "' is no address to listen on")
                          .with_hint("write host:port, for example 127.0.0.1:9090, [::1]:9090 or :9090");
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string::npos) return wrong;
  Address address;
  address.host = listen.substr(0, colon);
  if (address.host.size() >= 2 && address.host.front() == '[' && address.host.back() == ']') {
    address.host = address.host.substr(1, address.host.size() - 2);
  } else if (address.host.find(':') != std::string::npos) {
    return wrong;
  }
  const char* first = listen.data() + colon + 1;
  const char* last = listen.data() + listen.size();
  const auto [end, failure] = std::from_chars(first, last, address.port);
  if (failure != std::errc{} || end != last || first == last) return wrong;
  return address;
}

class Session;

/// What the sessions share; touched on the server's thread only.
struct Shared {
  ServerQuestions questions;
  ServerLimits limits;
  std::unordered_set<Session*> sessions;
};

/// One connection. It keeps itself alive through the handlers that wait for it.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Tcp::socket socket, std::shared_ptr<Shared> shared) : stream_(std::move(socket)), shared_(std::move(shared)) {
    shared_->sessions.insert(this);
  }
  ~Session() { shared_->sessions.erase(this); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void read() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(shared_->limits.header_bytes));
    // We have no use for a body. Beast counts the declared length against this limit before reading any of it.
    parser_->body_limit(0);
    // One timer for the whole header, not for each piece of it: a byte a second does not keep a connection.
    stream_.expires_after(shared_->limits.header_timeout);
    http::async_read_header(stream_, buffer_, *parser_, [self = shared_from_this()](beast::error_code failure, std::size_t) {
      self->on_header(failure);
    });
  }

  void close() {
    beast::error_code ignored;
    std::ignore = stream_.socket().shutdown(Tcp::socket::shutdown_both, ignored);
    stream_.close();
  }

 private:
  void on_header(beast::error_code failure) {
    if (failure) return on_bad_header(failure);
    const auto& request = parser_->get();
    const bool has_body = parser_->chunked() || parser_->content_length().value_or(0) > 0;
    ++served_;
    // After a body that we do not read, the connection has no known place to go on from.
    const bool keep = request.keep_alive() && !has_body && served_ < shared_->limits.requests;
    const bool head = request.method() == http::verb::head;
    const auto target = request.target();
    const auto method = request.method_string();
    Answer answer = has_body
                        ? Answer{413, "text/plain; charset=utf-8", "no body is wanted here\n", {}}
                        : answer_request({method.data(), method.size()}, {target.data(), target.size()}, shared_->questions);
    write(answer, request.version(), keep, head);
  }

  void on_bad_header(beast::error_code failure) {
    if (failure == http::error::header_limit) {
      return write({431, "text/plain; charset=utf-8", "the header is too large\n", {}}, 11, false, false);
    }
    if (failure == http::error::body_limit) {
      return write({413, "text/plain; charset=utf-8", "no body is wanted here\n", {}}, 11, false, false);
    }
    // A peer that left, or was too slow, gets no words; one that talks nonsense gets to know.
    if (failure == http::error::end_of_stream || failure == http::error::partial_message ||
        failure == beast::error::timeout ||
        failure.category() != http::make_error_code(http::error::bad_target).category()) {
      return close();
    }
    write({400, "text/plain; charset=utf-8", "bad request\n", {}}, 11, false, false);
  }

  void write(const Answer& answer, unsigned version, bool keep, bool head) {
    response_ = {};
    response_.version(version);
    response_.result(answer.status);
    response_.set(http::field::content_type, answer.content_type);
    response_.set(http::field::cache_control, "no-store");
    response_.set("X-Content-Type-Options", "nosniff");
    if (!answer.allow.empty()) response_.set(http::field::allow, answer.allow);
    response_.keep_alive(keep);
    if (!head) response_.body() = answer.body;
    response_.content_length(answer.body.size());
    serializer_.emplace(response_);
    if (head) serializer_->split(true);
    stream_.expires_after(shared_->limits.write_timeout);
    auto done = [self = shared_from_this(), keep](beast::error_code failure, std::size_t) {
      self->on_written(failure, keep);
    };
    if (head) return http::async_write_header(stream_, *serializer_, std::move(done));
    http::async_write(stream_, *serializer_, std::move(done));
  }

  void on_written(beast::error_code failure, bool keep) {
    if (failure) return close();
    if (keep) return read();
    // Half closed and drained for a moment: closing with unread bytes would make the kernel take the answer back.
    beast::error_code ignored;
    std::ignore = stream_.socket().shutdown(Tcp::socket::shutdown_send, ignored);
    drained_ = 0;
    stream_.expires_after(std::min(shared_->limits.write_timeout, Millis{1'000}));
    drain();
  }

  void drain() {
    stream_.async_read_some(asio::buffer(drain_buffer_),
                            [self = shared_from_this()](beast::error_code failure, std::size_t count) {
                              self->drained_ += count;
                              if (failure || self->drained_ > drain_limit) return self->close();
                              self->drain();
                            });
  }

  static constexpr std::size_t drain_limit = 1U << 20U;

  beast::tcp_stream stream_;
  std::shared_ptr<Shared> shared_;
  beast::flat_static_buffer<16384> buffer_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  http::response<http::string_body> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  std::array<char, 4096> drain_buffer_{};
  std::size_t drained_ = 0;
  std::size_t served_ = 0;
};

}  // namespace

struct HttpServer::State {
  asio::io_context context{1};
  Tcp::acceptor acceptor{context};
  asio::steady_timer pause{context};
  std::shared_ptr<Shared> shared = std::make_shared<Shared>();
  std::uint16_t port = 0;
  bool stopping = false;  ///< on the server's thread only
  std::thread thread;

  Result<void> listen(const std::string& text) {
    GITOPSCTL_TRY(const Address address, parse_listen(text));
    beast::error_code failure;
    Tcp::endpoint endpoint(Tcp::v6(), address.port);  // every address: a v6 socket takes both families
    if (!address.host.empty()) {
      Tcp::resolver resolver(context);
      const auto found = resolver.resolve(address.host, "", Tcp::resolver::passive, failure);
      if (failure || found.empty()) {
        return Error(ErrorCode::unavailable,
                     "cannot find the address " + terminal_safe(address.host) + ": " + failure.message());
      }
      endpoint = Tcp::endpoint(found.begin()->endpoint().address(), address.port);
    }
    std::ignore = acceptor.open(endpoint.protocol(), failure);
    if (failure && address.host.empty()) {  // a machine without IPv6
      endpoint = Tcp::endpoint(Tcp::v4(), address.port);
      std::ignore = acceptor.open(endpoint.protocol(), failure);
    }
    if (!failure) std::ignore = acceptor.set_option(asio::socket_base::reuse_address(true), failure);
    if (!failure && address.host.empty() && endpoint.protocol() == Tcp::v6()) {
      std::ignore = acceptor.set_option(asio::ip::v6_only(false), failure);
    }
    if (!failure) std::ignore = acceptor.bind(endpoint, failure);
    if (!failure) std::ignore = acceptor.listen(asio::socket_base::max_listen_connections, failure);
    if (failure) {
      return Error(ErrorCode::unavailable, "cannot listen on " + terminal_safe(text) + ": " + failure.message())
          .with_hint("is another agent running? choose another address with --listen or in the agent's file");
    }
    port = acceptor.local_endpoint().port();
    return {};
  }

  void accept() {
    acceptor.async_accept([this](beast::error_code failure, Tcp::socket socket) {
      if (stopping) return;
      if (failure) {
        // Out of descriptors, most likely: trying again at once would only burn time.
        pause.expires_after(Millis{100});
        pause.async_wait([this](beast::error_code stopped) {
          if (!stopped) accept();
        });
        return;
      }
      serve(std::move(socket));
      accept();
    });
  }

  void serve(Tcp::socket socket) {
    if (shared->sessions.size() >= shared->limits.connections) return;
    try {
      beast::error_code ignored;
      std::ignore = socket.set_option(Tcp::no_delay(true), ignored);
      std::make_shared<Session>(std::move(socket), shared)->read();
    } catch (const std::exception& exception) {  // out of memory for this one; the next may fit
      log::error("the HTTP server could not serve a connection", {{"what", exception.what()}});
    }
  }

  void run() {
    for (;;) {
      try {
        context.run();
        return;
      } catch (const std::exception& exception) {  // out of memory in one session must not end the others
        log::error("the HTTP server met an exception and goes on", {{"what", exception.what()}});
      }
    }
  }

  void stop() {
    asio::post(context, [this] {
      stopping = true;
      beast::error_code ignored;
      std::ignore = acceptor.close(ignored);
      pause.cancel();
      // Closing ends their handlers, and with the last handler each session.
      for (Session* session : std::vector<Session*>(shared->sessions.begin(), shared->sessions.end())) session->close();
    });
    if (thread.joinable()) thread.join();
  }
};

Result<std::unique_ptr<HttpServer>> HttpServer::start(const std::string& listen, ServerQuestions questions,
                                                      ServerLimits limits) {
  auto state = std::make_unique<State>();
  limits.header_bytes = std::min<std::size_t>(limits.header_bytes, 16384);  // what the buffer of a session holds
  state->shared->questions = std::move(questions);
  state->shared->limits = limits;
  try {
    GITOPSCTL_CHECK(state->listen(listen));
    state->accept();
    state->thread = std::thread([raw = state.get()] { raw->run(); });
  } catch (const std::exception& exception) {
    return Error(ErrorCode::unavailable, std::string("cannot start the HTTP server: ") + exception.what());
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::~HttpServer() { state_->stop(); }

std::uint16_t HttpServer::port() const noexcept { return state_->port; }

}  // namespace gitopsctl::agent
