#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "base/crypto/digest.hpp"
#include "tests/support/canary.hpp"
#include "tests/support/git_server.hpp"
#include "tests/support/installation.hpp"

// A secret's value, and one that a release marks as sensitive, appears in no diff, log, event, metric, store, environment or
// inventory, also on error paths; and a diff is the same bytes on every run.

using namespace gitopsctl;
using namespace gitopsctl::support;

namespace fs = std::filesystem;

namespace {

using Files = std::map<std::string, std::string>;

/// A value that no other text holds.
std::string canary(const std::string& where, const std::string& version) {
  return "CANARY-" + where + "-" + version + "-7f3a9";
}

Files repository_files(const std::string& version, bool broken) {
  const auto secret = [&](const std::string& where) { return canary(where, version); };
  Files files{
      {".gitopsctl/channels/prod.yaml",
       "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: prod\nreleases:\n"
       "  - name: plain\n    driver: manifests\n    namespace: plain\n    manifests: {path: plain}\n"
       "    sensitive:\n"
       "      - {kind: ConfigMap, name: settings, path: data.password}\n"
       "      - {kind: Deployment, path: spec.template.spec.containers.env.value}\n"
       "      - {path: metadata.annotations.token}\n"
       "  - name: marked\n    driver: helm\n    namespace: marked\n    helm: {chart: marked, valueFiles: [values.yaml]}\n"
       "    sensitive: [{kind: ConfigMap, path: data}]\n"
       "  - {name: chart, driver: helm, namespace: chart, helm: {chart: chart, valueFiles: [values.yaml]}}\n"
       "  - {name: broken, driver: helm, namespace: broken, helm: {chart: broken, valueFiles: [values.yaml]}}\n"
       "  - {name: anchor, driver: helm, namespace: anchor, helm: {chart: anchor, valueFiles: [values.yaml]}}\n"
       "  - {name: dsn, driver: helm, namespace: dsn, helm: {chart: dsn, valueFiles: [values.yaml]}}\n"
       "  - {name: torn, driver: manifests, namespace: torn, manifests: {path: torn}}\n"},
      {"plain/all.yaml",
       "apiVersion: v1\nkind: Secret\nmetadata: {name: data}\ndata: {key: " + base64_encode(secret("data")) +
           "}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: text}\nstringData: {key: " + secret("string") +
           "}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {password: " + secret("sensitive") +
           ", shown: plain-" + version +
           "}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app, annotations: {token: " +
           secret("annotation") +
           "}}\nspec:\n  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n" +
           "    spec:\n      containers:\n        - {name: app, image: app, env: [{name: TOKEN, value: " + secret("env") +
           "}]}\n"},
      {"marked/Chart.yaml", "apiVersion: v2\nname: marked\nversion: 1.0.0\n"},
      {"marked/templates/settings.yaml",
       "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: marked}\ndata: {password: {{ .Values.password }}}\n"},
      {"values.yaml", "password: " + secret("values") + "\n"},
      {"chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n"},
      {"chart/templates/secret.yaml",
       "apiVersion: v1\nkind: Secret\nmetadata: {name: chart}\nstringData: {key: {{ .Values.password }}}\n"},
      {"broken/Chart.yaml", "apiVersion: v2\nname: broken\nversion: 1.0.0\n"},
      {"broken/templates/secret.yaml",
       "apiVersion: v1\nkind: Secret\nmetadata: {name: broken}\nstringData: {key: {{ .Values.password }}}\n"},
      {"anchor/Chart.yaml", "apiVersion: v2\nname: anchor\nversion: 1.0.0\n"},
      {"anchor/templates/secret.yaml",
       "apiVersion: v1\nkind: Secret\nmetadata: {name: anchor}\nstringData: {key: {{ .Values.password }}}\n"},
      {"dsn/Chart.yaml", "apiVersion: v2\nname: dsn\nversion: 1.0.0\n"},
      {"dsn/templates/secret.yaml",
       "apiVersion: v1\nkind: Secret\nmetadata: {name: dsn}\nstringData: {key: {{ .Values.password }}}\n"},
      {"torn/all.yaml",
       "apiVersion: v1\nkind: Secret\nmetadata: {name: torn}\nstringData:\n  key: " + secret("torn") + "\n"}};
  if (broken) {
    files["broken/templates/secret.yaml"] += "{{ fail \"the password is not long enough\" }}\n";
    // What the parsers of YAML and of URLs quote when they stumble, and what a chart says itself.
    files["anchor/templates/secret.yaml"] =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: anchor}\nstringData:\n  key: *{{ .Values.password }}\n";
    files["dsn/templates/secret.yaml"] = "{{ urlParse (printf \"x://u:%s%%zz@h\" .Values.password) }}\n";
    files["chart/templates/refuse.yaml"] = "{{ fail (printf \"%s is not long enough\" .Values.password) }}\n";
    // A Secret whose field is no text, one whose base64 is none, and a line that is no YAML, each beside the value.
    files["torn/all.yaml"] = "apiVersion: v1\nkind: Secret\nmetadata: {name: torn}\ndata: {key: \"" + secret("torn") +
                             "!\"}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: odd}\nstringData: {key: [" +
                             secret("odd") + "]}\n";
    // What an API server would refuse: a field of a ConfigMap that is no text.
    files["marked/templates/settings.yaml"] =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: marked}\ndata: {password: [{{ .Values.password }}]}\n";
    files["plain/torn.yaml"] = "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData:\n  key: " + secret("yaml") +
                               "\n  - " + secret("yaml") + "\n";
  }
  return files;
}

