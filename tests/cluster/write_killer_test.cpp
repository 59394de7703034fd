#include "tests/support/write_killer.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <fstream>

#include "tests/support/need_control_plane.hpp"
#include "tests/support/peers.hpp"
#include "tests/support/scratch.hpp"

namespace gitopsctl::tests {
namespace {

using support::Moment;
using support::WriteKill;
using support::WriteKiller;

constexpr int writes = 3;

/// kubectl as a client that applies three config maps, one after another, into namespaces of their own for each run.
struct Bench {
  explicit Bench(support::ControlPlane& of) : plane(of) {
    for (int i = 1; i <= writes; ++i) {
      manifests += "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: c" + std::to_string(i) + "}}\n";
    }
  }

  [[nodiscard]] support::WatchedRun run(const std::string& space, const std::optional<WriteKill>& kill,
                                        const std::vector<support::Fault>& faults = {},
                                        std::chrono::milliseconds limit = std::chrono::seconds{60}) const {
    const support::ScratchDir scratch;
    std::ofstream(scratch / "manifests.yaml") << manifests;
    const WriteKiller killer(plane, [&](const support::KubeProxy& proxy) {
      std::ofstream(scratch / "kubeconfig") << proxy.kubeconfig();
      return Command{*find_peer("kubectl"),
                     {"--kubeconfig=" + (scratch / "kubeconfig"), "--cache-dir=" + (scratch / "cache"), "apply",
                      "--server-side", "--namespace=" + space, "--filename=" + (scratch / "manifests.yaml")},
                     {},
                     {}};
    });
    return killer.run(kill, faults, limit);
  }
  [[nodiscard]] std::string names(const std::string& space) const {
    return plane.kubectl({"get", "configmaps", "-n", space, "-o=jsonpath={.items[*].metadata.name}"});
  }

  support::ControlPlane& plane;
  std::string manifests;
};

TEST_CASE("a client that is left alone writes what it has to") {
  auto* plane = need_control_plane("a client that nobody kills");
  if (plane == nullptr) return;
  const Bench bench(*plane);
  const std::string space = plane->fresh_namespace("kill");
  const auto run = bench.run(space, {});
  CAPTURE(run.output);
  CHECK(run.status.exit_code == 0);
  CHECK_FALSE(run.reached);
  REQUIRE(run.writes.size() == writes);
  CHECK(run.writes[1].starts_with("PATCH /api/v1/namespaces/" + space + "/configmaps/c2?"));
  CHECK(run.writes[1].ends_with(" -> 201"));
  CHECK(run.output.find("configmap/c3 serverside-applied") != std::string::npos);
  CHECK(bench.names(space) == "c1 c2 c3");
}

TEST_CASE("a client is killed at each of its writes, before and after") {
  auto* plane = need_control_plane("a client that is killed at its writes");
  if (plane == nullptr) return;
  const Bench bench(*plane);
  const std::vector<std::string> left{"", "c1", "c1 c2", "c1 c2 c3"};
  for (const auto& kill : support::every_write_kill(writes)) {
    const std::string where = kill.to_string();
    CAPTURE(where);
    const std::string space = plane->fresh_namespace("kill");
    const auto run = bench.run(space, kill);
    CAPTURE(run.output);
    CHECK(run.reached);
    CHECK(run.status.signal == SIGKILL);
    const bool before = kill.moment == Moment::before_forwarding;
    CHECK(bench.names(space) == left[kill.nth - (before ? 1 : 0)]);
    REQUIRE(run.writes.size() == kill.nth);
    CHECK(run.writes.back().ends_with(" -> 201") == !before);
    // It comes to its end when it is started again.
    CHECK(bench.run(space, {}).status.exit_code == 0);
    CHECK(bench.names(space) == "c1 c2 c3");
  }
  CHECK_FALSE(bench.run(plane->fresh_namespace("kill"), WriteKill{writes + 1, Moment::before_forwarding}).reached);
}

TEST_CASE("a client that hangs is ended at the limit") {
  auto* plane = need_control_plane("a client that hangs");
  if (plane == nullptr) return;
  const Bench bench(*plane);
  const auto begin = std::chrono::steady_clock::now();
  const auto run = bench.run(plane->fresh_namespace("kill"), {}, {{.kind = support::Fault::Kind::hang, .method = "PATCH"}},
                             std::chrono::seconds{3});
  CHECK(run.timed_out);
  CHECK_FALSE(run.reached);
  CHECK(run.status.signal == SIGKILL);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{10});
}

}  // namespace
}  // namespace gitopsctl::tests
