#include "agent/server/http_server.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "agent/server/answer.hpp"
#include "base/log/redaction.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;

namespace {

/// A plain socket: what a stranger has.
class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  bool send(std::string_view text) const {
    return ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }

  /// Reads until the other side closes or `span` passes without a byte.
  std::string read(int span_ms = 5'000) {
    std::string out;
    char buffer[4096];
    for (;;) {
      pollfd waiting{fd_, POLLIN, 0};
      if (::poll(&waiting, 1, span_ms) <= 0) return out;
      const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
      if (count <= 0) {
        closed_ = true;
        return out;
      }
      out.append(buffer, static_cast<std::size_t>(count));
    }
  }
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  int fd_;
  bool connected_ = false;
  bool closed_ = false;
};

std::unique_ptr<HttpServer> serve(ServerQuestions questions = {}, ServerLimits limits = {},
                                  const std::string& listen = "127.0.0.1:0") {
  auto server = HttpServer::start(listen, std::move(questions), limits);
  REQUIRE_MESSAGE(server.ok(), (server.ok() ? "" : server.error().to_string()));
  return std::move(server).value();
}

/// The whole answer to one request on a connection of its own.
std::string ask(const HttpServer& server, const std::string& request) {
  Client client(server.port());
  REQUIRE(client.connected());
  client.send(request);
  return client.read();
}

