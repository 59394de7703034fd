#include <doctest/doctest.h>

#include <algorithm>

#include "base/json/json.hpp"
#include "tests/unit/agent/apply/apply_fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::tests;

namespace {

using Names = std::vector<std::string>;

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

TEST_SUITE("agent/apply") {
  TEST_CASE_FIXTURE(ApplyFixture, "the union is written before the first object, the outcome after the last") {
    const auto set = set_of({"ConfigMap/b=1", "Namespace/shop", "Service/c=1", "ConfigMap/a=1"});
    Names before;
    spy.before_write([&](const std::string& write) -> std::optional<Error> {
      if (before.empty() && write.starts_with("apply ")) {
        before = states();
        CHECK(stored()->phase == "applying");
      }
      return std::nullopt;
    });
    const auto report = apply(set);
    CHECK(report.errors.empty());
    CHECK(report.created == 4);
    CHECK(before == Names{"a:intended", "b:intended", "shop:intended", "c:intended"});
    const std::string put = "put ConfigMap/shop/" + inventory_name();
    CHECK(spy.take_writes() == Names{put, "apply Namespace//shop", "apply ConfigMap/shop/b", "apply ConfigMap/shop/a",
                                     "apply Service/shop/c", put});
    CHECK(states() == Names{"a:applied", "b:applied", "shop:applied", "c:applied"});
    const auto recorded = stored();
    for (const auto& entry : recorded->entries) {
      CHECK(entry.uid == live(entry.id.kind, entry.id.name)->uid);
      CHECK(entry.hash.starts_with("sha256:"));
      CHECK(report.observed.contains(entry.id));
    }
  }

  TEST_CASE_FIXTURE(ApplyFixture, "until a write is answered the inventory does not say what was applied") {
    const auto first = set_of({"ConfigMap/a=1", "ConfigMap/b=1"});
    deploy(first);
    const auto uid = stored()->entries.front().uid;
    // As after a kill between the objects and the inventory's second write.
    bool applied = false;
    spy.before_write([&](const std::string& write) -> std::optional<Error> {
      if (applied && write.starts_with("put ")) return Error(ErrorCode::unavailable, "gone");
      applied = applied || write.starts_with("apply ");
      return std::nullopt;
    });
    CHECK(apply(set_of({"ConfigMap/a=2", "ConfigMap/b=1"})).errors.size() == 1);
    CHECK(value_of("a") == "2");
    spy.before_write({});
    inventory = *stored();
    REQUIRE(inventory.entries.size() == 2);
    CHECK(inventory.entries[0].hash.empty());
    CHECK(inventory.entries[0].uid == uid);
    CHECK_FALSE(inventory.entries[1].hash.empty());
    // Going back is a change of ours, not somebody else's hand.
    const auto changes = plan(first);
    REQUIRE(changes.changes.size() == 1);
    CHECK(changes.changes[0].cause == channels::Cause::commit);
    deploy(first);
    CHECK(value_of("a") == "1");
    CHECK_FALSE(stored()->entries[0].hash.empty());
  }

  TEST_CASE_FIXTURE(ApplyFixture, "what was written by a run that was killed is noted, although it is as it should be") {
    const auto set = set_of({"ConfigMap/a=1"});
    bool applied = false;
    spy.before_write([&](const std::string& write) -> std::optional<Error> {
      if (applied && write.starts_with("put ")) return Error(ErrorCode::unavailable, "gone");
      applied = applied || write.starts_with("apply ");
      return std::nullopt;
    });
    CHECK(apply(set).errors.size() == 1);
    spy.before_write({});
    inventory = *stored();
    CHECK(inventory.entries[0].uid.empty());
    deploy(set);
    CHECK(stored()->entries[0].uid == live("ConfigMap", "a")->uid);
    CHECK(stored()->entries[0].hash.starts_with("sha256:"));
  }

  TEST_CASE_FIXTURE(ApplyFixture, "without a difference nothing is written, also by settling") {
    const auto set = set_of({"ConfigMap/a=1", "Secret/s=hidden"});
    deploy(set);
    CHECK(apply(set).errors.empty());
    CHECK(prune(set).errors.empty());
    CHECK(settle_release(context(), inventory, goal(set)).ok());
    CHECK(spy.take_writes() == Names{});
  }

  TEST_CASE_FIXTURE(ApplyFixture, "the inventory knows a Secret by a keyed hash only") {
    deploy(set_of({"Secret/s=canary-4711"}));
    CHECK(stored()->entries.front().hash.starts_with("hmac:"));
    CHECK_FALSE(contains(encode_inventory(*stored()), "canary-4711"));
    CHECK_FALSE(contains(canonical_json(live("Secret", "s")->body), "canary-4711"));
  }

  TEST_CASE_FIXTURE(ApplyFixture, "an object that is refused stops its release; what was written is counted and owned") {
    const auto set = set_of({"ConfigMap/a=1", "ConfigMap/b=1", "Service/c=1"});
    spy.before_write([](const std::string& write) -> std::optional<Error> {
      if (write == "apply ConfigMap/shop/b") return Error(ErrorCode::forbidden, "no right to write it");
      return std::nullopt;
    });
    const auto report = apply(set);
    REQUIRE(report.errors.size() == 1);
    CHECK(contains(report.errors.front().to_string(), "ConfigMap shop/b"));
    CHECK_FALSE(report.interrupted);
    CHECK(report.created == 1);
    CHECK(value_of("a") == "1");
    CHECK_FALSE(live("Service", "c"));
    CHECK(states() == Names{"a:intended", "b:intended", "c:intended"});
    // A later run that knows only what is stored goes on from there.
    spy.before_write({});
    inventory = *stored();
    const auto uid = live("ConfigMap", "a")->uid;
    CHECK(apply(set).created == 2);
    CHECK(live("ConfigMap", "a")->uid == uid);
    CHECK(settle_release(context(), inventory, goal(set)).ok());
    CHECK(states() == Names{"a:applied", "b:applied", "c:applied"});
  }

  TEST_CASE_FIXTURE(ApplyFixture, "a stop is heard before every group, and is no fault of the release") {
    const auto set = set_of({"ConfigMap/a=1", "Service/c=1"});
    spy.before_write([&](const std::string& write) -> std::optional<Error> {
      if (write == "apply ConfigMap/shop/a") stopped = true;
      return std::nullopt;
    });
    const auto report = apply(set);
    CHECK(report.interrupted);
    CHECK(report.errors.front().code() == ErrorCode::cancelled);
    CHECK(value_of("a") == "1");
    CHECK_FALSE(live("Service", "c"));
    CHECK(stored()->phase == "applying");
  }

  TEST_CASE_FIXTURE(ApplyFixture, "a stop before the first write leaves nothing behind") {
    stopped = true;
    CHECK(apply(set_of({"ConfigMap/a=1"})).interrupted);
    CHECK_FALSE(stored());
    CHECK(spy.take_writes() == Names{});
  }

  TEST_CASE_FIXTURE(ApplyFixture, "waiting: until ready, until the timeout, until it failed, until told to stop") {
    const auto set = set_of({"ConfigMap/a=1"});
    int asked = 0;
    Health::State state = Health::State::progressing;
    int ready_after = 1'000'000;
    spy.health_of = [&](const LiveObject&) -> std::optional<Health> {
      if (++asked >= ready_after) return Health{Health::State::ready, ""};
      return Health{state, "1 of 2 replicas"};
    };
    SUBCASE("ready in the end") {
      ready_after = 4;
      CHECK(apply(set).errors.empty());
      CHECK(asked == 4);
    }
    SUBCASE("never") {
      const auto begun = clock.monotonic();
      const auto report = apply(set);
      CHECK(report.errors.front().code() == ErrorCode::timeout);
      CHECK(contains(report.errors.front().to_string(), "1 of 2 replicas"));
      CHECK(clock.monotonic() - begun >= Millis(10'000));
      CHECK(clock.monotonic() - begun < Millis(11'000));
      // The next run waits again, although nothing is left to write.
      asked = 0;
      CHECK(apply(set).errors.front().code() == ErrorCode::timeout);
      CHECK(asked > 1);
      ready_after = 0;
      CHECK(apply(set).errors.empty());
    }
    SUBCASE("failed") {
      state = Health::State::failed;
      CHECK(contains(apply(set).errors.front().to_string(), "failed: 1 of 2 replicas"));
      CHECK(asked == 2);  // of the answer, and of a look
    }
    SUBCASE("stopped") {
      spy.health_of = [&](const LiveObject&) -> std::optional<Health> {
        stopped = true;
        return Health{state, ""};
      };
      CHECK(apply(set).interrupted);
    }
    SUBCASE("deleted meanwhile") {
      spy.health_of = [&](const LiveObject& object) -> std::optional<Health> {
        CHECK(other->remove(object.id, {}, {}).ok());
        return Health{state, ""};
      };
      CHECK(contains(apply(set).errors.front().to_string(), "deleted by somebody else"));
    }
  }

  TEST_CASE_FIXTURE(ApplyFixture,
                    "the inventory is written twice where it is settled next, unless something is waited for") {
    const auto set = set_of({"ConfigMap/a=1", "Service/c=1"});
    auto wanted = goal(set);
    wanted.settles_next = true;
    bool slow = false;
    spy.health_of = [&, asked = 0](const LiveObject&) mutable -> std::optional<Health> {
      const bool waits = slow && ++asked < 4;
      return Health{waits ? Health::State::progressing : Health::State::ready, ""};
    };
    SUBCASE("ready at once") {}
    SUBCASE("not ready at once") { slow = true; }
    const auto report = apply_release(context(), inventory, wanted, plan(set));
    CHECK(report.errors.empty());
    CHECK(report.created == 2);
    // While it is waited for the uids are known to a next run; else its writes find them out.
    CHECK(states() == (slow ? Names{"a:applied", "c:applied"} : Names{"a:intended", "c:intended"}));
    REQUIRE(settle_release(context(), inventory, wanted).ok());
    CHECK(states() == Names{"a:applied", "c:applied"});
    const auto kept = stored();
    CHECK(kept->phase == "applied");
    CHECK(std::ranges::none_of(kept->entries, [](const InventoryEntry& entry) { return entry.uid.empty(); }));
    const auto writes = spy.take_writes();
    CHECK(std::ranges::count_if(writes, [](const std::string& write) { return write.starts_with("put "); }) ==
          (slow ? 3 : 2));
  }

  TEST_CASE_FIXTURE(ApplyFixture,
                    "an inventory that somebody else wrote meanwhile stops the release before its first object") {
    deploy(set_of({"ConfigMap/a=1"}));
    auto theirs = *stored();
    theirs.commit = std::string(40, 'd');
    REQUIRE(write_inventory(*other, theirs, {}).ok());
    const auto report = apply(set_of({"ConfigMap/a=2"}));
    REQUIRE(report.errors.size() == 1);
    CHECK(report.errors.front().code() == ErrorCode::conflict);
    CHECK(value_of("a") == "1");
  }

  TEST_CASE_FIXTURE(ApplyFixture, "an old fence writes nothing") {
    fence = environment->acquire_lease("lease", "agent-1", Millis(1'000))->fence;
    clock.advance(Millis(2'000));
    REQUIRE(other->acquire_lease("lease", "agent-2", Millis(60'000)).ok());
    const auto report = apply(set_of({"ConfigMap/a=1"}));
    CHECK(report.errors.front().code() == ErrorCode::conflict);
    CHECK(spy.take_writes() == Names{});
    CHECK_FALSE(live("ConfigMap", "a"));
  }

  TEST_CASE_FIXTURE(ApplyFixture,
                    "the inventory knows what is sensitive: of both while it changes, of kept objects for good") {
    const auto paths = [&] {
      std::string out;
      const auto found = stored();
      REQUIRE(found);
      for (const auto& path : found->sensitive) out += path.keys.back() + ' ';
      return out;
    };
    sensitive = {{"ConfigMap", "", {"data", "old"}}};
    deploy(set_of({"ConfigMap/a=1", "ConfigMap/kept=1"}));
    CHECK(paths() == "old ");
    sensitive = {{"ConfigMap", "", {"data", "new"}}};
    const auto two = set_of({"ConfigMap/a=2", "ConfigMap/kept=1"});
    REQUIRE(apply(two).errors.empty());
    CHECK(paths() == "old new ");  // a run that is killed now has told which values to hide
    REQUIRE(settle_release(context(), inventory, goal(two)).ok());
    CHECK(paths() == "new ");
    // Not pruned: what it holds is as sensitive as it was.
    sensitive.clear();
    const auto three = set_of({"ConfigMap/a=2"});
    REQUIRE(apply(three).errors.empty());
    REQUIRE(settle_release(context(), inventory, goal(three)).ok());
    CHECK(paths() == "new ");
    REQUIRE(prune(three).errors.empty());
    REQUIRE(settle_release(context(), inventory, goal(three)).ok());
    CHECK(paths().empty());
  }

  TEST_CASE_FIXTURE(ApplyFixture, "settling records the goal and the digest before it") {
    const auto one = set_of({"ConfigMap/a=1"});
    const auto two = set_of({"ConfigMap/a=2"});
    deploy(one);
    deploy(two);
    const auto after = *stored();
    CHECK(after.render_digest == two.render_digest);
    CHECK(after.previous_digest == one.render_digest);
    CHECK(after.phase == "applied");
    CHECK(after.commit == std::string(40, 'c'));
  }

  TEST_CASE_FIXTURE(ApplyFixture,
                    "settling a release that left: the inventory goes when it is empty, else it stays unwritten") {
    deploy(set_of({"ConfigMap/a=1"}));
    CHECK(settle_removed(context(), inventory).ok());
    CHECK(spy.take_writes() == Names{});  // it owns something still, and nothing changed
    REQUIRE(prune(set_of({})).errors.empty());
    CHECK(settle_removed(context(), inventory).ok());
    CHECK_FALSE(stored());
  }
}
