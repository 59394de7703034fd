// Sets of fields as a real API server writes them down.

#include "agent/cluster/field_set.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "agent/kube/client.hpp"
#include "base/json/json.hpp"
#include "tests/cluster/cluster_fixture.hpp"
#include "tests/support/need_control_plane.hpp"

namespace gitopsctl::tests {
namespace {

using namespace agent;

const std::string workload = R"(
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app.kubernetes.io/name: web, "a": "b"}, annotations: {x.org/y: '{"z": 1}'}, finalizers: [x.org/wait]}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      tolerations: [{key: a, operator: Exists}]
      imagePullSecrets: [{name: pull}]
      volumes: [{name: config, configMap: {name: web, items: [{key: a, path: a}]}}]
      containers:
        - name: web
          image: web:1
          args: [a, b]
          env: [{name: A, value: "1"}, {name: B, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
          ports: [{containerPort: 80}, {containerPort: 80, protocol: UDP}]
          resources: {limits: {cpu: 1000m}}
          volumeMounts: [{name: config, mountPath: /etc/web}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 80}, {name: dns, port: 53, protocol: UDP}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {"a.b": "1", "c_d-e": "2"}
)";

}  // namespace

TEST_SUITE("cluster field sets") {
  TEST_CASE("every set that the server recorded is read and written back as it was, and its paths lead into the object") {
    auto* plane = need_control_plane("sets of fields of a real server");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("fields");
    plane->kubectl({"apply", "-n", space, "-f", "-"}, workload);
    plane->kubectl({"apply", "-n", space, "--server-side", "--force-conflicts", "--field-manager=one", "-f", "-"}, workload);
    plane->kubectl({"scale", "-n", space, "deployment", "web", "--replicas=3"});
    const KubeClient client(admin_settings(*plane).target);
    std::size_t sets = 0;
    std::size_t members = 0;
    std::set<std::string> forms;
    for (const KubeKind& kind : {KubeKind{"apps", "", "Deployment"},
                                 {"", "", "Service"},
                                 {"", "", "ConfigMap"},
                                 {"", "", "Namespace"},
                                 {"apiextensions.k8s.io", "", "CustomResourceDefinition"},
                                 {"rbac.authorization.k8s.io", "", "ClusterRole"},
                                 {"flowcontrol.apiserver.k8s.io", "", "FlowSchema"},
                                 {"scheduling.k8s.io", "", "PriorityClass"}}) {
      const auto listed = client.list(kind, {}, {});
      REQUIRE_MESSAGE(listed.ok(), kind.kind);
      for (const auto& object : listed->items) {
        const Value* entries = object.find_path({"metadata", "managedFields"});
        if (entries == nullptr) continue;
        for (const auto& entry : entries->as_list()) {
          const FieldSet set = must(FieldSet::parse(*entry.find("fieldsV1")));
          REQUIRE(canonical_json(set.print()) == canonical_json(*entry.find("fieldsV1")));
          ++sets;
          members += set.size();
          // What somebody took away without a trace may be missing; here nobody did.
          CHECK(set.present_in(object) == set);
          for (const auto& path : set.paths()) {
            CHECK(value_at(object, path) != nullptr);
            for (const auto& step : path) forms.insert(step.substr(0, 2));
          }
        }
      }
    }
    MESSAGE(sets << " sets with " << members << " members");
    CHECK(sets > 50);
    CHECK(forms.contains("k:"));
    CHECK(forms.contains("v:"));
  }

  TEST_CASE("the fields of a conflict are found in the set of their owner") {
    auto* plane = need_control_plane("paths of a real conflict");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace("fields");
    plane->kubectl({"apply", "-n", space, "--server-side", "--field-manager=one", "-f", "-"}, workload);
    const KubeClient client(admin_settings(*plane).target);
    const auto found = client.get({"apps", "Deployment", space, "web"}, {}, {});
    REQUIRE(found.ok());
    const Value& live = *found;
    const FieldSet theirs =
        must(FieldSet::parse(*live.find_path({"metadata", "managedFields"})->as_list().front().find("fieldsV1")));
    Value wish = live.deep_copy();
    for (const char* key : {"managedFields", "resourceVersion", "uid", "generation", "creationTimestamp"}) {
      wish.child_map("metadata").erase(key);
    }
    wish.erase("status");
    const std::set<std::string> changed{".metadata.labels.app.kubernetes.io/name", ".spec.replicas",
                                        R"(.spec.template.spec.containers[name="web"].image)",
                                        R"(.spec.template.spec.containers[name="web"].env[name="A"].value)",
                                        R"(.spec.template.spec.containers[name="web"].args)"};
    for (const auto& text : changed) {
      const auto path = theirs.find(text);
      REQUIRE_MESSAGE(path.has_value(), text);
      CHECK(conflict_text(*path) == text);
      const Value old = *value_at(wish, *path);
      FieldPath parent(path->begin(), path->end() - 1);
      Value holder = *value_at(wish, parent);
      holder.set(path->back().substr(2), old.is_int()    ? Value::int64(7)
                                         : old.is_list() ? Value::list({Value::string("z")})
                                                         : Value::string("changed"));
    }
    const auto refused = client.apply(wish, {}, {});
    REQUIRE_FALSE(refused.ok());
    std::set<std::string> named;
    for (const auto& conflict : refused.error().conflicts()) {
      CHECK(conflict.manager == "one");
      CHECK(theirs.find(conflict.field).has_value());
      named.insert(conflict.field);
    }
    CHECK(named == changed);
  }
}

}  // namespace gitopsctl::tests
