#include "agent/cluster/attribution.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "agent/cluster/owned_fields.hpp"
#include "base/json/json.hpp"
#include "base/yaml/yaml.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent::detail;
using channels::FieldStep;
using channels::FieldSteps;
using channels::Origin;
using Before = Attribution::Before;

namespace {

constexpr std::string_view us = "gitopsctl";

Value yaml(const std::string& text) {
  auto read = parse_yaml(text);
  if (!read.ok()) FAIL(read.error().to_string());
  return std::move(read).value();
}

/// A pod template's worth of a Deployment: `spec` is YAML in braces.
Value deployment(const std::string& spec, const std::string& managed = "[]") {
  return yaml("{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: web, managedFields: " + managed +
              "}, spec: " + spec + "}");
}

std::string entry(const std::string& manager, const std::string& operation, const std::string& fields,
                  const std::string& time = "2026-11-22T02:00:00Z", const std::string& subresource = "") {
  return "{manager: " + manager + ", operation: " + operation + ", time: '" + time +
         "', fieldsType: FieldsV1, subresource: '" + subresource + "', fieldsV1: {f:spec: " + fields + "}}";
}

std::string ours(const std::string& fields) { return entry("gitopsctl", "Apply", fields, "2026-11-22T01:00:00Z"); }

struct Case {
  Value desired;
  Value live;
  Value predicted;
  Before before = Before::same;
  Value applied = {};
  const FieldSchema* schema = nullptr;
};

/// Path → origin and manager: `drift kubectl-edit`.
std::map<std::string, std::string> causes(const Case& given) {
  Attribution input;
  input.desired = &given.desired;
  input.live = &given.live;
  input.predicted = &given.predicted;
  input.before = given.before;
  input.applied = &given.applied;
  input.manager = us;
  input.schema = given.schema;
  std::map<std::string, std::string> out;
  for (const auto& cause : attribute(input)) {
    CHECK_FALSE(cause.steps.empty());
    out[steps_text(cause.steps)] =
        std::string(origin_name(cause.origin)) + (cause.manager.empty() ? "" : " " + cause.manager);
  }
  return out;
}

using Causes = std::map<std::string, std::string>;

class OneDefault final : public FieldSchema {
 public:
  OneDefault(std::string path, Value value) : path_(std::move(path)), value_(std::move(value)) {}
  [[nodiscard]] std::optional<ListShape> list_shape(const FieldSteps& path) const override {
    if (steps_text(path, true) == "spec.rows") return ListShape{ListShape::Kind::keyed, {"id"}};
    return std::nullopt;
  }
  [[nodiscard]] std::optional<Value> default_of(const FieldSteps& path) const override {
    return steps_text(path, true) == path_ ? std::optional(value_) : std::nullopt;
  }

 private:
  std::string path_;
  Value value_;
};

}  // namespace

