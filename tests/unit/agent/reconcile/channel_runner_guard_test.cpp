#include <doctest/doctest.h>

#include "tests/unit/agent/reconcile/runner_fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::tests;

// What stops a run: guards, switches, people who step in while it goes, and inventories that cannot be trusted.

namespace {

using Names = std::vector<std::string>;

std::string guard_message(RunnerFixture& fixture) {
  const Value guards = fixture.channel_status("guards");
  return guards.size() == 0 ? "" : std::string(guards.as_list().front().string_at({"message"}));
}

/// `count` objects of release web.
Files many(int count, const std::string& value = "1") {
  std::string all;
  for (int i = 0; i < count; ++i) all += config_map("m" + std::to_string(i), value);
  return {{"web/all.yaml", all}};
}

std::string value_of(RunnerFixture& fixture, const std::string& name) {
  const auto live = fixture.live(name);
  return live ? std::string(live->body.string_at({"data", "value"})) : "";
}

std::vector<std::string> history(RunnerFixture& fixture) {
  std::vector<std::string> out;
  const Value lines = fixture.channel_status("history");
  for (const auto& line : lines.as_list()) {
    out.push_back(std::string(line.string_at({"outcome"})) + ' ' + std::string(line.string_at({"commit"})));
  }
  return out;
}

}  // namespace

