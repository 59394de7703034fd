#include <doctest/doctest.h>

#include "tests/unit/agent/apply/apply_fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::tests;

namespace {

using Names = std::vector<std::string>;

/// Changes an object as somebody else.
void change(ApplyFixture& fixture, const std::string& name, const std::function<void(Value&)>& how) {
  const auto live = fixture.live("ConfigMap", name);
  REQUIRE(live);
  Value body = live->body.deep_copy();
  how(body);
  REQUIRE(fixture.other->put({live->id, "v1", body, "", 0}, live->resource_version, {}).ok());
}

}  // namespace

TEST_SUITE("agent/apply prune") {
  TEST_CASE_FIXTURE(ApplyFixture, "goes against the order of creation, namespaces last, each marked before the first goes") {
    allow_delete = {"Namespace"};
    deploy(set_of({"Namespace/shop", "ConfigMap/a=1", "ConfigMap/z=1", "Service/c=1"}));
    Names before;
    spy.before_write([&](const std::string& write) -> std::optional<Error> {
      if (before.empty() && write.starts_with("remove ")) before = states();
      return std::nullopt;
    });
    const auto report = prune(set_of({"ConfigMap/z=1"}));
    CHECK(report.errors.empty());
    CHECK(report.removed == 3);
    CHECK(before == Names{"a:pruning", "z:applied", "shop:pruning", "c:pruning"});
    CHECK(spy.take_writes() == Names{"put ConfigMap/shop/" + inventory_name(), "remove Service/shop/c",
                                     "remove ConfigMap/shop/a", "remove Namespace//shop"});
    CHECK(inventory.entries.size() == 1);
    CHECK(stored()->entries.size() == 4);  // shrinks only when all is done
  }

  TEST_CASE_FIXTURE(ApplyFixture, "what holds data stays unless it is allowed to go") {
    deploy(set_of({"PersistentVolumeClaim/data", "ConfigMap/a=1"}));
    CHECK(prune(set_of({})).removed == 1);
    CHECK(live("PersistentVolumeClaim", "data"));
    REQUIRE(inventory.entries.size() == 1);
    CHECK(inventory.entries.front().state == EntryState::kept);
    allow_delete = {"PersistentVolumeClaim"};
    CHECK(prune(set_of({})).removed == 1);
    CHECK_FALSE(live("PersistentVolumeClaim", "data"));
  }

  TEST_CASE_FIXTURE(ApplyFixture, "every object is looked at again: what changed hands after the plan stays") {
    deploy(set_of({"ConfigMap/a=1", "ConfigMap/b=1"}));
    const auto empty = set_of({});
    const auto changes = plan(empty);
    const auto input = rules(empty);
    bool listed_after = false;
    SUBCASE("another owner") {
      change(*this, "b", [](Value& body) {
        body.child_map("metadata").child_map("labels").set("applyset.kubernetes.io/part-of", Value::string("somebody"));
      });
    }
    SUBCASE("no owner") {
      change(*this, "b", [](Value& body) { body.child_map("metadata").erase("labels"); });
    }
    SUBCASE("deleted and made anew") {
      const auto live_b = live("ConfigMap", "b");
      REQUIRE(other->remove(live_b->id, {}, {}).ok());
      Value body = live_b->body.deep_copy();
      REQUIRE(other->put({live_b->id, "v1", body, "", 0}, "", {}).ok());
    }
    SUBCASE("told to stay") {
      listed_after = true;
      change(*this, "b", [](Value& body) {
        body.child_map("metadata").child_map("annotations").set("gitopsctl.dev/prune", Value::string("never"));
      });
    }
    const auto report = prune_release(context(), inventory, input, changes);
    CHECK(report.errors.empty());
    CHECK(report.removed == 1);
    CHECK(live("ConfigMap", "b"));
    CHECK_FALSE(live("ConfigMap", "a"));
    REQUIRE(inventory.entries.size() == (listed_after ? 1U : 0U));
    if (listed_after) CHECK(inventory.entries.front().state == EntryState::kept);
  }

  TEST_CASE_FIXTURE(ApplyFixture, "a write of somebody else between the look and the delete is met and judged anew") {
    deploy(set_of({"ConfigMap/a=1"}));
    int tries = 0;
    int writes = 0;
    spy.before_write([&](const std::string& write) -> std::optional<Error> {
      if (!write.starts_with("remove ")) return std::nullopt;
      if (tries++ < writes) {
        change(*this, "a",
               [&](Value& body) { body.child_map("data").set("value", Value::string("by hand " + std::to_string(tries))); });
      }
      return std::nullopt;
    });
    SUBCASE("once") {
      writes = 1;
      CHECK(prune(set_of({})).removed == 1);
      CHECK(tries == 2);
    }
    SUBCASE("again and again") {
      writes = 100;
      const auto report = prune(set_of({}));
      CHECK(report.removed == 0);
      CHECK(report.errors.front().code() == ErrorCode::conflict);
      CHECK(live("ConfigMap", "a"));
      CHECK(tries == 3);
      CHECK(inventory.entries.size() == 1);
    }
  }

  TEST_CASE_FIXTURE(ApplyFixture, "what only a fresh look would remove stays: no guard has seen it") {
    deploy(set_of({"ConfigMap/a=1", "ConfigMap/b=1"}));
    change(*this, "b", [](Value& body) {
      body.child_map("metadata").child_map("annotations").set("gitopsctl.dev/prune", Value::string("never"));
    });
    const auto empty = set_of({});
    const auto changes = plan(empty);
    const auto input = rules(empty);
    change(*this, "b", [](Value& body) { body.child_map("metadata").erase("annotations"); });
    const auto report = prune_release(context(), inventory, input, changes);
    CHECK(report.removed == 1);
    CHECK(report.kept == 1);
    CHECK(live("ConfigMap", "b"));
    CHECK(inventory.find({"", "ConfigMap", "shop", "b"}) != nullptr);
    // The next plan sees it.
    CHECK(prune(empty).removed == 1);
  }

  TEST_CASE_FIXTURE(ApplyFixture, "what is gone already leaves the inventory without a word") {
    deploy(set_of({"ConfigMap/a=1", "ConfigMap/b=1"}));
    REQUIRE(other->remove(live("ConfigMap", "a")->id, {}, {}).ok());
    const auto report = prune(set_of({"ConfigMap/b=1"}));
    CHECK(report.errors.empty());
    CHECK(report.removed == 0);
    CHECK(inventory.entries.size() == 1);
    CHECK(settle_release(context(), inventory, goal(set_of({"ConfigMap/b=1"}))).ok());
    CHECK(states() == Names{"b:applied"});
  }

  TEST_CASE_FIXTURE(ApplyFixture, "a stop in the middle leaves the rest in the inventory") {
    deploy(set_of({"ConfigMap/a=1", "ConfigMap/b=1", "Service/c=1"}));
    spy.before_write([&](const std::string& write) -> std::optional<Error> {
      if (write == "remove Service/shop/c") stopped = true;
      return std::nullopt;
    });
    const auto report = prune(set_of({}));
    CHECK(report.interrupted);
    CHECK(report.removed == 1);
    CHECK(states() == Names{"a:pruning", "b:pruning", "c:pruning"});
    stopped = false;
    inventory = *stored();
    CHECK(prune(set_of({})).removed == 2);
    CHECK(inventory.entries.empty());
  }

  TEST_CASE_FIXTURE(ApplyFixture, "an environment that does not answer removes nothing") {
    deploy(set_of({"ConfigMap/a=1"}));
    spy.before_write([](const std::string&) -> std::optional<Error> { return Error(ErrorCode::unavailable, "no answer"); });
    const auto report = prune(set_of({}));
    CHECK(report.errors.front().code() == ErrorCode::unavailable);
    CHECK(live("ConfigMap", "a"));
    CHECK(states() == Names{"a:applied"});
  }
}
