#include "channels/secrets/secrets.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "base/crypto/digest.hpp"
#include "base/log/redaction.hpp"
#include "tests/unit/channels/secrets/secrets_fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels::secrets;
using tests::fetched;
using tests::has;
using tests::SecretsFixture;

namespace {

/// A cluster whose answers are written by the test.
struct FakeCluster {
  std::vector<Result<std::string>> answers;  ///< the last one again and again
  int calls = 0;
  std::function<void()> meanwhile = [] {};

  KubeSecretReader reader() {
    return [this](const auto&, const auto&, const auto&, const Interrupt& interrupt) -> Result<Value> {
      const auto at = std::min(static_cast<std::size_t>(calls), answers.size() - 1);
      ++calls;
      meanwhile();
      GITOPSCTL_CHECK(interrupt.check("asking the cluster"));
      if (!answers[at].ok()) return answers[at].error();
      return make_map(
          {{"kind", Value::string("Secret")}, {"data", make_map({{"k", Value::string(base64_encode(*answers[at]))}})}});
    };
  }
};

constexpr const char* kube = "providers: {kube: {kind: kubernetes, namespace: ns}}";

}  // namespace

TEST_SUITE("secrets") {
  TEST_CASE("who does not answer is asked three times, with growing pauses") {
    SecretsFixture fixture;
    FakeCluster cluster;
    const Error away(ErrorCode::unavailable, "away");
    cluster.answers = {away, away, std::string("third")};
    fixture.context.read_kube_secret = cluster.reader();
    const Millis start = fixture.clock.monotonic();
    CHECK(fetched(*fixture.secrets(kube), "x") == "third");
    CHECK(cluster.calls == 3);
    CHECK(fixture.clock.monotonic() - start == secret_first_backoff * 3);
    cluster.calls = 0;
    cluster.answers = {away};
    const auto text = fetched(*fixture.secrets(kube), "x");
    CHECK(has(text, "Unavailable: secret kube:x: tried 3 times: "));
    CHECK(cluster.calls == 3);
  }

  TEST_CASE("other errors are final") {
    SecretsFixture fixture;
    FakeCluster cluster;
    fixture.context.read_kube_secret = cluster.reader();
    for (const auto code : {ErrorCode::not_found, ErrorCode::forbidden, ErrorCode::invalid_input, ErrorCode::too_large}) {
      cluster.calls = 0;
      cluster.answers = {Error(code, "no")};
      const auto secret = fixture.secrets(kube)->resolve({"kube", "x", "", ""}, {});
      REQUIRE_FALSE(secret.ok());
      CHECK(secret.error().code() == code);
      CHECK(cluster.calls == 1);
    }
  }

  TEST_CASE("a try that takes too long counts as no answer; the caller's deadline is the caller's") {
    SecretsFixture fixture;
    FakeCluster cluster;
    cluster.answers = {std::string("late")};
    cluster.meanwhile = [&] { fixture.clock.advance(Millis(10'001)); };
    fixture.context.read_kube_secret = cluster.reader();
    auto text = fetched(*fixture.secrets(kube), "x");
    CHECK(has(text, "Unavailable"));
    CHECK(cluster.calls == 3);
    cluster.calls = 0;
    const auto secret = fixture.secrets(kube)->resolve({"kube", "x", "", ""}, {{}, Deadline(fixture.clock, Millis(5000))});
    REQUIRE_FALSE(secret.ok());
    CHECK(secret.error().code() == ErrorCode::timeout);
    CHECK(cluster.calls == 1);
    // No pause that would end behind the deadline.
    cluster.calls = 0;
    cluster.answers = {Error(ErrorCode::unavailable, "away")};
    cluster.meanwhile = [] {};
    const Millis start = fixture.clock.monotonic();
    CHECK_FALSE(fixture.secrets(kube)->resolve({"kube", "x", "", ""}, {{}, Deadline(fixture.clock, Millis(400))}).ok());
    CHECK(cluster.calls == 1);
    CHECK(fixture.clock.monotonic() == start);
  }

  TEST_CASE("a stop ends it") {
    SecretsFixture fixture;
    FakeCluster cluster;
    std::stop_source stop;
    cluster.answers = {Error(ErrorCode::unavailable, "away")};
    cluster.meanwhile = [&stop] { stop.request_stop(); };
    fixture.context.read_kube_secret = cluster.reader();
    const auto secret = fixture.secrets(kube)->resolve({"kube", "x", "", ""}, {stop.get_token(), {}});
    REQUIRE_FALSE(secret.ok());
    CHECK(secret.error().code() == ErrorCode::cancelled);
    CHECK(cluster.calls == 1);
  }

  TEST_CASE("kept for a run, or never") {
    SecretsFixture fixture;
    FakeCluster cluster;
    cluster.answers = {std::string("value1"), std::string("value2"), std::string("value3")};
    fixture.context.read_kube_secret = cluster.reader();
    auto kept = fixture.secrets(kube);
    CHECK(fetched(*kept, "x") == "value1");
    CHECK(fetched(*kept, "kube:x") == "value1");
    CHECK(cluster.calls == 1);
    CHECK(fetched(*kept, "kube:x#k") == "value2");
    kept->forget();
    CHECK(fetched(*kept, "x") == "value3");
    cluster.calls = 0;
    auto fresh = fixture.secrets(std::string("{cache: none, ") + kube + "}");
    CHECK(fetched(*fresh, "x") == "value1");
    CHECK(fetched(*fresh, "x") == "value2");
  }

  TEST_CASE("a provider that nobody asks is never made") {
    SecretsFixture fixture;
    fixture.context.environment = {{"S_A", "value"}};
    // Neither the directory nor the server is there, and there are no credentials.
    auto secrets = fixture.secrets(R"(
default: env
providers:
  env: {kind: env, prefix: S_}
  gcp: {kind: gcp, project: p, endpoint: "http://127.0.0.1:1", auth: {method: file, file: /nowhere}}
  vault: {kind: vault, address: "http://127.0.0.1:1", auth: {tokenFile: /nowhere}}
  sops: {kind: sops, dir: /nowhere}
)");
    CHECK(fetched(*secrets, "a") == "value");
    CHECK(has(fetched(*secrets, "gcp:a"), "NotFound"));
    CHECK(has(fetched(*secrets, "vault:a"), "NotFound"));
    CHECK(has(fetched(*secrets, "sops:a"), "NotFound"));
  }

  TEST_CASE("which provider is meant") {
    SecretsFixture fixture;
    fixture.context.environment = {{"A_X", "a"}, {"B_X", "b"}};
    const std::string two = "providers: {first: {kind: env, prefix: A_}, second: {kind: env, prefix: B_}}";
    auto secrets = fixture.secrets(two);
    CHECK(fetched(*secrets, "first:x") == "a");
    CHECK(fetched(*secrets, "second:x") == "b");
    CHECK(has(fetched(*secrets, "x"), "InvalidInput: secret x: it names no provider"));
    CHECK(has(fetched(*secrets, "secnod:x"), "did you mean 'second'"));
    CHECK(fetched(*fixture.secrets("{default: second, " + two + "}"), "x") == "b");
    CHECK(has(fetched(*fixture.secrets(""), "x"), "no secret provider is configured"));
  }

  TEST_CASE("a secret of more than a MiB is refused") {
    SecretsFixture fixture;
    fixture.context.environment = {{"S_A", std::string(1U << 20U, 'x')}, {"S_B", std::string((1U << 20U) + 1, 'x')}};
    auto secrets = fixture.secrets("providers: {env: {kind: env, prefix: S_}}");
    CHECK(fetched(*secrets, "a").size() == 1U << 20U);
    CHECK(has(fetched(*secrets, "b"), "TooLarge"));
  }

  TEST_CASE("checking says what resolving would, and gives nothing away") {
    SecretsFixture fixture;
    fixture.context.environment = {{"S_A", "value-of-a"}};
    auto secrets = fixture.secrets("providers: {env: {kind: env, prefix: S_}}");
    CHECK(secrets->check({"", "a", "", ""}, {}).ok());
    CHECK(fixture.hidden.empty());
    const auto missing = secrets->check({"", "b", "", ""}, {});
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().code() == ErrorCode::not_found);
  }

  TEST_CASE("a value is hidden from the log before anybody has it, by its lines as well") {
    log::forget_secrets();
    SecretContext context;
    context.environment = {{"S_A", "first: line-of-it\nshort\nuser: another-line\n"}};
    auto read = tests::read_config("providers: {env: {kind: env, prefix: S_}}");
    Secrets secrets(std::move(read.config), context);
    REQUIRE(secrets.resolve({"", "a", "", ""}, {}).ok());
    const auto text = log::redact("got user: another-line and first: line-of-it, short");
    CHECK_FALSE(has(text, "another-line"));
    CHECK_FALSE(has(text, "line-of-it"));
    CHECK(has(text, "short"));
    log::forget_secrets();
  }

  TEST_CASE("bytes are overwritten when they are given up") {
    std::string value(100, 's');
    const char* place = value.data();
    wipe(value);
    CHECK(value.empty());
    CHECK(std::string_view(place, 100).find('s') == std::string_view::npos);
    SecretBytes bytes(std::string(100, 's'));
    bytes.append("more");
    SecretBytes moved = std::move(bytes);
    CHECK(moved.size() == 104);
    CHECK(bytes.empty());  // NOLINT(bugprone-use-after-move)
    CHECK(moved.copy().view() == moved.view());
  }
}

TEST_SUITE("concurrency secrets") {
  TEST_CASE("several threads ask, and each secret is fetched once") {
    SecretsFixture fixture;
    FakeCluster cluster;
    cluster.answers = {std::string("value")};
    fixture.context.read_kube_secret = cluster.reader();
    auto secrets = fixture.secrets(kube);
    std::vector<std::thread> threads;
    std::atomic<int> good{0};
    threads.reserve(4);
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int turn = 0; turn < 50; ++turn) {
          const auto secret = secrets->resolve({"", "x", "", ""}, {});
          if (secret.ok() && secret->bytes.view() == "value") ++good;
        }
      });
    }
    for (auto& thread : threads) thread.join();
    CHECK(good == 200);
    CHECK(cluster.calls == 1);
  }
}
