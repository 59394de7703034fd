#include "agent/reconcile/release_charts.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "agent/reconcile/chart_fetch.hpp"
#include "channels/registry/chart_lock.hpp"
#include "tests/support/chart_archive.hpp"
#include "tests/support/chart_server.hpp"
#include "tests/unit/agent/reconcile/runner_fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::tests;
using namespace gitopsctl::support;

// Charts that are not in the tree: what is deployed, and above all that a server which is down, slow or serves something
// else stops its own release and no other, and removes nothing.

namespace {

/// A channel with charts from two servers, the agent's way of fetching them, and a cache that survives a restart.
struct ChartsFixture : RunnerFixture {
  ChartServer server;
  ChartServer other;
  ChartsConfig config;

  ChartsFixture() {
    config.cache_directory = directory / "charts";
    config.timeout = Millis(800);
    for (const auto* one : {&server, &other}) {
      ChartHostConfig host;
      host.host = one->host();
      host.access.plain_http = true;
      config.hosts.push_back(host);
    }
    start();
  }
  /// A new process.
  void start() {
    setup.charts = make_chart_fetch(config, system_clock());
    restart();
  }
  void empty_cache() {
    config.cache_directory += "-empty";
    start();
  }
  static std::string helm(const std::string& name, const std::string& keys) {
    return "  - {name: " + name + ", driver: helm, namespace: shop, helm: {" + keys + "}}\n";
  }
  [[nodiscard]] std::string from_repository(const std::string& name, const std::string& version,
                                            const std::string& more = "") const {
    return helm(name, "chart: {repository: '" + server.url() + "', name: " + name + ", version: " + version + more + "}");
  }
  [[nodiscard]] std::string from_registry(const ChartServer& registry, const std::string& name, const std::string& version,
                                          const std::string& more = "") const {
    return helm(name, "chart: 'oci://" + registry.host() + "/charts/" + name + "', version: " + version + more);
  }
  [[nodiscard]] Value data_of(const std::string& name) {
    const auto object = live(name);
    return object ? object->body : Value::null();
  }
};

std::string version_of(ChartsFixture& fixture, const std::string& name) {
  return std::string(fixture.data_of(name).string_at({"data", "version"}));
}

std::string archive(const std::string& name, const std::string& version) { return chart_archive(name, version); }

std::string parent_chart(const std::string& dependencies) {
  return "apiVersion: v2\nname: parent\nversion: 0.1.0\ndependencies:\n" + dependencies;
}

std::string lock_of(const std::string& chart_yaml, const std::vector<std::array<std::string, 3>>& locked) {
  render::helm::Metadata metadata;
  REQUIRE(render::helm::read_metadata(chart_yaml, "Chart.yaml", metadata).ok());
  channels::ChartLock lock;
  for (const auto& [name, repository, version] : locked) {
    render::helm::ChartDependency entry;
    entry.name = name;
    entry.repository = repository;
    entry.version = version;
    lock.dependencies.push_back(entry);
  }
  lock.digest = channels::lock_digest(metadata.own_dependencies(), lock.dependencies);
  return channels::chart_lock_text(lock, TimePoint{});
}

}  // namespace