std::string get(const HttpServer& server, const std::string& target) {
  return ask(server, "GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
}

std::size_t count_of(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_SUITE("server") {
  TEST_CASE("health, readiness and metrics") {
    std::atomic<bool> ready{false};
    const auto server = serve({[&ready] { return ready ? std::string{} : std::string("repository apps was not read yet"); },
                               [] { return std::string("a_total 1\n"); }});
    CHECK(get(*server, "/healthz").starts_with("HTTP/1.1 200 OK\r\n"));
    const std::string waiting = get(*server, "/readyz");
    CHECK(waiting.starts_with("HTTP/1.1 503 "));
    CHECK(waiting.ends_with("\r\n\r\nrepository apps was not read yet\n"));
    ready = true;
    CHECK(get(*server, "/readyz?verbose").starts_with("HTTP/1.1 200 OK\r\n"));
    const std::string metrics = get(*server, "/metrics");
    CHECK(metrics.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n") != std::string::npos);
    CHECK(metrics.find("Content-Length: 10\r\n") != std::string::npos);
    CHECK(metrics.ends_with("\r\n\r\na_total 1\n"));
  }

  TEST_CASE("nothing else is there") {
    const auto server = serve();
    for (const char* target :
         {"/", "/metrics/", "/healthz/../metrics", "/favicon.ico", "//metrics", "*", "http://x/metrics"}) {
      CAPTURE(target);
      CHECK(get(*server, target).starts_with("HTTP/1.1 404 "));
    }
    for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"}) {
      CAPTURE(method);
      const std::string answer =
          ask(*server, std::string(method) + " /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      CHECK(answer.starts_with("HTTP/1.1 405 "));
      CHECK(answer.find("Allow: GET, HEAD\r\n") != std::string::npos);
    }
  }

  TEST_CASE("HEAD has the length and no body") {
    const auto server = serve();
    const std::string answer = ask(*server, "HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(answer.find("Content-Length: 3\r\n") != std::string::npos);
    CHECK(answer.ends_with("\r\n\r\n"));
  }

  TEST_CASE("pipelined requests are answered in their order, and HTTP/1.0 closes") {
    const auto server = serve();
    const std::string answer =
        ask(*server,
            "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nHEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
            "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    CHECK(count_of(answer, "HTTP/1.1 200 OK\r\n") == 3);
    CHECK(count_of(answer, "HTTP/1.1 404 Not Found\r\n") == 1);
    CHECK(answer.find("404") > answer.find("200"));
    CHECK(answer.ends_with("ok\n"));
    Client old(server->port());
    old.send("GET /healthz HTTP/1.0\r\n\r\n");
    CHECK(old.read().starts_with("HTTP/1.0 200 OK\r\n"));
    CHECK(old.closed());
  }

  TEST_CASE("a connection answers a limited number of requests") {
    ServerLimits limits;
    limits.requests = 3;
    const auto server = serve({}, limits);
    std::string many;
    for (int i = 0; i < 10; ++i) many += "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    Client client(server->port());
    client.send(many);
    const std::string answer = client.read();
    CHECK(count_of(answer, "HTTP/1.1 200 OK\r\n") == 3);
    CHECK(count_of(answer, "Connection: close\r\n") == 1);
    CHECK(client.closed());
  }

  TEST_CASE("bad requests are refused and the connection is closed") {
    const auto server = serve();
    for (const std::string& request :
         {std::string("\r\n\r\n\r\n"), std::string("nonsense\r\n\r\n"), std::string("GET /healthz\r\n\r\n"),
          std::string("GET /healthz HTTP/9.9\r\n\r\n"), std::string("GET  /healthz HTTP/1.1\r\n\r\n"),
          std::string("GET /healthz HTTP/1.1\r\nbad header\r\n\r\n"),
          std::string("GET /healthz HTTP/1.1\r\nHost: a\nb: c\r\n\r\n"),
          std::string("GET /\0 HTTP/1.1\r\n\r\n", sizeof "GET /\0 HTTP/1.1\r\n\r\n" - 1),
          std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 9),
          std::string("GET /healthz HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
          std::string("GET /healthz HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")}) {
      CAPTURE(request);
      Client client(server->port());
      client.send(request);
      const std::string answer = client.read();
      CHECK((answer.empty() || answer.starts_with("HTTP/1.1 400 ") || answer.starts_with("HTTP/1.1 413 ")));
      CHECK(client.closed());
      CHECK(get(*server, "/healthz").starts_with("HTTP/1.1 200 OK\r\n"));
    }
  }

  TEST_CASE("bodies are not wanted, and what stands in one is never a request") {
    const auto server = serve();
    const std::string smuggled = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    for (const std::string& request :
         {"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(smuggled.size()) + "\r\n\r\n" + smuggled,
          "POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n24\r\n" + smuggled + "\r\n0\r\n\r\n",
          "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
          std::string("GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n\r\n")}) {
      CAPTURE(request);
      Client client(server->port());
      client.send(request);
      const std::string answer = client.read();
      CHECK(count_of(answer, "HTTP/1.1 ") == 1);
      CHECK((answer.starts_with("HTTP/1.1 413 ") || answer.starts_with("HTTP/1.1 400 ")));
      CHECK(client.closed());
    }
  }

  TEST_CASE("a header that does not end is cut off at its limit") {
    const auto server = serve();
    Client client(server->port());
    client.send("GET /healthz HTTP/1.1\r\nX: " + std::string(20'000, 'a'));
    CHECK(client.read().starts_with("HTTP/1.1 431 "));
    CHECK(client.closed());
    CHECK(ask(*server, "GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 431 "));
  }

  TEST_CASE("slow senders are cut off although a byte comes now and then") {
    ServerLimits limits;
    limits.header_timeout = Millis{300};
    const auto server = serve({}, limits);
    Client slow(server->port());
    slow.send("GET /healthz HTTP/1.1\r\n");
    for (int i = 0; i < 100 && !slow.closed(); ++i) {
      if (!slow.send("a")) break;
      (void)slow.read(50);
    }
    CHECK(slow.closed());
    // So is one that says nothing, between requests too.
    Client silent(server->port());
    CHECK(silent.read().empty());
    CHECK(silent.closed());
    Client kept(server->port());
    kept.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(kept.read().ends_with("ok\n"));
    CHECK(kept.closed());
  }

  TEST_CASE("a reader that does not read is cut off") {
    ServerLimits limits;
    limits.connections = 1;  // so that /healthz is answered once the place is free again
    limits.write_timeout = Millis{300};
    const auto server = serve({{}, [] { return std::string(64U << 20U, 'x'); }}, limits);
    Client client(server->port());
    client.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    bool free_again = false;
    for (int i = 0; i < 300 && !free_again; ++i) {
      std::this_thread::sleep_for(Millis{100});
      free_again = get(*server, "/healthz").starts_with("HTTP/1.1 200 OK\r\n");
    }
    CHECK(free_again);
    const std::string got = client.read();
    CHECK(got.size() < (64U << 20U));
    CHECK(client.closed());
  }

  TEST_CASE("connections above the limit are turned away, and places become free again") {
    ServerLimits limits;
    limits.connections = 3;
    limits.header_timeout = Millis{60'000};
    const auto server = serve({}, limits);
    {
      std::vector<std::unique_ptr<Client>> held;
      for (int i = 0; i < 3; ++i) {
        held.push_back(std::make_unique<Client>(server->port()));
        held.back()->send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        CHECK(held.back()->read(200).ends_with("ok\n"));
      }
      Client late(server->port());
      late.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
      CHECK(late.read().empty());
      CHECK(late.closed());
    }
    bool served = false;
    for (int i = 0; i < 100 && !served; ++i) {
      std::this_thread::sleep_for(Millis{20});
      served = get(*server, "/healthz").starts_with("HTTP/1.1 200 OK\r\n");
    }
    CHECK(served);
  }

  TEST_CASE("a question that throws is an answer 500, and secrets do not come out") {
    CHECK(log::register_secret("canary-value-1234"));
    const auto server = serve({[] { return std::string("token canary-value-1234 was refused"); },
                               []() -> std::string { throw std::runtime_error("boom"); }});
    CHECK(get(*server, "/metrics").starts_with("HTTP/1.1 500 "));
    const std::string answer = get(*server, "/readyz");
    CHECK(answer.find("canary") == std::string::npos);
    CHECK(answer.find("token [redacted] was refused") != std::string::npos);
    log::forget_secrets();
  }

  TEST_CASE("addresses") {
    for (const char* listen :
         {"", "9090", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:99999", "::1:80", "[::1]", "127.0.0.1:80x"}) {
      CAPTURE(listen);
      auto server = HttpServer::start(listen, {});
      REQUIRE_FALSE(server.ok());
      CHECK(server.error().code() == ErrorCode::invalid_input);
    }
    const auto first = serve();
    auto second = HttpServer::start("127.0.0.1:" + std::to_string(first->port()), {});
    REQUIRE_FALSE(second.ok());
    CHECK(second.error().code() == ErrorCode::unavailable);
    const auto everywhere = serve({}, {}, ":0");
    CHECK(get(*everywhere, "/healthz").starts_with("HTTP/1.1 200 OK\r\n"));
  }

  TEST_CASE("an address can be taken again at once after the server ended") {
    auto first = serve();
    const std::uint16_t port = first->port();
    CHECK(get(*first, "/healthz").starts_with("HTTP/1.1 200"));
    first.reset();
    const auto second = serve({}, {}, "127.0.0.1:" + std::to_string(port));
    CHECK(get(*second, "/healthz").starts_with("HTTP/1.1 200"));
  }
}

TEST_SUITE("concurrency: server") {
  TEST_CASE("it ends at once with connections of every kind open") {
    ServerLimits limits;
    limits.header_timeout = Millis{60'000};
    auto server = serve({}, limits);
    Client silent(server->port());
    Client half(server->port());
    half.send("GET /hea");
    Client kept(server->port());
    kept.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(kept.read(200).ends_with("ok\n"));
    const Millis start = system_clock().monotonic();
    server.reset();
    CHECK(system_clock().monotonic() - start < Millis{20'000});
    CHECK(silent.read().empty());
    CHECK(silent.closed());
  }

  TEST_CASE("many clients while it starts and ends") {
    std::atomic<int> good{0};
    for (int round = 0; round < 5; ++round) {
      auto server = serve({[] { return std::string{}; }, [] { return std::string("x 1\n"); }});
      const std::uint16_t port = server->port();
      std::vector<std::jthread> threads;
      std::atomic<int> round_good{0};
      for (int t = 0; t < 4; ++t) {
        threads.emplace_back([port, &round_good] {
          for (int i = 0; i < 20; ++i) {
            Client client(port);
            if (!client.connected()) return;
            client.send("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            if (client.read().ends_with("x 1\n")) ++round_good;
          }
        });
      }
      if (round % 2 == 0) threads.clear();
      server.reset();
      threads.clear();
      if (round % 2 == 0) CHECK(round_good == 80);
      good += round_good;
    }
    CHECK(good >= 240);
  }
}
