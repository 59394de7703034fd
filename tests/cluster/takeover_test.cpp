// What becomes ours when we apply what others made: kubectl's fields, forced ones, and replicas that an autoscaler sets.

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "agent/cluster/field_owners.hpp"
#include "agent/kube/client.hpp"
#include "base/json/json.hpp"
#include "tests/cluster/cluster_fixture.hpp"
#include "tests/support/control_plane.hpp"
#include "tests/support/need_control_plane.hpp"

namespace gitopsctl::tests {
namespace {

using namespace agent;
using support::ControlPlane;

std::string config(const std::string& space, const std::string& data) {
  return "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: " + space + "}\ndata: " + data + "\n";
}

std::string deployment(const std::string& space, const std::string& image, const std::string& env,
                       const std::string& more = "") {
  return "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: " + space + "}\nspec:\n" + more +
         "  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: "
         "[{name: "
         "web, image: \"" +
         image + "\", env: [" + env + "]}]}\n";
}

const std::string env_a = "{name: A, value: '1'}";
const std::string env_both = env_a + ", {name: EXTRA, value: '2'}";

std::string at(const ControlPlane& plane, const std::string& space, const std::string& what, const std::string& path) {
  return plane.kubectl({"get", what, "web", "-n", space, "-o", "jsonpath={" + path + "}"});
}

std::string managers(const ControlPlane& plane, const std::string& space, const std::string& what) {
  return plane.kubectl({"get", what, "web", "-n", space, "--show-managed-fields", "-o",
                        "jsonpath={range .metadata.managedFields[*]}{.manager}/{.operation} {end}"});
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += line + "\n";
  return out;
}

ApplyOptions owned_by(const std::string& owner) {
  ApplyOptions options;
  options.owner = owner;
  return options;
}

/// A scenario in which kubectl, in one of its ways, made what we then apply.
void make_by_kubectl(const ControlPlane& plane, const std::string& way, const std::string& space) {
  const std::string text = config(space, "{color: red, extra: x}") + deployment(space, "i:1", env_both, "  replicas: 2\n");
  if (way == "apply") {
    plane.kubectl({"apply", "-f", "-"}, text);
  } else if (way == "server-side") {
    plane.kubectl({"apply", "--server-side", "-f", "-"}, text);
  } else if (way == "create") {
    plane.kubectl({"create", "-f", "-"}, text);
  } else if (way == "replace") {
    plane.kubectl({"create", "-f", "-"}, config(space, "{color: blue}") + deployment(space, "i:0", env_a));
    plane.kubectl({"replace", "-f", "-"}, text);
  }
}

}  // namespace

TEST_SUITE("cluster takeover") {
  TEST_CASE("what kubectl made becomes ours as a whole: nothing that is not in the manifest stays, and the plan says so") {
    auto* plane = need_control_plane("objects that kubectl made");
    if (plane == nullptr) return;
    const auto cluster = open_cluster(*plane);
    for (const std::string way : {"apply", "server-side", "create", "replace"}) {
      CAPTURE(way);
      const std::string space = plane->fresh_namespace("kubectl");
      make_by_kubectl(*plane, way, space);
      const auto map = object_of(config(space, "{color: green}"));
      // The replicas leave the manifest too: nobody scales it, so the server's default comes back.
      const auto workload = object_of(deployment(space, "i:2", env_a));
      const auto options = owned_by("set");

      const auto predicted = must(cluster->predict({&map, &workload}, options));
      REQUIRE(predicted[0].body.has_value());
      REQUIRE(predicted[1].body.has_value());
      CHECK(canonical_json(*predicted[0].body->find("data")) == R"({"color":"green"})");
      CHECK_MESSAGE(joined(predicted[0].warnings).find(".data.extra") != std::string::npos, joined(predicted[0].warnings));
      CHECK_MESSAGE(joined(predicted[1].warnings).find(R"(.spec.template.spec.containers[name="web"].env[name="EXTRA"])") !=
                        std::string::npos,
                    joined(predicted[1].warnings));
      // A dry run changes nothing.
      CHECK(at(*plane, space, "configmap", ".data.extra") == "x");
      CHECK(managers(*plane, space, "configmap").find("kubectl") != std::string::npos);

      must(cluster->apply(map, options));
      const auto applied = must(cluster->apply(workload, options));
      CHECK(at(*plane, space, "configmap", ".data") == R"({"color":"green"})");
      CHECK(at(*plane, space, "configmap", ".metadata.annotations").empty());
      CHECK(at(*plane, space, "deployment", ".spec.template.spec.containers[0].env[*].name") == "A");
      CHECK(at(*plane, space, "deployment", ".spec.replicas") == "1");
      CHECK(managers(*plane, space, "configmap") == "gitopsctl/Apply ");
      CHECK(managers(*plane, space, "deployment").find("kubectl") == std::string::npos);
      // The prediction is what came.
      const Value* before = predicted[1].body->find("spec");
      const Value* after = applied.object.body.find("spec");
      REQUIRE(before != nullptr);
      CHECK_MESSAGE(json_equal(*before, *after), canonical_json(*before) << "\n" << canonical_json(*after));
      // And that was all.
      const auto again = must(cluster->predict({&map, &workload}, options));
      CHECK(json_equal(*again[1].body->find("spec"), *after));
      CHECK(must(cluster->apply(map, options)).state == ApplyState::unchanged);
    }
  }

  TEST_CASE("what was made before there was server-side apply is mended by the next apply, also after a forced one") {
    auto* plane = need_control_plane("objects without field managers");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace("old");
    const auto cluster = open_cluster(*plane);
    plane->kubectl({"create", "-f", "-"}, config(space, "{color: red, extra: x}"));
    plane->kubectl({"patch", "configmap", "web", "-n", space, "--type=json", "-p",
                    R"([{"op":"replace","path":"/metadata/managedFields","value":[{}]}])"});
    must(cluster->apply(object_of(config(space, "{color: green}")), owned_by("set")));
    CHECK(managers(*plane, space, "configmap").find("before-first-apply") != std::string::npos);
    CHECK(at(*plane, space, "configmap", ".data.extra") == "x");
    must(cluster->apply(object_of(config(space, "{color: blue}")), owned_by("set")));
    CHECK(at(*plane, space, "configmap", ".data") == R"({"color":"blue"})");
    CHECK(managers(*plane, space, "configmap") == "gitopsctl/Apply ");
  }

  TEST_CASE("killed between taking over and applying: the plan still says what goes, and the next run does it") {
    auto* plane = need_control_plane("a kill after taking over");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("between");
    plane->kubectl({"apply", "-f", "-"}, config(space, "{color: red, extra: x}"));
    const KubeClient client(admin_settings(*plane).target);
    const auto live = client.get({"", "ConfigMap", space, "web"}, {}, {});
    REQUIRE(live.ok());
    const auto change = must(agent::detail::settle_owners(*live, "gitopsctl", {}));
    REQUIRE(change.has_value());
    CHECK(change->from == std::vector<std::string>{"kubectl-client-side-apply"});
    const auto version = live->string_at({"metadata", "resourceVersion"});
    REQUIRE(
        client.patch({"", "ConfigMap", space, "web"}, agent::detail::owner_patch(change->entries, version), {}, {}).ok());
    // Nothing but the owners changed, and a second one from the same reading loses.
    CHECK(at(*plane, space, "configmap", ".data.extra") == "x");
    const auto late =
        client.patch({"", "ConfigMap", space, "web"}, agent::detail::owner_patch(change->entries, version), {}, {});
    REQUIRE_FALSE(late.ok());
    CHECK(late.error().is(KubeErrorClass::stale_write));

    const auto cluster = open_cluster(*plane);
    const auto object = object_of(config(space, "{color: red}"));
    const auto predicted = must(cluster->predict({&object}, owned_by("set")));
    CHECK(canonical_json(*predicted[0].body->find("data")) == R"({"color":"red"})");
    ClusterChannel channel(*cluster, space);
    const auto result = channel.run(channel.commit({{"web", space}}, {{"web/a.yaml", config(space, "{color: red}")}}));
    CHECK_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(at(*plane, space, "configmap", ".data") == R"({"color":"red"})");
  }

  TEST_CASE("a release forces what it names, and nothing else") {
    auto* plane = need_control_plane("forced fields");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("force");
    const auto cluster = open_cluster(*plane);
    ClusterChannel channel(*cluster, space);
    const auto commit = [&](const std::string& data, const std::string& force) {
      return channel.commit({{"web", space}}, {{"web/a.yaml", config(space, data)}}, "", force);
    };
    const auto said = [&](const std::string& field) {
      return plane->kubectl({"get", "release.gitopsctl.dev", "web", "-n", space, "-o", "jsonpath={.status." + field + "}"});
    };
    auto result = channel.run(commit("{a: '1', b: '1'}", ""));
    REQUIRE_MESSAGE(result.state == RunState::deployed, shown(result));
    plane->kubectl({"patch", "configmap", "web", "-n", space, "--type=merge", "--field-manager=terraform", "-p",
                    R"({"data":{"a":"t","b":"t"}})"});
    // Not of another object, and not of another field.
    for (const std::string force : {"", "    force: [{kind: Secret, path: data}]\n",
                                    "    force: [{name: other, path: data}]\n", "    force: [{path: data.a}]\n"}) {
      CAPTURE(force);
      result = channel.run(commit("{a: '2', b: '2'}", force));
      REQUIRE_MESSAGE(result.failures.contains("web"), shown(result));
      CHECK(result.failures.at("web").find("terraform") != std::string::npos);
      CHECK(at(*plane, space, "configmap", ".data") == R"({"a":"t","b":"t"})");
    }
    result = channel.run(commit("{a: '2', b: t}", "    force: [{kind: ConfigMap, name: web, path: .data.a}]\n"));
    REQUIRE_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(at(*plane, space, "configmap", ".data") == R"({"a":"2","b":"t"})");
    CHECK_MESSAGE(
        said("warnings").find(".data.a is taken from terraform, as the release's `force` says") != std::string::npos,
        said("warnings"));
    // All that is below a path.
    result = channel.run(commit("{a: '3', b: '3'}", "    force: [{path: data}]\n"));
    REQUIRE_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(at(*plane, space, "configmap", ".data") == R"({"a":"3","b":"3"})");
  }

  TEST_CASE("selfHeal undoes what people did, names them, and stops before everybody else; without it nothing is undone") {
    auto* plane = need_control_plane("self-healing");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("heal");
    const auto cluster = open_cluster(*plane);
    ClusterChannel channel(*cluster, space);
    const auto commit = [&](const std::string& heal) {
      return channel.commit({{"web", space}}, {{"web/a.yaml", config(space, "{a: '1', b: '1'}")}}, "selfHeal: " + heal);
    };
    const auto edit = [&](const std::string& manager, const std::string& value) {
      plane->kubectl({"patch", "configmap", "web", "-n", space, "--type=merge", "--field-manager=" + manager, "-p",
                      R"({"data":{"a":")" + value + R"("}})"});
    };
    const auto warnings = [&] {
      return plane->kubectl({"get", "release.gitopsctl.dev", "web", "-n", space, "-o", "jsonpath={.status.warnings}"});
    };
    const auto healing = commit("true");
    auto result = channel.run(healing);
    REQUIRE_MESSAGE(result.state == RunState::deployed, shown(result));
    for (const std::string person : {"kubectl-edit", "kubectl-patch", "k9s", "Mozilla"}) {
      CAPTURE(person);
      edit(person, "by hand");
      result = channel.run(healing, "drift");
      CHECK_MESSAGE(result.state == RunState::deployed, shown(result));
      CHECK(at(*plane, space, "configmap", ".data.a") == "1");
      CHECK_MESSAGE(warnings().find(".data.a is taken back from " + person) != std::string::npos, warnings());
    }
    for (const std::string program : {"terraform", "helm", "argocd-controller"}) {
      CAPTURE(program);
      edit(program, program);
      result = channel.run(healing, "drift");
      CHECK_MESSAGE(result.failures.contains("web"), shown(result));
      CHECK(at(*plane, space, "configmap", ".data.a") == program);
    }
    plane->kubectl({"patch", "configmap", "web", "-n", space, "--type=merge", "--field-manager=argocd-controller", "-p",
                    R"({"data":{"a":"1"}})"});
    const auto leaving = commit("false");
    channel.run(leaving);
    edit("kubectl-edit", "stays");
    result = channel.run(leaving, "drift");
    CHECK_MESSAGE(result.failures.empty(), shown(result));
    CHECK(at(*plane, space, "configmap", ".data.a") == "stays");
  }

  TEST_CASE("replicas are left to an autoscaler, whether it is there already or comes with the set") {
    auto* plane = need_control_plane("replicas of autoscalers");
    if (plane == nullptr) return;
    const auto cluster = open_cluster(*plane);
    const auto replicas = [&](const std::string& space) { return at(*plane, space, "deployment", ".spec.replicas"); };
    const auto scale = [&](const std::string& space, const std::string& manager, int count) {
      plane->kubectl({"patch", "deployment", "web", "-n", space, "--subresource=scale", "--type=merge",
                      "--field-manager=" + manager, "-p", R"({"spec":{"replicas":)" + std::to_string(count) + "}}"});
    };
    const auto autoscaler = [](const std::string& space) {
      return "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: auto, namespace: " + space +
             "}\nspec: {maxReplicas: 9, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n";
    };
    const auto owns_replicas = [&](const std::string& space) {
      return plane->kubectl({"get", "deployment", "web", "-n", space, "--show-managed-fields", "-o",
                             "jsonpath={.metadata.managedFields[?(@.manager=='gitopsctl')].fieldsV1.f:spec.f:replicas}"}) ==
             "{}";
    };
    {
      // There: the number in the manifest counts when the object is made, and then no more, whoever changed it.
      const std::string space = plane->fresh_namespace("there");
      plane->apply(autoscaler(space));
      const auto object = object_of(deployment(space, "i:1", env_a, "  replicas: 4\n"));
      must(cluster->apply(object, owned_by("set")));
      CHECK(replicas(space) == "4");
      for (const std::string manager : {"kube-controller-manager", "kubectl", "whoever"}) {
        CAPTURE(manager);
        scale(space, manager, 6);
        const auto predicted = must(cluster->predict({&object}, owned_by("set")));
        REQUIRE_MESSAGE(predicted[0].body, (predicted[0].refused ? predicted[0].refused->to_string() : ""));
        CHECK(predicted[0].body->find_path({"spec", "replicas"})->as_int() == 6);
        CHECK_MESSAGE(joined(predicted[0].warnings).find(".spec.replicas is left to HorizontalPodAutoscaler auto") !=
                          std::string::npos,
                      joined(predicted[0].warnings));
        must(cluster->apply(object, owned_by("set")));
        CHECK(replicas(space) == "6");
        scale(space, manager, 3);
      }
    }
    {
      // In the set, and not applied yet: the number leaves the manifest by the same commit.
      const std::string space = plane->fresh_namespace("comes");
      must(cluster->apply(object_of(deployment(space, "i:1", env_a, "  replicas: 4\n")), owned_by("set")));
      CHECK(owns_replicas(space));
      auto options = owned_by("set");
      ScaledWorkloads scaled;
      add_scaled(object_of(autoscaler(space)).body, scaled);
      REQUIRE(scaled.size() == 1);
      options.scaled = &scaled;
      const auto without = object_of(deployment(space, "i:2", env_a));
      const auto predicted = must(cluster->predict({&without}, options));
      CHECK(predicted[0].body->find_path({"spec", "replicas"})->as_int() == 4);
      const auto outcome = must(cluster->apply(without, options));
      CHECK(joined(outcome.warnings).find("left to HorizontalPodAutoscaler auto") != std::string::npos);
      CHECK(replicas(space) == "4");
      CHECK_FALSE(owns_replicas(space));
      CHECK(must(cluster->apply(without, options)).state == ApplyState::unchanged);
    }
    {
      // KEDA's.
      plane->apply(
          "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: scaledobjects.keda.sh}\n"
          "spec:\n  group: keda.sh\n  scope: Namespaced\n  names: {kind: ScaledObject, plural: scaledobjects, singular: "
          "scaledobject}\n  versions: [{name: v1alpha1, served: true, storage: true, schema: {openAPIV3Schema: {type: "
          "object, "
          "x-kubernetes-preserve-unknown-fields: true}}}]\n");
      plane->kubectl({"wait", "--for=condition=established", "crd/scaledobjects.keda.sh", "--timeout=30s"});
      const std::string space = plane->fresh_namespace("keda");
      const auto fresh = open_cluster(*plane);
      must(fresh->apply(object_of(deployment(space, "i:1", env_a, "  replicas: 4\n")), owned_by("set")));
      plane->apply("apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: queue, namespace: " + space +
                   "}\nspec: {scaleTargetRef: {name: web}}\n");
      // A kind is established before the server's discovery tells of it.
      const auto told = [&] { return !must(fresh->list({"keda.sh", "ScaledObject", space, ""})).empty(); };
      for (int i = 0; i < 600 && !told(); ++i) system_clock().sleep(Millis(50), {});
      const auto outcome = must(fresh->apply(object_of(deployment(space, "i:2", env_a)), owned_by("set")));
      CHECK(joined(outcome.warnings).find("left to ScaledObject queue") != std::string::npos);
      CHECK(replicas(space) == "4");
    }
    {
      // What kubectl scaled and applied, taken over while an autoscaler is there.
      const std::string space = plane->fresh_namespace("both");
      plane->kubectl({"apply", "-f", "-"}, deployment(space, "i:1", env_a, "  replicas: 5\n"));
      plane->apply(autoscaler(space));
      must(cluster->apply(object_of(deployment(space, "i:2", env_a)), owned_by("set")));
      CHECK(replicas(space) == "5");
      CHECK_FALSE(owns_replicas(space));
    }
  }
}

}  // namespace gitopsctl::tests
