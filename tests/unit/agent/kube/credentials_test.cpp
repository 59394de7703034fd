#include "agent/kube/credentials.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/json/json.hpp"
#include "base/log/log.hpp"
#include "base/log/redaction.hpp"
#include "tests/support/scratch.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::support;

namespace {

const std::string certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const std::string key = "-----BEGIN PRIVATE KEY-----\nBBBBBBBB\n-----END PRIVATE KEY-----\n";
constexpr const char* v1 = "client.authentication.k8s.io/v1";

bool holds(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::size_t lines(const std::string& path) {
  const auto text = read(path);
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

/// A plugin that notes each run in `runs`, stores what it was told in `info`, and prints the file `answer`.
struct Plugin {
  explicit Plugin(const std::string& more = {}) {
    write(directory / "plugin", "#!/bin/sh\necho run >> '" + runs() + "'\nprintf %s \"$KUBERNETES_EXEC_INFO\" > '" +
                                    (directory / "info") + "'\n" + more + "\ncat '" + (directory / "answer") + "'\n");
    ::chmod((directory / "plugin").c_str(), 0755);
    target.name = "context main";
    target.server = "https://k";
    target.login.exec = ExecPlugin{"joe", v1, directory / "plugin", {}, {}, "get it", false};
  }
  [[nodiscard]] std::string runs() const { return directory / "runs"; }
  void answer(const std::string& status, const std::string& version = v1) const {
    write(directory / "answer", R"({"kind":"ExecCredential","apiVersion":")" + version + R"(","status":)" + status + "}");
  }
  ScratchDir directory;
  KubeTarget target;
};

TimePoint noon() { return *parse_time("2026-06-01T12:00:00Z"); }

std::string token_of(CredentialSource& source) {
  const auto credential = source.current({});
  REQUIRE_MESSAGE(credential.ok(), credential.error().to_string());
  return (*credential)->bearer;
}

}  // namespace

TEST_SUITE("kube/credentials") {
  TEST_CASE("what stands in the target is handed out as it is") {
    ManualClock clock(noon());
    KubeTarget target;
    target.login.token = "tokentoken";
    target.ca_pem = certificate;
    CredentialSource source(target, clock);
    const auto first = source.current({});
    REQUIRE(first.ok());
    CHECK((*first)->bearer == "tokentoken");
    CHECK((*first)->ca_pem == certificate);
    source.rejected((*first)->version);
    CHECK((*source.current({}))->version == (*first)->version);
  }

  TEST_CASE("a token file is read again after a minute, and at once after a rejection") {
    const ScratchDir directory;
    write(directory / "token", "token-one\n");
    ManualClock clock(noon());
    KubeTarget target;
    target.login.token_file = directory / "token";
    CredentialSource source(target, clock);
    CHECK(token_of(source) == "token-one");
    const auto first = (*source.current({}))->version;
    write(directory / "token", "token-two\n");
    clock.advance(Millis(59'000));
    CHECK(token_of(source) == "token-one");
    clock.advance(Millis(1'000));
    CHECK(token_of(source) == "token-two");
    CHECK((*source.current({}))->version == first + 1);
    CHECK((*source.current({}))->tls_version == 1);

    write(directory / "token", "token-three\n");
    source.rejected(first);  // somebody else's, long ago
    CHECK(token_of(source) == "token-two");
    source.rejected(first + 1);
    CHECK(token_of(source) == "token-three");
    CHECK(log::redact("token-one token-two token-three") == "[redacted] [redacted] [redacted]");
    log::forget_secrets();
  }

  TEST_CASE("certificates and authorities are read again, too, and ask for new connections") {
    const ScratchDir directory;
    write(directory / "ca", certificate);
    write(directory / "crt", certificate);
    write(directory / "key", key);
    ManualClock clock(noon());
    KubeTarget target;
    target.ca_file = directory / "ca";
    target.login.client_certificate_file = directory / "crt";
    target.login.client_key_file = directory / "key";
    CredentialSource source(target, clock);
    const auto first = source.current({});
    REQUIRE(first.ok());
    CHECK((*first)->client_key_pem == key);
    write(directory / "ca", certificate + certificate);
    clock.advance(Millis(60'000));
    const auto second = source.current({});
    CHECK((*second)->ca_pem == certificate + certificate);
    CHECK((*second)->tls_version == (*first)->tls_version + 1);
    log::forget_secrets();
  }

  TEST_CASE("what a file held stays in use while it cannot be read, and that is said once") {
    const ScratchDir directory;
    write(directory / "token", "token-one\n");
    ManualClock clock(noon());
    KubeTarget target;
    target.login.token_file = directory / "token";
    CredentialSource source(target, clock);
    CHECK(token_of(source) == "token-one");
    std::vector<std::string> said;
    log::set_destination([&](std::string_view line) { said.emplace_back(line); });
    for (const auto* text : {"", "several\nlines\n"}) {
      write(directory / "token", text);
      clock.advance(Millis(60'000));
      CHECK(token_of(source) == "token-one");
    }
    log::set_destination({});
    CHECK(said.size() == 1);
    write(directory / "token", "token-two\n");
    clock.advance(Millis(60'000));
    CHECK(token_of(source) == "token-two");

    target.login.token_file = directory / "gone";
    CredentialSource none(target, clock);
    const auto missing = none.current({});
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().code() == ErrorCode::not_found);
    log::forget_secrets();
  }

  TEST_CASE("a plugin runs once until its answer expires, and again after a rejection") {
    const Plugin plugin;
    plugin.answer(R"({"token":"token-one","expirationTimestamp":"2026-06-01T12:10:00Z"})");
    ManualClock clock(noon());
    CredentialSource source(plugin.target, clock);
    CHECK(token_of(source) == "token-one");
    CHECK(token_of(source) == "token-one");
    CHECK(lines(plugin.runs()) == 1);
    plugin.answer(R"({"token":"token-two"})");
    clock.advance(Millis(594'000));
    CHECK(token_of(source) == "token-one");
    clock.advance(Millis(1'000));
    CHECK(token_of(source) == "token-two");
    CHECK(lines(plugin.runs()) == 2);
    clock.advance(Millis(86'400'000));
    CHECK(token_of(source) == "token-two");
    CHECK(lines(plugin.runs()) == 2);

    plugin.answer(R"({"token":"token-three"})");
    const auto version = (*source.current({}))->version;
    source.rejected(version);
    CHECK(token_of(source) == "token-three");
    CHECK(lines(plugin.runs()) == 3);
    // A server that refuses whatever it hands out does not make it run with every request.
    for (int i = 0; i < 10; ++i) {
      source.rejected((*source.current({}))->version);
      CHECK(token_of(source) == "token-three");
    }
    CHECK(lines(plugin.runs()) == 3);
    clock.advance(CredentialSource::plugin_pause);
    CHECK(token_of(source) == "token-three");
    CHECK(lines(plugin.runs()) == 4);
    log::forget_secrets();
  }

  TEST_CASE("an answer that comes expired is used for a moment") {
    const Plugin plugin;
    plugin.answer(R"({"token":"token-one","expirationTimestamp":"2020-01-01T00:00:00Z"})");
    ManualClock clock(noon());
    CredentialSource source(plugin.target, clock);
    for (int i = 0; i < 5; ++i) CHECK(token_of(source) == "token-one");
    CHECK(lines(plugin.runs()) == 1);
    clock.advance(CredentialSource::plugin_pause);
    CHECK(token_of(source) == "token-one");
    CHECK(lines(plugin.runs()) == 2);
    log::forget_secrets();
  }

  TEST_CASE("a plugin is told what it asks for, and nothing else") {
    Plugin plugin;
    plugin.answer(R"({"clientCertificateData":"-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----",)"
                  R"("clientKeyData":"-----BEGIN EC PRIVATE KEY-----\nB\n-----END EC PRIVATE KEY-----"})");
    plugin.target.ca_pem = certificate;
    plugin.target.exec_config = make_map({{"audience", Value::string("a")}});
    ManualClock clock(noon());
    {
      CredentialSource source(plugin.target, clock);
      const auto credential = source.current({});
      REQUIRE_MESSAGE(credential.ok(), credential.error().to_string());
      CHECK((*credential)->bearer.empty());
      CHECK(holds((*credential)->client_key_pem, "EC PRIVATE KEY"));
    }
    CHECK(read(plugin.directory / "info") ==
          R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false}})");
    plugin.target.login.exec->provide_cluster_info = true;
    CredentialSource source(plugin.target, clock);
    REQUIRE(source.current({}).ok());
    const auto info = parse_json(read(plugin.directory / "info"));
    REQUIRE(info.ok());
    CHECK(info->string_at({"spec", "cluster", "server"}) == "https://k");
    CHECK(info->string_at({"spec", "cluster", "config", "audience"}) == "a");
    CHECK_FALSE(info->string_at({"spec", "cluster", "certificate-authority-data"}).empty());
    log::forget_secrets();
  }

  TEST_CASE("answers that are none are refused, and no word of them is shown") {
    const Plugin plugin;
    ManualClock clock(noon());
    const auto failure = [&]() {
      CredentialSource source(plugin.target, clock);
      const auto credential = source.current({});
      REQUIRE_FALSE(credential.ok());
      CHECK_FALSE(holds(credential.error().to_string() + credential.error().hint(), "c4n4ry"));
      return credential.error().message();
    };
    write(plugin.directory / "answer", "c4n4ry {");
    CHECK(holds(failure(), "no ExecCredential"));
    plugin.answer(R"({"token":"c4n4ry"})", "client.authentication.k8s.io/v1beta1");
    CHECK(holds(failure(), "another apiVersion"));
    plugin.answer(R"({"note":"c4n4ry"})");
    CHECK(holds(failure(), "neither a token nor a certificate"));
    plugin.answer(R"({"token":"c4n4ry\nX: y"})");
    CHECK(holds(failure(), "several lines"));
    plugin.answer(R"({"clientKeyData":"c4n4ry"})");
    CHECK(holds(failure(), "not both"));
    plugin.answer(R"({"clientKeyData":"c4n4ry","clientCertificateData":"c4n4ry"})");
    CHECK(holds(failure(), "no PEM"));
    plugin.answer(R"({"token":"c4n4ry","expirationTimestamp":"soon"})");
    CHECK(holds(failure(), "expirationTimestamp"));
    log::forget_secrets();
  }

  TEST_CASE("a plugin that fails is not started again at once") {
    const Plugin plugin("echo c4n4ry >&2; echo c4n4ry; exit 3");
    ManualClock clock(noon());
    CredentialSource source(plugin.target, clock);
    for (int i = 0; i < 3; ++i) {
      const auto credential = source.current({});
      REQUIRE_FALSE(credential.ok());
      CHECK(credential.error().code() == ErrorCode::forbidden);
      CHECK(holds(credential.error().message(), "exit code 3"));
      CHECK_FALSE(holds(credential.error().to_string() + credential.error().hint(), "c4n4ry"));
    }
    CHECK(lines(plugin.runs()) == 1);
    clock.advance(CredentialSource::plugin_pause);
    CHECK_FALSE(source.current({}).ok());
    CHECK(lines(plugin.runs()) == 2);
  }

  TEST_CASE("a plugin that is not there is told with how to get it") {
    Plugin plugin;
    plugin.target.login.exec->command = plugin.directory / "gone";
    ManualClock clock(noon());
    CredentialSource source(plugin.target, clock);
    const auto credential = source.current({});
    REQUIRE_FALSE(credential.ok());
    CHECK(credential.error().code() == ErrorCode::not_found);
    CHECK(credential.error().hint() == "get it");
  }

  TEST_CASE("a plugin that hangs is ended") {
    const Plugin plugin("sleep 60");
    const auto start = system_clock().monotonic();
    const auto late = run_exec_plugin(*plugin.target.login.exec, {}, {}, Millis(200));
    REQUIRE_FALSE(late.ok());
    CHECK(late.error().code() == ErrorCode::timeout);
    std::stop_source stop;
    std::jthread stopper([&] {
      system_clock().sleep(Millis(200), {});
      stop.request_stop();
    });
    CredentialSource source(plugin.target, system_clock());
    const auto stopped = source.current({stop.get_token(), {}});
    REQUIRE_FALSE(stopped.ok());
    CHECK(stopped.error().code() == ErrorCode::cancelled);
    CHECK(system_clock().monotonic() - start < Millis(20'000));
  }
}

TEST_SUITE("concurrency: kube/credentials") {
  TEST_CASE("many callers start one plugin") {
    const Plugin plugin("sleep 0.2");
    plugin.answer(R"({"token":"token-one"})");
    CredentialSource source(plugin.target, system_clock());
    std::atomic<int> good{0};
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 16; ++i) {
        threads.emplace_back([&] {
          const auto credential = source.current({});
          if (credential.ok() && (*credential)->bearer == "token-one") ++good;
          if (credential.ok()) source.rejected((*credential)->version);
          (void)source.current({});
        });
      }
    }
    CHECK(good == 16);
    CHECK(lines(plugin.runs()) == 1);
    log::forget_secrets();
  }
}
