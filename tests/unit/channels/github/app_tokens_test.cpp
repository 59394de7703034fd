#include "channels/github/app_tokens.hpp"

#include <doctest/doctest.h>

#include "base/crypto/digest.hpp"
#include "base/log/redaction.hpp"
#include "channels/git/mirror.hpp"
#include "tests/support/git_server.hpp"
#include "tests/support/github_server.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;
using namespace gitopsctl::support;

namespace {

template <class T>
std::string why(const Result<T>& result) {
  return result.ok() ? "ok" : result.error().to_string() + " [" + result.error().hint() + "]";
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

GitHubApp app_of(const GitHubServer& server) {
  GitHubApp app;
  app.app_id = server.app_id();
  app.installation_id = server.installation_id();
  app.private_key = server.private_key();
  app.api_url = server.url();
  return app;
}

}  // namespace

TEST_SUITE("github/app") {
  TEST_CASE("a token is asked for once, and again five minutes before its end") {
    GitHubServer server;
    ManualClock clock(system_clock().now());
    server.set_clock([&clock] { return clock.now(); });
    AppTokens tokens(app_of(server), clock);
    const auto first = tokens.token({});
    REQUIRE_MESSAGE(first.ok(), why(first));
    CHECK(first->starts_with("ghs_"));
    CHECK(*tokens.token({}) == *first);
    clock.advance(Millis(54 * 60'000));
    CHECK(*tokens.token({}) == *first);
    CHECK(server.issued() == 1);
    clock.advance(Millis(2 * 60'000));
    const auto second = tokens.token({});
    REQUIRE_MESSAGE(second.ok(), why(second));
    CHECK(*second != *first);
    CHECK(server.issued() == 2);
    // Nothing shows either of them, and not the header that carries it.
    for (const auto& token : {*first, *second}) {
      CHECK_FALSE(has(log::redact("got " + token), token));
      const std::string header = base64_encode("x-access-token:" + token);
      CHECK_FALSE(has(log::redact("Basic " + header), header.substr(0, 40)));
    }
    CHECK_FALSE(tokens.discard(*first));
    CHECK(tokens.discard(*second));
    const auto third = tokens.token({});
    REQUIRE(third.ok());
    CHECK(server.issued() == 3);
    CHECK(log::redact(*first) == *first);  // long gone
  }

  TEST_CASE("a token that still holds is used while no new one can be had") {
    GitHubServer server;
    ManualClock clock(system_clock().now());
    server.set_clock([&clock] { return clock.now(); });
    AppTokens tokens(app_of(server), clock);
    const auto first = tokens.token({});
    REQUIRE(first.ok());
    server.answer_with(503);
    clock.advance(Millis(57 * 60'000));
    CHECK(*tokens.token({}) == *first);
    clock.advance(Millis(4 * 60'000));
    const auto gone = tokens.token({});
    REQUIRE_FALSE(gone.ok());
    CHECK(gone.error().code() == ErrorCode::unavailable);
    CHECK_FALSE(has(why(gone), "ghs_"));
  }

  TEST_CASE("what GitHub refuses is said with what to do, without key or token") {
    GitHubServer server;
    ManualClock clock(system_clock().now());
    server.set_clock([] { return system_clock().now(); });
    const auto error_of = [&](const GitHubApp& app) {
      AppTokens tokens(app, clock);
      const auto token = tokens.token({});
      REQUIRE_FALSE(token.ok());
      CHECK_FALSE(has(why(token), "eyJ"));
      return token.error();
    };
    GitHubApp app = app_of(server);
    app.app_id = "999";
    CHECK(has(error_of(app).to_string(), "app id"));
    app = app_of(server);
    app.private_key = GitHubServer().private_key();
    auto error = error_of(app);
    CHECK(error.code() == ErrorCode::forbidden);
    CHECK(has(error.to_string(), "could not be decoded"));
    CHECK(has(error.hint(), "privateKeyFile"));
    app = app_of(server);
    app.installation_id = "1";
    CHECK(error_of(app).code() == ErrorCode::not_found);
    // A clock that is a minute off does no harm, one that is an hour off is named.
    clock.advance(Millis(55'000));
    app = app_of(server);
    CHECK(AppTokens(app, clock).token({}).ok());
    clock.advance(Millis(3600'000));
    CHECK(has(error_of(app).hint(), "the clock"));
    server.answer_with(403);
    CHECK(error_of(app).code() == ErrorCode::forbidden);
    for (const auto* body : {"", "[]", "{}", R"({"token":"ghs_12345678"})", R"({"token":7,"expires_at":"x"})",
                             R"({"token":"with blank","expires_at":"2100-01-01T00:00:00Z"})"}) {
      server.answer_with(201, body);
      CHECK(error_of(app).code() == ErrorCode::unavailable);
    }
    app.private_key = "-----BEGIN RSA PRIVATE KEY-----\ncanary\n-----END RSA PRIVATE KEY-----\n";
    error = error_of(app);
    CHECK(error.code() == ErrorCode::invalid_input);
    CHECK_FALSE(has(error.to_string(), "canary"));
    CHECK_FALSE(check_app_key(make_test_certificates().key_pem).ok());  // no RSA
  }

  TEST_CASE("Git over HTTPS with a token of an app, renewed when the server refuses it") {
    struct Source final : CredentialSource {
      Source(GitHubApp app, const Clock& clock) : tokens(std::move(app), clock) {}
      Result<Credentials> current(const Interrupt& interrupt) override {
        Credentials out;
        out.username = "x-access-token";
        GITOPSCTL_TRY(out.password, tokens.token(interrupt));
        return out;
      }
      bool refused(const Credentials& used) override { return tokens.discard(used.password); }
      AppTokens tokens;
    };
    GitHubServer github;
    GitServerOptions options;
    options.username = "x-access-token";
    options.accepts = [&github](const std::string& password) { return github.is_valid(password); };
    GitServer git(options);
    ScratchDir scratch;
    auto repository = git.repository("shop.git");
    const auto id = repository.commit("main", {{"a", "1"}});
    RemoteConfig config;
    config.url = git.url() + "/shop.git";
    config.credentials = std::make_shared<Source>(app_of(github), system_clock());
    auto mirror = Mirror::open(scratch / "mirror", config);
    REQUIRE(mirror.ok());
    const auto pull = [&]() -> Result<void> {
      GITOPSCTL_TRY(const auto listing, (*mirror)->list_remote({}));
      return (*mirror)->fetch(listing, {}, {});
    };
    auto pulled = pull();
    REQUIRE_MESSAGE(pulled.ok(), why(pulled));
    CHECK((*mirror)->has_commit(id));
    CHECK(github.issued() == 1);
    github.revoke_all();
    pulled = pull();
    REQUIRE_MESSAGE(pulled.ok(), why(pulled));
    CHECK(github.issued() == 2);
    CHECK((*mirror)->push("refs/heads/x", "", id, {}).ok());
    CHECK(github.issued() == 2);
    // New tokens that are refused as well are not asked for again and again.
    github.refuse_all();
    const auto refused = pull();
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code() == ErrorCode::forbidden);
    CHECK_FALSE(has(why(refused), "ghs_"));
    CHECK(github.issued() == 3);
  }
}
