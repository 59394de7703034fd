#include "channels/plan/field_cause.hpp"

#include <doctest/doctest.h>

#include <string>

#include "base/json/json.hpp"
#include "channels/report/report.hpp"
#include "channels/report/summary.hpp"
#include "render/diff/diff.hpp"
#include "render/manifest/redact.hpp"
#include "tests/unit/channels/plan/change_builders.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;
using namespace gitopsctl::channels::test;

namespace {

FieldStep key(const std::string& name) { return {FieldStep::Kind::key, name, {}, {}}; }
FieldStep item(const std::string& field, const std::string& value) {
  return {FieldStep::Kind::item, {}, make_map({{field, Value::string(value)}}), {field}};
}

FieldCause cause(FieldSteps steps, Origin origin, const std::string& manager = {}) {
  FieldCause out;
  out.steps = std::move(steps);
  out.origin = origin;
  out.manager = manager;
  return out;
}

std::vector<std::string> paths(const std::vector<FieldCause>& causes) {
  std::vector<std::string> out;
  for (const auto& one : causes) out.push_back(one.path + " " + std::string(origin_name(one.origin)));
  return out;
}

using Paths = std::vector<std::string>;

}  // namespace

TEST_SUITE("causes of fields") {
  TEST_CASE("paths are those of the diff, and each difference finds its causes") {
    const auto before = yaml(
        "{spec: {replicas: 2, containers: [{name: a, image: x, ports: [{containerPort: 80, protocol: UDP}]}], args: [p, "
        "q]}}");
    const auto after = yaml(
        "{spec: {replicas: 3, containers: [{name: a, image: y, ports: [{containerPort: 80, protocol: UDP, name: n}]}, "
        "{name: "
        "b, image: z, imagePullPolicy: Always}], args: [p, r]}, metadata: {annotations: {example.com/x: '1'}}}");
    FieldStep port{FieldStep::Kind::item,
                   {},
                   make_map({{"containerPort", Value::int64(80)}, {"protocol", Value::string("UDP")}}),
                   {"containerPort", "protocol"}};
    const auto placed = place_causes(
        {cause({key("spec"), key("replicas")}, Origin::drift, "kubectl-edit"),
         cause({key("spec"), key("containers"), item("name", "a"), key("image")}, Origin::commit),
         cause({key("spec"), key("containers"), item("name", "a"), key("ports"), port, key("name")}, Origin::admission),
         cause({key("spec"), key("containers"), item("name", "b"), key("image")}, Origin::commit),
         cause({key("spec"), key("containers"), item("name", "b"), key("imagePullPolicy")}, Origin::defaulted),
         cause({key("spec"), key("args")}, Origin::commit),
         cause({key("metadata"), key("annotations"), key("example.com/x")}, Origin::admission)},
        before, after);
    for (const auto& field : render::diff_values(before, after)) {
      CHECK_MESSAGE(!causes_at(placed, field.path).empty(), field.path);
    }
    const auto at = [&](const std::string& path) {
      std::string out;
      for (const auto* one : causes_at(placed, path)) out += std::string(origin_name(one->origin)) + ' ';
      return out;
    };
    CHECK(at("spec.replicas") == "drift ");
    CHECK(at("spec.containers[name=a].image") == "commit ");
    CHECK(at("spec.containers[name=a].ports[containerPort=80,protocol=UDP].name") == "admission ");
    CHECK(at("spec.containers[name=b]") == "commit default ");
    CHECK(at("spec.args[1]") == "commit ");
    CHECK(at("metadata") == "admission ");
    CHECK(at("spec.replica").empty());
    CHECK(drift_text(placed, 3) == "spec.replicas by kubectl-edit");
    CHECK(drift_text(placed, 0) == "; and 1 more");
  }

  TEST_CASE("lines for people: who decided first, then what the server adds, then what stays") {
    Change change;
    change.action = Action::update;
    change.before = yaml("{spec: {replicas: 2, containers: [{name: a, image: x}]}}");
    change.after = yaml("{spec: {replicas: 3, containers: [{name: a, image: x}, {name: b, image: z, pull: p, file: f}]}}");
    change.causes = place_causes(
        {cause({key("spec"), key("containers"), item("name", "b"), key("file")}, Origin::defaulted),
         cause({key("spec"), key("containers"), item("name", "b"), key("image")}, Origin::commit),
         cause({key("spec"), key("containers"), item("name", "b"), key("pull")}, Origin::defaulted),
         cause({key("spec"), key("replicas")}, Origin::drift, "kubectl-edit"),
         cause({key("spec"), key("containers"), item("name", "a"), key("image")}, Origin::left_to_owner, "scaler"),
         cause({key("spec"), key("containers"), item("name", "a"), key("name")}, Origin::converged)},
        change.before, change.after);
    const std::vector<std::string> expected{
        "spec.containers[name=b]: this commit", "spec.containers[name=b]: default of the server: file, pull",
        "spec.replicas: drift: changed by kubectl-edit", "spec.containers[name=a].image: left to scaler"};
    CHECK(cause_lines(change, 100) == expected);
    CHECK(cause_lines(change, 2).back() == "and 2 more");
    ChangeSet changes;
    changes.channel = "test";
    changes.live = true;
    changes.releases.emplace_back();
    changes.releases[0].release = "web";
    changes.releases[0].changes.push_back(change);
    const auto said = report_table(changes, {});
    for (const auto& line : expected) CHECK_MESSAGE(said.find("  " + line + '\n') != std::string::npos, said);
    CHECK(report_markdown(changes, {}).find("drift: changed by kubectl-edit") != std::string::npos);
    const auto json = canonical_json(report_value(changes));
    CHECK(json.find(R"("manager":"kubectl-edit","origin":"drift","path":"spec.replicas")") != std::string::npos);
    change.action = Action::create;
    CHECK(cause_lines(change, 100).empty());
  }

  TEST_CASE("no way goes into what is hidden") {
    const std::string canary = "c4n4ry-value";
    const auto secret = [&](const std::string& value) {
      return yaml(
          "{apiVersion: v1, kind: Secret, metadata: {name: s, annotations: "
          "{kubectl.kubernetes.io/last-applied-configuration: '{\"data\":{\"a\":\"" +
          value + "\"}}'}}, data: {a: " + value + "}}");
    };
    const auto config = [&](const std::string& value) {
      return yaml("{apiVersion: v1, kind: Thing, metadata: {name: t}, spec: {users: [{name: " + value +
                  ", role: r}], map: {k: {" + value + ": 1}}}}");
    };
    const render::SensitivePath users{"Thing", "", {"spec", "users"}};
    const render::SensitivePath map{"Thing", "", {"spec", "map", "k"}};
    const auto shown_secret = render::redact_pair(secret(canary), secret("other-value"), {});
    const auto of_secret = place_causes(
        {cause({key("data"), key("a")}, Origin::drift, "kubectl-edit"),
         cause({key("data"), key("a"), key(canary)}, Origin::drift, "kubectl-edit"),
         cause({key("metadata"), key("annotations"), key("kubectl.kubernetes.io/last-applied-configuration"), key(canary)},
               Origin::drift)},
        shown_secret.first, shown_secret.second);
    const auto shown_thing = render::redact_pair(config(canary), config("other-value"), {users, map});
    const auto of_thing = place_causes({cause({key("spec"), key("users"), item("name", canary), key("role")}, Origin::drift),
                                        cause({key("spec"), key("map"), key("k"), key(canary)}, Origin::commit)},
                                       shown_thing.first, shown_thing.second);
    CHECK(paths(of_thing) == Paths{"spec.map.k commit", "spec.users drift"});
    for (const auto* placed : {&of_secret, &of_thing}) {
      for (const auto& one : *placed) {
        CHECK(one.steps.empty());
        CHECK_MESSAGE((one.path + one.text()).find(canary) == std::string::npos, one.path);
      }
    }
    CHECK(of_secret.front().path == "data.a");
    // An item that neither side shows is not named, although nothing else is hidden there.
    const auto open = yaml("{spec: {users: [{name: '(redacted)'}]}}");
    CHECK(paths(place_causes({cause({key("spec"), key("users"), item("name", canary)}, Origin::drift)}, open, open)) ==
          Paths{"spec.users drift"});
  }

  TEST_CASE("what is no reason to write leaves the object unchanged, and drift does not") {
    World world("web", config_map("a", "1"));
    auto& live = world.own(config_map("a", "1"));
    live.predicted = yaml(config_map("a", "1"));
    live.predicted->child_map("metadata").set("namespace", Value::string("web"));
    live.predicted->child_map("data").set("added", Value::string("by policy"));
    CHECK(lines(world.plan()) == Lines{"update ConfigMap web/a drift"});
    live.causes = {cause({key("data"), key("added")}, Origin::admission)};
    CHECK(lines(world.plan()).empty());
    live.causes->push_back(cause({key("data"), key("value")}, Origin::drift, "kubectl-edit"));
    const auto plan = world.plan();
    CHECK(lines(plan) == Lines{"update ConfigMap web/a drift"});
    CHECK(paths(plan.changes[0].causes) == Paths{"data.added admission", "data.value drift"});
  }

  TEST_CASE("each origin has a name and words of its own") {
    for (const auto origin :
         {Origin::commit, Origin::removal, Origin::drift, Origin::commit_over_drift, Origin::defaulted, Origin::admission,
          Origin::filled_in, Origin::overridden, Origin::left_to_owner, Origin::kept, Origin::converged}) {
      CHECK_FALSE(cause({}, origin).text().empty());
      CHECK((origin == Origin::commit || origin_name(origin) != "commit"));
    }
    auto by_policy = cause({}, Origin::admission);
    by_policy.candidates = {"MutatingAdmissionPolicy a", "MutatingWebhookConfiguration b (c)"};
    CHECK(by_policy.text() ==
          "a policy or webhook of the server: perhaps MutatingAdmissionPolicy a, MutatingWebhookConfiguration b (c)");
  }
}