TEST_SUITE("agent/reconcile charts from elsewhere") {
  TEST_CASE_FIXTURE(ChartsFixture, "charts of a repository and of a registry are deployed, and recorded with the release") {
    server.add_chart("web", "1.2.0", archive("web", "1.2.0"));
    const auto digest = other.add_oci_chart("charts/db", "2.0.0", archive("db", "2.0.0"));
    const Files files{{"values.yaml", "value: from-the-tree\n"}};
    const auto first = commit({from_repository("web", "1.2.0"),
                               from_registry(other, "db", "2.0.0", ", digest: '" + digest + "', valueFiles: [values.yaml]")},
                              files);
    auto result = run(first);
    CHECK(result.state == RunState::deployed);
    CHECK(version_of(*this, "web") == "1.2.0");
    CHECK(version_of(*this, "db") == "2.0.0");
    CHECK(data_of("db").string_at({"data", "value"}) == "from-the-tree");
    REQUIRE(inventory("db"));
    CHECK(inventory("db")->charts ==
          std::vector<channels::ChartRecord>{{"oci://" + other.host() + "/charts/db", "2.0.0", digest}});
    CHECK(inventory("web")->charts == std::vector<channels::ChartRecord>{{server.url() + "#web", "1.2.0",
                                                                          "sha256:" + sha256_hex(archive("web", "1.2.0"))}});

    // Nothing is asked again while nothing changes, nor after a restart.
    server.forget_seen();
    other.forget_seen();
    CHECK(run(first, "drift").state == RunState::up_to_date);
    start();
    CHECK(run(first).state == RunState::up_to_date);
    CHECK(server.seen().empty());
    CHECK(other.seen().empty());

    server.add_chart("web", "1.3.0", archive("web", "1.3.0"));
    result = run(commit({from_repository("web", "1.3.0"),
                         from_registry(other, "db", "2.0.0", ", digest: '" + digest + "', valueFiles: [values.yaml]")},
                        files));
    CHECK(result.state == RunState::deployed);
    CHECK(result.updated == 1);
    CHECK(version_of(*this, "web") == "1.3.0");
  }

  TEST_CASE_FIXTURE(ChartsFixture,
                    "a server that is down, slow, or has another chart stops that release alone and prunes nothing") {
    server.add_chart("web", "1.0.0", archive("web", "1.0.0"));
    other.add_oci_chart("charts/db", "1.0.0", archive("db", "1.0.0"));
    const Files files{{"plain/all.yaml", config_map("plain", "1")}};
    const std::string plain = release("plain");
    CHECK(run(commit({from_repository("web", "1.0.0"), from_registry(other, "db", "1.0.0"), plain}, files)).state ==
          RunState::deployed);

    server.add_chart("web", "1.1.0", archive("web", "1.1.0"));
    std::string db = from_registry(other, "db", "1.1.0");
    std::string says;
    SUBCASE("down") {
      db = helm("db", "chart: 'oci://127.0.0.1:1/charts/db', version: 1.1.0");
      says = "chart oci://127.0.0.1:1/charts/db:1.1.0";
    }
    SUBCASE("slow") {
      other.hang();
      says = "did not answer within 800ms";
    }
    SUBCASE("not there") { says = "404"; }
    SUBCASE("another digest") {
      other.add_oci_chart("charts/db", "1.1.0", archive("db", "1.1.0"));
      db = from_registry(other, "db", "1.1.0", ", digest: 'sha256:" + std::string(64, '0') + "'");
      says = "404";
    }
    SUBCASE("another manifest under the digest") {
      const std::string pinned = "sha256:" + std::string(64, '0');
      other.answer("/v2/charts/db/manifests/" + pinned, R"({"schemaVersion":2,"layers":[]})");
      db = from_registry(other, "db", "1.1.0", ", digest: '" + pinned + "'");
      says = "another digest";
    }
    SUBCASE("broken archive") {
      other.add_oci_chart("charts/db", "1.1.0", "no archive");
      says = "archive";
    }
    Files next = files;
    next["plain/all.yaml"] = config_map("plain", "2");
    const auto second = commit({from_repository("web", "1.1.0"), db, plain}, next);
    const auto result = run(second);
    CHECK(result.state == RunState::failed);
    CHECK(result.failed_releases == 1);
    CHECK(result.retry);
    CHECK(result.removed == 0);
    CHECK(version_of(*this, "web") == "1.1.0");
    CHECK(data_of("plain").string_at({"data", "value"}) == "2");
    CHECK(version_of(*this, "db") == "1.0.0");
    CHECK(contains(first_error(*this, "db"), says));
    // Where the channel file asks for it.
    CHECK(contains(first_error(*this, "db"), ".gitopsctl/channels/test.yaml:"));

    // As soon as the server is well, the next try deploys it.
    if (says.starts_with("did not")) {
      other.forget_answers();
      other.add_oci_chart("charts/db", "1.1.0", archive("db", "1.1.0"));
      start();
      CHECK(run(second, "retry").state == RunState::deployed);
      CHECK(version_of(*this, "db") == "1.1.0");
    }
  }

  TEST_CASE_FIXTURE(ChartsFixture, "a restart with an empty cache and no server keeps what is deployed") {
    server.add_chart("web", "1.0.0", archive("web", "1.0.0"));
    const auto id = commit({from_repository("web", "1.0.0")}, {});
    CHECK(run(id).state == RunState::deployed);
    server.forget_answers();
    empty_cache();
    const auto result = run(id);
    CHECK(result.state == RunState::failed);
    CHECK(result.removed == 0);
    CHECK(version_of(*this, "web") == "1.0.0");
  }

  TEST_CASE_FIXTURE(ChartsFixture,
                    "one slow server costs its time once, whatever number of releases want something from it") {
    other.hang();
    server.add_chart("web", "1.0.0", archive("web", "1.0.0"));
    std::vector<std::string> releases{from_repository("web", "1.0.0")};
    for (int i = 0; i < 12; ++i) {
      releases.push_back(helm("slow" + std::to_string(i), "chart: {repository: '" + other.url() + "', name: c" +
                                                              std::to_string(i) + ", version: 1.0.0}"));
    }
    const auto id = commit(releases, {});
    const auto begin = system_clock().monotonic();
    const auto result = run(id);
    CHECK(system_clock().monotonic() - begin < Millis(5'000));
    CHECK(result.failed_releases == 12);
    CHECK(version_of(*this, "web") == "1.0.0");
  }

  TEST_CASE_FIXTURE(ChartsFixture, "dependencies that charts/ lacks come as the lock says, and never without one") {
    server.add_chart("lib", "1.0.0", archive("lib", "1.0.0"));
    server.add_chart("lib", "1.9.0", archive("lib", "1.9.0"));
    other.add_oci_chart("charts/side", "0.3.0", archive("side", "0.3.0"));
    const std::string yaml = parent_chart("  - {name: lib, version: ^1, repository: '" + server.url() +
                                          "'}\n  - {name: side, version: 0.3.0, repository: 'oci://" + other.host() +
                                          "/charts'}\n  - {name: near, version: '*', repository: 'file://../near'}\n");
    Files files{{"charts/parent/Chart.yaml", yaml},
                {"charts/parent/templates/own.yaml", config_map("own", "1")},
                {"charts/near/Chart.yaml", "apiVersion: v2\nname: near\nversion: 4.0.0\n"},
                {"charts/near/templates/n.yaml", config_map("near", "1")}};
    const std::string parent = helm("parent", "chart: charts/parent");

    auto result = run(commit({parent}, files));
    CHECK(result.state == RunState::failed);
    CHECK(contains(first_error(*this, "parent"), "found in Chart.yaml, but missing in charts/ directory: lib, side, near"));
    CHECK(server.seen().empty());

    files["charts/parent/Chart.lock"] = lock_of(yaml, {{"lib", server.url(), "1.0.0"},
                                                       {"side", "oci://" + other.host() + "/charts", "0.3.0"},
                                                       {"near", "file://../near", "4.0.0"}});
    const auto locked = commit({parent}, files);
    result = run(locked);
    CHECK(result.state == RunState::deployed);
    CHECK(version_of(*this, "lib") == "1.0.0");
    CHECK(version_of(*this, "side") == "0.3.0");
    CHECK(live("near"));
    CHECK(live("own"));
    CHECK(inventory("parent")->charts.size() == 2);
    server.forget_seen();
    other.forget_seen();
    CHECK(run(locked).state == RunState::up_to_date);
    CHECK(server.seen().empty());

    // A change of the chart next door renders the parent anew.
    files["charts/near/templates/n.yaml"] = config_map("near", "2");
    CHECK(run(commit({parent}, files)).updated == 1);

    files["charts/parent/Chart.yaml"] = yaml + "  - {name: more, version: 1.0.0, repository: '" + server.url() + "'}\n";
    result = run(commit({parent}, files));
    CHECK(result.state == RunState::failed);
    CHECK(contains(first_error(*this, "parent"), "the lock file (Chart.lock) is out of sync"));
    CHECK(live("near"));
  }

  TEST_CASE_FIXTURE(ChartsFixture, "an agent that fetches nothing says so for that release") {
    setup.charts = {};
    restart();
    const auto result = run(commit({from_repository("web", "1.0.0")}, {}));
    CHECK(result.failed_releases == 1);
    CHECK(contains(first_error(*this, "web"), "is not fetched here"));
  }
}