const Canaries& all_canaries() {
  static const Canaries all = [] {
    Canaries out;
    out.add("url", "CANARY-url-password");
    for (const std::string where : {"data", "string", "sensitive", "annotation", "env", "values", "torn", "odd", "yaml"}) {
      for (const std::string version : {"one", "two", "bad"}) out.add(where + ' ' + version, canary(where, version));
    }
    return out;
  }();
  return all;
}

void search(const std::string& where, const std::string& text) {
  for (const auto& found : all_canaries().found_in(text)) CHECK_MESSAGE(false, where << " shows " << found);
}

/// Everything but the mirrors of the repository, which hold the values by their nature.
void search_files(const std::string& directory) {
  // The one was written by this test.
  fs::remove(directory + "/url.yaml");
  std::size_t files = 0;
  for (const auto& found : all_canaries().found_in_files(directory, {"mirrors", "home"}, &files))
    CHECK_MESSAGE(false, found);
  CHECK(files >= 4);  // the agent's file, the store, the environment, the installation's key
}

fs::perms mode_of(const std::string& path) { return fs::status(path).permissions() & fs::perms::mask; }

}  // namespace

TEST_CASE("what the agent keeps is for its own user only") {
  GitServer server;
  ScratchRepo repository = server.repository("shop.git");
  repository.commit("releases/prod", repository_files("one", false));
  Installation installation({server.url() + "/shop.git", {"prod"}, ""});
  REQUIRE(installation.once().status.exit_code == 0);
  for (const std::string directory : {"/prod", "/state", "/state/mirrors"}) {
    CHECK_MESSAGE(mode_of(installation.path() + directory) == fs::perms::owner_all, directory);
  }
  constexpr auto own_file = fs::perms::owner_read | fs::perms::owner_write;
  for (const std::string file : {"/prod/env.db", "/prod/installation.key", "/state/store.db"}) {
    CHECK_MESSAGE(mode_of(installation.path() + file) == own_file, file);
  }
  // A running agent has more files open than one that ended.
  RunningAgent agent = installation.start();
  REQUIRE(agent.comes_to("/readyz", 200));
  for (const std::string file : {"/prod/env.db-wal", "/prod/env.db-shm", "/state/store.db-wal"}) {
    CHECK_MESSAGE(mode_of(installation.path() + file) == own_file, file);
  }
  CHECK(agent.stop() == 0);
}

TEST_CASE("a secret's value is shown and kept nowhere, and a diff is the same bytes on every run") {
  GitServer server;
  ScratchRepo repository = server.repository("shop.git");
  const auto first = repository.commit("releases/prod", repository_files("one", false));
  Installation installation({server.url() + "/shop.git", {"prod"}, ""});
  REQUIRE(installation.once().status.exit_code == 0);

  // What is marked was deployed, and stands there as a hash.
  const auto deployed = Installation::sql(installation.environment_file("prod"),
                                          "SELECT body FROM objects WHERE kind = 'Deployment' OR name = 'settings'");
  REQUIRE(deployed.size() == 2);
  for (const auto& body : deployed) CHECK(body.find("(redacted, hmac ") != std::string::npos);

  const auto second = repository.commit("releases/prod", repository_files("two", false));
  std::string markdown;
  for (int run = 0; run < 10; ++run) {
    const auto diff = installation.run({"diff", "prod", "--from", first, "--to", second, "-o", "markdown"});
    CHECK(diff.status.exit_code == 1);
    if (run == 0) markdown = diff.out;
    CHECK(diff.out == markdown);
  }
  CHECK(markdown.find("plain-two") != std::string::npos);  // what is no secret is shown
  const auto look = [&] {
    for (const std::string format : {"table", "json", "yaml", "markdown"}) {
      installation.run({"diff", "prod", "--from", first, "--to", second, "-o", format});
      installation.run({"diff", "prod", "--live", "-o", format});
      installation.run({"diff", "prod", "-o", format});
    }
    for (const std::string verb : {"status", "why", "history", "tree", "events", "doctor"}) {
      for (const std::string format : {"table", "json"}) {
        const bool all = verb == "events" || verb == "doctor";
        installation.run(all ? std::vector<std::string>{verb, "-o", format}
                             : std::vector<std::string>{verb, "prod", "-o", format});
      }
    }
  };
  look();
  CHECK(installation.once().status.exit_code == 0);
  look();

  // Somebody's hand, and everything that can be broken beside a value.
  Installation::sql(installation.environment_file("prod"),
                    "UPDATE objects SET body = replace(body, 'hmac:', 'hmac:0') WHERE kind = 'Secret'");
  repository.commit("releases/prod", repository_files("bad", true));
  CHECK(installation.once().status.exit_code == 1);
  look();
  installation.run({"diff", "prod", "--from", first, "--to", "releases/prod", "-o", "markdown"});

  // The same by an agent that goes on: its log, its metrics, and what it says about being ready.
  {
    RunningAgent agent = installation.start();
    REQUIRE(agent.comes_to("/readyz", 200));
    search("the metrics", agent.get("/metrics").second);
    search("the readiness", agent.get("/readyz").second);
    repository.commit("releases/prod", repository_files("two", true));
    installation.run({"sync", "prod", "--wait", "--timeout", "30s"});
    look();
    search("the metrics", agent.get("/metrics").second);
    CHECK(agent.stop() == 0);
    search("the agent's log", installation.agent_log());
  }

  // A password in a URL is refused, and not repeated.
  std::ofstream(installation.path() + "/url.yaml")
      << "repositories: [{name: shop, url: \"http://bot:CANARY-url-password@127.0.0.1:1/x\"}]\n";
  const auto refused = installation.run({"doctor", "--config", installation.path() + "/url.yaml"});
  CHECK(refused.status.exit_code == 1);

  search("the output", installation.said());
  search_files(installation.path());
}
