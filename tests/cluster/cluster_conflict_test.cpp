// Fields that several write: whose hand is undone, who is left alone, and before whom we stop.

#include <doctest/doctest.h>

#include "tests/cluster/cluster_fixture.hpp"
#include "tests/support/control_plane.hpp"
#include "tests/support/need_control_plane.hpp"

namespace gitopsctl::tests {
namespace {

using namespace agent;

std::string deployment(const std::string& space, const std::string& image, int replicas) {
  return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: " + space +
         "}\nspec:\n  replicas: " + std::to_string(replicas) +
         "\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: "
         "[{name: "
         "web, image: \"" +
         image + "\"}]}\n";
}

}  // namespace

TEST_SUITE("cluster conflicts") {
  TEST_CASE("a person's edit is undone and named, a controller's field is left, and others stop the release") {
    auto* plane = need_control_plane("fields of other managers");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("conflict");
    const auto cluster = open_cluster(*plane);
    ClusterChannel channel(*cluster, space);
    const auto warnings = [&] {
      return plane->kubectl({"get", "release.gitopsctl.dev", "web", "-n", space, "-o", "jsonpath={.status.warnings}"});
    };
    const auto errors = [&] {
      return plane->kubectl({"get", "release.gitopsctl.dev", "web", "-n", space, "-o", "jsonpath={.status.errors}"});
    };
    const auto at = [&](const std::string& kind, const std::string& path) {
      return plane->kubectl({"get", kind, "web", "-n", space, "-o", "jsonpath={" + path + "}"});
    };
    const auto commit = [&](const std::string& value, const std::string& image, int replicas) {
      return channel.commit({{"web", space}},
                            {{"web/all.yaml", config_map_yaml(space, "web", value) + deployment(space, image, replicas)}},
                            "", "    timeout: 1s\n");
    };
    const auto settle = [&] {
      plane->kubectl({"patch", "deployment", "web", "-n", space, "--subresource=status", "--type=merge", "-p",
                      R"({"status":{"observedGeneration":)" + at("deployment", ".metadata.generation") + R"(,"replicas":)" +
                          at("deployment", ".spec.replicas") + R"(,"updatedReplicas":)" +
                          at("deployment", ".spec.replicas") + R"(,"readyReplicas":)" + at("deployment", ".spec.replicas") +
                          R"(,"availableReplicas":)" + at("deployment", ".spec.replicas") +
                          R"(,"conditions":[{"type":"Available","status":"True"},)"
                          R"({"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"}]}})"});
    };
    const auto first = commit("1", "i:1", 2);
    channel.run(first);
    settle();
    auto result = channel.run(first, "retry");
    REQUIRE_MESSAGE(result.state == RunState::deployed, shown(result));

    // A person.
    plane->kubectl({"patch", "configmap", "web", "-n", space, "--type=merge", "--field-manager=kubectl-edit", "-p",
                    R"({"data":{"value":"hand"}})"});
    result = channel.run(first, "drift");
    CHECK_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(at("configmap", ".data.value") == "1");
    CHECK_MESSAGE(warnings().find(".data.value is taken back from kubectl-edit") != std::string::npos, warnings());

    // An autoscaler: its number stays, also through our next change of something else.
    plane->kubectl({"patch", "deployment", "web", "-n", space, "--subresource=scale", "--type=merge",
                    "--field-manager=kube-controller-manager", "-p", R"({"spec":{"replicas":5}})"});
    settle();
    result = channel.run(first, "drift");
    CHECK_MESSAGE(result.state == RunState::up_to_date, shown(result));
    CHECK(at("deployment", ".spec.replicas") == "5");
    const auto second = commit("1", "i:2", 2);
    channel.run(second);
    settle();
    result = channel.run(second, "retry");
    CHECK_MESSAGE(result.failures.empty(), shown(result));
    CHECK(at("deployment", ".spec.replicas") == "5");
    CHECK(at("deployment", ".spec.template.spec.containers[0].image") == "i:2");

    // Anybody else: nothing is taken, and the release says who and what.
    plane->kubectl({"patch", "configmap", "web", "-n", space, "--type=merge", "--field-manager=terraform", "-p",
                    R"({"data":{"value":"theirs"}})"});
    result = channel.run(second, "drift");
    CHECK(result.failures.contains("web"));
    CHECK(at("configmap", ".data.value") == "theirs");
    CHECK_MESSAGE(errors().find("terraform") != std::string::npos, errors());
    CHECK_MESSAGE(errors().find(".data.value") != std::string::npos, errors());
    // A commit that wants the same as they do is no conflict.
    result = channel.run(commit("theirs", "i:2", 2));
    CHECK_MESSAGE(result.state == RunState::deployed, shown(result));
  }

  TEST_CASE("replicas that leave the manifest for an autoscaler stay, and those that just leave do not") {
    auto* plane = need_control_plane("handing replicas to an autoscaler");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace("scale");
    const auto cluster = open_cluster(*plane);
    ApplyOptions options;
    options.owner = "scale";
    const auto with = object_of(deployment(space, "i:1", 4));
    std::string text = deployment(space, "i:1", 4);
    text.replace(text.find("  replicas: 4\n"), 14, "");
    const auto without = object_of(text);
    const auto replicas = [&] {
      return plane->kubectl({"get", "deployment", "web", "-n", space, "-o", "jsonpath={.spec.replicas}"});
    };
    const std::string scaler =
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web, namespace: " + space +
        "}\nspec: {maxReplicas: 9, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n";
    must(cluster->apply(with, options));
    plane->apply(scaler);
    const auto predicted = must(cluster->predict({&without}, options));
    REQUIRE(predicted.front().body.has_value());
    CHECK(predicted.front().body->find_path({"spec", "replicas"})->as_int() == 4);
    const auto outcome = must(cluster->apply(without, options));
    REQUIRE(outcome.warnings.size() == 1);
    CHECK(outcome.warnings.front().find("HorizontalPodAutoscaler web") != std::string::npos);
    CHECK(replicas() == "4");
    must(cluster->apply(without, options));
    CHECK(replicas() == "4");
    plane->kubectl({"patch", "deployment", "web", "-n", space, "--subresource=scale", "--type=merge",
                    "--field-manager=kube-controller-manager", "-p", R"({"spec":{"replicas":6}})"});
    CHECK(must(cluster->apply(without, options)).warnings.empty());
    CHECK(replicas() == "6");

    plane->kubectl({"delete", "hpa", "web", "-n", space});
    plane->kubectl({"delete", "deployment", "web", "-n", space});
    must(cluster->apply(with, options));
    must(cluster->apply(without, options));
    CHECK(replicas() == "1");
  }

  TEST_CASE("an object that was applied by hand before is adopted, and two channels do not take from each other") {
    auto* plane = need_control_plane("objects of others");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("adopt");
    plane->kubectl({"apply", "-f", "-"}, config_map_yaml(space, "web", "by hand"));
    const auto cluster = open_cluster(*plane);
    ClusterChannel channel(*cluster, space);
    const auto commit = channel.commit({{"web", space}}, {{"web/all.yaml", config_map_yaml(space, "web", "1")}});
    auto result = channel.run(commit);
    CHECK_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(plane->kubectl({"get", "configmap", "web", "-n", space, "-o", "jsonpath={.data.value}"}) == "1");
    ClusterChannel rival(*cluster, space + "-rival");
    const auto theirs = rival.commit({{"web", space}}, {{"web/all.yaml", config_map_yaml(space, "web", "2")}});
    result = rival.run(theirs);
    CHECK(result.failures.contains("web"));
    CHECK(plane->kubectl({"get", "configmap", "web", "-n", space, "-o", "jsonpath={.data.value}"}) == "1");
    CHECK(channel.run(commit, "drift").state == RunState::up_to_date);
  }
}

}  // namespace gitopsctl::tests
