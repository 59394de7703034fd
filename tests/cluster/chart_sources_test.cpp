// Charts of a repository and of a real registry, deployed into a cluster; one registry down, slow, or with another chart.

#include <doctest/doctest.h>

#include <fstream>
#include <memory>

#include "agent/reconcile/chart_fetch.hpp"
#include "channels/http/client.hpp"
#include "tests/cluster/cluster_fixture.hpp"
#include "tests/support/chart_archive.hpp"
#include "tests/support/chart_server.hpp"
#include "tests/support/need_control_plane.hpp"
#include "tests/support/not_run.hpp"
#include "tests/support/peer_group.hpp"
#include "tests/support/scratch.hpp"

namespace gitopsctl::tests {
namespace {

using namespace agent;
using support::ChartServer;
using support::ControlPlane;

std::string version_in(ControlPlane& plane, const std::string& space, const std::string& name) {
  return plane.kubectl({"get", "configmap", name, "-n", space, "--ignore-not-found", "-o", "jsonpath={.data.version}"});
}

/// The real registry, with charts that the real helm pushed.
class RealRegistry {
 public:
  RealRegistry(std::string helm, const std::string& directory)
      : helm_(std::move(helm)), directory_(directory), peers_(directory), port_(support::free_port()) {
    std::ofstream(directory + "/registry.yml") << "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: "
                                                  "{filesystem: {rootdirectory: "
                                               << directory << "/blobs}}\nhttp: {addr: '" << host() << "'}\n";
    peers_.start("registry", {"serve", directory + "/registry.yml"}, {{"OTEL_TRACES_EXPORTER", "none"}});
    const bool ready = peers_.wait_until(
        "registry",
        [&] {
          channels::HttpClient client({});
          channels::HttpRequest request;
          request.url = "http://" + host() + "/v2/";
          return client.send(request, {}).ok();
        },
        std::chrono::seconds(30));
    REQUIRE(ready);
  }
  void push(const std::string& name, const std::string& version) {
    const std::string file = directory_ + "/" + name + "-" + version + ".tgz";
    std::ofstream(file, std::ios::binary) << support::chart_archive(name, version);
    support::run_program({helm_, "push", file, "oci://" + host() + "/charts", "--plain-http"});
  }
  void stop() { peers_.stop("registry", std::chrono::seconds(2)); }
  [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  std::string helm_;
  std::string directory_;
  support::PeerGroup peers_;
  std::uint16_t port_;
};

/// A commit of releases `  - {name: …}` as they stand in a channel file.
channels::CommitId commit(ClusterChannel& channel, const std::vector<std::string>& releases, const std::string& id) {
  std::string text = "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: " + channel.key.channel + "\nreleases:\n";
  for (const auto& release : releases) text += "  - " + release + "\n";
  auto tree = std::make_shared<MemoryTree>();
  tree->add(*TreePath::parse(".gitopsctl/channels/" + channel.key.channel + ".yaml"), text);
  channel.trees[id] = tree;
  return id;
}

std::string release(const std::string& name, const std::string& space, const std::string& chart) {
  return "{name: " + name + ", driver: helm, namespace: " + space + ", helm: {chart: " + chart + "}}";
}

}  // namespace

TEST_SUITE("cluster charts") {
  TEST_CASE("charts of a repository and of a registry deploy; one that cannot be fetched stops its release alone") {
    auto* plane = need_control_plane("charts from elsewhere in a cluster");
    const auto helm = need_peer("helm", "charts from elsewhere in a cluster");
    const auto registry_program = need_peer("registry", "charts from elsewhere in a cluster");
    if (plane == nullptr || !helm || !registry_program) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("charts");
    const auto cluster = open_cluster(*plane);
    const support::ScratchDir directory;
    RealRegistry registry(*helm, directory.path());
    for (const char* version : {"1.0.0", "1.1.0", "1.2.0"}) registry.push("db", version);
    ChartServer server;
    ChartServer slow;
    for (const char* version : {"1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"}) {
      server.add_chart("web", version, support::chart_archive("web", version));
    }

    ChartsConfig config;
    config.cache_directory = directory / "cache";
    config.timeout = Millis(2'000);
    for (const auto& host : {registry.host(), slow.host()}) {
      config.hosts.emplace_back();
      config.hosts.back().host = host;
      config.hosts.back().access.plain_http = true;
    }
    ClusterChannel channel(*cluster, space);
    channel.setup.charts = make_chart_fetch(config, system_clock());
    channel.restart();
    const auto web = [&](const std::string& version) {
      return release("web", space, "{repository: '" + server.url() + "', name: web, version: " + version + "}");
    };
    const auto db = [&](const std::string& host, const std::string& rest) {
      return release("db", space, "'oci://" + host + "/charts/db', " + rest);
    };

    auto result = channel.run(commit(channel, {web("1.0.0"), db(registry.host(), "version: 1.0.0")}, std::string(40, '1')));
    CHECK_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(version_in(*plane, space, "web") == "1.0.0");
    CHECK(version_in(*plane, space, "db") == "1.0.0");

    const auto stops_alone = [&](const std::string& version, const std::string& other, char id) {
      CAPTURE(version);
      result = channel.run(commit(channel, {web(version), other}, std::string(40, id)));
      CHECK_MESSAGE(result.state == RunState::failed, shown(result));
      CHECK(result.failed_releases == 1);
      CHECK(result.removed == 0);
      CHECK(result.retry);
      CHECK(version_in(*plane, space, "web") == version);
      CHECK(version_in(*plane, space, "db") == "1.0.0");
    };
    slow.hang();
    stops_alone("1.1.0", db(slow.host(), "version: 1.1.0"), '2');
    stops_alone("1.2.0", db(registry.host(), "version: 1.1.0, digest: 'sha256:" + std::string(64, '0') + "'"), '3');
    registry.stop();
    stops_alone("1.3.0", db(registry.host(), "version: 1.2.0"), '4');
    // What was fetched before needs no registry.
    result = channel.run(commit(channel, {web("1.4.0"), db(registry.host(), "version: 1.0.0")}, std::string(40, '5')));
    CHECK_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(version_in(*plane, space, "web") == "1.4.0");
  }
}

}  // namespace gitopsctl::tests
