#include <doctest/doctest.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/log/redaction.hpp"
#include "channels/secrets/crypt.hpp"
#include "tests/support/gcp_server.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/channels/secrets/secrets_fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels::secrets;
using support::GcpServer;
using support::ScratchDir;
using tests::fetched;
using tests::has;
using tests::SecretsFixture;
using tests::why;

namespace {

/// A server, files of credentials, and secrets that come from there.
struct Gcp {
  GcpServer server;
  ScratchDir scratch;
  SecretsFixture fixture;

  Gcp() {
    server.set_clock([this] { return fixture.clock.now(); });
    server.add_version("web_db", "kind: Secret\n");
    fixture.context.directory = scratch.path();
    std::ofstream(scratch / "account.json") << server.service_account_json();
    std::ofstream(scratch / "user.json") << server.authorized_user_json();
  }
  std::unique_ptr<Secrets> secrets(const std::string& auth = "{method: file, file: account.json}",
                                   const std::string& cache = "none") {
    return fixture.secrets("{cache: " + cache + ", providers: {gcp: {kind: gcp, project: \"" + server.project() +
                           "\", endpoint: \"" + server.url() + "\", auth: " + auth + "}}}");
  }
};

}  // namespace

TEST_SUITE("secrets/gcp") {
  TEST_CASE("with the key of a service account: the newest version, or the one that is asked for") {
    Gcp gcp;
    auto secrets = gcp.secrets();
    const auto one = secrets->resolve(*parse_secret_ref("web_db"), {});
    REQUIRE_MESSAGE(one.ok(), why(one));
    CHECK(one->bytes.view() == "kind: Secret\n");
    CHECK(one->version == "1");
    gcp.server.add_version("web_db", "user: admin\n");
    CHECK(fetched(*secrets, "web_db") == "user: admin\n");
    CHECK(fetched(*secrets, "gcp:web_db@1") == "kind: Secret\n");
    CHECK(fetched(*secrets, "gcp:web_db@2#user") == "admin");
    gcp.server.add_version("empty", "");
    CHECK(fetched(*secrets, "empty").empty());
    // One token for all of them.
    CHECK(gcp.server.tokens_issued() == 1);
    gcp.fixture.clock.advance(Millis(3'545'000));
    CHECK(fetched(*secrets, "gcp:web_db@1") == "kind: Secret\n");
    CHECK(gcp.server.tokens_issued() == 2);
    // Both were hidden, and the one that ended means nothing any more.
    REQUIRE(gcp.fixture.hidden.size() >= 2);
    CHECK(gcp.fixture.hidden.front().starts_with("ya29."));
    CHECK(gcp.fixture.shown == std::vector<std::string>{gcp.fixture.hidden.front()});
  }

  TEST_CASE("every way to log in") {
    Gcp gcp;
    CHECK(fetched(*gcp.secrets("{method: file, file: user.json}"), "web_db") == "kind: Secret\n");
    gcp.fixture.context.environment = {{"GCE_METADATA_HOST", gcp.server.host()}};
    CHECK(fetched(*gcp.secrets("{method: metadata}"), "web_db") == "kind: Secret\n");
    // As Google's libraries look for them: the named file, the well-known one, the metadata server.
    CHECK(fetched(*gcp.secrets("{}"), "web_db") == "kind: Secret\n");
    gcp.fixture.context.environment = {{"HOME", gcp.scratch.path()}};
    std::filesystem::create_directories(gcp.scratch / ".config/gcloud");
    std::filesystem::copy_file(gcp.scratch / "user.json",
                               gcp.scratch / ".config/gcloud/application_default_credentials.json");
    CHECK(fetched(*gcp.secrets("{}"), "web_db") == "kind: Secret\n");
    gcp.fixture.context.environment = {{"GOOGLE_APPLICATION_CREDENTIALS", gcp.scratch / "account.json"},
                                       {"HOME", "/nowhere"}};
    CHECK(fetched(*gcp.secrets("{}"), "web_db") == "kind: Secret\n");
    gcp.fixture.context.environment = {{"GOOGLE_APPLICATION_CREDENTIALS", gcp.scratch / "none.json"}};
    CHECK(has(fetched(*gcp.secrets("{}"), "web_db"), "NotFound: secret gcp:web_db: login to Google: "));
    CHECK(gcp.server.tokens_issued() == 5);
  }

  TEST_CASE("a program that prints a token") {
    Gcp gcp;
    const std::string program = gcp.scratch / "token";
    const auto command = [&](const std::string& script) {
      std::ofstream(program) << "#!/bin/sh\n" << script;
      ::chmod(program.c_str(), 0755);
      return fetched(*gcp.secrets("{method: command, command: [" + program + ", 'a b', \"$HOME\"]}"), "web_db");
    };
    const std::string token = gcp.server.new_token();
    // The words arrive as they are: no shell reads them.
    CHECK(command("[ \"$1|$2\" = 'a b|$HOME' ] && echo '" + token + "'\n") == "kind: Secret\n");
    CHECK(gcp.fixture.hidden.front() == token);
    for (const auto* script : {"echo canary-token; exit 3\n", "echo canary-token >&2; exit 1\n"}) {
      const auto text = command(script);
      CHECK_MESSAGE(has(text, "Forbidden"), text);
      CHECK_FALSE(has(text, "canary"));
    }
    CHECK(has(command("exit 0\n"), "InvalidInput"));
    CHECK(has(command("printf 'canary\\001x'\n"), "InvalidInput"));
    CHECK(has(command("head -c 200000 /dev/zero\n"), "TooLarge"));
    std::filesystem::remove(program);
    CHECK(has(fetched(*gcp.secrets("{method: command, command: [" + program + "]}"), "web_db"), "NotFound"));
  }

  TEST_CASE("what the service refuses") {
    Gcp gcp;
    auto secrets = gcp.secrets();
    gcp.server.add_version("secret", "canary-value");
    gcp.server.deny("secret");
    auto text = fetched(*secrets, "secret");
    CHECK(has(text, "Forbidden: secret gcp:secret: "));
    CHECK(has(text, "secretAccessor"));
    CHECK_FALSE(has(text, "canary"));
    text = fetched(*secrets, "none");
    CHECK(has(text, "NotFound"));
    CHECK(has(text, gcp.server.project()));
    CHECK(has(fetched(*secrets, "gcp:web_db@9"), "NotFound"));
    gcp.server.disable_version("web_db", 1);
    CHECK(has(fetched(*secrets, "web_db"), "disabled or destroyed"));
    for (const auto* name : {"gcp:a/b", "gcp:../x", "gcp:web_db@1/x", "a@1"})
      CHECK(has(fetched(*secrets, name), "InvalidInput"));
  }

  TEST_CASE("503 and then 200; 503 for ever") {
    Gcp gcp;
    auto secrets = gcp.secrets();
    gcp.server.fail_next(1, 503);
    CHECK(fetched(*secrets, "web_db") == "kind: Secret\n");
    CHECK(gcp.server.asked() == 2);
    gcp.server.fail_next(2, 429);
    CHECK(fetched(*secrets, "web_db") == "kind: Secret\n");
    gcp.server.fail_next(100, 503);
    const auto text = fetched(*secrets, "web_db");
    CHECK(has(text, "Unavailable"));
    CHECK(has(text, "503"));
    CHECK(gcp.server.asked() == 8);
  }

  TEST_CASE("a checksum that does not fit is not believed; none is no reason to refuse") {
    Gcp gcp;
    gcp.server.add_version("sum", "canary-value");
    auto secrets = gcp.secrets();
    gcp.server.falsify_sums(1);
    CHECK(fetched(*secrets, "sum") == "canary-value");
    gcp.server.falsify_sums(100);
    const auto text = fetched(*secrets, "sum");
    CHECK(has(text, "Unavailable"));
    CHECK(has(text, "CRC32C"));
    CHECK_FALSE(has(text, "canary"));
    gcp.server.falsify_sums(0);
    gcp.server.leave_out_sums();
    CHECK(fetched(*secrets, "sum") == "canary-value");
  }

  TEST_CASE("a token that was revoked is replaced once; credentials that are not believed are final") {
    Gcp gcp;
    auto secrets = gcp.secrets();
    CHECK(fetched(*secrets, "web_db") == "kind: Secret\n");
    gcp.server.revoke_tokens();
    CHECK(fetched(*secrets, "web_db") == "kind: Secret\n");
    CHECK(gcp.server.tokens_issued() == 2);
    auto text = fetched(*gcp.secrets("{method: command, command: [echo, wrong-token]}"), "web_db");
    CHECK(has(text, "Forbidden"));
    CHECK_FALSE(has(text, "wrong-token"));
    gcp.server.fail_tokens(401);
    text = fetched(*gcp.secrets(), "web_db");
    CHECK(has(text, "Forbidden"));
    CHECK(has(text, "clock"));
    CHECK_FALSE(has(text, "canary"));
    gcp.server.fail_tokens(500);
    CHECK(has(fetched(*gcp.secrets(), "web_db"), "Unavailable"));
    gcp.server.fail_tokens(0);
    // A clock that is an hour off.
    gcp.server.set_clock([&gcp] { return gcp.fixture.clock.now() + std::chrono::hours(2); });
    CHECK(has(fetched(*gcp.secrets(), "web_db"), "Forbidden"));
  }

  TEST_CASE("files that are no credentials") {
    Gcp gcp;
    const auto with = [&gcp](const std::string& text) {
      std::ofstream(gcp.scratch / "bad.json") << text;
      return fetched(*gcp.secrets("{method: file, file: bad.json}"), "web_db");
    };
    for (const auto* text :
         {"canary", "[]", R"({"type":"service_account"})",
          R"({"type":"service_account","client_email":"a","private_key":"-----BEGIN PRIVATE KEY-----\ncanary"})",
          R"({"type":"authorized_user","client_id":"canary"})"}) {
      const auto said = with(text);
      CHECK_MESSAGE(has(said, "InvalidInput"), said);
      CHECK_FALSE(has(said, "canary"));
    }
    CHECK(has(with(R"({"type":"external_account"})"), "Unsupported"));
  }

  TEST_CASE("what answers in place of the metadata server is not believed") {
    Gcp gcp;
    gcp.fixture.context.environment = {{"GCE_METADATA_HOST", gcp.server.host()}};
    gcp.server.pretend_metadata();
    CHECK(has(fetched(*gcp.secrets("{method: metadata}"), "web_db"), "is not Google's"));
    gcp.fixture.context.environment = {{"GCE_METADATA_HOST", "user@host/x?"}};
    CHECK(has(fetched(*gcp.secrets("{method: metadata}"), "web_db"), "InvalidInput"));
  }

  TEST_CASE("CRC-32C of known texts") {
    CHECK(crc32c("") == 0);
    CHECK(crc32c("123456789") == 0xE3069283U);
    CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AAU);  // RFC 3720, B.4
    CHECK(crc32c(std::string(32, '\xFF')) == 0x62A8AB43U);
  }
}
