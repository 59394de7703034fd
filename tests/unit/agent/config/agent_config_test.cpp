#include "agent/config/agent_config.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/log/redaction.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;

namespace {

namespace fs = std::filesystem;

constexpr std::string_view whole = R"(apiVersion: gitopsctl.dev/v1
kind: Agent
installation: lab
stateDirectory: state
store: {path: /srv/store.db}
listen: 127.0.0.1:8080
repositories:
  - name: shop
    url: https://git.example.org/shop.git
    credentials: {username: bot, passwordFile: secrets/password}
    caFile: secrets/ca.pem
    proxy: http://proxy:3128
    poll: {interval: 5s, jitter: 0.2, maxBackoff: 1m}
    timeout: 30s
    maxPackBytes: 1000000
    candidates: false
    sourceBranches: ["feature/**"]
environments:
  - {name: local, kind: embedded, path: env/local.db}
bindings:
  - {repository: shop, channel: test, environment: local}
  - {repository: shop, channel: prod, environment: local, namespaces: [web], channelFile: ./deploy/prod.yaml}
forges: []
drift: {interval: 1m}
limits: {renderThreads: 4, render: {memoryMiB: 512, cpuTime: 20s, steps: 1000, outputMiB: 1, includeDepth: 7}}
render: {isolate: true}
log: {format: json, level: debug}
)";

std::string minimal(const std::string& repository = "{name: a, url: /srv/a.git}", const std::string& more = "") {
  return "repositories: [" + repository + "]\nenvironments: [{name: e, kind: embedded, path: e.db}]\n" +
         "bindings: [{repository: a, channel: prod, environment: e}]\n" + more;
}

std::vector<std::string> mistakes(const std::string& text) {
  const auto config = parse_agent_config(text, "/etc/agent.yaml");
  std::vector<std::string> out;
  if (config.ok()) return out;
  for (const auto& error : config.error().flatten()) out.push_back(error.to_string());
  return out;
}

}  // namespace

