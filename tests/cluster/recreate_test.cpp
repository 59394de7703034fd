// What cannot be changed in place: made anew where the manifest allows it, one clear error where it does not.

#include <doctest/doctest.h>

#include <string>

#include "agent/control/control.hpp"
#include "tests/cluster/cluster_fixture.hpp"
#include "tests/support/control_plane.hpp"
#include "tests/support/need_control_plane.hpp"
#include "tests/support/spy_environment.hpp"

namespace gitopsctl::tests {
namespace {

using namespace agent;

struct Immutable {
  std::string kind;
  std::string before;  ///< with a `%` where the metadata may say more
  std::string after;
  std::string field;  ///< that the error names
};

/// `text` in `space`, with `annotations`.
std::string manifest(std::string text, const std::string& space, const std::string& annotations) {
  const std::string metadata = "metadata: {name: web, namespace: " + space + ", annotations: {" + annotations + "}}";
  const auto place = text.find('%');
  return "---\n" + text.replace(place, 1, metadata) + "\n";
}

std::string pod_template(const std::string& app, const std::string& more = "") {
  return "  template:\n    metadata: {labels: {app: " + app + "}}\n    spec: {" + more +
         "containers: [{name: c, image: 'i:1'}]}";
}

const std::vector<Immutable>& cases() {
  static const std::vector<Immutable> all{
      {"deployment",
       "apiVersion: apps/v1\nkind: Deployment\n%\nspec:\n  replicas: 0\n  selector: {matchLabels: {app: a}}\n" +
           pod_template("a"),
       "apiVersion: apps/v1\nkind: Deployment\n%\nspec:\n  replicas: 0\n  selector: {matchLabels: {app: b}}\n" +
           pod_template("b"),
       "spec.selector"},
      {"job", "apiVersion: batch/v1\nkind: Job\n%\nspec:\n  suspend: true\n" + pod_template("a", "restartPolicy: Never, "),
       "apiVersion: batch/v1\nkind: Job\n%\nspec:\n  suspend: true\n  completions: 3\n" +
           pod_template("a", "restartPolicy: Never, "),
       "spec.completions"},
      {"service", "apiVersion: v1\nkind: Service\n%\nspec: {ports: [{port: 80}]}",
       "apiVersion: v1\nkind: Service\n%\nspec: {clusterIP: None, ports: [{port: 80}]}", "spec.clusterIP"},
      {"statefulset",
       "apiVersion: apps/v1\nkind: StatefulSet\n%\nspec:\n  replicas: 0\n  serviceName: a\n  selector: {matchLabels: {app: "
       "a}}\n" +
           pod_template("a"),
       "apiVersion: apps/v1\nkind: StatefulSet\n%\nspec:\n  replicas: 0\n  serviceName: b\n  selector: {matchLabels: {app: "
       "a}}\n" +
           pod_template("a"),
       "spec"},
      {"configmap", "apiVersion: v1\nkind: ConfigMap\n%\nimmutable: true\ndata: {a: '1'}",
       "apiVersion: v1\nkind: ConfigMap\n%\nimmutable: true\ndata: {a: '2'}", "data"},
      {"secret", "apiVersion: v1\nkind: Secret\n%\nimmutable: true\nstringData: {a: canary-one}",
       "apiVersion: v1\nkind: Secret\n%\nimmutable: true\nstringData: {a: canary-two}", "data"},
      {"rolebinding",
       "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n%\nroleRef: {apiGroup: rbac.authorization.k8s.io, "
       "kind: Role, "
       "name: a}",
       "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n%\nroleRef: {apiGroup: rbac.authorization.k8s.io, "
       "kind: Role, "
       "name: b}",
       "roleRef"},
  };
  return all;
}

const std::string allowed = "gitopsctl.dev/on-immutable: recreate";

/// The garbage collector ends foreground deletions.
const ControlPlaneParts parts{{"garbage-collector-controller"}, false};

}  // namespace

TEST_SUITE("cluster recreation") {
  TEST_CASE("what cannot be changed in place is made anew where the manifest allows it, and is one clear error else") {
    auto* plane = need_control_plane("immutable fields", parts);
    if (plane == nullptr) return;
    install_kinds(*plane);
    const auto cluster = open_cluster(*plane);
    for (const auto& one : cases()) {
      CAPTURE(one.kind);
      const std::string space = plane->fresh_namespace("immutable");
      ClusterChannel channel(*cluster, space);
      // Beside it stand others, so that this one is not everything that the channel has.
      const auto commit = [&](const std::string& text) {
        Files files{{"web/a.yaml", text}};
        for (int i = 0; i < 3; ++i)
          files["web/" + std::to_string(i) + ".yaml"] = config_map_yaml(space, "c" + std::to_string(i), "1");
        return channel.commit({{"web", space}}, files, "", "    timeout: 30s\n");
      };
      const auto uid = [&] {
        return plane->kubectl({"get", one.kind, "web", "-n", space, "-o", "jsonpath={.metadata.uid}"});
      };
      // Nothing but the API server says anything about these; what is waited for otherwise is others' business.
      const auto state = [&](const RunResult& result) {
        return result.failures.empty() || result.failures.begin()->second.find("is not ready") != std::string::npos;
      };
      auto result = channel.run(commit(manifest(one.before, space, "")));
      REQUIRE_MESSAGE(state(result), shown(result));
      const std::string first = uid();

      result = channel.run(commit(manifest(one.after, space, "")));
      REQUIRE_MESSAGE(result.failures.contains("web"), shown(result));
      const std::string& error = result.failures.at("web");
      CHECK_MESSAGE(error.find(one.field) != std::string::npos, error);
      CHECK_MESSAGE(error.find(allowed) != std::string::npos, error);
      CHECK(error.size() < 600);
      CHECK(error.find("canary") == std::string::npos);
      CHECK(uid() == first);

      result = channel.run(commit(manifest(one.after, space, allowed)));
      CHECK_MESSAGE(state(result), shown(result));
      const std::string second = uid();
      CHECK(second != first);
      CHECK(!second.empty());
      // Once.
      result = channel.run(commit(manifest(one.after, space, allowed)), "retry");
      CHECK_MESSAGE(state(result), shown(result));
      CHECK(uid() == second);
    }
  }

  TEST_CASE("a claim is never made anew; a guard counts what is, and one that was killed in between goes on") {
    auto* plane = need_control_plane("guards of what is made anew", parts);
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("guarded");
    const auto cluster = open_cluster(*plane);
    {
      const std::string claim =
          "apiVersion: v1\nkind: PersistentVolumeClaim\n%\nspec: {accessModes: [ReadWriteOnce], storageClassName: ''";
      ApplyOptions options;
      options.owner = "set";
      must(cluster->apply(object_of(manifest(claim + ", resources: {requests: {storage: 1Gi}}}", space, "")), options));
      const auto after =
          object_of(manifest(claim + ", volumeName: other, resources: {requests: {storage: 2Gi}}}", space, allowed));
      const auto predicted = must(cluster->predict({&after}, options));
      CHECK(predicted[0].refused.has_value());
      CHECK(predicted[0].immutable == "spec");
      plane->kubectl({"delete", "pvc", "web", "-n", space, "--wait=false"});
    }
    support::SpyEnvironment spy(*cluster);
    ClusterChannel channel(spy, space);
    const auto commit = [&](const std::string& value) {
      return channel.commit(
          {{"web", space}},
          {{"web/a.yaml",
            manifest("apiVersion: v1\nkind: ConfigMap\n%\nimmutable: true\ndata: {a: '" + value + "'}", space, allowed)}});
    };
    auto result = channel.run(commit("1"));
    REQUIRE_MESSAGE(result.state == RunState::deployed, shown(result));
    // It is all that the channel has, so a person is asked.
    const auto second = commit("2");
    result = channel.run(second);
    REQUIRE_MESSAGE(result.state == RunState::held, shown(result));
    const auto value = [&] {
      return plane->kubectl({"get", "configmap", "web", "-n", space, "-o", "jsonpath={.data.a}", "--ignore-not-found"});
    };
    CHECK(value() == "1");
    CHECK_MESSAGE(result.message.find("1 of them to be made anew") != std::string::npos, result.message);
    const auto object = must(cluster->get(must(channel_object_id(*cluster, channel.key))));
    REQUIRE(object.has_value());
    const std::string digest(object->body.string_at({"status", "deleteDigest"}));
    REQUIRE_FALSE(digest.empty());
    REQUIRE(write_approval(*cluster, channel.key, {digest, true, "ada", system_clock().now()}).ok());

    // Killed after the delete, before the apply.
    bool killed = false;
    spy.before_write([&](const std::string& write) -> std::optional<Error> {
      if (write != "apply ConfigMap/" + space + "/web") return std::nullopt;
      killed = true;
      return Error(ErrorCode::unavailable, "killed");
    });
    result = channel.run(second, "retry");
    CHECK(killed);
    CHECK(value().empty());
    spy.before_write({});
    channel.restart();
    result = channel.run(second, "start");
    CHECK_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(value() == "2");
    CHECK(channel.run(second, "retry").state == RunState::up_to_date);
  }
}

}  // namespace gitopsctl::tests
