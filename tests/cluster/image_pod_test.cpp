// The way of an operator: `gitopsctl install`, the agent from its image with the rights of its ServiceAccount and a root
// that cannot be written to, a release that becomes ready, an upgrade, and an uninstallation that leaves nothing.

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <sstream>
#include <string>

#include "base/process/spawn.hpp"
#include "tests/cluster/cluster_fixture.hpp"
#include "tests/cluster/image_pod.hpp"
#include "tests/support/git_server.hpp"
#include "tests/support/need_control_plane.hpp"
#include "tests/support/not_run.hpp"

namespace gitopsctl::tests {
namespace {

const std::set<std::string> parts{
    "namespace-controller",  "serviceaccount-controller", "garbage-collector-controller",   "deployment-controller",
    "replicaset-controller", "disruption-controller",     "serviceaccount-token-controller"};

bool comes(const std::function<bool()>& what, Millis patience = Millis(60'000)) {
  const Deadline deadline(system_clock(), patience);
  while (!deadline.passed()) {
    if (what()) return true;
    system_clock().sleep(Millis(200), {});
  }
  return what();
}

/// Every object of every kind that can be listed, but what happens by itself. Throws when a kind goes meanwhile.
std::set<std::string> list_everything(const support::ControlPlane& plane) {
  std::istringstream kinds(plane.kubectl({"api-resources", "--verbs=list", "--output=name"}));
  std::string all;
  for (std::string kind; std::getline(kinds, kind);) {
    if (kind.starts_with("events") || kind.starts_with("componentstatuses")) continue;
    all += (all.empty() ? "" : ",") + kind;
  }
  std::istringstream lines(plane.kubectl({"get", all, "--all-namespaces", "--no-headers", "--ignore-not-found",
                                          "--output=custom-columns=K:.kind,S:.metadata.namespace,N:.metadata.name"}));
  std::set<std::string> out;
  for (std::string line; std::getline(lines, line);) out.insert(line);
  return out;
}

/// The same, also while the kinds of what ended before are still on their way out.
std::set<std::string> everything(const support::ControlPlane& plane) {
  for (int tries = 1;; ++tries) {
    try {
      return list_everything(plane);
    } catch (const std::exception&) {
      if (tries == 10) throw;
      system_clock().sleep(Millis(1'000), {});
    }
  }
}

std::string lines_of(const std::set<std::string>& from, const std::set<std::string>& without) {
  std::string out;
  for (const auto& line : from) out += without.contains(line) ? "" : line + '\n';
  return out;
}

class Operator {
 public:
  explicit Operator(const support::ControlPlane& plane) : kubeconfig_(plane.kubeconfig_file()) {}
  /// `gitopsctl WORDS… --kubeconfig …`, which must go well.
  std::string run(std::vector<std::string> words) const {
    CapturedCommand command;
    command.command.program = std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl";
    words.insert(words.end(), {"--kubeconfig", kubeconfig_});
    command.command.arguments = std::move(words);
    const auto said = must(run_command(command, {{}, Deadline(system_clock(), Millis(180'000))}));
    INFO(said.out << said.err);
    CHECK(said.status.exit_code == 0);
    return said.out;
  }

 private:
  std::string kubeconfig_;
};

}  // namespace

TEST_SUITE("cluster image") {
  TEST_CASE("installed, the agent runs from its image; upgraded it has its key; uninstalled nothing is left") {
    auto* plane = need_control_plane("the agent in its image", {parts, true});
    if (plane == nullptr) return;
    if (const auto obstacle = UnpackedImage::obstacle(); !obstacle.empty()) {
      not_run("the agent in its image", obstacle);
      return;
    }
    plane->kubectl({"delete", "crd", "channels.gitopsctl.dev", "releases.gitopsctl.dev", "approvals.gitopsctl.dev",
                    "--ignore-not-found"});
    plane->kubectl({"delete", "namespace", "gitopsctl-system", "--ignore-not-found"});
    const std::string space = plane->fresh_namespace("image");
    const std::set<std::string> before = everything(*plane);

    support::GitServer server;
    const auto repository = server.repository("shop.git");
    repository.commit(
        "releases/prod",
        {{".gitopsctl/channels/prod.yaml",
          "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: prod\nreleases:\n  - {name: web, driver: "
          "manifests, namespace: " +
              space + ", manifests: {path: web}}\n"},
         {"web/all.yaml", config_map_yaml(space, "settings", "1") +
                              "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: " + space +
                              "}\nspec:\n  replicas: 2\n  selector: {matchLabels: {app: web}}\n  template:\n"
                              "    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: "
                              "example.org/web:1}]}\n"}});
    const Operator person(*plane);
    const std::string port = std::to_string(support::free_port());
    const auto install = [&](const std::string& more) {
      person.run({"install", "--set", "repositories[0].name=shop,repositories[0].url=" + server.url() + "/shop.git", "--set",
                  "bindings[0].repository=shop,bindings[0].channel=prod", "--set", "installation=imaged", "--set",
                  "port=" + port + ",extraArgs={--listen,127.0.0.1:" + port + "}" + more, "--wait"});
    };
    install("");
    const UnpackedImage image;
    const auto key = [&] {
      return plane->kubectl(
          {"get", "secret", "gitopsctl-key-imaged", "-n", "gitopsctl-system", "-o", "jsonpath={.metadata.uid} {.data.key}"});
    };
    const auto uid = [&] {
      return plane->kubectl({"get", "deployment", "web", "-n", space, "-o", "jsonpath={.metadata.uid}"});
    };
    std::string first_key;
    std::string first_uid;
    {
      ImagePod pod(*plane, image, "gitopsctl-system", "gitopsctl");
      CHECK(comes([&] { return pod.probe("startupProbe") == 200; }));
      CHECK(pod.probe("livenessProbe") == 200);
      plane->kubectl({"wait", "--for=create", "release/web", "-n", space, "--timeout=60s"});
      plane->kubectl({"wait", "--for=condition=ready", "release/web", "-n", space, "--timeout=90s"});
      CHECK(comes([&] { return pod.probe("readinessProbe") == 200; }));
      INFO(pod.log());
      auto status = pod.process_status();
      CHECK(status["Uid"] == "65532\t65532\t65532\t65532");
      CHECK(status["Gid"] == "65532\t65532\t65532\t65532");
      CHECK(status["CapEff"] == "0000000000000000");
      CHECK(status["NoNewPrivs"] == "1");
      CHECK(plane->kubectl({"get", "configmap", "settings", "-n", space, "-o", "jsonpath={.data.value}"}) == "1");
      for (const char* place : {"/", "/usr/bin", "/etc/gitopsctl"}) CHECK_FALSE(pod.can_be_written(place));
      for (const char* place : {"/tmp", "/var/lib/gitopsctl"}) CHECK(pod.can_be_written(place));
      // What is looked for at the end is seen while it is there.
      const std::string made = lines_of(everything(*plane), before);
      for (const char* name : {"gitopsctl-leader.imaged", "gitopsctl-key-imaged", "releases.gitopsctl.dev", "settings"}) {
        CHECK_MESSAGE(made.find(name) != std::string::npos, name);
      }
      first_key = key();
      first_uid = uid();
      CHECK(pod.stop() == 0);
    }
    install(",config.drift.interval=7s");
    CHECK(key() == first_key);
    {
      ImagePod pod(*plane, image, "gitopsctl-system", "gitopsctl");
      CHECK(comes([&] { return pod.probe("readinessProbe") == 200; }));
      INFO(pod.log());
      CHECK(pod.log().find("warn") == std::string::npos);
      CHECK(key() == first_key);
      CHECK(uid() == first_uid);
      const std::string gone = person.run({"uninstall", "prod", "--confirm", "prod"});
      CHECK_MESSAGE(gone.find("Deployment " + space + "/web removed") != std::string::npos, gone);
      CHECK(pod.stop() == 0);
    }
    person.run({"uninstall", "--confirm", "imaged", "--purge"});
    std::set<std::string> after;
    comes([&] { return (after = everything(*plane)) == before; });
    CHECK(lines_of(after, before) == "");
    CHECK(lines_of(before, after) == "");
  }
}

}  // namespace gitopsctl::tests