TEST_SUITE("agent/config") {
  TEST_CASE("a whole file") {
    const auto config = parse_agent_config(whole, "/etc/gitopsctl/agent.yaml");
    if (!config.ok()) FAIL(config.error().to_string());
    CHECK(config->installation == "lab");
    CHECK(config->state_directory == "/etc/gitopsctl/state");
    CHECK(config->store_path == "/srv/store.db");
    CHECK(config->listen == "127.0.0.1:8080");
    const RepositoryConfig* shop = config->repository("shop");
    REQUIRE(shop != nullptr);
    CHECK(shop->remote.name == "shop");
    CHECK(shop->remote.url == "https://git.example.org/shop.git");
    CHECK(shop->remote.http.username == "bot");
    CHECK(shop->remote.http.proxy == "http://proxy:3128");
    CHECK(shop->remote.timeout == Millis(30'000));
    CHECK(shop->remote.max_pack_bytes == 1'000'000);
    CHECK(shop->poll.interval == Millis(5000));
    CHECK(shop->poll.jitter == 0.2);
    CHECK(shop->poll.max_backoff == Millis(60'000));
    CHECK_FALSE(shop->candidates);
    CHECK(shop->source_branches == std::vector<std::string>{"feature/**"});
    REQUIRE(config->environment("local") != nullptr);
    CHECK(config->environment("local")->path == "/etc/gitopsctl/env/local.db");
    CHECK(config->environment("other") == nullptr);
    REQUIRE(config->bindings.size() == 2);
    CHECK(config->bindings[0].channel == "test");
    CHECK(config->bindings[1].namespaces == std::vector<std::string>{"web"});
    CHECK(config->bindings[1].channel_file == "deploy/prod.yaml");
    CHECK(config->drift_interval == Millis(60'000));
    CHECK(config->render_threads == 4);
    CHECK(config->render_limits.memory_bytes == 512UL << 20U);
    CHECK(config->render_limits.cpu_time == Millis(20'000));
    CHECK(config->render_limits.steps == 1000);
    CHECK(config->render_limits.output_bytes == 1UL << 20U);
    CHECK(config->render_limits.include_depth == 7);
    CHECK(config->render_isolate);
    CHECK(config->log_format == "json");
    CHECK(config->log_level == "debug");
    CHECK(config->file == "/etc/gitopsctl/agent.yaml");
  }

  TEST_CASE("defaults") {
    const auto config = parse_agent_config(minimal(), "/x/agent.yaml");
    REQUIRE(config.ok());
    CHECK(config->installation == "default");
    CHECK(config->state_directory == "/var/lib/gitopsctl");
    CHECK(config->store_path == "/var/lib/gitopsctl/store.db");
    CHECK(config->listen.empty());
    CHECK(config->repositories[0].poll.interval == Millis(15'000));
    CHECK(config->repositories[0].remote.ref_prefixes == std::vector<std::string>{"refs/heads/"});
    CHECK(config->repositories[0].remote.max_pack_bytes == 4ULL << 30U);
    CHECK(config->log_format == "text");
  }

  TEST_CASE("all mistakes at once, with their places") {
    const auto all = mistakes(
        "instalation: lab\n"
        "listen: nowhere\n"
        "repositories:\n"
        "  - {name: Shop, url: git://example.org/x}\n"
        "  - {name: b, url: \"https://user:hunter2@example.org/x\", poll: {interval: 0s}}\n"
        "environments:\n"
        "  - {name: e, kind: clustre}\n"
        "  - {name: e, kind: embedded}\n"
        "bindings:\n"
        "  - {repository: bb, channel: prod, environment: e}\n"
        "  - {repository: b, channel: prod, environment: e, channelFile: ../x, serviceAccount: s}\n"
        "  - {repository: b, channel: prod, environment: f}\n"
        "forges: [{kind: github}]\n");
    REQUIRE(all.size() == 15);
    CHECK(all[0] == "/etc/agent.yaml:1:1: unknown key 'instalation'");
    CHECK(all[1] == "/etc/agent.yaml:2:9: 'nowhere' is no address to listen on");
    for (const auto& mistake : all) CHECK(mistake.find("hunter2") == std::string::npos);
    CHECK(all[14] == "/etc/agent.yaml:13:1: 'forges' is not supported by this version");
  }

  TEST_CASE("clusters, and the accounts that write there") {
    const std::string head = "repositories: [{name: shop, url: /srv/shop.git}]\n";
    const auto config =
        parse_agent_config(head +
                               "environments:\n"
                               "  - {name: here, kind: cluster}\n"
                               "  - {name: there, kind: cluster, kubeconfig: kube/config, context: far}\n"
                               "bindings:\n"
                               "  - {repository: shop, channel: test, environment: here, serviceAccount: shop/deploy.er}\n"
                               "  - {repository: shop, channel: prod, environment: there}\n",
                           "/etc/gitopsctl/agent.yaml");
    if (!config.ok()) FAIL(config.error().to_string());
    CHECK(config->environments[0].kind == EnvironmentKind::cluster);
    CHECK(config->environments[0].kubeconfig.empty());
    CHECK(config->environments[1].kubeconfig == "/etc/gitopsctl/kube/config");
    CHECK(config->environments[1].context == "far");
    CHECK(config->bindings[0].service_account == "shop/deploy.er");
    CHECK(config->bindings[1].service_account.empty());

    const auto one = [&](const std::string& environment, const std::string& account) {
      const auto all = mistakes(head + "environments: [" + environment +
                                "]\nbindings: [{repository: shop, channel: test, environment: e" + account + "}]\n");
      REQUIRE(all.size() == 1);
      return all[0];
    };
    const std::string cluster = "{name: e, kind: cluster}";
    for (const auto* account : {"deployer", "/deployer", "shop/", "shop/a/b", "Shop/deployer", "shop/a..b"}) {
      CHECK(one(cluster, std::string(", serviceAccount: ") + account).find("is no service account") != std::string::npos);
    }
    CHECK(one("{name: e, kind: embedded, path: e.db}", ", serviceAccount: shop/deployer")
              .find("needs an environment of kind 'cluster'") != std::string::npos);
    CHECK(one("{name: e, kind: cluster, path: e.db}", "").find("'path' belongs to environments of kind 'embedded'") !=
          std::string::npos);
    CHECK(one("{name: e, kind: embedded, path: e.db, context: x}", "").find("'context' belongs to environments of kind") !=
          std::string::npos);
  }

  TEST_CASE("files that are hardly any") {
    CHECK(mistakes("").size() == 1);
    CHECK(mistakes("a: [").size() == 1);
    CHECK(mistakes("[]").size() >= 1);
    CHECK(mistakes("{}").size() == 3);
    CHECK(mistakes(minimal("{name: a, url: relative/path}")).size() == 1);
    CHECK(mistakes(minimal("{name: a, url: /srv/a.git, credentials: {username: x}}")).size() == 1);
    CHECK(
        mistakes(minimal("{name: a, url: /srv/a.git, credentials: {tokenFile: t, username: x, passwordFile: p}}")).size() ==
        1);
    CHECK(mistakes(minimal("{name: a, url: \"file:///srv/a.git\"}")).empty());
    CHECK(mistakes(minimal() + "listen: \":99999\"\n").size() == 1);
    CHECK(mistakes(minimal() + "log: {level: loud}\n").size() == 1);
  }

  TEST_CASE("each environment and the store has a file of its own, whatever leads there") {
    std::string pattern = (fs::temp_directory_path() / "gitopsctl-config-XXXXXX").string();
    const std::string directory = ::mkdtemp(pattern.data());
    const auto said = [&](const std::string& first, const std::string& second) {
      const auto config = parse_agent_config(
          "repositories: [{name: a, url: /srv/a.git}]\nstore: {path: store.db}\nenvironments:\n"
          "  - {name: one, kind: embedded, path: " +
              first + "}\n  - {name: two, kind: embedded, path: " + second +
              "}\nbindings: [{repository: a, channel: prod, environment: one}]\n",
          directory + "/agent.yaml");
      return config.ok() ? std::string() : config.error().to_string();
    };
    CHECK(said("one.db", "two.db").empty());
    CHECK(said("one.db", "./x/../one.db").find("this is the file of environment 'one', too") != std::string::npos);
    CHECK(said("one.db", "one.db").find("agent.yaml:5:") != std::string::npos);
    CHECK(said("one.db", "store.db").find("this is the file of the store, too") != std::string::npos);
    fs::create_symlink(directory, directory + "/link");
    CHECK(said("one.db", "link/one.db").find("environment 'one'") != std::string::npos);
    std::ofstream(directory + "/one.db") << "x";
    fs::create_hard_link(directory + "/one.db", directory + "/hard.db");
    CHECK(said("one.db", "hard.db").find("environment 'one'") != std::string::npos);
    fs::remove_all(directory);
  }

  TEST_CASE("credentials are read from their files and shown nowhere") {
    std::string pattern = (fs::temp_directory_path() / "gitopsctl-config-XXXXXX").string();
    const std::string directory = ::mkdtemp(pattern.data());
    const auto write = [&](const std::string& name, const std::string& text) {
      std::ofstream(directory + "/" + name) << text;
    };
    write("password", "canary-password\n");
    write("token", "canary-token\r\n");
    write("ca.pem", "-----BEGIN CERTIFICATE-----\n");
    write("two-lines", "canary\nline\n");
    write("empty", "\n");
    const auto load = [&](const std::string& repository) {
      write("agent.yaml", minimal(repository));
      return load_agent_config(directory + "/agent.yaml");
    };
    const auto basic =
        load("{name: a, url: 'https://x.org/a', credentials: {username: u, passwordFile: password}, caFile: ca.pem}");
    REQUIRE(basic.ok());
    CHECK(basic->repositories[0].remote.http.password == "canary-password");
    CHECK(basic->repositories[0].remote.http.ca_pem.starts_with("-----BEGIN"));
    const std::string header = base64_encode("u:canary-password");
    const std::string line = log::redact("sent canary-password as " + header + " to x.org");
    CHECK(line.find("canary") == std::string::npos);
    CHECK(line.find(header.substr(0, 16)) == std::string::npos);
    CHECK(line.find("to x.org") != std::string::npos);
    const auto bearer = load("{name: a, url: 'https://x.org/a', credentials: {tokenFile: token}}");
    REQUIRE(bearer.ok());
    CHECK(bearer->repositories[0].remote.http.bearer == "canary-token");
    CHECK(log::redact("token canary-token").find("canary") == std::string::npos);
    log::forget_secrets();
    for (const auto* name : {"two-lines", "empty", "missing"}) {
      const auto bad = load(std::string("{name: a, url: 'https://x.org/a', credentials: {tokenFile: ") + name + "}}");
      REQUIRE_FALSE(bad.ok());
      CHECK(bad.error().where().line == 1);
      CHECK(bad.error().to_string().find("canary") == std::string::npos);
    }
    const auto missing = load_agent_config(directory + "/none.yaml");
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().code() == ErrorCode::not_found);
    CHECK_FALSE(missing.error().hint().empty());
    ::setenv("GITOPSCTL_CONFIG", (directory + "/agent.yaml").c_str(), 1);
    write("agent.yaml", minimal());
    CHECK(load_agent_config("")->file == directory + "/agent.yaml");
    ::unsetenv("GITOPSCTL_CONFIG");
    fs::remove_all(directory);
  }

  TEST_CASE("charts: hosts, credentials and the cache") {
    const auto defaults = parse_agent_config(minimal(), "/etc/agent.yaml");
    REQUIRE(defaults.ok());
    CHECK(defaults->charts.cache_directory == "/var/lib/gitopsctl/charts");
    CHECK(defaults->charts.hosts.empty());
    const auto config = parse_agent_config(minimal("{name: a, url: /srv/a.git}", R"(charts:
  cache: {path: cache, maxBytes: 1000}
  timeout: 5s
  dockerConfigFile: docker.json
  onlyListedHosts: true
  hosts:
    - {host: "registry.local:5000", plainHTTP: true, credentials: {username: bot, passwordFile: p}, proxy: "http://p:1"}
)"),
                                           "/etc/agent.yaml");
    if (!config.ok()) FAIL(config.error().to_string());
    CHECK(config->charts.cache_directory == "/etc/cache");
    CHECK(config->charts.cache_bytes == 1000);
    CHECK(config->charts.timeout == Millis(5'000));
    CHECK(config->charts.docker_config_file == "/etc/docker.json");
    CHECK(config->charts.only_listed_hosts);
    REQUIRE(config->charts.hosts.size() == 1);
    CHECK(config->charts.hosts[0].host == "registry.local:5000");
    CHECK(config->charts.hosts[0].access.plain_http);
    CHECK(config->charts.hosts[0].access.username == "bot");
    const auto wrong =
        mistakes(minimal("{name: a, url: /srv/a.git}",
                         "charts: {timeout: 0s, hosts: [{host: 'https://bot:hunter22@h/x'}, {host: h}, {host: h}, "
                         "{host: i, credentials: {username: u}}, {}]}\n"));
    CHECK(wrong.size() == 5);
    for (const auto& mistake : wrong) CHECK(mistake.find("hunter22") == std::string::npos);
  }

  TEST_CASE("credentials fit the kind of address") {
    const auto one = [](const std::string& repository) {
      std::string all;
      for (const auto& mistake : mistakes(minimal(repository))) all += mistake + "\n";
      return all;
    };
    const auto has = [](const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; };
    const std::string ssh = "{name: a, url: 'git@h:a', credentials: ";
    const std::string web = "{name: a, url: 'https://h/a', credentials: ";
    CHECK(one(ssh + "{sshKeyFile: k, knownHostsFile: h}}") == "");
    CHECK(one(ssh + "{sshKeyFile: k, sshKeyPassphraseFile: p, knownHosts: 'h ssh-ed25519 AAAA'}}") == "");
    CHECK(one("{name: a, url: 'ssh://git@h:2222/a', credentials: {sshKeyFile: k, knownHostsFile: h}}") == "");
    CHECK(has(one("{name: a, url: 'git@h:a'}"), "no key to log in over SSH"));
    CHECK(has(one(ssh + "{sshKeyFile: k}}"), "no host keys"));
    CHECK(has(one(ssh + "{sshKeyFile: k, knownHostsFile: h, knownHosts: x}}"), "are given"));
    CHECK(has(one(ssh + "{sshKeyFile: k, knownHostsFile: h, tokenFile: t}}"), "'tokenFile' is for http(s)"));
    CHECK(has(one(web + "{sshKeyFile: k}}"), "'sshKeyFile' is for SSH"));
    CHECK(has(one("{name: a, url: 'git:canary@h:a'}"), "holds a password"));
    CHECK_FALSE(has(one("{name: a, url: 'git:canary@h:a'}"), "canary"));
    CHECK_FALSE(has(one("{name: a, url: 'ssh://git:canary@h/a'}"), "canary"));
    CHECK(has(one("{name: a, url: 'git://h/a'}"), "git are not supported"));
    const std::string app = "{githubApp: {appId: 12, installationId: 34, privateKeyFile: k";
    CHECK(one(web + app + "}}}") == "");
    CHECK(one(web + app + ", apiUrl: 'https://ghe.example.org/api/v3'}}}") == "");
    CHECK(one(web + "{githubApp: {appId: Iv1.abc, installationId: 34, privateKeyFile: k}}}") == "");
    CHECK(has(one(web + "{githubApp: {appId: 'a b', installationId: 34, privateKeyFile: k}}}"), "no id of a GitHub App"));
    CHECK(has(one(web + "{githubApp: {appId: 12, privateKeyFile: k}}}"), "installationId"));
    CHECK(has(one(web + app + ", apiUrl: 'https://u:canary@h/'}}}"), "apiUrl is no"));
    CHECK(has(one(web + app + "}, tokenFile: t}}"), "githubApp and other credentials"));
    CHECK(has(one(ssh + app + "}}}"), "'githubApp' is for http(s)"));
  }

  TEST_CASE("the schema is JSON and knows the keys") {
    const auto schema = parse_json(agent_config_schema());
    REQUIRE(schema.ok());
    CHECK(schema->find_path({"properties", "bindings", "items", "properties", "channelFile"}) != nullptr);
  }
}
