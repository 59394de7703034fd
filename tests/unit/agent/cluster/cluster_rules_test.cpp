#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include "agent/cluster/conflict_policy.hpp"
#include "agent/cluster/normal_form.hpp"
#include "agent/cluster/owned_fields.hpp"
#include "agent/cluster/parallel.hpp"
#include "base/json/json.hpp"
#include "base/yaml/yaml.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::agent::detail;

namespace {

Value yaml(const std::string& text) {
  auto read = parse_yaml(text, {});
  REQUIRE_MESSAGE(read.ok(), read.error().to_string());
  return *read;
}

FieldConflict by(const std::string& manager, const std::string& operation = "Update", const std::string& subresource = "") {
  return {manager, operation, subresource, "v1", ".data.a"};
}

const std::string managed = R"(
metadata:
  labels: {app: a, other: b}
  managedFields:
    - manager: gitopsctl
      operation: Apply
      apiVersion: v1
      fieldsV1:
        f:metadata: {f:labels: {f:app: {}}}
        f:spec:
          f:replicas: {}
          f:containers:
            'k:{"name":"web"}': {.: {}, f:name: {}, f:image: {}, f:ports: {'k:{"containerPort":80,"protocol":"TCP"}': {.: {}, f:containerPort: {}}}}
          f:finalizers: {'v:"x.org/y"': {}}
          f:indexed: {'i:1': {}}
    - {manager: kubectl-edit, operation: Update, apiVersion: v1, fieldsV1: {f:spec: {f:paused: {}}}}
)";
const std::string spec = R"(
spec:
  replicas: 2
  paused: false
  containers:
    - {name: sidecar, image: s}
    - {name: web, image: w, terminationMessagePath: /dev/termination-log, ports: [{containerPort: 80, protocol: TCP}]}
  finalizers: [a, x.org/y]
  indexed: [p, q]
)";

}  // namespace

TEST_SUITE("concurrency agent/cluster") {
  TEST_CASE("work in parallel: everything before one that fails is done, and soon nothing after it") {
    for (const std::size_t failing : {0U, 1U, 7U, 500U, 999U, 5000U}) {
      std::vector<std::atomic<int>> done(1000);
      in_parallel(done.size(), 8, [&](std::size_t i) {
        ++done[i];
        return i != failing;
      });
      std::size_t all = 0;
      for (std::size_t i = 0; i < done.size(); ++i) {
        CHECK(done[i] <= 1);
        if (i <= failing) CHECK(done[i] == 1);
        all += static_cast<std::size_t>(done[i]);
      }
      CHECK(all >= std::min<std::size_t>(failing + 1, done.size()));
    }
    in_parallel(0, 8, [](std::size_t) { return true; });
  }
}

