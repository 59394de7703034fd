// The whole road in a cluster, as `gitopsctl demo --kubeconfig` shows it: by the programs themselves, with a real API
// server, real controllers and pods that become ready; the agent has its service account's rights alone.

#include <doctest/doctest.h>

#include <string>

#include "base/process/spawn.hpp"
#include "tests/support/control_plane.hpp"
#include "tests/support/installation.hpp"
#include "tests/support/need_control_plane.hpp"
#include "tests/support/scratch.hpp"

namespace gitopsctl::tests {
namespace {

const std::set<std::string> demo_controllers{
    "namespace-controller",     "serviceaccount-controller",       "garbage-collector-controller",
    "deployment-controller",    "replicaset-controller",           "statefulset-controller",
    "endpointslice-controller", "serviceaccount-token-controller", "disruption-controller"};

}  // namespace

TEST_SUITE("cluster demo") {
  TEST_CASE("the demo runs in a cluster, and leaves nothing there") {
    auto* plane = need_control_plane("the demo in a cluster", {demo_controllers, true});
    if (plane == nullptr) return;
    const auto names = [&] {
      return plane->kubectl(
          {"get", "crd,namespace,clusterrole,clusterrolebinding", "-o", "name", "--sort-by=.metadata.name"});
    };
    // As in a cluster that never had anything of ours; other cases install the kinds again.
    plane->kubectl({"delete", "crd", "channels.gitopsctl.dev", "releases.gitopsctl.dev", "approvals.gitopsctl.dev",
                    "--ignore-not-found"});
    plane->kubectl({"delete", "namespace", "gitopsctl-system", "--ignore-not-found"});
    const std::string before = names();
    const support::ScratchDir scratch;
    CapturedCommand command;
    command.command.program = std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl";
    command.command.arguments = {"demo", "--kubeconfig", plane->kubeconfig_file(), "--directory", scratch / "demo"};
    const auto said = run_command(command, {{}, Deadline(system_clock(), Millis(400'000))});
    REQUIRE(said.ok());
    INFO(said->out);
    INFO(said->err);
    CHECK(said->status.exit_code == 0);
    CHECK(said->out.find("That was the whole road") != std::string::npos);
    // The API server takes its time over the last namespace.
    const Deadline deadline(system_clock(), Millis(30'000));
    std::string after = names();
    for (; after != before && !deadline.passed(); after = names()) system_clock().sleep(Millis(200), {});
    CHECK(after == before);
  }
}

}  // namespace gitopsctl::tests
