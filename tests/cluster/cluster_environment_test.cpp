// A real cluster as the environment: every promise of agent/environment, on a real API server.

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/cluster/cluster_fixture.hpp"
#include "tests/support/control_plane.hpp"
#include "tests/support/need_control_plane.hpp"

namespace gitopsctl::tests {
namespace {

using namespace agent;
using render::ObjectId;
using support::ControlPlane;

ApplyOptions owned_by(const std::string& owner) {
  ApplyOptions out;
  out.owner = owner;
  return out;
}

std::string value_of(const std::optional<LiveObject>& object) {
  return object ? std::string(object->body.string_at({"data", "value"})) : "absent";
}

std::string code(const Error& error) { return std::string(code_name(error.code())) + ": " + error.to_string(); }

/// Reads, lists and applies one object as it is at the moment.
PlannedApply planned(const render::Object& object, const std::optional<LiveObject>& live) {
  PlannedApply out{&object, ApplyPreconditions{}};
  if (live) out.seen = ApplyPreconditions{live->uid, std::string(live->label("applyset.kubernetes.io/part-of"))};
  return out;
}

}  // namespace

TEST_SUITE("cluster environment") {
  TEST_CASE("applies, reads, lists and deletes") {
    auto* plane = need_control_plane("a cluster as the environment");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace();
    const auto cluster = open_cluster(*plane);
    const auto object = config_map_object(space, "a", "1");
    CHECK_FALSE(must(cluster->get(object.id)).has_value());
    auto outcome = must(cluster->apply(object, owned_by("set-1")));
    CHECK(outcome.state == ApplyState::created);
    CHECK(outcome.object.id == object.id);
    CHECK_FALSE(outcome.object.uid.empty());
    CHECK(outcome.object.label("applyset.kubernetes.io/part-of") == "set-1");
    CHECK(must(cluster->apply(object, owned_by("set-1"))).state == ApplyState::unchanged);
    const auto changed = config_map_object(space, "a", "2");
    CHECK(must(cluster->apply(changed, owned_by("set-1"))).state == ApplyState::configured);
    const auto live = must(cluster->get(object.id));
    CHECK(value_of(live) == "2");
    CHECK(live->uid == outcome.object.uid);
    const std::string managers =
        plane->kubectl({"get", "configmap", "a", "-n", space, "--show-managed-fields", "-o",
                        "jsonpath={range .metadata.managedFields[*]}{.manager}/{.operation} {end}"});
    CHECK(managers == "gitopsctl/Apply ");

    ApplyOptions dry = owned_by("set-1");
    dry.dry_run = true;
    CHECK(must(cluster->apply(object, dry)).object.body.string_at({"data", "value"}) == "1");
    CHECK(value_of(must(cluster->get(object.id))) == "2");

    must(cluster->apply(config_map_object(space, "b", "1"), owned_by("set-2")));
    const auto of = [&](const std::string& label) {
      std::vector<std::string> names;
      for (const auto& item : must(cluster->list({"", "ConfigMap", space, label}))) names.push_back(item.id.name);
      std::vector<std::string> versions;
      for (const auto& item : must(cluster->list_versions({"", "ConfigMap", space, label})))
        versions.push_back(item.id.name);
      CHECK(names == versions);
      return names;
    };
    CHECK(of("applyset.kubernetes.io/part-of=set-1") == std::vector<std::string>{"a"});
    CHECK(of("") == std::vector<std::string>{"a", "b"});

    const auto wrong = cluster->remove(object.id, {"00000000-0000-0000-0000-000000000000", ""}, {});
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.error().code() == ErrorCode::conflict);
    const auto old = cluster->remove(object.id, {live->uid, outcome.object.resource_version}, {});
    REQUIRE_FALSE(old.ok());
    CHECK(old.error().code() == ErrorCode::conflict);
    CHECK(cluster->remove(object.id, {live->uid, live->resource_version}, {}).ok());
    CHECK(cluster->remove(object.id, {live->uid, live->resource_version}, {}).ok());
    CHECK_FALSE(must(cluster->get(object.id)).has_value());
  }

  TEST_CASE("many objects are read by lists and by gets, and what is not there is absent") {
    auto* plane = need_control_plane("reading many objects");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace();
    const auto cluster = open_cluster(*plane);
    std::vector<render::Object> objects;
    for (int i = 0; i < 30; ++i) objects.push_back(config_map_object(space, "m" + std::to_string(i), std::to_string(i)));
    std::vector<PlannedApply> group;
    for (const auto& object : objects) group.push_back({&object, ApplyPreconditions{}});
    std::vector<ApplyOutcome> outcomes;
    REQUIRE(cluster->apply_many(group, owned_by("many"), outcomes).ok());
    CHECK(outcomes.size() == 30);
    CHECK(std::ranges::all_of(outcomes, [](const auto& one) { return one.state == ApplyState::created; }));
    std::vector<ObjectId> ids;
    for (const auto& object : objects) ids.push_back(object.id);
    ids.push_back({"", "ConfigMap", space, "none"});
    ids.push_back({"", "Secret", space, "none"});
    ids.push_back({"", "ConfigMap", space + "-none", "m1"});
    ids.push_back({"example.org", "Nothing", space, "none"});
    const auto found = must(cluster->get_many(ids));
    REQUIRE(found.size() == ids.size());
    for (int i = 0; i < 30; ++i) CHECK(value_of(found[static_cast<std::size_t>(i)]) == std::to_string(i));
    for (std::size_t i = 30; i < ids.size(); ++i) CHECK_FALSE(found[i].has_value());
  }

