// Several agents of one installation: one works, the others are ready to, and take over.

#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "agent/control/lease_names.hpp"
#include "tests/cluster/cluster_fixture.hpp"
#include "tests/support/cluster_agent.hpp"
#include "tests/support/kube_proxy.hpp"
#include "tests/support/need_control_plane.hpp"
#include "tests/support/scratch.hpp"

namespace gitopsctl::tests {
namespace {

using support::ClusterAgent;
using support::ClusterAgentOptions;

Millis now() { return system_clock().monotonic(); }

/// How long it took; a failed check when it takes too long.
Millis until(const std::function<bool()>& what, Millis patience = Millis(60'000)) {
  const Millis begin = now();
  while (!what()) {
    if (now() - begin > patience) {
      FAIL_CHECK("waited in vain for " << patience.count() << " ms");
      break;
    }
    system_clock().sleep(Millis(50), {});
  }
  return now() - begin;
}

bool has_line(const ClusterAgent& agent, const std::string& line) {
  return ("\n" + agent.get("/metrics").second).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_SUITE("cluster leader") {
  TEST_CASE("of two agents one works; the other one is ready, says so, and takes over") {
    auto* plane = need_control_plane("two agents of an installation");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("lead");
    const support::ScratchDir scratch;
    const support::ScratchRepo repository(scratch / "shop.git");
    const auto commit = [&](const std::string& value) {
      repository.commit("releases/" + space, {{".gitopsctl/channels/" + space + ".yaml",
                                               "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: " + space +
                                                   "\nreleases:\n  - {name: web, driver: manifests, namespace: " + space +
                                                   ", manifests: {path: web}}\n"},
                                              {"web/all.yaml", config_map_yaml(space, "c", value)}});
    };
    const auto deployed = [&] {
      return plane->kubectl({"get", "configmap", "c", "-n", space, "--ignore-not-found", "-o", "jsonpath={.data.value}"});
    };
    const ClusterAgentOptions options{
        .kubeconfig = plane->kubeconfig(), .installation = space, .repository = scratch / "shop.git", .channels = {space}};
    ClusterAgent first(options);
    ClusterAgent second(options);
    commit("1");
    first.start();
    until([&] { return deployed() == "1"; });
    until([&] { return first.get("/readyz").first == 200; });

    second.start();
    until([&] { return second.get("/readyz").first == 200; });
    CHECK(has_line(first, "gitopsctl_leader 1"));
    CHECK(has_line(second, "gitopsctl_leader 0"));
    CHECK(second.log().find("this agent waits: lease 'gitopsctl-leader." + space + "' is held by '" + first.holder() +
                            "'") != std::string::npos);
    const auto said = second.run({"status"});
    CHECK_MESSAGE(said.out.find("the agent that works is " + first.holder()) != std::string::npos, said.out);
    CHECK(second.run({"status", "-o", "json"}).out.find("\"holder\": \"" + first.holder() + '"') != std::string::npos);
    // It waits, and does not look at the repository.
    system_clock().sleep(Millis(1'500), {});
    CHECK(has_line(second, "gitopsctl_polls_total 0"));

    // In peace: at once.
    CHECK(first.stop().exit_code == 0);
    const Millis peace = until([&] { return has_line(second, "gitopsctl_leader 1"); });
    CHECK(peace < Millis(5'000));
    commit("2");
    until([&] { return deployed() == "2"; });

    // By force: when the lease has ended.
    first.start();
    until([&] { return first.get("/readyz").first == 200; });
    second.kill();
    const Millis force = until([&] { return has_line(first, "gitopsctl_leader 1"); });
    CHECK(force < Millis(25'000));
    commit("3");
    until([&] { return deployed() == "3"; });

    // One that stood still has nothing to say any more.
    second.start();
    until([&] { return second.get("/readyz").first == 200; });
    first.pause();
    commit("4");
    const Millis pause = until([&] { return deployed() == "4"; });
    first.go_on();
    until([&] { return has_line(first, "gitopsctl_leader 0"); }, Millis(10'000));
    system_clock().sleep(Millis(2'000), {});
    CHECK(deployed() == "4");
    CHECK(has_line(second, "gitopsctl_leader 1"));
    std::printf("    taken over after SIGTERM in %lld ms, after SIGKILL in %lld ms, deployed after SIGSTOP in %lld ms\n",
                static_cast<long long>(peace.count()), static_cast<long long>(force.count()),
                static_cast<long long>(pause.count()));
    INFO(first.log());
    INFO(second.log());
    CHECK(second.stop().exit_code == 0);
    CHECK(first.stop().exit_code == 0);
  }
}

}  // namespace gitopsctl::tests