TEST_SUITE("attribution") {
  TEST_CASE("an unchanged commit: whose hand it was, and deletions have no author") {
    const auto edit = entry("kubectl-edit", "Update", "{f:replicas: {}}");
    CHECK(causes({deployment("{replicas: 2}"), deployment("{replicas: 5}", "[" + ours("{f:paused: {}}") + "," + edit + "]"),
                  deployment("{replicas: 2}")}) == Causes{{"spec.replicas", "drift kubectl-edit"}});
    CHECK(causes({deployment("{replicas: 2, paused: true}"), deployment("{replicas: 2}"),
                  deployment("{replicas: 2, paused: true}")}) == Causes{{"spec.paused", "drift"}});
    // Deleted, and then a default came in: owned by nobody.
    CHECK(causes({deployment("{replicas: 2}"), deployment("{replicas: 1}"), deployment("{replicas: 2}")}) ==
          Causes{{"spec.replicas", "drift"}});
    // Ours, and yet another value: something changed it when we applied it.
    CHECK(causes({deployment("{replicas: 2}"), deployment("{replicas: 1}", "[" + ours("{f:replicas: {}}") + "]"),
                  deployment("{replicas: 2}")}) == Causes{{"spec.replicas", "admission"}});
    // A field that only the live object has, whoever wrote it, is no difference.
    CHECK(causes({deployment("{replicas: 2}"), deployment("{replicas: 2, paused: true}", "[" + edit + "]"),
                  deployment("{replicas: 2, paused: true}")})
              .empty());
  }

  TEST_CASE("what is said of whom: operation, subresource, time, and the last of several") {
    const auto live = deployment("{replicas: 5}",
                                 "[" + entry("early", "Update", "{f:replicas: {}}", "2026-11-22T01:30:00Z") + "," +
                                     entry("scaler", "Update", "{f:replicas: {}}", "2026-11-22T02:30:00Z", "scale") + "]");
    const auto desired = deployment("{replicas: 2}");
    Attribution input;
    input.desired = &desired;
    input.live = &live;
    input.predicted = &desired;
    input.before = Before::same;
    input.manager = us;
    const auto found = attribute(input);
    REQUIRE(found.size() == 1);
    CHECK(found[0].manager == "scaler");
    CHECK(found[0].operation == "Update");
    CHECK(found[0].subresource == "scale");
    CHECK(found[0].time == "2026-11-22T02:30:00Z");
    CHECK(found[0].text() == "drift: changed by scaler (Update of scale), at 2026-11-22T02:30:00Z or before");
  }

  TEST_CASE("a commit: changes, removals, over somebody's change, and what is there already") {
    const auto edit = "[" + entry("kubectl-edit", "Update", "{f:replicas: {}}") + "]";
    const auto old = deployment("{replicas: 2, paused: true}");
    const auto fresh = deployment("{replicas: 3}");
    CHECK(causes({fresh, deployment("{replicas: 2, paused: true}", "[" + ours("{f:replicas: {}, f:paused: {}}") + "]"),
                  fresh, Before::known, old}) == Causes{{"spec.replicas", "commit"}, {"spec.paused", "removal"}});
    CHECK(causes({fresh, deployment("{replicas: 9, paused: true}", edit), fresh, Before::known, old}) ==
          Causes{{"spec.replicas", "commitOverDrift kubectl-edit"}, {"spec.paused", "removal"}});
    CHECK(causes({fresh, deployment("{replicas: 3}", edit), fresh, Before::known, deployment("{replicas: 2}")}) ==
          Causes{{"spec.replicas", "converged"}});
    // The commit changes another field of the object.
    CHECK(causes({deployment("{replicas: 2, level: 1}"), deployment("{replicas: 9, level: 0}", edit),
                  deployment("{replicas: 2, level: 1}"), Before::known, deployment("{replicas: 2, level: 0, mode: x}")}) ==
          Causes{{"spec.replicas", "drift kubectl-edit"}, {"spec.level", "commit"}});
    CHECK(causes({deployment("{replicas: 2, level: 1}"), deployment("{level: 0}"), deployment("{replicas: 2, level: 1}"),
                  Before::known, deployment("{replicas: 2, level: 0}")}) ==
          Causes{{"spec.replicas", "drift"}, {"spec.level", "commit"}});
    CHECK(causes({fresh, deployment("{}"), fresh, Before::known, deployment("{replicas: 2}")}) ==
          Causes{{"spec.replicas", "commitOverDrift"}});
    // New in the manifest: nothing was there, a default was, somebody's value was.
    CHECK(causes({fresh, deployment("{}"), fresh, Before::known, deployment("{}")}) == Causes{{"spec.replicas", "commit"}});
    CHECK(causes({fresh, deployment("{replicas: 1}"), fresh, Before::known, deployment("{}")}) ==
          Causes{{"spec.replicas", "commit"}});
    CHECK(causes({fresh, deployment("{replicas: 9}", edit), fresh, Before::known, deployment("{}")}) ==
          Causes{{"spec.replicas", "commitOverDrift kubectl-edit"}});
    // It leaves the manifest and goes back to its default.
    CHECK(causes({deployment("{}"), deployment("{replicas: 4}", "[" + ours("{f:replicas: {}}") + "]"),
                  deployment("{replicas: 1}"), Before::known, fresh}) == Causes{{"spec.replicas", "removal"}});
  }

  TEST_CASE("left the manifest, and kept by who has it as well") {
    const auto both = "[" + ours("{f:replicas: {}}") + "," + entry("scaler", "Update", "{f:replicas: {}}") + "]";
    const auto theirs = "[" + entry("scaler", "Update", "{f:replicas: {}}") + "]";
    CHECK(causes({deployment("{paused: true}"), deployment("{paused: true, replicas: 4}", both),
                  deployment("{paused: true, replicas: 4}", theirs), Before::known,
                  deployment("{paused: true, replicas: 4}")}) == Causes{{"spec.replicas", "kept scaler"}});
    // Wanted, and left out of what is sent because another manager decides it.
    CHECK(causes({deployment("{replicas: 2}"), deployment("{replicas: 7}", theirs), deployment("{replicas: 7}", theirs)}) ==
          Causes{{"spec.replicas", "leftToOwner scaler"}});
  }

  TEST_CASE("not known what was applied: what we own stands for it") {
    const auto live = deployment("{replicas: 2, paused: true}", "[" + ours("{f:replicas: {}, f:paused: {}}") + "]");
    CHECK(causes({deployment("{replicas: 3}"), live, deployment("{replicas: 3}"), Before::unknown}) ==
          Causes{{"spec.replicas", "commit"}, {"spec.paused", "removal"}});
    CHECK(causes({deployment("{replicas: 3}"),
                  deployment("{replicas: 2}", "[" + entry("terraform", "Apply", "{f:replicas: {}}") + "]"),
                  deployment("{replicas: 3}"), Before::nothing}) == Causes{{"spec.replicas", "commitOverDrift terraform"}});
    const auto part = owned_part(live, us);
    REQUIRE(part.has_value());
    CHECK(canonical_json(*part) == R"({"spec":{"paused":true,"replicas":2}})");
    CHECK_FALSE(owned_part(deployment("{replicas: 2}"), us).has_value());
  }

  TEST_CASE("what the server adds: a default by the tables or the schema, a policy, or nobody knows") {
    const auto desired = deployment("{replicas: 2}");
    const auto with_default = deployment("{replicas: 2, revisionHistoryLimit: 10}");
    CHECK(causes({desired, desired, with_default}) == Causes{{"spec.revisionHistoryLimit", "default"}});
    const auto odd = deployment("{replicas: 2, revisionHistoryLimit: 7, level: high}");
    CHECK(causes({desired, desired, odd}) ==
          Causes{{"spec.revisionHistoryLimit", "defaultOrAdmission"}, {"spec.level", "defaultOrAdmission"}});
    const OneDefault schema("spec.level", Value::string("high"));
    CHECK(causes({desired, desired, odd, Before::same, {}, &schema}) ==
          Causes{{"spec.revisionHistoryLimit", "admission"}, {"spec.level", "default"}});
    // Labels have no defaults, however empty.
    auto labelled = deployment("{replicas: 2}");
    labelled.child_map("metadata").child_map("labels").set("tier", Value::string(""));
    CHECK(causes({desired, desired, labelled}) == Causes{{"metadata.labels.tier", "defaultOrAdmission"}});
  }

  TEST_CASE("overridden: another value comes than is asked for; other forms of one value are none") {
    CHECK(causes({deployment("{replicas: 7}"), deployment("{replicas: 3}"), deployment("{replicas: 3}")}) ==
          Causes{{"spec.replicas", "overridden"}});
    CHECK(causes({deployment("{cpu: 1000m, memory: 1024Mi, every: 1h, port: '80', paused: false, labels: {}}"),
                  deployment("{cpu: '1', memory: 1Gi, every: 60m0s, port: 80}"),
                  deployment("{cpu: '1', memory: 1Gi, every: 60m0s, port: 80}")})
              .empty());
    // Texts are what they are.
    const auto map = [](const std::string& value) {
      return yaml("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {cpu: '" + value + "'}}");
    };
    CHECK(causes({map("1000m"), map("1"), map("1")}) == Causes{{"data.cpu", "overridden"}});
    CHECK(overridden_fields(map("1000m"), map("1"), us).size() == 1);
    CHECK(overridden_fields(map("1"), map("1"), us).empty());
    // Left to another manager is not overridden.
    CHECK(overridden_fields(deployment("{replicas: 2}"),
                            deployment("{replicas: 7}", "[" + entry("scaler", "Update", "{f:replicas: {}}") + "]"), us)
              .empty());
    CHECK(
        overridden_fields(deployment("{replicas: 2}"), deployment("{replicas: 7}", "[" + ours("{f:replicas: {}}") + "]"), us)
            .size() == 1);
  }

  TEST_CASE("items of lists are matched by their keys, whatever their order") {
    const std::string two =
        "{template: {spec: {containers: [{name: a, image: 'i:1', ports: [{containerPort: 80}]}, "
        "{name: b, image: 'i:1'}]}}}";
    const auto live = deployment(
        "{template: {spec: {containers: [{name: mine, image: x}, {name: b, image: 'i:9'}, {name: a, image: 'i:1', ports: "
        "[{containerPort: 80, protocol: TCP}]}]}}}",
        "[" +
            entry(
                "kubectl-set", "Update",
                R"({f:template: {f:spec: {f:containers: {'k:{"name":"b"}': {f:image: {}}, 'k:{"name":"mine"}': {.: {}}}}}})") +
            "]");
    const auto predicted = deployment(
        "{template: {spec: {containers: [{name: a, image: 'i:1', ports: [{containerPort: 80, protocol: TCP}]}, {name: b, "
        "image: 'i:1', imagePullPolicy: Always}, {name: mine, image: x}]}}}");
    CHECK(causes({deployment(two), live, predicted}) ==
          Causes{{"spec.template.spec.containers[name=b].image", "drift kubectl-set"},
                 {"spec.template.spec.containers[name=b].imagePullPolicy", "default"}});
    // A new container: what the commit says, and what the server fills in.
    CHECK(causes({deployment("{template: {spec: {containers: [{name: fresh, image: i}]}}}"),
                  deployment("{template: {spec: {}}}"),
                  deployment("{template: {spec: {containers: [{name: fresh, image: i, terminationMessagePolicy: File}]}}}"),
                  Before::known, deployment("{template: {spec: {}}}")}) ==
          Causes{{"spec.template.spec.containers[name=fresh].image", "commit"},
                 {"spec.template.spec.containers[name=fresh].name", "commit"},
                 {"spec.template.spec.containers[name=fresh].terminationMessagePolicy", "default"}});
  }

  TEST_CASE("lists of custom resources: by what the owners show, by the schema, else as a whole") {
    const auto object = [](const std::string& rows, const std::string& managed = "[]") {
      return yaml("{apiVersion: x.dev/v1, kind: Table, metadata: {name: t, managedFields: " + managed +
                  "}, spec: {rows: " + rows + "}}");
    };
    const auto desired = object("[{id: 1, v: a}, {id: 2, v: b}]");
    const auto shown = "[" + entry("kubectl-edit", "Update", R"({f:rows: {'k:{"id":2}': {f:v: {}}}})") + "]";
    CHECK(causes({desired, object("[{id: 2, v: z}, {id: 1, v: a}]", shown), desired}) ==
          Causes{{"spec.rows[id=2].v", "drift kubectl-edit"}});
    const OneDefault schema("none", Value());
    CHECK(causes({desired, object("[{id: 2, v: z}, {id: 1, v: a}]"), desired, Before::same, {}, &schema}) ==
          Causes{{"spec.rows[id=2].v", "drift"}});
    const auto whole = "[" + entry("kubectl-edit", "Update", "{f:rows: {}}") + "]";
    CHECK(causes({desired, object("[{id: 1, v: z}]", whole), desired}) == Causes{{"spec.rows", "drift kubectl-edit"}});
    // Two items of one key cannot be told apart: one value.
    CHECK(causes({desired, object("[{id: 1, v: a}, {id: 1, v: b}]", shown), desired}).size() == 1);
  }

  TEST_CASE("a list that is one value: defaults in its items do not matter, its owner does") {
    const auto role = [](const std::string& rules, const std::string& managed = "[]") {
      return yaml("{apiVersion: x/v1, kind: Hook, metadata: {name: a, managedFields: " + managed +
                  "}, spec: {rules: " + rules + "}}");
    };
    const auto filled = role("[{verbs: [get], scope: '*'}]");
    CHECK(causes({role("[{verbs: [get]}]"), filled, filled}).empty());
    const auto theirs =
        role("[{verbs: [get], scope: Cluster}]", "[" + entry("kubectl-edit", "Update", "{f:rules: {}}") + "]");
    CHECK(causes({role("[{verbs: [get]}]"), theirs, filled}) == Causes{{"spec.rules", "drift kubectl-edit"}});
    CHECK(causes({role("[{verbs: [list]}]"), theirs, role("[{verbs: [list], scope: '*'}]"), Before::known,
                  role("[{verbs: [get]}]")}) == Causes{{"spec.rules", "commitOverDrift kubectl-edit"}});
  }

  TEST_CASE("finalizers are a set") {
    const auto object = [](const std::string& finalizers) {
      return yaml("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, finalizers: " + finalizers + "}}");
    };
    CHECK(causes({object("[x/a, x/b]"), object("[x/c, x/b]"), object("[x/c, x/b, x/a]")}) ==
          Causes{{"metadata.finalizers[\"x/a\"]", "drift"}});
  }

  TEST_CASE("what the server and the inventory write is no difference") {
    auto live = deployment("{replicas: 2}");
    live.child_map("metadata").set("uid", Value::string("u"));
    live.child_map("metadata").child_map("annotations").set("deployment.kubernetes.io/revision", Value::string("3"));
    live.set("status", yaml("{replicas: 1}"));
    auto predicted = deployment("{replicas: 2}");
    predicted.child_map("metadata").child_map("labels").set("applyset.kubernetes.io/part-of", Value::string("x"));
    CHECK(causes({deployment("{replicas: 2}"), live, predicted}).empty());
  }

  TEST_CASE("values by value") {
    const auto same = [](const std::string& a, const std::string& b) { return same_value(yaml(a), yaml(b)); };
    CHECK(same("1000m", "'1'"));
    CHECK(same("0.5", "500m"));
    CHECK(same("1024Mi", "1Gi"));
    CHECK(same("1e3", "1k"));
    CHECK(same("'100e-2'", "'1'"));
    CHECK(same("1h", "60m0s"));
    CHECK(same("90s", "1m30s"));
    CHECK(same("80", "'80'"));
    CHECK(same("'-0'", "'0'"));
    CHECK_FALSE(same("1G", "1Gi"));
    CHECK_FALSE(same("'1'", "'2'"));
    CHECK_FALSE(same("-1", "1"));
    CHECK_FALSE(same("1h", "1m"));
    CHECK_FALSE(same("true", "'true'"));
    CHECK_FALSE(same("''", "'0'"));
    CHECK_FALSE(same("'99999999999999999999'", "'99999999999999999998'"));
    CHECK_FALSE(same("[1]", "['1']"));
  }
}