  TEST_CASE("an error is never an empty answer") {
    auto* plane = need_control_plane("errors of a cluster");
    if (plane == nullptr) return;
    auto settings = admin_settings(*plane);
    settings.target.login.token = "wrong";
    settings.client.repeat_for = Millis(300);
    auto cluster = open_cluster(settings);
    const ObjectId id{"", "ConfigMap", "default", "a"};
    CHECK_FALSE(cluster->get(id).ok());
    CHECK_FALSE(cluster->get_many({id, {"example.org", "Nothing", "default", "x"}}).ok());
    CHECK_FALSE(cluster->list({"", "ConfigMap", "", ""}).ok());
    settings = admin_settings(*plane);
    settings.impersonate = "default/nobody";
    cluster = open_cluster(settings);
    const auto refused = cluster->get(id);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code() == ErrorCode::forbidden);
    CHECK(refused.error().to_string().find("system:serviceaccount:default:nobody") != std::string::npos);
  }

  TEST_CASE("an apply wants the object that the plan saw") {
    auto* plane = need_control_plane("preconditions of an apply");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace();
    const auto cluster = open_cluster(*plane);
    const auto ours = config_map_object(space, "a", "ours");
    std::vector<ApplyOutcome> outcomes;

    // Nothing was seen; somebody else's object is there by now.
    plane->apply(config_map_yaml(space, "a", "theirs"));
    auto result = cluster->apply_many({planned(ours, std::nullopt)}, owned_by("set-1"), outcomes);
    REQUIRE_FALSE(result.ok());
    CHECK_MESSAGE(result.error().code() == ErrorCode::conflict, code(result.error()));
    CHECK(value_of(must(cluster->get(ours.id))) == "theirs");

    // It is planned for; then it is another one.
    auto live = must(cluster->get(ours.id));
    plane->kubectl({"delete", "configmap", "a", "-n", space});
    plane->apply(config_map_yaml(space, "a", "anew"));
    result = cluster->apply_many({planned(ours, live)}, owned_by("set-1"), outcomes);
    REQUIRE_FALSE(result.ok());
    CHECK_MESSAGE(result.error().code() == ErrorCode::conflict, code(result.error()));
    CHECK(value_of(must(cluster->get(ours.id))) == "anew");

    // Another set took it since.
    live = must(cluster->get(ours.id));
    plane->kubectl({"label", "configmap", "a", "-n", space, "applyset.kubernetes.io/part-of=set-2"});
    result = cluster->apply_many({planned(ours, live)}, owned_by("set-1"), outcomes);
    REQUIRE_FALSE(result.ok());
    CHECK_MESSAGE(result.error().code() == ErrorCode::conflict, code(result.error()));
    CHECK(result.error().to_string().find("set-2") != std::string::npos);

    // What is ours by now is ours, whatever the plan saw: an answer may have been lost.
    const auto second = config_map_object(space, "b", "1");
    must(cluster->apply(second, owned_by("set-1")));
    REQUIRE(cluster->apply_many({planned(second, std::nullopt)}, owned_by("set-1"), outcomes).ok());
    CHECK(outcomes.front().state == ApplyState::unchanged);
    // The first error ends it, and tells how far it came.
    const auto third = config_map_object(space, "c", "1");
    result = cluster->apply_many({planned(second, std::nullopt), planned(ours, std::nullopt), planned(third, std::nullopt)},
                                 owned_by("set-1"), outcomes);
    CHECK_FALSE(result.ok());
    CHECK(outcomes.size() == 1);
  }

  TEST_CASE("what leaves stringData leaves the Secret, and nulls are not stored") {
    auto* plane = need_control_plane("normal form");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace();
    const auto cluster = open_cluster(*plane);
    must(cluster->apply(object_of("apiVersion: v1\nkind: Secret\nmetadata: {name: s, creationTimestamp: null}\n"
                                  "stringData: {a: x, b: z}\nstatus: {x: 1}\n",
                                  space),
                        owned_by("s")));
    must(cluster->apply(
        object_of("apiVersion: v1\nkind: Secret\nmetadata: {name: s, annotations: {n: null}}\nstringData: {a: x}\n", space),
        owned_by("s")));
    const auto live = must(cluster->get({"", "Secret", space, "s"}));
    REQUIRE(live.has_value());
    CHECK(live->body.find("data")->size() == 1);
    CHECK(live->body.string_at({"data", "a"}) == "eA==");
    CHECK(live->body.find_path({"metadata", "annotations"}) == nullptr);
  }

  TEST_CASE("put is compare-and-swap") {
    auto* plane = need_control_plane("compare-and-swap");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace();
    const auto cluster = open_cluster(*plane);
    const auto one = config_map_object(space, "p", "1");
    const auto made = must(cluster->put(one, "", {}));
    const auto again = cluster->put(one, "", {});
    REQUIRE_FALSE(again.ok());
    CHECK(again.error().code() == ErrorCode::conflict);
    const auto two = config_map_object(space, "p", "2");
    const auto written = must(cluster->put(two, made.resource_version, {}));
    CHECK(written.resource_version != made.resource_version);
    CHECK(must(cluster->put(two, written.resource_version, {})).resource_version == written.resource_version);
    const auto stale = cluster->put(one, made.resource_version, {});
    REQUIRE_FALSE(stale.ok());
    CHECK(stale.error().code() == ErrorCode::conflict);
    REQUIRE(cluster->remove(one.id, {}, {}).ok());
    const auto gone = cluster->put(one, written.resource_version, {});
    REQUIRE_FALSE(gone.ok());
    CHECK_MESSAGE(gone.error().code() == ErrorCode::conflict, code(gone.error()));
  }

  TEST_CASE("leases: one holder, growing fences, and no writes without") {
    auto* plane = need_control_plane("leases");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace();
    const std::string name = "lease-" + space;
    const auto first = open_cluster(*plane);
    const auto second = open_cluster(*plane);
    const auto lease = must(first->acquire_lease(name, "one", Millis(2'000)));
    CHECK(lease.fence == 1);
    CHECK(must(first->acquire_lease(name, "one", Millis(2'000))).fence == 1);
    auto refused = second->acquire_lease(name, "two", Millis(2'000));
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code() == ErrorCode::conflict);

    ApplyOptions fenced = owned_by("set-1");
    fenced.lease = name;
    fenced.fence = lease.fence;
    const auto object = config_map_object(space, "a", "1");
    must(first->apply(object, fenced));
    must(first->put(config_map_object(space, "p", "1"), "", fenced));
    // Somebody else's fence is not ours to use.
    CHECK_FALSE(second->apply(object, fenced).ok());

    // Given back: the next one gets it with a greater fence, and the old fence is worth nothing.
    REQUIRE(first->release_lease(lease).ok());
    const auto taken = must(second->acquire_lease(name, "two", Millis(1'000)));
    CHECK(taken.fence == 2);
    for (const auto& write : {first->apply(object, fenced).ok(), first->put(object, "1", fenced).ok(),
                              first->remove(object.id, {}, fenced).ok()}) {
      CHECK_FALSE(write);
    }
    CHECK_FALSE(first->acquire_lease(name, "one", Millis(2'000)).ok());
    // Not renewed: for its holder it ends at once, for others when they saw it unchanged for its span.
    std::this_thread::sleep_for(std::chrono::milliseconds(1'100));
    ApplyOptions late = fenced;
    late.fence = 2;
    const auto too_late = second->apply(object, late);
    REQUIRE_FALSE(too_late.ok());
    CHECK(too_late.error().code() == ErrorCode::conflict);
    CHECK(must(first->acquire_lease(name, "one", Millis(2'000))).fence == 3);
    refused = second->acquire_lease(name, "two", Millis(1'000));
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code() == ErrorCode::conflict);
  }

  TEST_CASE("of many who want a lease at one moment one gets it") {
    auto* plane = need_control_plane("a race for a lease");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string name = "race-" + plane->fresh_namespace();
    std::atomic<int> holders{0};
    std::vector<std::unique_ptr<Environment>> all;
    for (int i = 0; i < 8; ++i) all.push_back(open_cluster(*plane));
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < all.size(); ++i) {
        threads.emplace_back([&, i] {
          if (all[i]->acquire_lease(name, "racer-" + std::to_string(i), Millis(30'000)).ok()) ++holders;
        });
      }
    }
    CHECK(holders == 1);
  }

  TEST_CASE("without the kinds of gitopsctl.dev it says what to do") {
    auto* plane = need_control_plane("missing definitions");
    if (plane == nullptr) return;
    plane->kubectl({"delete", "crd", "--ignore-not-found", "channels.gitopsctl.dev", "releases.gitopsctl.dev",
                    "approvals.gitopsctl.dev", "--wait"});
    const auto cluster = open_cluster(*plane);
    const auto got = cluster->get({"gitopsctl.dev", "Channel", "gitopsctl-system", "test"});
    REQUIRE_FALSE(got.ok());
    CHECK(got.error().hint().find("gitopsctl install") != std::string::npos);
    const auto listed = cluster->list({"gitopsctl.dev", "Release", "", ""});
    REQUIRE_FALSE(listed.ok());
    CHECK(listed.error().hint().find("gitopsctl install") != std::string::npos);
  }
}

}  // namespace gitopsctl::tests
