#include "agent/apply/order.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "render/manifest/object.hpp"
#include "tests/unit/agent/apply/apply_fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::tests;

namespace {

using Names = std::vector<std::string>;

std::string item(const std::string& kind, const std::string& name, const std::string& annotations = "") {
  const std::string version = kind == "Deployment"                     ? "apps/v1"
                              : kind.ends_with("WebhookConfiguration") ? "admissionregistration.k8s.io/v1"
                              : kind == "Widget"                       ? "x.org/v1"
                                                                       : "v1";
  return "---\napiVersion: " + version + "\nkind: " + kind + "\nmetadata: {name: " + name + ", annotations: {" +
         annotations + "}}\n";
}

std::vector<render::Object> objects_of(const std::string& text) {
  auto objects = render::read_objects(text, "all.yaml", "shop");
  REQUIRE_MESSAGE(objects.ok(), (objects.ok() ? "" : objects.error().to_string()));
  render::sort_for_apply(*objects);
  return *std::move(objects);
}

/// The names in the order in which they are applied, with a bar where a group ends that others wait for.
Names ordered(const std::string& text) {
  auto objects = objects_of(text);
  std::vector<Error> errors;
  const auto order = read_order(objects, &errors);
  for (const auto& error : errors) FAIL(error.to_string());
  std::ranges::stable_sort(objects, {}, [&](const render::Object& object) { return order.step_of(object.id); });
  Names out;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const auto step = order.step_of(objects[i].id);
    const auto before = i == 0 ? step : order.step_of(objects[i - 1].id);
    if (step.wave != before.wave || step.depth != before.depth) out.emplace_back("|");
    out.push_back(objects[i].id.name);
  }
  return out;
}

Names mistakes(const std::string& text) {
  std::vector<Error> errors;
  static_cast<void>(read_order(objects_of(text), &errors));
  Names out;
  for (const auto& error : errors) out.push_back(error.to_string());
  return out;
}

const std::string on = "config.kubernetes.io/depends-on: ";

}  // namespace