TEST_SUITE("agent/reconcile guards") {
  TEST_CASE_FIXTURE(RunnerFixture, "a mass delete is held, is told once, and goes on when it is approved") {
    run(commit({release("web")}, many(20)));
    const auto second = commit({release("web")}, many(5, "2"));
    auto result = run(second);
    CHECK(result.state == RunState::held);
    CHECK(result.removed + result.updated == 0);
    CHECK(objects().size() == 20);
    CHECK(value_of(*this, "m0") == "1");  // held as a whole
    CHECK(contains(guard_message(*this), "15 of 20 objects"));
    CHECK(condition("Ready") == "False Held");
    CHECK(release_status("web", "state").as_string() == "Held");
    CHECK(contains(release_status("web", "command").as_string(), "gitopsctl approve test --deletes sha256:"));
    spy.take_writes();
    for (int i = 0; i < 3; ++i) CHECK(run(second, "drift").state == RunState::held);
    restart();
    CHECK(run(second, "start").state == RunState::held);
    CHECK(spy.take_writes() == Names{});

    const std::string digest(channel_status("deleteDigest").as_string());
    approve("sha256:" + std::string(64, '0'), true);
    CHECK(run(second, "switch").state == RunState::held);
    approve(digest, true);
    result = run(second, "switch");
    CHECK(result.state == RunState::deployed);
    CHECK(result.removed == 15);
    CHECK(objects().size() == 5);
    CHECK(channel_status("guards").size() == 0);
    CHECK(channel_status("deleteDigest").as_string().empty());
  }

  TEST_CASE_FIXTURE(RunnerFixture, "a suspended release's deletes hold nobody else up") {
    run(commit({release("web"), release("db")}, [] {
      Files files = many(20);
      files["db/d.yaml"] = config_map("d", "1");
      return files;
    }()));
    Files files = many(1);
    files["db/d.yaml"] = config_map("d", "2");
    const auto result = run(commit({release("web", "suspend: true"), release("db")}, files));
    CHECK(result.state == RunState::deployed);
    CHECK(objects().size() == 21);
    CHECK(value_of(*this, "d") == "2");
    CHECK(release_status("web", "state").as_string() == "Suspended");
  }

  TEST_CASE_FIXTURE(RunnerFixture, "a freeze of the deployed revision holds, also a commit that takes the freeze away") {
    const std::string freeze = "freeze: [{from: 2026-11-21T13:00:00Z, to: 2026-11-22T00:00:00Z, reason: fair}]";
    run(commit({release("web")}, many(2), freeze));
    clock.advance(Millis(2 * 3'600'000));
    const auto second = commit({release("web")}, many(2, "2"), "");
    CHECK(run(second).state == RunState::held);
    CHECK(contains(guard_message(*this), "frozen until 2026-11-22T00:00:00Z: fair"));
    // The same without any change of objects: else the next commit would find no freeze.
    const auto policy_only = commit({release("web")}, many(2), "");
    CHECK(run(policy_only).state == RunState::held);
    CHECK(run(second).state == RunState::held);
    CHECK(value_of(*this, "m0") == "1");
    spy.take_writes();
    CHECK(run(second, "drift").state == RunState::held);
    CHECK(spy.take_writes() == Names{});
    clock.advance(Millis(11 * 3'600'000));
    CHECK(run(second, "drift").state == RunState::deployed);
    CHECK(value_of(*this, "m0") == "2");
  }

  TEST_CASE_FIXTURE(RunnerFixture, "approvals of the deployed revision are needed for the next, not for healing") {
    // The first deployment follows the policy that it brings.
    const std::string two = "approvals: {required: 2}";
    const auto first = commit({release("web")}, many(2), two);
    CHECK(run(first).state == RunState::held);
    CHECK(objects().empty());
    approve(std::string(channel_status("approvalDigest").as_string()), false, "ada");
    approve(std::string(channel_status("approvalDigest").as_string()), false, "bob");
    CHECK(run(first, "switch").state == RunState::deployed);
    const auto second = commit({release("web")}, many(2, "2"), "");
    CHECK(run(second).state == RunState::held);
    CHECK(contains(guard_message(*this), "0 of 2 approvals"));
    const std::string digest(channel_status("approvalDigest").as_string());
    approve(digest, false, "ada");
    approve(digest, false, "ada");
    CHECK(run(second, "switch").state == RunState::held);
    approve(digest, false, "bob");
    CHECK(run(second, "switch").state == RunState::deployed);
    CHECK(value_of(*this, "m0") == "2");
    write_by_hand("m0", "by hand");
    CHECK(run(second, "drift").state == RunState::deployed);
    CHECK(value_of(*this, "m0") == "2");
  }

  TEST_CASE_FIXTURE(RunnerFixture, "a commit that changes only the policy waits for the approvals of the deployed one") {
    const std::string strict =
        "approvals: {required: 2}\nguards: {deletes: {percent: 10, atLeast: 2}}\n"
        "freeze: [{from: 2026-12-20T00:00:00Z, to: 2027-01-03T00:00:00Z, reason: holidays}]";
    run(commit({release("web")}, many(20)));
    const auto first = commit({release("web")}, many(20), strict);
    CHECK(run(first).state == RunState::deployed);  // nobody was asked for before

    std::string more, what;
    SUBCASE("approvals") {
      more =
          "guards: {deletes: {percent: 10, atLeast: 2}}\n"
          "freeze: [{from: 2026-12-20T00:00:00Z, to: 2027-01-03T00:00:00Z, reason: holidays}]";
      what = "approvals: 2 → 0";
    }
    SUBCASE("freeze") {
      more = "approvals: {required: 2}\nguards: {deletes: {percent: 10, atLeast: 2}}";
      what = "freeze: 2026-12-20T00:00:00Z to 2027-01-03T00:00:00Z (holidays) → none";
    }
    SUBCASE("the guard of deletes") {
      more =
          "approvals: {required: 2}\nguards: {deletes: {percent: 100, atLeast: 2}}\n"
          "freeze: [{from: 2026-12-20T00:00:00Z, to: 2027-01-03T00:00:00Z, reason: holidays}]";
      what = "guards.deletes.percent: 10 → 100";
    }
    SUBCASE("the channel's pruning") {
      more = strict + "\nprune: false";
      what = "prune: true → false";
    }
    SUBCASE("healing") {
      more = strict + "\nselfHeal: false";
      what = "selfHeal: true → false";
    }
    const auto second = commit({release("web")}, many(20), more);
    auto result = run(second);
    CHECK(result.state == RunState::held);
    CHECK_MESSAGE(contains(guard_message(*this), what), guard_message(*this));
    CHECK(channel_status("revision").as_string() == first);
    CHECK(condition("Ready") == "False Held");
    // What it wants to loosen decides about the next commit, too.
    const auto third = commit({release("web")}, many(20, "2"), more);
    CHECK(run(third).state == RunState::held);
    CHECK(value_of(*this, "m0") == "1");

    CHECK(run(second).state == RunState::held);
    // Consent to the same content under the deployed policy, and to the bare content, is no consent to the new policy.
    const std::string digest(channel_status("approvalDigest").as_string());
    CHECK(run(first).state == RunState::up_to_date);
    const std::string old_digest(channel_status("approvalDigest").as_string());
    CHECK(old_digest != digest);
    for (const auto& wrong : {old_digest, std::string(channel_status("tipDigest").as_string())}) {
      approve(wrong, false, "ada");
      approve(wrong, false, "bob");
    }
    CHECK(run(second).state == RunState::held);
    approve(digest, false, "ada");
    CHECK(run(second, "switch").state == RunState::held);
    approve(digest, false, "bob");
    result = run(second, "switch");
    CHECK(result.state == RunState::deployed);
    CHECK(result.created + result.updated + result.removed == 0);
    CHECK(channel_status("revision").as_string() == second);
    restart();
    CHECK(run(second, "start").state == RunState::up_to_date);
    CHECK(run(third).state == (contains(what, "approvals") ? RunState::deployed : RunState::held));
  }

  TEST_CASE_FIXTURE(RunnerFixture, "taking the channel file away, or moving to one of another form, frees of nothing") {
    const auto first = commit({release("web")}, many(2), "approvals: {required: 1}");
    CHECK(run(first).state == RunState::held);
    approve(std::string(channel_status("approvalDigest").as_string()), false);
    REQUIRE(run(first, "switch").state == RunState::deployed);
    CHECK(run(commit(many(2))).state == RunState::failed);  // no file
    CHECK(objects().size() == 2);
    const auto fresh = commit({release("web")}, many(2));
    CHECK(run(fresh).state == RunState::held);
    Files historic = many(2);
    historic["ci/channels/test.yaml"] =
        "calitp: {channel: test, releases: [{name: web, driver: kustomize, namespace: shop, kustomize_dir: web}]}\n";
    CHECK(run(commit(historic)).state == RunState::held);
    CHECK(contains(guard_message(*this), "approvals: 1 → 0"));
    CHECK(objects().size() == 2);
    approve(std::string(channel_status("approvalDigest").as_string()), false);
    CHECK(run(fresh).state == RunState::held);
    CHECK(run(first).state == RunState::up_to_date);
  }

  TEST_CASE_FIXTURE(RunnerFixture, "a rollback brings content back, not a looser policy, and needs no second approval") {
    const auto loose = commit({release("web")}, many(2, "good"));
    run(loose);
    const auto strict = commit({release("web")}, many(2, "good"), "approvals: {required: 1}");
    REQUIRE(run(strict).state == RunState::deployed);
    const auto bad = commit({release("web")}, many(2, "bad"), "approvals: {required: 1}");
    run(bad);
    approve(std::string(channel_status("approvalDigest").as_string()), false);
    REQUIRE(run(bad, "switch").state == RunState::deployed);
    const std::string held(channel_status("tipDigest").as_string());
    const auto back_to = [&](const std::string& revision) {
      set_switch([&](Value& spec) {
        spec.set("rollback", make_map({{"revision", Value::string(revision)}, {"heldDigest", Value::string(held)}}));
      });
      return run(bad, "switch");
    };
    CHECK(back_to(loose).state == RunState::held);  // that content was never approved
    CHECK_FALSE(contains(guard_message(*this), "policy"));
    approve(std::string(channel_status("approvalDigest").as_string()), false);
    CHECK(run(bad, "switch").state == RunState::deployed);
    CHECK(value_of(*this, "m0") == "good");
    // The policy is still that of the last commit of the branch.
    const auto fixed = commit({release("web")}, many(2, "fixed"), "approvals: {required: 1}");
    CHECK(run(fixed).state == RunState::held);
    CHECK_FALSE(contains(guard_message(*this), "policy"));
    CHECK(value_of(*this, "m0") == "good");
  }

  TEST_CASE_FIXTURE(RunnerFixture,
                    "another value of a secret needs approval, and one given for the old value is not for it") {
    const auto files = [](const std::string& value) {
      return Files{{"web/s.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\nstringData: {key: " +
                                      value + "}\n"}};
    };
    const auto approve_shown = [&](const std::string& by) {
      const Approval approval{std::string(channel_status("approvalDigest").as_string()), false, by, clock.now(),
                              std::string(channel_status("approvalSeal").as_string())};
      REQUIRE_FALSE(approval.seal.empty());
      REQUIRE(write_approval(*other, key, approval).ok());
    };
    const auto first = commit({release("web")}, files("one"), "approvals: {required: 1}");
    run(first);
    approve_shown("ada");
    REQUIRE(run(first, "switch").state == RunState::deployed);
    const std::string digest(channel_status("approvalDigest").as_string());
    const auto second = commit({release("web")}, files("two"), "approvals: {required: 1}");
    CHECK(run(second).state == RunState::held);
    CHECK(channel_status("approvalDigest").as_string() == digest);  // nothing public tells the two apart
    approve_shown("ada");
    CHECK(run(second, "switch").state == RunState::deployed);
    CHECK(channel_status("revision").as_string() == second);
  }

  TEST_CASE_FIXTURE(RunnerFixture, "a suspended channel writes nothing until it is resumed") {
    const auto first = commit({release("web")}, many(2));
    run(first);
    set_switch([](Value& spec) {
      spec.set("suspend", Value::boolean(true));
      spec.set("suspendedBy", Value::string("ada"));
    });
    const auto second = commit({release("web")}, many(2, "2"));
    CHECK(run(second).state == RunState::held);
    CHECK(value_of(*this, "m0") == "1");
    CHECK(channel_status("state").as_string() == "Suspended");
    CHECK(contains(guard_message(*this), "suspended by ada"));
    set_switch([](Value& spec) { spec.set("suspend", Value::boolean(false)); });
    CHECK(run(second, "switch").state == RunState::deployed);
    CHECK(value_of(*this, "m0") == "2");
    // A value that is neither true nor false stops, too.
    set_switch([](Value& spec) { spec.set("suspend", Value::string("no")); });
    CHECK(run(commit({release("web")}, many(2, "3"))).state == RunState::held);
  }

  TEST_CASE_FIXTURE(RunnerFixture, "suspending while a run goes ends it between two writes") {
    const Files both{{"one/a.yaml", config_map("a", "1")}, {"two/b.yaml", config_map("b", "1")}};
    run(commit({release("one"), release("two")}, both));
    const auto second = commit({release("one"), release("two")},
                               {{"one/a.yaml", config_map("a", "2")}, {"two/b.yaml", config_map("b", "2")}});
    SUBCASE("the channel") {
      spy.before_write([&](const std::string& write) -> std::optional<Error> {
        if (write == "apply ConfigMap/shop/a") set_switch([](Value& spec) { spec.set("suspend", Value::boolean(true)); });
        return std::nullopt;
      });
      CHECK(run(second).state == RunState::preempted);
      CHECK(value_of(*this, "a") == "2");
      CHECK(value_of(*this, "b") == "1");
      spy.before_write({});
      CHECK(run(second).state == RunState::held);
      CHECK(value_of(*this, "b") == "1");
    }
    SUBCASE("before its first write") {
      // In the moment after the switches were read.
      bool once = true;
      spy.before_write([&](const std::string& write) -> std::optional<Error> {
        if (once && write.starts_with("lease ")) {
          once = false;
          set_switch([](Value& spec) { spec.set("suspend", Value::boolean(true)); });
        }
        return std::nullopt;
      });
      CHECK(run(second).state == RunState::preempted);
      CHECK(value_of(*this, "a") == "1");
    }
    SUBCASE("one release") {
      spy.before_write([&](const std::string& write) -> std::optional<Error> {
        if (write == "apply ConfigMap/shop/a") {
          edit_by_hand({"gitopsctl.dev", "Release", "shop", "two"},
                       [](Value& body) { body.child_map("spec").set("suspend", Value::boolean(true)); });
        }
        return std::nullopt;
      });
      CHECK(run(second).state == RunState::preempted);
      spy.before_write({});
      CHECK(run(second).state == RunState::deployed);
      CHECK(value_of(*this, "a") == "2");
      CHECK(value_of(*this, "b") == "1");
      CHECK(release_status("two", "state").as_string() == "Suspended");
    }
    for (const auto& line : deployments()) CHECK(line.outcome != "running");
  }

  TEST_CASE_FIXTURE(RunnerFixture, "a newer commit ends the run between two writes, and the next run finishes") {
    run(commit(
        {release("one"), release("two"), release("old")},
        {{"one/a.yaml", config_map("a", "1")}, {"two/b.yaml", config_map("b", "1")}, {"old/c.yaml", config_map("c", "1")}}));
    const auto second = commit({release("one"), release("two")},
                               {{"one/a.yaml", config_map("a", "2")}, {"two/b.yaml", config_map("b", "2")}});
    std::stop_source stop;
    spy.before_write([&](const std::string& write) -> std::optional<Error> {
      if (write == "apply ConfigMap/shop/a") stop.request_stop();
      return std::nullopt;
    });
    CHECK(run(second, "poll", stop.get_token()).state == RunState::preempted);
    CHECK(value_of(*this, "a") == "2");
    CHECK(value_of(*this, "b") == "1");
    CHECK(value_of(*this, "c") == "1");
    spy.before_write({});
    const auto third = commit({release("one"), release("two")},
                              {{"one/a.yaml", config_map("a", "3")}, {"two/b.yaml", config_map("b", "1")}});
    CHECK(run(third).state == RunState::deployed);
    CHECK(objects() == std::map<std::string, std::string>{{"ConfigMap/shop/a", "3"}, {"ConfigMap/shop/b", "1"}});
    CHECK(inventory("one")->phase == "applied");
    CHECK(history(*this).front() == "succeeded " + third);
    std::map<std::string, int> outcomes;
    for (const auto& line : deployments()) ++outcomes[line.outcome];
    CHECK(outcomes == std::map<std::string, int>{{"succeeded", 2}, {"interrupted", 1}});
  }

  TEST_CASE_FIXTURE(RunnerFixture, "a stop while rendering or planning writes nothing") {
    const auto first = commit({release("web")}, many(3));
    std::stop_source stop;
    stop.request_stop();
    CHECK(run(first, "poll", stop.get_token()).state == RunState::preempted);
    CHECK(objects().empty());
    CHECK(run(first).state == RunState::deployed);
  }

  TEST_CASE_FIXTURE(RunnerFixture, "what somebody writes while a run ends is seen by the next") {
    const auto first = commit({release("web")}, many(2));
    spy.before_write([&](const std::string& write) -> std::optional<Error> {
      // The status comes last: what the plan saw is long past.
      if (write == "put Channel/gitopsctl-system/test" && value_of(*this, "m0") == "1") write_by_hand("m0", "by hand");
      return std::nullopt;
    });
    run(first);
    spy.before_write({});
    CHECK(value_of(*this, "m0") == "by hand");
    CHECK(*environment->version() != runner->seen_version());
    CHECK(run(first, "switch").state == RunState::deployed);
    CHECK(value_of(*this, "m0") == "1");
    CHECK(*environment->version() == runner->seen_version());
  }

  TEST_CASE_FIXTURE(RunnerFixture, "a rollback holds the digest until the branch renders to something else") {
    const auto good = commit({release("web")}, many(2, "good"));
    const auto bad = commit({release("web")}, many(2, "bad"));
    run(good);
    run(bad);
    const std::string held(channel_status("tipDigest").as_string());
    set_switch([&](Value& spec) {
      spec.set("rollback", make_map({{"revision", Value::string(good)}, {"heldDigest", Value::string(held)}}));
    });
    auto result = run(bad, "switch");
    CHECK(result.state == RunState::deployed);
    CHECK(value_of(*this, "m0") == "good");
    CHECK(channel_status("revision").as_string() == good);
    CHECK(channel_status("tip").as_string() == bad);
    CHECK(history(*this).front() == "succeeded " + good);
    spy.take_writes();
    const auto renders = runner->renders();
    for (int i = 0; i < 3; ++i) CHECK(run(bad, "drift").state == RunState::up_to_date);
    CHECK(spy.take_writes() == Names{});
    CHECK(runner->renders() == renders);
    restart();
    CHECK(run(bad, "start").state == RunState::up_to_date);
    CHECK(value_of(*this, "m0") == "good");

    SUBCASE("a commit that renders the same stays held") {
      auto same = many(2, "bad");
      same["README.md"] = "words";
      CHECK(run(commit({release("web")}, same)).state == RunState::up_to_date);
      CHECK(value_of(*this, "m0") == "good");
    }
    SUBCASE("another one ends it") {
      const auto fixed = commit({release("web")}, many(2, "fixed"));
      CHECK(run(fixed).state == RunState::deployed);
      CHECK(value_of(*this, "m0") == "fixed");
      // The hold is over: the same content may come back when somebody commits it again.
      CHECK(run(bad).state == RunState::deployed);
      CHECK(value_of(*this, "m0") == "bad");
    }
    SUBCASE("one that must wait does not end it") {
      set_switch([](Value& spec) { spec.set("suspend", Value::boolean(true)); });
      CHECK(run(commit({release("web")}, many(2, "fixed"))).state == RunState::held);
      set_switch([](Value& spec) { spec.set("suspend", Value::boolean(false)); });
      run(bad);
      CHECK(value_of(*this, "m0") == "good");
    }
    SUBCASE("resuming ends it") {
      set_switch([](Value& spec) { spec.erase("rollback"); });
      CHECK(run(bad, "switch").state == RunState::deployed);
      CHECK(value_of(*this, "m0") == "bad");
    }
    SUBCASE("a revision that cannot be read changes nothing") {
      set_switch([&](Value& spec) {
        spec.set("rollback",
                 make_map({{"revision", Value::string(std::string(40, '0'))}, {"heldDigest", Value::string(held)}}));
      });
      CHECK(run(bad, "switch").state == RunState::failed);
      CHECK(value_of(*this, "m0") == "good");
      CHECK(condition("Ready") == "False Failed");
    }
  }

  TEST_CASE_FIXTURE(RunnerFixture, "a lease of somebody else: nothing is written, and it is tried again") {
    const auto first = commit({release("web")}, many(2));
    run(first);
    std::string lease;
    spy.before_write([&](const std::string& write) -> std::optional<Error> {
      if (write.starts_with("lease ")) lease = write.substr(6);
      return std::nullopt;
    });
    run(first);
    const auto theirs = other->acquire_lease(lease, "agent-2", Millis(30'000));
    REQUIRE(theirs.ok());
    spy.take_writes();
    const auto second = commit({release("web")}, many(2, "2"));
    const auto result = run(second);
    CHECK(result.state == RunState::failed);
    CHECK(result.retry);
    CHECK(contains(result.message, "held by 'agent-2'"));
    CHECK(spy.take_writes() == Names{});  // the status is the holder's to write
    clock.advance(Millis(31'000));
    CHECK(run(second, "retry").state == RunState::deployed);
  }

  TEST_CASE_FIXTURE(RunnerFixture, "a lease that is lost while the run goes stops its writes") {
    const Files both{{"one/a.yaml", config_map("a", "1")}, {"two/b.yaml", config_map("b", "1")}};
    std::string lease;
    spy.before_write([&](const std::string& write) -> std::optional<Error> {
      if (write.starts_with("lease ")) lease = write.substr(6);
      if (write == "apply ConfigMap/shop/a") {
        // As after a long pause of this machine.
        clock.advance(Millis(31'000));
        CHECK(other->acquire_lease(lease, "agent-2", Millis(30'000)).ok());
      }
      return std::nullopt;
    });
    run(commit({release("one"), release("two")}, both));
    CHECK(objects().empty());
  }

  TEST_CASE_FIXTURE(RunnerFixture, "an inventory that cannot be trusted stops its release, and nothing is deleted") {
    run(commit({release("web"), release("old"), release("other")},
               {{"web/all.yaml", config_map("a", "1") + config_map("b", "1")},
                {"old/c.yaml", config_map("c", "1")},
                {"other/d.yaml", config_map("d", "1") + config_map("e", "1")}}));
    const auto second = commit({release("web"), release("other")},
                               {{"web/all.yaml", config_map("a", "2")}, {"other/d.yaml", config_map("d", "2")}});
    const auto id = inventory_id("web");
    const Value before = (*other->get(id))->body.deep_copy();
    std::string expected;
    SUBCASE("of a newer schema") {
      expected = "newer";
      edit_by_hand(id, [](Value& body) {
        std::string json(body.string_at({"data", "inventory"}));
        const auto at = json.find("\"schema\":1");
        REQUIRE(at != std::string::npos);
        json.replace(at, 10, "\"schema\":99");
        body.child_map("data").set("inventory", Value::string(json));
      });
    }
    SUBCASE("cut off") {
      expected = id.name;
      edit_by_hand(id, [](Value& body) {
        const std::string json(body.string_at({"data", "inventory"}));
        body.child_map("data").set("inventory", Value::string(json.substr(0, json.size() / 2)));
      });
    }
    SUBCASE("emptied") {
      expected = id.name;
      edit_by_hand(id, [](Value& body) { body.erase("data"); });
    }
    SUBCASE("without its labels") {
      expected = "has lost the label gitopsctl.dev/channel-key";
      edit_by_hand(id, [](Value& body) { body.child_map("metadata").erase("labels"); });
    }
    SUBCASE("copied into another namespace") {
      expected = "two inventories";
      Value copy = before.deep_copy();
      for (const char* field : {"uid", "resourceVersion", "creationTimestamp"}) copy.child_map("metadata").erase(field);
      copy.child_map("metadata").set("namespace", Value::string("elsewhere"));
      render::ObjectId there = id;
      there.namespace_ = "elsewhere";
      REQUIRE(other->put({there, "v1", copy, "", 0}, "", {}).ok());
    }
    for (int i = 0; i < 3; ++i) {
      const auto result = run(second, i == 0 ? "poll" : "retry");
      CHECK(result.state == RunState::failed);
      CHECK(result.failed_releases == 1);
      CHECK(result.retry);
      CHECK(result.removed == 0);
      CHECK(objects() == std::map<std::string, std::string>{{"ConfigMap/shop/a", "1"},
                                                            {"ConfigMap/shop/b", "1"},
                                                            {"ConfigMap/shop/c", "1"},
                                                            {"ConfigMap/shop/d", "2"},
                                                            {"ConfigMap/shop/e", "1"}});
      CHECK(condition("Ready") == "False Failed");
      CHECK(release_status("web", "state").as_string() == "Failed");
      CHECK(release_status("web", "objects").as_int() == 2);  // as it was known last
      CHECK(release_status("other", "state").as_string() == "Pending");
      CHECK(release_status("old", "state").as_string() == "Pending");
      CHECK_MESSAGE(contains(first_error(*this, "web"), expected), first_error(*this, "web"));
      if (i == 1) restart();
    }
    // Put back, or taken away, the channel goes on by itself.
    REQUIRE(other->remove({id.group, id.kind, "elsewhere", id.name}, {}, {}).ok());
    edit_by_hand(id, [&](Value& body) { body = before.deep_copy(); });
    CHECK(run(second, "retry").state == RunState::deployed);
    CHECK(objects() == std::map<std::string, std::string>{{"ConfigMap/shop/a", "2"}, {"ConfigMap/shop/d", "2"}});
  }

  TEST_CASE_FIXTURE(RunnerFixture, "what may belong to a release whose inventory cannot be read goes to nobody else") {
    run(commit({release("web"), release("other")},
               {{"web/all.yaml", config_map("a", "1") + config_map("b", "1")}, {"other/d.yaml", config_map("d", "1")}}));
    const auto id = inventory_id("web");
    const Value before = (*other->get(id))->body.deep_copy();
    const auto uid = live("a")->uid;
    const auto damage = [&] {
      edit_by_hand(id, [](Value& body) { body.child_map("data").set("inventory", Value::string("{\"schema\": 99}")); });
    };
    const std::string taken =
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: shop\n  annotations:\n    "
        "gitopsctl.dev/adopt-from: web\ndata: {value: \"2\"}\n---\n";
    std::string expected;
    channels::CommitId second;
    SUBCASE("an object that it gives up") {
      second = commit({release("web"), release("other")}, {{"web/all.yaml", config_map("b", "2")},
                                                           {"other/d.yaml", config_map("d", "2") + config_map("a", "2")}});
      expected = "belongs to release web, whose inventory cannot be read";
    }
    SUBCASE("one that is asked for by name") {
      second = commit({release("web"), release("other")},
                      {{"web/all.yaml", config_map("b", "2")}, {"other/d.yaml", config_map("d", "2") + taken}});
      expected = "belongs to release web, whose inventory cannot be read";
    }
    SUBCASE("of a release that left the file") {
      second = commit({release("other")}, {{"other/d.yaml", config_map("d", "2") + config_map("a", "2")}});
      expected = "belongs to release web, whose inventory cannot be read";
    }
    SUBCASE("of a release that is called otherwise now") {
      second = commit({release("site", "renamedFrom: web"), release("other")},
                      {{"site/all.yaml", config_map("a", "2")}, {"other/d.yaml", config_map("d", "1")}});
      expected = "belongs to release web, whose inventory cannot be read";
    }
    SUBCASE("one whose owner was taken away by hand") {
      edit_by_hand({"", "ConfigMap", "shop", "a"}, [](Value& body) { body.child_map("metadata").erase("labels"); });
      second = commit({release("web"), release("other")}, {{"web/all.yaml", config_map("b", "2")},
                                                           {"other/d.yaml", config_map("d", "2") + config_map("a", "2")}});
      expected = "may belong to release web, whose inventory cannot be read";
    }
    damage();
    for (int i = 0; i < 2; ++i) {
      CHECK(run(second).state == RunState::failed);
      CHECK(objects() == std::map<std::string, std::string>{
                             {"ConfigMap/shop/a", "1"}, {"ConfigMap/shop/b", "1"}, {"ConfigMap/shop/d", "1"}});
      CHECK(release_status("web", "state").as_string() == "Failed");
      const std::string taker = release_status("site", "state").is_nothing() ? "other" : "site";
      CHECK_MESSAGE(contains(first_error(*this, taker), expected), first_error(*this, taker));
      CHECK_FALSE(release_status("web", "errors").as_list().front().string_at({"hint"}).empty());
      restart();
    }
    edit_by_hand(id, [&](Value& body) { body = before.deep_copy(); });
    CHECK(run(second).state == RunState::deployed);
    CHECK(value_of(*this, "a") == "2");
    CHECK(live("a")->uid == uid);
  }

  TEST_CASE_FIXTURE(RunnerFixture, "a handover in which one side fails only while it is planned moves and prunes nothing") {
    const std::string limited = "other-place";
    const auto foreign = [&](const std::string& name) { write_by_hand(name, "theirs", "applyset-of-somebody-else-v1"); };
    run(commit({release("giver"), release("taker")},
               {{"giver/all.yaml", config_map("x", "1") + config_map("g", "1")}, {"taker/all.yaml", config_map("t", "1")}}));
    const auto uid = live("x")->uid;
    const auto moved = [&](const std::string& giver_more, const std::string& taker_more) {
      return commit({release("giver"), release("taker")},
                    {{"giver/all.yaml", config_map("g", "2") + giver_more},
                     {"taker/all.yaml", config_map("t", "2") + config_map("x", "2") + taker_more}});
    };
    std::string blocked;
    channels::CommitId second;
    SUBCASE("the taker, by an object of somebody else") {
      blocked = "taker";
      foreign("f");
      second = moved("", config_map("f", "ours"));
    }
    SUBCASE("the giver, by an object of somebody else") {
      blocked = "giver";
      foreign("f");
      second = moved(config_map("f", "ours"), "");
    }
    SUBCASE("the taker, by a namespace that is not allowed") {
      blocked = "taker";
      setup.namespaces = {"shop"};
      restart();
      second = moved("", config_map("f", "ours", limited));
    }
    SUBCASE("the giver, by a namespace that is not allowed") {
      blocked = "giver";
      setup.namespaces = {"shop"};
      restart();
      second = moved(config_map("f", "ours", limited), "");
    }
    for (int i = 0; i < 2; ++i) {
      const auto result = run(second);
      CHECK(result.state == RunState::failed);
      CHECK(result.removed == 0);
      CHECK(value_of(*this, "x") == "1");
      CHECK(live("x")->uid == uid);
      CHECK(contains(owned("giver").empty() ? "" : owned("giver").back(), "x"));
      CHECK(release_status(blocked, "state").as_string() == "Failed");
      // The giver goes on without it when it can; the taker waits for the giver.
      CHECK(value_of(*this, "g") == (blocked == "giver" ? "1" : "2"));
      CHECK(value_of(*this, "t") == "1");
      if (blocked == "giver") {
        CHECK_MESSAGE(contains(first_error(*this, "taker"), "belongs to release giver, which fails itself"),
                      first_error(*this, "taker"));
      }
      restart();
    }
    if (live("f")) delete_by_hand("f");
    setup.namespaces.clear();
    restart();
    CHECK(run(second).state == RunState::deployed);
    CHECK(value_of(*this, "x") == "2");
    CHECK(live("x")->uid == uid);
    CHECK(owned("giver").front() != "x");
  }

  TEST_CASE_FIXTURE(RunnerFixture, "an inventory that was deleted: its objects are taken over again, what left it stays") {
    run(commit({release("web")}, {{"web/all.yaml", config_map("a", "1") + config_map("b", "1")}}));
    const auto uid = live("a")->uid;
    REQUIRE(other->remove(inventory_id("web"), {}, {}).ok());
    const auto result = run(commit({release("web")}, {{"web/all.yaml", config_map("a", "2")}}));
    CHECK(result.state == RunState::deployed);
    CHECK(result.removed == 0);
    CHECK(objects() == std::map<std::string, std::string>{{"ConfigMap/shop/a", "2"}, {"ConfigMap/shop/b", "1"}});
    CHECK(live("a")->uid == uid);
    CHECK(owned("web") == Names{"a"});
    bool told = false;
    for (const auto& event : events()) told = told || event.reason == "InventoryMissing";
    CHECK(told);
  }

  TEST_CASE_FIXTURE(RunnerFixture, "a channel record that was edited stops the channel; deleted, it is written again") {
    const auto first = commit({release("web")}, many(2));
    run(first);
    const render::ObjectId id{"", "ConfigMap", std::string(home_namespace), record_name()};
    const Value before = (*other->get(id))->body.deep_copy();
    edit_by_hand(id, [](Value& body) { body.child_map("data").set("record", Value::string("{}")); });
    auto result = run(commit({release("web")}, many(2, "2")));
    CHECK(result.state == RunState::failed);
    CHECK(contains(result.message, "changed by hand") + contains(result.message, "unreadable") > 0);
    CHECK(value_of(*this, "m0") == "1");
    CHECK(channel_status("revision").as_string() == first);
    REQUIRE(other->remove(id, {}, {}).ok());
    CHECK(run(commit({release("web")}, many(2, "2"))).state == RunState::deployed);
    CHECK((*other->get(id)).has_value());
  }

  TEST_CASE_FIXTURE(RunnerFixture, "an environment that fails at any write leaves what the next run finishes") {
    const Files one{{"web/all.yaml", config_map("a", "1") + config_map("b", "1")},
                    {"old/c.yaml", config_map("c", "1")},
                    {"new/d.yaml", config_map("d", "1")}};
    const Files two{{"web/all.yaml", config_map("a", "2") + config_map("e", "1")}, {"new/d.yaml", config_map("d", "2")}};
    const std::map<std::string, std::string> wanted{
        {"ConfigMap/shop/a", "2"}, {"ConfigMap/shop/d", "2"}, {"ConfigMap/shop/e", "1"}};
    // Each run fails one write later than the one before, until one gets through; then back to the first commit.
    const auto first = commit({release("web"), release("old"), release("new")}, one);
    const auto second = commit({release("web"), release("new")}, two);
    REQUIRE(run(first).state == RunState::deployed);
    const auto uid = live("a")->uid;
    int rounds = 0;
    for (bool through = false; !through; ++rounds) {
      REQUIRE(rounds < 100);
      int left = rounds;
      bool failed = false;
      spy.before_write([&](const std::string&) -> std::optional<Error> {
        if (left-- > 0) return std::nullopt;
        failed = true;
        return Error(ErrorCode::unavailable, "the disk is full");
      });
      run(second);
      through = !failed;
      spy.before_write({});
      if (rounds % 2 == 0) restart();
      run(second, "retry");
      CHECK_MESSAGE(objects() == wanted, "after a failure at write " << rounds);
      CHECK(inventory("web")->phase == "applied");
      CHECK_FALSE(inventory("old"));
      CHECK(release_status("old", "state").is_nothing());
      CHECK(channel_status("revision").as_string() == second);
      CHECK(live("a")->uid == uid);
      run(first);
      CHECK(objects().size() == 4);
    }
    CHECK(rounds > 10);
  }
}
