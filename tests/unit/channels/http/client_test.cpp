#include "channels/http/client.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>
#include <tuple>

#include "agent/demo/http_wire.hpp"
#include "channels/http/url.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/scratch.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;
using namespace gitopsctl::support;

namespace {

/// A server that always answers what it is told, and remembers what it was asked.
struct Server {
  Server() : proxy(1) {}
  void answer(const std::string& path, int status, std::vector<std::pair<std::string, std::string>> headers,
              const std::string& body = {}) {
    Fault fault;
    fault.kind = Fault::Kind::answer;
    fault.path = path;
    fault.status = status;
    fault.headers = std::move(headers);
    fault.body = body;
    faults.push_back(fault);
    proxy.set(faults);
  }
  FaultProxy proxy;
  std::vector<Fault> faults;
};

HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  return request;
}

std::string gzip(const std::string& text) { return run_program({"gzip", "-c"}, {}, text); }

ErrorCode code_of(const Result<HttpResponse>& response) {
  REQUIRE_FALSE(response.ok());
  return response.error().code();
}

}  // namespace

TEST_SUITE("http/client") {
  TEST_CASE("statuses, headers and bodies come back; a status is no error") {
    Server server;
    server.answer("/found", 200, {{"X-Thing", "  value "}}, "body");
    server.answer("/missing", 404, {}, "nothing here");
    HttpClient client({});
    const auto found = client.send(get(server.proxy.url() + "/found"), {});
    REQUIRE(found.ok());
    CHECK(found->status == 200);
    CHECK(found->body == "body");
    CHECK(found->header("x-thing") == "value");
    CHECK(found->header("none").empty());
    const auto missing = client.send(get(server.proxy.url() + "/missing"), {});
    REQUIRE(missing.ok());
    CHECK(missing->status == 404);
    CHECK(client.counters().requests == 2);
    CHECK(client.counters().bytes_received > 4);
  }

  TEST_CASE("methods and bodies are sent as they are") {
    Server server;
    server.answer("", 200, {});
    HttpClient client({});
    for (const auto* method : {"POST", "PUT", "PATCH", "DELETE"}) {
      HttpRequest request = get(server.proxy.url() + "/x");
      request.method = method;
      request.body = "12345";
      REQUIRE(client.send(request, {}).ok());
      CHECK(server.proxy.seen().back().method == method);
      CHECK(server.proxy.seen().back().request_bytes == 5);
    }
  }

  TEST_CASE("a body whose way is watched goes out in pieces, whole and in order") {
    Server server;
    server.answer("", 200, {});
    HttpClient client({});
    for (const std::size_t size : {std::size_t(0), std::size_t(1), std::size_t(2), std::size_t(999), std::size_t(300'000)}) {
      HttpRequest request = get(server.proxy.url() + "/x");
      request.method = "POST";
      for (std::size_t i = 0; i < size; ++i) request.body += static_cast<char>('a' + i % 23);
      std::vector<std::uint64_t> seen;
      request.on_upload = [&](std::uint64_t sent) { seen.push_back(sent); };
      const auto before = client.counters().bytes_sent;
      REQUIRE(client.send(request, {}).ok());
      CHECK(server.proxy.seen().back().request_bytes == size);
      CHECK(client.counters().bytes_sent - before > size);
      CHECK(client.counters().bytes_sent - before < size + 1000);
      CHECK(std::ranges::is_sorted(seen));
      CHECK(seen.empty() == (size < 2));
      if (!seen.empty()) CHECK((seen.front() > 0 && seen.back() < size));
    }
  }

  TEST_CASE("redirects are followed, but not for ever") {
    Server server;
    server.answer("/a", 302, {{"Location", "/b?x=1"}});
    server.answer("/b", 301, {{"Location", "c"}});
    server.answer("/c", 200, {}, "there");
    server.answer("/ring", 302, {{"Location", "/ring"}});
    HttpClient client({});
    const auto response = client.send(get(server.proxy.url() + "/a"), {});
    REQUIRE(response.ok());
    CHECK(response->body == "there");
    CHECK(response->url == server.proxy.url() + "/c");
    server.proxy.forget_seen();
    CHECK(code_of(client.send(get(server.proxy.url() + "/ring"), {})) == ErrorCode::unavailable);
    CHECK(server.proxy.seen().size() == 6);
  }

  TEST_CASE("credentials stay with their origin, whatever asks for them") {
    Server home;
    Server stranger;
    home.answer("/go", 302, {{"Location", stranger.proxy.url() + "/steal"}});
    home.answer("/user", 302,
                {{"Location", "http://evil:trap@127.0.0.1:" + std::to_string(stranger.proxy.port()) + "/steal"}});
    home.answer("/here", 302, {{"Location", "/end"}});
    home.answer("/post", 307, {{"Location", stranger.proxy.url() + "/steal"}});
    home.answer("/end", 200, {});
    stranger.answer("", 200, {}, "caught");
    for (const bool bearer : {false, true}) {
      HttpOrigin origin;
      if (bearer) {
        origin.bearer = "canary-token";
      } else {
        origin.username = "robot";
        origin.password = "canary-token";
      }
      HttpClient client(origin);
      HttpRequest request = get(home.proxy.url() + "/here");
      request.headers.emplace_back("PRIVATE-TOKEN", "canary-token");
      REQUIRE(client.send(request, {}).ok());
      CHECK_FALSE(home.proxy.seen().back().authorization.empty());
      for (const auto* path : {"/go", "/user"}) {
        request.url = home.proxy.url() + path;
        const auto response = client.send(request, {});
        REQUIRE(response.ok());
        CHECK(response->body == "caught");
        CHECK(stranger.proxy.seen().back().authorization.empty());
      }
      // Asked for directly, the other origin gets nothing either.
      REQUIRE(client.send(get(stranger.proxy.url() + "/direct"), {}).ok());
      CHECK(stranger.proxy.seen().back().authorization.empty());
      // A body does not go elsewhere at all.
      request = get(home.proxy.url() + "/post");
      request.method = "POST";
      request.body = "secret";
      CHECK(code_of(client.send(request, {})) == ErrorCode::forbidden);
    }
  }

  TEST_CASE("credentials of a URL are used and not shown") {
    Server server;
    server.answer("", 200, {});
    std::string url = server.proxy.url() + "/x";
    url.insert(7, "robot:p%40ss@");
    HttpClient client({});
    const auto response = client.send(get(url), {});
    REQUIRE(response.ok());
    CHECK(server.proxy.seen().back().authorization == "Basic cm9ib3Q6cEBzcw==");
    CHECK(response->url.find("robot") == std::string::npos);
  }

  TEST_CASE("limits of size hold for plain, sunk and compressed answers") {
    Server server;
    server.answer("/large", 200, {}, std::string(10'000, 'x'));
    HttpClient client({});
    HttpRequest request = get(server.proxy.url() + "/large");
    request.max_response_bytes = 9'999;
    CHECK(code_of(client.send(request, {})) == ErrorCode::too_large);
    std::size_t got = 0;
    const HttpSink sink = [&got](std::string_view piece) -> Result<void> {
      got += piece.size();
      return {};
    };
    CHECK(code_of(client.send(request, {}, sink)) == ErrorCode::too_large);
    request.max_response_bytes = 10'000;
    got = 0;
    REQUIRE(client.send(request, {}, sink).ok());
    CHECK(got == 10'000);
    // The limit counts what a compressed answer becomes.
    server.answer("/bomb", 200, {{"Content-Encoding", "gzip"}}, gzip(std::string(1'000'000, 'x')));
    request.url = server.proxy.url() + "/bomb";
    CHECK(code_of(client.send(request, {})) == ErrorCode::too_large);
    request.max_response_bytes = 1'000'000;
    CHECK(client.send(request, {})->body.size() == 1'000'000);
    server.answer("/bad-gzip", 200, {{"Content-Encoding", "gzip"}}, "garbage that is no gzip");
    CHECK(code_of(client.send(get(server.proxy.url() + "/bad-gzip"), {})) == ErrorCode::unavailable);
  }

  TEST_CASE("what a sink says ends the transfer and is the result") {
    Server server;
    server.answer("/ok", 200, {}, "x");
    server.answer("/error", 500, {}, "reason");
    HttpClient client({});
    const HttpSink refuse = [](std::string_view) -> Result<void> { return Error(ErrorCode::conflict, "no more"); };
    CHECK(code_of(client.send(get(server.proxy.url() + "/ok"), {}, refuse)) == ErrorCode::conflict);
    const auto error = client.send(get(server.proxy.url() + "/error"), {}, refuse);
    REQUIRE(error.ok());  // an error page does not go to the sink
    CHECK(error->body == "reason");
  }

  TEST_CASE("other protocols and broken addresses are refused before anything is sent") {
    HttpClient client({});
    for (const auto* url : {"file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/", "nonsense", "", "http://",
                            "http://127.0.0.1:99999/"}) {
      CHECK_MESSAGE(code_of(client.send(get(url), {})) == ErrorCode::invalid_input, url);
    }
    Server server;
    server.answer("", 302, {{"Location", "file:///etc/passwd"}});
    CHECK(code_of(client.send(get(server.proxy.url() + "/"), {})) == ErrorCode::invalid_input);
    CHECK(code_of(client.send(get("http://127.0.0.1:1/"), {})) == ErrorCode::unavailable);
  }

  TEST_CASE("an address that is like another one is taken apart as any other") {
    for (const std::string known :
         {"https://host:6443/api", "https://host/prefix/x", "http://[::1]:80/", "https://u:p@host/"}) {
      const auto like = HttpUrl::parse(known);
      REQUIRE(like.ok());
      const std::string place = known.substr(0, known.find('/', 8));
      for (const std::string rest : {"",           "/",         "/api/v1/x?a=b&c=d%20e",
                                     "/a/../b",    "/a/./b",    "/.",
                                     "/a/..",      "/%2e%2e/b", "/a b",
                                     "/a#b",       "/a\\b",     "//x/y",
                                     "?a=b",       "/\xc3\xbc", "/a?b=../c",
                                     "/a?b=/../c", "x/y",       ".evil/y",
                                     "@evil/y",    ":99/y",     "/a\n"}) {
        const auto usual = HttpUrl::parse(place + rest);
        const auto quick = HttpUrl::parse_like(*like, place + rest);
        INFO(place << rest);
        REQUIRE(usual.ok() == quick.ok());
        if (!usual.ok()) continue;
        CHECK(std::tie(quick->scheme, quick->host, quick->port, quick->user, quick->password, quick->plain) ==
              std::tie(usual->scheme, usual->host, usual->port, usual->user, usual->password, usual->plain));
      }
    }
    const auto like = HttpUrl::parse("https://host/api");
    CHECK(HttpUrl::parse_like(*like, "https://other/api")->host == "other");
    CHECK(HttpUrl::parse_like(*like, "http://host/api")->scheme == "http");
    CHECK_FALSE(HttpUrl::parse_like(*like, "https://host/" + std::string(9000, 'x')).ok());
  }

  TEST_CASE("header injection is not possible") {
    Server server;
    server.answer("", 200, {});
    HttpClient client({});
    HttpRequest request = get(server.proxy.url() + "/");
    request.headers.emplace_back("X-A", "1\r\nAuthorization: stolen");
    REQUIRE(client.send(request, {}).ok());
    CHECK(server.proxy.seen().back().authorization.empty());
  }

  TEST_CASE("user and password are cut out of an address, however odd it is") {
    CHECK(redact_url("https://u:p@host/x") == "https://host/x");
    CHECK(redact_url("https://u:p@ss@host/x") == "https://host/x");
    CHECK(redact_url("https://u:pa/ss@host/x") == "https://host/x");
    CHECK(redact_url("https://token@host:8080/x") == "https://host:8080/x");
    // Signs in a password that nobody escaped; what looks like a port or a host may be the half of one.
    CHECK(redact_url("https://user:12?34@host") == "https://host");
    CHECK(redact_url("https://user:12#34@host/x") == "https://host/x");
    CHECK(redact_url("https://user:8080/a@host/x") == "https://host/x");
    CHECK(redact_url("https://to/ken@host/") == "https://host/");
    CHECK(redact_url("https://user:a@b/c@host/") == "https://host/");
    CHECK(redact_url("https://host:8080/a/b?c=d#e") == "https://host:8080/a/b?c=d#e");
    CHECK(redact_url("https://[::1]:80/a") == "https://[::1]:80/a");
    CHECK(redact_url("u:p@host/x") == "host/x");
    CHECK(redact_url("git@host:x") == "git@host:x");
    CHECK(redact_url("https://u:p@host\x1b[2J").find('\x1b') == std::string::npos);
    CHECK(redact_url("/srv/git/x.git") == "/srv/git/x.git");
    CHECK(same_origin("https://Host/x", "https://host:443/y"));
    CHECK_FALSE(same_origin("https://host/x", "http://host/x"));
    CHECK_FALSE(same_origin("https://host/x", "https://host.evil/x"));
  }

  TEST_CASE("Retry-After is read as seconds or as a date, and bounded") {
    const TimePoint now(Millis(784'111'777'000));  // Sun, 06 Nov 1994 08:49:37 GMT
    CHECK(parse_retry_after("120", now) == Millis(120'000));
    CHECK(parse_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", now) == Millis(60'000));
    CHECK(parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now) == Millis(0));
    CHECK(parse_retry_after("99999999999999999999", now) == Millis(86'400'000));
    CHECK_FALSE(parse_retry_after("", now).has_value());
    CHECK_FALSE(parse_retry_after("soon", now).has_value());
    CHECK_FALSE(parse_retry_after("-5", now).has_value());
  }
}

TEST_SUITE("concurrency: http client") {
  TEST_CASE("a set stop token ends a transfer at once, a deadline in time, a stall at its limit") {
    using Clock = std::chrono::steady_clock;
    Server server;
    Fault hang;
    hang.kind = Fault::Kind::hang;
    server.proxy.set({hang});
    HttpClient client({});
    const auto timed = [&](const HttpRequest& request, const Interrupt& interrupt) {
      const auto start = Clock::now();
      const auto response = client.send(request, interrupt);
      REQUIRE_FALSE(response.ok());
      return std::pair(response.error().code(), std::chrono::duration_cast<Millis>(Clock::now() - start));
    };
    HttpRequest request = get(server.proxy.url() + "/");
    std::stop_source source;
    std::thread stopper([&source] {
      std::this_thread::sleep_for(Millis(200));
      source.request_stop();
    });
    auto [code, took] = timed(request, {source.get_token(), {}});
    stopper.join();
    CHECK(code == ErrorCode::cancelled);
    CHECK(took < Millis(2'000));
    std::tie(code, took) = timed(request, {{}, Deadline(system_clock(), Millis(300))});
    CHECK(code == ErrorCode::timeout);
    CHECK(took >= Millis(290));
    CHECK(took < Millis(2'000));
    request.stall_timeout = Millis(300);
    std::tie(code, took) = timed(request, {});
    CHECK(code == ErrorCode::timeout);
    CHECK(took < Millis(2'000));
  }
}

TEST_SUITE("http/client: what is sent at most once") {
  /// Answers the first request of each connection, and reads later ones without an answer.
  struct Forgetful {
    Forgetful()
        : server(0, "", "", [this](gitopsctl::agent::demo::Wire& wire) {
            gitopsctl::agent::demo::WireHead head;
            std::string body;
            for (int i = 0; wire.read_head(head) && wire.read_body(head, body, 1 << 20); ++i) {
              {
                const std::lock_guard lock(mutex);
                seen.push_back(body);
              }
              if (i > 0 || !wire.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) return;
            }
          }) {}
    [[nodiscard]] std::size_t count(const std::string& body) {
      const std::lock_guard lock(mutex);
      return static_cast<std::size_t>(std::ranges::count(seen, body));
    }
    std::mutex mutex;
    std::vector<std::string> seen;
    gitopsctl::agent::demo::WireServer server;
  };

  TEST_CASE("a kept connection that dies under a request does not send it twice") {
    Forgetful server;
    const std::string url = "http://127.0.0.1:" + std::to_string(server.server.port()) + "/";
    HttpClient client({});
    HttpRequest request = get(url);
    request.method = "POST";
    request.body = "first";
    REQUIRE(client.send(request, {}).ok());
    request.body = "second";
    request.resend = false;
    const auto lost = client.send(request, {});
    REQUIRE_FALSE(lost.ok());
    CHECK(client.sent());
    CHECK(server.count("second") == 1);

    // The same with a request that may be repeated: it is, on a new connection.
    HttpClient other({});
    request.resend = true;
    request.body = "third";
    REQUIRE(other.send(request, {}).ok());
    request.body = "fourth";
    REQUIRE(other.send(request, {}).ok());
    CHECK(server.count("fourth") == 2);
  }

  TEST_CASE("what never left is told from what got lost") {
    HttpClient client({});
    HttpRequest request = get("http://127.0.0.1:1/");
    request.method = "POST";
    request.body = "x";
    request.resend = false;
    CHECK_FALSE(client.send(request, {}).ok());
    CHECK_FALSE(client.sent());
  }
}