TEST_SUITE("agent/apply order") {
  TEST_CASE("without waves and dependencies it is the order of kinds, webhooks after everything") {
    CHECK(ordered(item("ValidatingWebhookConfiguration", "hook") + item("Widget", "w") + item("Deployment", "d") +
                  item("ConfigMap", "c") + item("Namespace", "ns")) == Names{"ns", "c", "d", "w", "hook"});
  }

  TEST_CASE("waves come one after the other, in each the order of kinds") {
    const std::string text = item("ConfigMap", "late", "gitopsctl.dev/wave: '2'") +
                             item("Deployment", "early", "argocd.argoproj.io/sync-wave: '-1'") + item("Deployment", "d") +
                             item("ConfigMap", "c") +
                             // Ours counts.
                             item("Namespace", "ns", "gitopsctl.dev/wave: '2', argocd.argoproj.io/sync-wave: '-9'");
    CHECK(ordered(text) == Names{"early", "|", "c", "d", "|", "ns", "late"});
  }

  TEST_CASE("what depends on something of its wave comes after it, whatever its kind") {
    const std::string text = item("ConfigMap", "a", on + "apps/namespaces/shop/Deployment/b") +
                             item("Deployment", "b", on + "'/namespaces/shop/ConfigMap/c, /Namespace/ns'") +
                             item("ConfigMap", "c") + item("Namespace", "ns") +
                             item("ConfigMap", "late", "gitopsctl.dev/wave: '1', " + on + "/namespaces/shop/ConfigMap/a");
    CHECK(ordered(text) == Names{"ns", "c", "|", "b", "|", "a", "|", "late"});
    const auto order = read_order(objects_of(text), nullptr);
    CHECK(order.needs.at({"apps", "Deployment", "shop", "b"}) ==
          std::vector<render::ObjectId>{{"", "ConfigMap", "shop", "c"}, {"", "Namespace", "", "ns"}});
    // A dependency in an earlier wave is no depth.
    CHECK(order.step_of({"", "ConfigMap", "shop", "late"}).depth == 0);
  }

  TEST_CASE("mistakes are told with file and line, all of them") {
    const auto has = [](const Names& all, const std::string& part) {
      return std::ranges::any_of(all, [&](const auto& one) { return one.find(part) != std::string::npos; });
    };
    for (const char* wave : {"''", "'x'", "'1.5'", "'99999999999'", "'2000000'"}) {
      const auto found = mistakes(item("ConfigMap", "a", std::string("gitopsctl.dev/wave: ") + wave));
      REQUIRE(found.size() == 1);
      CHECK_MESSAGE(has(found, "is no whole number"), wave);
      CHECK(has(found, "all.yaml"));
    }
    for (const char* reference : {"a", "/ConfigMap", "/namespaces/shop/ConfigMap", "/x/shop/ConfigMap/a", "//", "a/b/c/d"}) {
      CHECK_MESSAGE(has(mistakes(item("ConfigMap", "a", on + "'" + reference + "'")), "names no object"), reference);
    }
    CHECK(has(mistakes(item("ConfigMap", "a", on + "/namespaces/shop/ConfigMap/b")), "is not in the release"));
    CHECK(has(mistakes(item("ConfigMap", "a", on + "/namespaces/shop/ConfigMap/b") +
                       item("ConfigMap", "b", "gitopsctl.dev/wave: '1'")),
              "later wave"));
    CHECK(has(mistakes(item("ConfigMap", "a", "config.kubernetes.io/apply-time-mutation: x")), "is not supported"));
    const auto ring = mistakes(item("ConfigMap", "a", on + "/namespaces/shop/ConfigMap/b") +
                               item("ConfigMap", "b", on + "/namespaces/shop/ConfigMap/c") +
                               item("ConfigMap", "c", on + "/namespaces/shop/ConfigMap/a"));
    REQUIRE(ring.size() == 1);
    CHECK_MESSAGE(has(ring, "ConfigMap shop/a → ConfigMap shop/b → ConfigMap shop/c → ConfigMap shop/a"), ring.front());
    CHECK(mistakes(item("ConfigMap", "a", on + "/namespaces/shop/ConfigMap/a")).size() == 1);
  }

  TEST_CASE("a chain as long as a set is no trouble") {
    std::string text = item("ConfigMap", "c0");
    for (int i = 1; i < 3'000; ++i) {
      text += item("ConfigMap", "c" + std::to_string(i), on + "/namespaces/shop/ConfigMap/c" + std::to_string(i - 1));
    }
    std::vector<Error> errors;
    const auto order = read_order(objects_of(text), &errors);
    CHECK(errors.empty());
    CHECK(order.step_of({"", "ConfigMap", "shop", "c2999"}).depth == 2'999);
  }

  TEST_CASE_FIXTURE(ApplyFixture, "waves are applied in order and removed against it, also in the embedded environment") {
    auto set = set_of({"ConfigMap/a=1", "ConfigMap/b=1", "Service/c=1"});
    const auto put = [&](const std::string& name, const std::string& key, const std::string& value) {
      for (auto& object : set.objects) {
        if (object.id.name != name) continue;
        object.body = object.body.deep_copy();
        object.body.child_map("metadata").child_map("annotations").set(key, Value::string(value));
      }
    };
    put("a", "gitopsctl.dev/wave", "1");
    put("b", "config.kubernetes.io/depends-on", "/namespaces/shop/Service/c");
    const auto report = apply(set);
    CHECK(report.errors.empty());
    const std::string inventory_put = "put ConfigMap/shop/" + inventory_name();
    Names objects;
    for (const auto& write : spy.take_writes()) {
      if (write != inventory_put) objects.push_back(write);
    }
    CHECK(objects == Names{"apply Service/shop/c", "apply ConfigMap/shop/b", "apply ConfigMap/shop/a"});
    REQUIRE(settle_release(context(), inventory, goal(set)).ok());
    static_cast<void>(spy.take_writes());
    CHECK(prune(set_of({})).removed == 3);
    objects.clear();
    for (const auto& write : spy.take_writes()) {
      if (write != inventory_put) objects.push_back(write);
    }
    CHECK(objects == Names{"remove ConfigMap/shop/a", "remove ConfigMap/shop/b", "remove Service/shop/c"});
  }

  TEST_CASE_FIXTURE(ApplyFixture,
                    "a later wave and what depends on something wait until that is ready, and nothing else does") {
    auto set = set_of({"ConfigMap/a=1", "ConfigMap/b=1", "Service/c=1", "ConfigMap/d=1"});
    for (auto& object : set.objects) {
      object.body = object.body.deep_copy();
      Value& annotations = object.body.child_map("metadata").child_map("annotations");
      if (object.id.name == "a") annotations.set("gitopsctl.dev/wave", Value::string("1"));
      if (object.id.name == "b") {
        annotations.set("config.kubernetes.io/depends-on", Value::string("/namespaces/shop/Service/c"));
      }
    }
    int looks = 0;
    spy.health_of = [&](const LiveObject& object) -> std::optional<Health> {
      if (object.id.name != "c") return std::nullopt;
      return ++looks < 4 ? Health{Health::State::progressing, "no address"} : Health{Health::State::ready, {}};
    };
    std::map<std::string, int> looks_at_write;
    spy.before_write([&](const std::string& write) -> std::optional<Error> {
      looks_at_write.emplace(write, looks);
      return std::nullopt;
    });
    CHECK(apply(set).errors.empty());
    CHECK(looks_at_write.at("apply ConfigMap/shop/d") == 0);
    CHECK(looks_at_write.at("apply Service/shop/c") == 0);
    CHECK(looks_at_write.at("apply ConfigMap/shop/b") == 4);
    CHECK(looks_at_write.at("apply ConfigMap/shop/a") >= 4);

    // A wave that fails ends the release there: what comes after it is not written.
    spy.health_of = [](const LiveObject& object) -> std::optional<Health> {
      if (object.id.name != "d") return std::nullopt;
      return Health{Health::State::failed, "broken"};
    };
    looks_at_write.clear();
    auto next = set;
    for (auto& object : next.objects) {
      if (object.id.name != "a" && object.id.name != "d") continue;
      object.body = object.body.deep_copy();
      object.body.child_map("data").set("value", Value::string("2"));
    }
    next.render_digest += "2";
    const auto report = apply(next);
    REQUIRE(report.errors.size() == 1);
    CHECK(report.errors.front().message().find("broken") != std::string::npos);
    CHECK(looks_at_write.contains("apply ConfigMap/shop/d"));
    CHECK_FALSE(looks_at_write.contains("apply ConfigMap/shop/a"));
  }
}
