#include "channels/ssh/client.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <thread>

#include "tests/support/not_run.hpp"
#include "tests/support/ssh_server.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;
using namespace gitopsctl::support;

namespace {

bool cannot_run() {
  if (has_ssh_server()) return false;
  tests::not_run("the ssh client", "there is no sshd: ./dev setup installs openssh-server");
  return true;
}

SshServerOptions with_shell() {
  SshServerOptions out;
  out.shell = true;
  return out;
}

struct Fixture {
  Fixture() : server(with_shell()), relay(server.port()), login{server.user_key().private_text(), "", ""} {
    login.known_hosts = server.known_hosts("", relay.port());
    endpoint.address = {server.user(), "127.0.0.1", std::to_string(relay.port()), "/x"};
    endpoint.stall_timeout = Millis(60'000);
  }
  /// All that a command says.
  Result<std::string> run(SshClient& client, const std::string& command, const std::string& input = {}) {
    GITOPSCTL_CHECK(client.start(login, command, "", "", {}));
    GITOPSCTL_CHECK(client.write(input, {}, {}));
    std::string out;
    for (;;) {
      GITOPSCTL_TRY(const auto piece, client.read({}));
      if (piece.empty()) return out;
      out += piece;
    }
  }
  SshServer server;
  Relay relay;
  SshLogin login;
  SshEndpoint endpoint;
};

}  // namespace

TEST_SUITE("ssh/client") {
  TEST_CASE("commands one after the other on one connection, with what they say on either output") {
    if (cannot_run()) return;
    Fixture f;
    SshClient client(f.endpoint);
    for (int i = 0; i < 5; ++i) {
      const auto out = f.run(client, "head -c 5; printf 'on  error\\n\\033[31mred' >&2", "hello");
      REQUIRE_MESSAGE(out.ok(), (out.ok() ? "" : out.error().to_string()));
      CHECK(*out == "hello");
      CHECK(client.complaint() == "on error \\x1b[31mred");
    }
    // A flood of complaints is not kept, and does not stop the output behind it.
    const auto flood = f.run(client, "head -c 3000000 /dev/zero | tr '\\0' e >&2; echo after");
    REQUIRE(flood.ok());
    CHECK(*flood == "after\n");
    CHECK(client.complaint().size() <= 500);
    CHECK(f.relay.connections() == 1);
    CHECK(client.counters().commands == 6);
  }

  TEST_CASE("much goes in both directions") {
    if (cannot_run()) return;
    Fixture f;
    SshClient client(f.endpoint);
    std::string much;
    for (unsigned i = 0; much.size() < 20'000'000; ++i) much += std::to_string(i * 2654435761U);
    const auto counted = f.run(client, "head -c " + std::to_string(much.size()) + " | wc -c", much);
    REQUIRE_MESSAGE(counted.ok(), (counted.ok() ? "" : counted.error().to_string()));
    CHECK(std::stoul(*counted) == much.size());
    const auto back = f.run(client, "head -c 1000000; head -c 20000000 /dev/zero", much.substr(0, 1'000'000));
    REQUIRE(back.ok());
    CHECK(back->size() == 21'000'000);
    CHECK(back->substr(0, 1'000'000) == much.substr(0, 1'000'000));
    std::uint64_t half = 0;
    REQUIRE(client.start(f.login, "cat >/dev/null", "", "", {}).ok());
    REQUIRE(client.write(much, [&half](std::uint64_t sent) { half = half == 0 ? sent : half; }, {}).ok());
    CHECK(half == (much.size() + 1) / 2);
  }

  TEST_CASE("who does not take what is sent is given up, by patience or by a stop") {
    if (cannot_run()) return;
    Fixture f;
    f.endpoint.stall_timeout = Millis(1'000);
    const std::string much(30'000'000, 'x');
    for (const bool command_hangs : {true, false}) {
      for (const bool stopped : {true, false}) {
        CAPTURE(command_hangs);
        CAPTURE(stopped);
        if (stopped) f.endpoint.stall_timeout = Millis(60'000);
        SshClient client(f.endpoint);
        f.endpoint.stall_timeout = Millis(1'000);
        REQUIRE(client.start(f.login, command_hangs ? "sleep 20" : "cat >/dev/null", "", "", {}).ok());
        if (!command_hangs) f.relay.hang_after(0);
        std::stop_source stop;
        const auto begin = std::chrono::steady_clock::now();
        const std::jthread waiter([&] {
          std::this_thread::sleep_for(std::chrono::milliseconds(500));
          if (stopped) stop.request_stop();
        });
        const auto sent = client.write(much, {}, {stop.get_token(), {}});
        REQUIRE_FALSE(sent.ok());
        CHECK(sent.error().code() == (stopped ? ErrorCode::cancelled : ErrorCode::timeout));
        CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(stopped ? 3 : 10));
        client.disconnect();
        f.relay.hang_after(-1);
      }
    }
  }
}