TEST_SUITE("agent/cluster rules") {
  TEST_CASE("whose fields are taken, left, and neither") {
    for (const char* name : {"kubectl", "kubectl-edit", "kubectl-client-side-apply", "before-first-apply", "ancient-changes",
                             "Mozilla", "node-fetch", "k9s", "gitopsctl"}) {
      CHECK_MESSAGE(judge(by(name), "gitopsctl") == ConflictVerdict::take, name);
    }
    for (const char* name :
         {"kube-controller-manager", "cluster-autoscaler", "horizontal-pod-autoscaler", "keda-operator"}) {
      CHECK_MESSAGE(judge(by(name), "gitopsctl") == ConflictVerdict::yield, name);
    }
    for (const char* name : {"helm", "argocd-controller", "flux", "terraform", "", "my-kubectl", "autoscaler-x"}) {
      CHECK_MESSAGE(judge(by(name), "gitopsctl") == ConflictVerdict::stop, name);
    }
    CHECK(judge(by("gitopsctl"), "another") == ConflictVerdict::stop);
  }

  TEST_CASE("a field is found by the path that a conflict names") {
    const auto without = [](const std::string& path, const std::string& text) {
      Value body = yaml(text).deep_copy();
      const bool found = erase_field(body, path);
      return found ? canonical_json(body) : "not found";
    };
    CHECK(without(".spec.replicas", "spec: {replicas: 1, x: 2}") == R"({"spec":{"x":2}})");
    CHECK(without(".metadata.labels.a.b/c.d", "metadata: {labels: {a.b/c.d: x, a: z}}") ==
          R"({"metadata":{"labels":{"a":"z"}}})");
    CHECK(without(".data.a.b", "data: {a: {b: 1}, a.b: 2}") == R"({"data":{"a":{"b":1}}})");
    CHECK(without(".data.a.c", "data: {a: {c: 1}, a.b: 2}") == R"({"data":{"a":{},"a.b":2}})");
    CHECK(without(R"(.spec.containers[name="b"].image)", "spec: {containers: [{name: a, image: x}, {name: b, image: y}]}") ==
          R"({"spec":{"containers":[{"image":"x","name":"a"},{"name":"b"}]}})");
    CHECK(without(R"(.spec.ports[containerPort=80,protocol="TCP"])",
                  "spec: {ports: [{containerPort: 80}, {containerPort: 81}]}") ==
          R"({"spec":{"ports":[{"containerPort":81}]}})");
    CHECK(without(R"(.metadata.finalizers[="x.org/y"])", "metadata: {finalizers: [a, x.org/y]}") ==
          R"({"metadata":{"finalizers":["a"]}})");
    CHECK(without(R"(.env[name="a]\"b"].value)", "env: [{name: 'a]\"b', value: 1}]") == R"({"env":[{"name":"a]\"b"}]})");
    for (const char* path : {"", ".", "spec", ".spec.none", ".spec[name=\"a\"]", ".spec.containers[name=\"z\"]",
                             ".spec.containers[name=", ".spec.containers[", ".spec.containers[=]", ".spec.containers[0]"}) {
      CHECK_MESSAGE(without(path, "spec: {containers: [{name: a}]}") == "not found", path);
    }
  }

  TEST_CASE("what we own changes with what we applied, and with nothing else") {
    const auto owned = [](const std::string& fields, const std::string& content) {
      Value body = yaml(fields + content);
      return owned_fields(body, "gitopsctl");
    };
    const auto replaced = [](std::string text, const std::string& from, const std::string& to) {
      const auto at = text.find(from);
      REQUIRE(at != std::string::npos);
      return text.replace(at, from.size(), to);
    };
    const std::string before = owned(managed, spec);
    REQUIRE_FALSE(before.empty());
    // Of others, or nobody's:
    CHECK(owned(managed, replaced(spec, "paused: false", "paused: true")) == before);
    CHECK(owned(managed, replaced(spec, "image: s", "image: t")) == before);
    CHECK(owned(managed, replaced(spec, "termination-log", "x")) == before);
    CHECK(owned(replaced(managed, "other: b", "other: c"), spec) == before);
    CHECK(owned(managed, replaced(spec, "[a, x.org/y]", "[x.org/y, b]")) == before);
    // Ours:
    CHECK(owned(managed, replaced(spec, "replicas: 2", "replicas: 3")) != before);
    CHECK(owned(managed, replaced(spec, "image: w", "image: v")) != before);
    CHECK(owned(managed, replaced(spec, "x.org/y", "x.org/z")) != before);
    CHECK(owned(managed, replaced(spec, "[p, q]", "[p]")) != before);
    CHECK(owned(managed, replaced(spec, "containerPort: 80", "containerPort: 81")) != before);
    CHECK(owned(replaced(managed, "app: a", "app: z"), spec) != before);
    // Somebody became the owner of a field in our place:
    CHECK(owned(replaced(managed, "          f:replicas: {}\n", ""), spec) != before);
    CHECK(owned(replaced(managed, "manager: gitopsctl", "manager: x"), spec).empty());
    CHECK(owned_fields(yaml(spec), "gitopsctl").empty());
  }

  TEST_CASE("a status, a version and a controller's note are no other content; everything else is") {
    const std::string base = "metadata: {name: a, resourceVersion: '1', generation: 1}\nspec: {x: 1}\nstatus: {y: 1}\n";
    const std::string hash = content_hash(yaml(base));
    CHECK(content_hash(
              yaml("metadata: {name: a, resourceVersion: '2', generation: 2, managedFields: []}\nspec: {x: 1}\n")) == hash);
    CHECK(content_hash(yaml("metadata: {name: a}\nspec: {x: 2}\n")) != hash);
    CHECK(content_hash(yaml("metadata: {name: a, labels: {b: c}}\nspec: {x: 1}\n")) != hash);
    CHECK(content_hash(yaml("metadata: {name: a, deletionTimestamp: x}\nspec: {x: 1}\n")) != hash);
    CHECK(content_hash(yaml("metadata: {annotations: {a: b, deployment.kubernetes.io/revision: '1'}}")) ==
          content_hash(yaml("metadata: {annotations: {a: b, deployment.kubernetes.io/revision: '2'}}")));
  }

  TEST_CASE("the first note of a controller on an object without annotations is no other content") {
    CHECK(content_hash(yaml("metadata: {name: a, annotations: {deployment.kubernetes.io/revision: '1'}}")) ==
          content_hash(yaml("metadata: {name: a}")));
  }

  TEST_CASE("normal form") {
    const auto form = [](const std::string& text) {
      const Value body = yaml(text);
      const std::string before = canonical_json(body);
      render::Object object{{"", std::string(body.string_at({"kind"})), "ns", "n"}, "v1", body, "", 0};
      const std::string out = canonical_json(normal_form(object));
      CHECK(canonical_json(body) == before);
      return out;
    };
    CHECK(
        form("kind: Secret\nmetadata: {creationTimestamp: null, uid: x}\ndata: {a: eA==, b: eQ==}\nstringData: {b: z, c: "
             "q}\n") ==
        R"({"apiVersion":"v1","data":{"a":"eA==","b":"eg==","c":"cQ=="},"kind":"Secret","metadata":{"name":"n","namespace":"ns"}})");
    CHECK(
        form("kind: ConfigMap\ndata: {a: null, b: x}\nstatus: {x: 1}\nlist: [{a: null, b: 1}]\n") ==
        R"({"apiVersion":"v1","data":{"b":"x"},"kind":"ConfigMap","list":[{"b":1}],"metadata":{"name":"n","namespace":"ns"}})");
  }
}
