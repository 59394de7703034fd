// What an agent in a cluster leaves when it is asked to stop, also while the API server does not answer.

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "agent/control/lease_names.hpp"
#include "base/json/json.hpp"
#include "tests/cluster/cluster_fixture.hpp"
#include "tests/support/cluster_agent.hpp"
#include "tests/support/kube_proxy.hpp"
#include "tests/support/need_control_plane.hpp"
#include "tests/support/scratch.hpp"

namespace gitopsctl::tests {
namespace {

using support::ClusterAgent;
using support::Fault;

/// Two seconds of what hangs, the flush, and a busy machine.
constexpr std::chrono::milliseconds soon{6'000};

/// A namespace, a repository whose one channel has its name, and an agent of an installation of that name behind a proxy.
struct Bench {
  explicit Bench(support::ControlPlane& control_plane)
      : plane(control_plane),
        space(plane.fresh_namespace("stop")),
        proxy(plane),
        repository(scratch / "shop.git"),
        agent({.kubeconfig = proxy.kubeconfig(),
               .installation = space,
               .repository = scratch / "shop.git",
               .channels = {space}}) {
    install_kinds(plane);
  }

  /// Releases, each of ConfigMaps with these names.
  void commit(const std::map<std::string, std::vector<std::string>>& releases, const std::string& value) {
    std::string channel = "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: " + space + "\nreleases:\n";
    std::map<std::string, std::string> files;
    for (const auto& [release, names] : releases) {
      channel +=
          "  - {name: " + release + ", driver: manifests, namespace: " + space + ", manifests: {path: " + release + "}}\n";
      std::string text;
      for (const auto& name : names) text += config_map_yaml(space, name, value);
      files[release + "/all.yaml"] = text;
    }
    files[".gitopsctl/channels/" + space + ".yaml"] = channel;
    repository.commit("releases/" + space, files);
  }

  [[nodiscard]] std::string holder_of(const std::string& lease) const {
    return plane.kubectl({"get", "lease", lease, "-n", "gitopsctl-system", "-o", "jsonpath={.spec.holderIdentity}"});
  }
  [[nodiscard]] std::string channel_lease() const { return agent::channel_lease_name({space, "shop", space}); }
  /// The inventory of a release.
  [[nodiscard]] Value inventory() const {
    const auto text = plane.kubectl(
        {"get", "configmap", "-n", space, "-l", "applyset.kubernetes.io/id", "-o", "jsonpath={.items[0].data.inventory}"});
    return must(parse_json(text));
  }
  [[nodiscard]] std::size_t writes_of_objects() const {
    const auto seen = proxy.seen();
    return static_cast<std::size_t>(std::ranges::count_if(seen, [&](const auto& request) {
      return request.method == "PATCH" && request.request_class == support::kube_class::mutating &&
             request.target.find("/namespaces/" + space + "/configmaps/") != std::string::npos;
    }));
  }

  support::ControlPlane& plane;
  support::ScratchDir scratch;
  std::string space;
  support::KubeProxy proxy;
  support::ScratchRepo repository;
  ClusterAgent agent;
};

bool wait_for(const std::function<bool()>& what, Millis patience = Millis(60'000)) {
  const Deadline deadline(system_clock(), patience);
  while (!deadline.passed()) {
    if (what()) return true;
    system_clock().sleep(Millis(50), {});
  }
  return what();
}

std::string uid_in(const Value& inventory, std::string_view name) {
  for (const auto& entry : inventory.find("entries")->as_list()) {
    if (entry.string_at({"n"}) == name) return std::string(entry.string_at({"uid"}));
  }
  return "no entry";
}

}  // namespace

TEST_SUITE("cluster stop") {
  TEST_CASE("SIGTERM while a write hangs: what was answered is in the inventory, and the leases are given back") {
    auto* plane = need_control_plane("an agent that stops while a write hangs");
    if (plane == nullptr) return;
    Bench bench(*plane);
    bench.proxy.set({{.kind = Fault::Kind::hang,
                      .path = "/configmaps/slow",
                      .method = "PATCH",
                      .request_class = std::string(support::kube_class::mutating)}});
    bench.commit({{"web", {"a", "b", "slow"}}}, "1");
    bench.agent.start();
    REQUIRE(wait_for([&] { return bench.writes_of_objects() >= 2; }));
    system_clock().sleep(Millis(300), {});
    const auto stopped = bench.agent.stop();
    INFO(bench.agent.log());
    std::printf("    stopped after %lld ms\n", static_cast<long long>(stopped.took.count()));
    CHECK(stopped.exit_code == 0);
    CHECK(stopped.took < soon);
    const Value inventory = bench.inventory();
    CHECK(inventory.string_at({"phase"}) == "applying");
    CHECK(uid_in(inventory, "a").size() == 36);
    CHECK(uid_in(inventory, "b").size() == 36);
    CHECK(uid_in(inventory, "slow") == "");
    CHECK(bench.holder_of(bench.channel_lease()) == "");
    CHECK(bench.holder_of(agent::leader_lease_name(bench.space)) == "");
    // And the next one need not wait for anything.
    bench.proxy.clear();
    bench.agent.start();
    CHECK(wait_for([&] { return bench.inventory().string_at({"phase"}) == "applied"; }, Millis(20'000)));
    CHECK(bench.agent.stop().exit_code == 0);
  }

  TEST_CASE("SIGTERM while nothing answers any more: it ends all the same") {
    auto* plane = need_control_plane("an agent that stops while nothing answers");
    if (plane == nullptr) return;
    Bench bench(*plane);
    bench.commit({{"web", {"a", "b"}}}, "1");
    bench.agent.start();
    REQUIRE(wait_for([&] { return bench.agent.get("/readyz").first == 200; }));
    bench.proxy.set({{.kind = Fault::Kind::hang}});
    bench.commit({{"web", {"a", "b"}}}, "2");
    REQUIRE(wait_for([&] { return bench.agent.log().find("this agent stops working") != std::string::npos; }));
    auto stopped = bench.agent.stop();
    INFO(bench.agent.log());
    std::printf("    stopped after %lld ms\n", static_cast<long long>(stopped.took.count()));
    CHECK(stopped.exit_code == 0);
    CHECK(stopped.took < soon);
    // From the very beginning.
    CHECK_THROWS_WITH(bench.agent.start(), doctest::Contains("does not listen"));
    stopped = bench.agent.stop();
    CHECK(stopped.exit_code == 130);
    CHECK(stopped.took < soon);
  }

  TEST_CASE("gitopsctl suspend stops the writes of a running agent within a second") {
    auto* plane = need_control_plane("a suspension while an agent writes");
    if (plane == nullptr) return;
    Bench bench(*plane);
    // Each as slow as with a webhook that thinks, and so many that some are left when the command has begun and ended.
    bench.proxy.set({{.kind = Fault::Kind::delay,
                      .path = "/namespaces/" + bench.space + "/configmaps/",
                      .method = "PATCH",
                      .request_class = std::string(support::kube_class::mutating),
                      .wait = std::chrono::milliseconds(300)}});
    std::map<std::string, std::vector<std::string>> releases;
    for (int i = 100; i < 340; ++i) releases["r" + std::to_string(i)] = {"c" + std::to_string(i)};
    bench.commit(releases, "1");
    bench.agent.start();
    REQUIRE(wait_for([&] { return bench.writes_of_objects() >= 3; }));
    const auto said = bench.agent.run({"suspend", bench.space, "--reason", "stop"});
    CHECK_MESSAGE(said.status.exit_code == 0, said.err);
    system_clock().sleep(Millis(1'000), {});
    const std::size_t after_a_second = bench.writes_of_objects();
    system_clock().sleep(Millis(3'000), {});
    INFO(bench.agent.log());
    CHECK(bench.writes_of_objects() == after_a_second);
    CHECK(after_a_second < releases.size());
    std::printf("    %zu of %zu objects were written\n", after_a_second, releases.size());
    CHECK(bench.agent.run({"resume", bench.space}).status.exit_code == 0);
    CHECK(wait_for([&] { return bench.writes_of_objects() >= releases.size(); }));
    CHECK(bench.agent.stop().exit_code == 0);
  }
}

}  // namespace gitopsctl::tests
