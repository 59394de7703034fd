#include <doctest/doctest.h>

#include <fstream>

#include "tests/support/scratch.hpp"
#include "tests/support/vault_server.hpp"
#include "tests/unit/channels/secrets/secrets_fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels::secrets;
using support::ScratchDir;
using support::VaultServer;
using tests::fetched;
using tests::has;
using tests::SecretsFixture;
using tests::why;

namespace {

struct Vault {
  VaultServer server;
  ScratchDir scratch;
  SecretsFixture fixture;

  Vault() {
    fixture.context.directory = scratch.path();
    std::ofstream(scratch / "token") << server.root_token() << "\n";
    std::ofstream(scratch / "jwt") << server.service_account_token();
    std::ofstream(scratch / "secret-id") << server.secret_id() << "\n";
    server.put("ci/web", R"({"value":"kind: Secret\n","user":"admin","port":5432})");
  }
  std::unique_ptr<Secrets> secrets(const std::string& auth = "{tokenFile: token}", const std::string& more = "mount: kv") {
    return fixture.secrets("{cache: none, providers: {vault: {kind: vault, address: \"" + server.url() +
                           "\", path: \"ci/{name}\", " + more + ", auth: " + auth + "}}}");
  }
};

}  // namespace

TEST_SUITE("secrets/vault") {
  TEST_CASE("engine of version 2: fields and versions") {
    Vault vault;
    auto secrets = vault.secrets();
    const auto one = secrets->resolve(*parse_secret_ref("web"), {});
    REQUIRE_MESSAGE(one.ok(), why(one));
    CHECK(one->bytes.view() == "kind: Secret\n");
    CHECK(one->version == "1");
    vault.server.put("ci/web", R"({"value":"new"})");
    CHECK(fetched(*secrets, "web") == "new");
    CHECK(fetched(*secrets, "vault:web@1") == "kind: Secret\n");
    CHECK(fetched(*secrets, "vault:web@1#user") == "admin");
    CHECK(fetched(*secrets, "vault:web@1#port") == "5432");
    CHECK(has(fetched(*secrets, "vault:web@2#user"), "NotFound"));
    CHECK(has(fetched(*secrets, "vault:web@9"), "NotFound"));
    vault.server.delete_version("ci/web", 2);
    CHECK(has(fetched(*secrets, "web"), "NotFound: secret vault:web: this version of the secret is deleted"));
    vault.server.put("ci/a/b ü?", R"({"value":"odd"})");
    CHECK(fetched(*secrets, "a/b ü?") == "odd");
    for (const auto* name : {"../web", "a//b", "/web", "a/..", "vault:web@x"})
      CHECK(has(fetched(*secrets, name), "InvalidInput"));
  }

  TEST_CASE("engine of version 1") {
    Vault vault;
    auto secrets = vault.secrets("{tokenFile: token}", "mount: old, version: 1, field: user");
    CHECK(fetched(*secrets, "web") == "admin");
    CHECK(has(fetched(*secrets, "vault:web@1"), "InvalidInput"));
    CHECK(has(fetched(*secrets, "none"), "NotFound"));
  }

  TEST_CASE("every way to log in") {
    Vault vault;
    vault.fixture.context.environment = {{"VAULT_TOKEN", vault.server.root_token()}};
    CHECK(fetched(*vault.secrets("{}"), "web") == "kind: Secret\n");
    CHECK(vault.fixture.hidden.front() == vault.server.root_token());
    CHECK(fetched(*vault.secrets("{method: kubernetes, role: ci, tokenFile: jwt}"), "web") == "kind: Secret\n");
    CHECK(fetched(*vault.secrets("{method: approle, roleId: role-id, secretIdFile: secret-id}"), "web") == "kind: Secret\n");
    CHECK(vault.server.logins() == 2);
    vault.fixture.context.environment.clear();
    CHECK(has(fetched(*vault.secrets("{}"), "web"), "VAULT_TOKEN"));
    for (const auto* auth :
         {"{method: kubernetes, role: other, tokenFile: jwt}", "{method: kubernetes, role: ci, tokenFile: token}",
          "{method: approle, roleId: other, secretIdFile: secret-id}"}) {
      const auto text = fetched(*vault.secrets(auth), "web");
      CHECK_MESSAGE(has(text, "Forbidden: secret vault:web: login to Vault: "), text);
      CHECK_FALSE(has(text, "canary"));
      CHECK_FALSE(has(text, vault.server.root_token()));
    }
  }

  TEST_CASE("a login is kept until it ends or is revoked") {
    Vault vault;
    auto secrets = vault.secrets("{method: kubernetes, role: ci, tokenFile: jwt}");
    CHECK(fetched(*secrets, "web") == "kind: Secret\n");
    CHECK(fetched(*secrets, "web") == "kind: Secret\n");
    CHECK(vault.server.logins() == 1);
    vault.server.revoke_logins();
    CHECK(fetched(*secrets, "web") == "kind: Secret\n");
    CHECK(vault.server.logins() == 2);
    vault.fixture.clock.advance(Millis(595'000));
    CHECK(fetched(*secrets, "web") == "kind: Secret\n");
    CHECK(vault.server.logins() == 3);
    CHECK(vault.fixture.shown.size() == 2);
  }

  TEST_CASE("what it refuses, and a sealed one") {
    Vault vault;
    auto secrets = vault.secrets();
    vault.server.put("ci/no", R"({"value":"canary"})");
    vault.server.deny("ci/no");
    auto text = fetched(*secrets, "no");
    CHECK(has(text, "Forbidden"));
    CHECK(has(text, "policy"));
    CHECK_FALSE(has(text, "canary"));
    vault.server.fail_next(1, 503);
    CHECK(fetched(*secrets, "web") == "kind: Secret\n");
    const int before = vault.server.asked();
    vault.server.fail_next(100, 503);
    CHECK(has(fetched(*secrets, "web"), "Unavailable"));
    CHECK(vault.server.asked() == before + 3);
    vault.server.fail_next(1, 473);
    CHECK(fetched(*secrets, "web") == "kind: Secret\n");
    vault.server.fail_next(1, 307);
    CHECK(has(fetched(*secrets, "web"), "redirects are not followed"));
    vault.server.set_namespace("team");
    CHECK(has(fetched(*secrets, "web"), "Forbidden"));
    CHECK(fetched(*vault.secrets("{tokenFile: token}", "mount: kv, namespace: team"), "web") == "kind: Secret\n");
  }
}
