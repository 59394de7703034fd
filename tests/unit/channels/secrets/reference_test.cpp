#include <doctest/doctest.h>

#include "tests/unit/channels/secrets/secrets_fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels::secrets;
using tests::has;
using tests::read_config;
using tests::why;

namespace {

SecretRef ref(const std::string& text) {
  const auto read = parse_secret_ref(text);
  REQUIRE_MESSAGE(read.ok(), why(read));
  return *read;
}

struct ReadRef {
  SecretRef ref;
  std::vector<std::string> mistakes;
};

ReadRef read_ref(const std::string& yaml) {
  const auto document = parse_located_yaml(yaml, "channel.yaml");
  REQUIRE(document.ok());
  ConfigMistakes mistakes;
  ReadRef out;
  out.ref = read_secret_ref(ConfigNode(*document, mistakes));
  for (const auto& error : mistakes.take_all()) out.mistakes.push_back(error.to_string());
  return out;
}

}  // namespace

TEST_SUITE("secrets/references") {
  TEST_CASE("a plain name is a name, whatever it has in it") {
    CHECK(ref("web_private-values") == SecretRef{"", "web_private-values", "", ""});
    CHECK(ref("a@b#c") == SecretRef{"", "a@b#c", "", ""});
    CHECK(ref("dir/name") == SecretRef{"", "dir/name", "", ""});
  }

  TEST_CASE("provider, version and field") {
    CHECK(ref("gcp:db") == SecretRef{"gcp", "db", "", ""});
    CHECK(ref("gcp:db@7") == SecretRef{"gcp", "db", "7", ""});
    CHECK(ref("gcp:db#user") == SecretRef{"gcp", "db", "", "user"});
    CHECK(ref("gcp:db@latest#user") == SecretRef{"gcp", "db", "latest", "user"});
    CHECK(ref("vault:a/b:c@1") == SecretRef{"vault", "a/b:c", "1", ""});
    for (const auto* text : {"gcp:db@7#user", "name", "x:y"}) CHECK(ref(text).to_string() == text);
  }

  TEST_CASE("what is no reference") {
    for (const auto* text : {"", ":x", "gcp:", "gcp:x@", "gcp:x#", "gcp:@1", "a\x1b[31m"}) {
      const auto read = parse_secret_ref(text);
      REQUIRE_FALSE(read.ok());
      CHECK(read.error().code() == ErrorCode::invalid_input);
      CHECK(has(read.error().hint(), "PROVIDER:NAME"));
    }
    CHECK_FALSE(parse_secret_ref(std::string(600, 'x')).ok());
  }

  TEST_CASE("as a map") {
    CHECK(read_ref("{provider: gcp, name: db, version: 3, field: user}").ref == SecretRef{"gcp", "db", "3", "user"});
    CHECK(read_ref("{name: 'odd:name@1'}").ref == SecretRef{"", "odd:name@1", "", ""});
    CHECK(read_ref("gcp:db@2").ref == SecretRef{"gcp", "db", "2", ""});
    const auto wrong = read_ref("provider: gcp\nnmae: x\nversion: [1]\n");
    REQUIRE(wrong.mistakes.size() == 3);
    CHECK(has(wrong.mistakes[0] + wrong.mistakes[1], "nmae"));
    CHECK(has(wrong.mistakes[2], "channel.yaml:3:"));
    CHECK(read_ref("[a]").mistakes.size() == 1);
    CHECK(read_ref("'gcp:'").mistakes.size() == 1);
  }
}

TEST_SUITE("secrets/configuration") {
  TEST_CASE("all kinds, with their defaults") {
    const auto read = read_config(R"(
default: gcp
cache: none
providers:
  gcp:   {kind: gcp, project: 1005246706141}
  local: {kind: file, dir: .secrets}
  env:   {kind: env, prefix: GITOPSCTL_SECRET_}
  kube:  {kind: kubernetes, namespace: ci-secrets, field: manifest}
  vault: {kind: vault, address: "https://vault:8200/", mount: kv, version: 2, path: "ci/{name}", field: value, auth: {method: kubernetes, role: ci}}
  sops:  {kind: sops, dir: secrets, suffix: .enc.yaml, command: [sops]}
)");
    REQUIRE_MESSAGE(read.mistakes.empty(), read.mistakes.front());
    const auto& config = read.config;
    CHECK(config.default_provider == "gcp");
    CHECK_FALSE(config.cache);
    CHECK(config.providers.size() == 6);
    const auto& gcp = std::get<GcpProviderConfig>(config.providers.at("gcp"));
    CHECK(gcp.project == "1005246706141");
    CHECK(gcp.version == "latest");
    CHECK(gcp.endpoint == "https://secretmanager.googleapis.com");
    CHECK(gcp.auth == GcpProviderConfig::Auth::adc);
    CHECK(std::get<FileProviderConfig>(config.providers.at("local")).suffixes ==
          std::vector<std::string>{".yml", ".yaml", ""});
    const auto& vault = std::get<VaultProviderConfig>(config.providers.at("vault"));
    CHECK(vault.address == "https://vault:8200");
    CHECK(vault.auth == VaultProviderConfig::Auth::kubernetes);
    CHECK(vault.auth_mount == "kubernetes");
    CHECK(vault.token_file == "/var/run/secrets/kubernetes.io/serviceaccount/token");
    CHECK(std::get<SopsProviderConfig>(config.providers.at("sops")).command == std::vector<std::string>{"sops"});
  }

  TEST_CASE("one provider is the default; none is no mistake") {
    CHECK(read_config("providers: {only: {kind: env, prefix: A_}}").config.default_provider == "only");
    CHECK(
        read_config("providers: {a: {kind: env, prefix: A_}, b: {kind: env, prefix: B_}}").config.default_provider.empty());
    CHECK(read_config("").config.providers.empty());
    CHECK(read_config("").mistakes.empty());
  }

  TEST_CASE("every mistake at once, each with its place") {
    const auto read = read_config(R"(default: gpc
cache: disk
providers:
  gcp: {kind: gcp, project: "a b", auth: {method: file}}
  two: {kind: gpc}
  three: {prefix: X}
  four: {kind: env, prefix: "A-B", dri: x}
  five: {kind: vault, address: "https://u:p@vault", path: fixed, version: 3, auth: {method: approle, role: x}}
  "a:b": {kind: env, prefix: X}
  six: text
  seven: {kind: sops, dir: d, suffix: a/b, keyFile: k, command: [sops]}
  eight: {kind: gcp, project: p, endpoint: "ftp://x", auth: {command: [a]}}
)");
    std::string all;
    for (const auto& line : read.mistakes) all += line + "\n";
    for (const auto* part : {"agent.yaml:1:10",
                             "did you mean 'gcp'",
                             "agent.yaml:2:8",
                             "agent.yaml:4:",
                             "missing key 'file'",
                             "agent.yaml:5:15",
                             "missing key 'kind'",
                             "agent.yaml:7:",
                             "dri",
                             "scheme, host and port",
                             "{name}",
                             "'roleId'",
                             "'secretIdFile'",
                             "'role' does not belong to method approle",
                             "agent.yaml:9:3",
                             "must be a map, not a text",
                             "a suffix has no '/'",
                             "'keyFile' does not belong to a command",
                             "'command' does not belong to method adc",
                             "agent.yaml:12:"}) {
      CHECK_MESSAGE(has(all, part), std::string(part) << " is not in\n" << all);
    }
    // The login in an address is a secret.
    CHECK_FALSE(has(all, "u:p"));
  }
}
