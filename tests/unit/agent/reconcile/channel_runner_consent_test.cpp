#include <doctest/doctest.h>

#include "tests/unit/agent/reconcile/runner_fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::tests;

// Consent: what was approved, what was not, and that nothing gets around it in two steps.

namespace {

const std::string two_approvals = "approvals: {required: 2}";

struct Consent : RunnerFixture {
  /// `names` as ConfigMaps of release `of`.
  static Files maps(const std::string& of, const std::vector<std::string>& names, const std::string& value = "1") {
    std::string all;
    for (const auto& name : names) all += config_map(name, value);
    return {{of + "/all.yaml", all}};
  }
  static Files both(const Files& one, const Files& two) {
    Files out = one;
    out.insert(two.begin(), two.end());
    return out;
  }
  std::string value_of(const std::string& name) {
    const auto found = live(name);
    return found ? std::string(found->body.string_at({"data", "value"})) : "";
  }
  std::string guard_message() {
    const Value guards = channel_status("guards");
    return guards.size() == 0 ? "" : std::string(guards.as_list().front().string_at({"message"}));
  }
  std::string status_text(std::string_view field) { return std::string(channel_status(field).as_string()); }
  void approve_by_two(const std::string& digest) {
    approve(digest, false, "ada");
    approve(digest, false, "bob");
  }
  /// Deploys with the approvals that it needs.
  void deploy(const channels::CommitId& commit) {
    if (run(commit).state == RunState::held) {
      approve_by_two(status_text("approvalDigest"));
      REQUIRE(run(commit, "switch").state == RunState::deployed);
    }
    REQUIRE(status_text("revision") == commit);
  }
  void suspend_release(const std::string& name, bool suspended) {
    edit_by_hand({"gitopsctl.dev", "Release", "shop", name},
                 [&](Value& body) { body.child_map("spec").set("suspend", Value::boolean(suspended)); });
  }
};

}  // namespace

TEST_SUITE("agent/reconcile consent") {
  TEST_CASE_FIXTURE(Consent, "what was pushed while its release was suspended needs approval once it is not any more") {
    const auto files = [](const std::string& value) { return both(maps("web", {"a"}, value), maps("db", {"d"})); };
    deploy(commit({release("web"), release("db")}, files("1"), two_approvals));
    SUBCASE("by the channel file") {
      const auto second = commit({release("web", "suspend: true"), release("db")}, files("2"), two_approvals);
      CHECK(run(second).state == RunState::deployed);  // nothing of it is written
      const auto third = commit({release("web"), release("db")}, files("2"), two_approvals);
      CHECK(run(third).state == RunState::held);
    }
    SUBCASE("by its Release object") {
      suspend_release("web", true);
      const auto second = commit({release("web"), release("db")}, files("2"), two_approvals);
      CHECK(run(second).state == RunState::deployed);
      suspend_release("web", false);
      CHECK(run(second, "switch").state == RunState::held);
      restart();
      CHECK(run(second, "start").state == RunState::held);
      CHECK(contains(guard_message(), "0 of 2 approvals"));
      CHECK(value_of("a") == "1");
      // What nobody but a stranger's hand changed is still put back.
      approve_by_two(status_text("approvalDigest"));
      CHECK(run(second, "switch").state == RunState::deployed);
      CHECK(value_of("a") == "2");
      write_by_hand("a", "by hand");
      CHECK(run(second, "drift").state == RunState::deployed);
      CHECK(value_of("a") == "2");
      return;
    }
    CHECK(value_of("a") == "1");
  }

  TEST_CASE_FIXTURE(Consent, "leave to delete is approved by nobody who approved the same content without it") {
    const std::string claim =
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: shop}\nspec: {}\n---\n";
    deploy(commit({release("web")}, {{"web/all.yaml", config_map("a", "1") + config_map("b", "1") + claim}}, two_approvals));
    std::string without, with;
    SUBCASE("of a kind that holds data") { with = "allowDelete: [PersistentVolumeClaim]"; }
    SUBCASE("of anything") {
      without = "prune: false";
      with = "prune: true\n    allowDelete: [PersistentVolumeClaim]";
    }
    // Both objects leave, and the claim stays, or both do.
    deploy(commit({release("web", without)}, {{"web/all.yaml", config_map("a", "1")}}, two_approvals));
    const auto before = objects();
    REQUIRE(before.contains("PersistentVolumeClaim/shop/data"));
    const std::string digest = status_text("approvalDigest");
    const auto freed = commit({release("web", with)}, {{"web/all.yaml", config_map("a", "1")}}, two_approvals);
    CHECK(run(freed).state == RunState::held);
    CHECK(status_text("approvalDigest") != digest);
    CHECK(objects() == before);
    restart();
    CHECK(run(freed, "start").state == RunState::held);
    approve_by_two(status_text("approvalDigest"));
    CHECK(run(freed, "switch").state == RunState::deployed);
    CHECK(objects().size() == 1);
  }

  TEST_CASE_FIXTURE(Consent, "what frees later commits to delete waits for approval, what restricts them does not") {
    const Files files = maps("web", {"a"});
    deploy(commit({release("web", "prune: false")}, files, two_approvals));
    const auto freed = commit({release("web", "allowDelete: [Namespace]")}, files, two_approvals);
    CHECK(run(freed).state == RunState::held);
    CHECK_MESSAGE(contains(guard_message(), "releases.web.prune: false → true, releases.web.allowDelete: none → Namespace"),
                  guard_message());
    CHECK_FALSE(inventory("web")->prune);
    approve_by_two(status_text("approvalDigest"));
    CHECK(run(freed, "switch").state == RunState::deployed);
    CHECK(inventory("web")->prune);
    CHECK(inventory("web")->allow_delete == std::vector<std::string>{"Namespace"});
    CHECK(run(freed, "drift").state == RunState::up_to_date);
    const auto restricted = commit({release("web", "prune: false")}, files, two_approvals);
    CHECK(run(restricted).state == RunState::deployed);
    CHECK_FALSE(inventory("web")->prune);
    CHECK(inventory("web")->allow_delete.empty());
  }

  TEST_CASE_FIXTURE(Consent,
                    "what a commit forbids to delete holds for the next, also where nothing else of it was written") {
    const Files files = both(maps("web", {"a", "b"}), maps("db", {"d"}));
    const std::string suspended = "suspend: true\n    ";
    std::string forbidden = "prune: false";
    std::string more;
    SUBCASE("drift stays") {
      more = "selfHeal: false";
      run(commit({release("web"), release("db")}, files, more));
      SUBCASE("and there is none") {}
      SUBCASE("and there is some") { write_by_hand("a", "by hand"); }
    }
    SUBCASE("the release is suspended by the file") {
      run(commit({release("web"), release("db")}, files));
      forbidden = suspended + forbidden;
    }
    SUBCASE("the release fails") {
      run(commit({release("web"), release("db")}, files));
      more = "# broken";
    }
    Files second = files;
    if (more == "# broken") second["web/all.yaml"] = "{";
    run(commit({release("web", forbidden), release("db")}, second, more));
    CHECK_FALSE(inventory("web")->prune);
    CHECK(inventory("web")->entries.size() == 2);
    restart();
    run(commit({release("db")}, files, more));
    CHECK(objects().size() == 3);
    CHECK(release_status("web", "state").as_string() == "NoLongerListed");
    CHECK(release_status("web", "objects").as_int() == 2);
  }

  TEST_CASE_FIXTURE(Consent,
                    "leave to delete reaches a suspended release when it goes on, and a rollback brings none back") {
    const Files files = both(maps("web", {"a", "b"}), maps("db", {"d"}));
    const auto freed = commit({release("web", "allowDelete: [Namespace]"), release("db")}, files);
    run(freed);
    const auto restricted = commit({release("web", "prune: false"), release("db")}, both(maps("web", {"a"}), files));
    run(restricted);
    SUBCASE("suspended") {
      const auto loosened = commit({release("web", "suspend: true\n    prune: true"), release("db")}, files);
      run(loosened);
      CHECK_FALSE(inventory("web")->prune);
      run(commit({release("web", "prune: true"), release("db")}, files));
      CHECK(inventory("web")->prune);
    }
    SUBCASE("rolled back") {
      set_switch([&](Value& spec) {
        spec.set("rollback",
                 make_map({{"revision", Value::string(freed)}, {"heldDigest", Value::string(status_text("tipDigest"))}}));
      });
      run(restricted, "switch");
      CHECK(status_text("revision") == freed);
      CHECK_FALSE(inventory("web")->prune);
      CHECK(inventory("web")->allow_delete.empty());
      spy.take_writes();
      CHECK(run(restricted, "drift").state == RunState::up_to_date);
      CHECK(spy.take_writes().empty());
    }
  }

  TEST_CASE_FIXTURE(Consent, "a release that is left as it is, and is as it should be, is not rendered in every run") {
    const Files files = both(maps("web", {"a"}), maps("db", {"d"}));
    std::string more, of_release;
    SUBCASE("drift stays") { more = "selfHeal: false"; }
    SUBCASE("suspended by the file") { of_release = "suspend: true"; }
    run(commit({release("web"), release("db")}, files, more));
    const auto same = commit({release("web", of_release), release("db")}, files, more);
    run(same);
    restart();
    run(same, "start");
    const auto renders = runner->renders();
    for (int i = 0; i < 3; ++i) run(same, "drift");
    CHECK(runner->renders() == renders);
  }

  TEST_CASE_FIXTURE(Consent, "an approved delete is not approved again for what is made after it") {
    std::vector<std::string> names;
    for (int i = 0; i < 20; ++i) names.push_back("m" + std::to_string(i));
    const auto all = commit({release("web")}, maps("web", names));
    const auto few = commit({release("web")}, maps("web", {"m0"}));
    run(all);
    REQUIRE(run(few).state == RunState::held);
    const std::string digest = status_text("deleteDigest");
    approve(digest, true);
    REQUIRE(run(few, "switch").state == RunState::deployed);
    REQUIRE(run(all).state == RunState::deployed);
    CHECK(run(few).state == RunState::held);
    CHECK(status_text("deleteDigest") != digest);
    CHECK(objects().size() == 20);
  }

  TEST_CASE_FIXTURE(Consent, "an approved delete that was stopped half way goes on without a new approval") {
    std::vector<std::string> names;
    for (int i = 0; i < 20; ++i) names.push_back("m" + std::to_string(i));
    run(commit({release("web")}, maps("web", names)));
    const auto few = commit({release("web")}, maps("web", {"m0"}));
    REQUIRE(run(few).state == RunState::held);
    approve(status_text("deleteDigest"), true);
    std::stop_source stop;
    int removed = 0;
    spy.before_write([&](const std::string& write) -> std::optional<Error> {
      if (write.starts_with("remove ConfigMap/shop/m") && ++removed == 5) stop.request_stop();
      return std::nullopt;
    });
    CHECK(run(few, "switch", stop.get_token()).state == RunState::preempted);
    spy.before_write({});
    CHECK(objects().size() == 15);
    SUBCASE("by the same agent") {}
    SUBCASE("by the next one") { restart(); }
    CHECK(run(few, "start").state == RunState::deployed);
    CHECK(objects().size() == 1);
    CHECK(owned("web") == std::vector<std::string>{"m0"});
  }

  TEST_CASE_FIXTURE(Consent, "what stays anyway does not make a removal look small") {
    std::vector<std::string> names;
    for (int i = 0; i < 8; ++i) names.push_back("m" + std::to_string(i));
    SUBCASE("of a whole channel with a namespace") {
      Files files = maps("web", names);
      files["web/ns.yaml"] = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n";
      run(commit({release("web")}, files));
      const auto none = commit({}, {});
      CHECK(run(none).state == RunState::held);
      CHECK(contains(guard_message(), "all 8 objects"));
      CHECK(objects().size() == 9);
      approve(status_text("deleteDigest"), true);
      CHECK(run(none, "switch").state == RunState::deployed);
      CHECK(objects().size() == 1);
    }
    SUBCASE("of a share, with leftovers") {
      std::vector<std::string> kept;
      for (int i = 0; i < 60; ++i) kept.push_back("k" + std::to_string(i));
      for (int i = 8; i < 30; ++i) names.push_back("m" + std::to_string(i));
      run(commit({release("web"), release("old", "prune: false")}, both(maps("web", names), maps("old", kept))));
      REQUIRE(run(commit({release("web")}, maps("web", names))).state == RunState::deployed);
      REQUIRE(objects().size() == 90);
      names.resize(20);
      CHECK(run(commit({release("web")}, maps("web", names))).state == RunState::held);
      CHECK(contains(guard_message(), "10 of 30 objects"));
    }
    SUBCASE("what moves to another release stays in the channel") {
      run(commit({release("web"), release("db")}, both(maps("web", names), maps("db", {"d"}))));
      const auto moved = commit({release("db")}, maps("db", names));
      CHECK(run(moved).state == RunState::deployed);
      CHECK(objects().size() == 8);
    }
  }

  TEST_CASE_FIXTURE(Consent, "a tip that cannot be rendered does not end a rollback") {
    const auto files = [](const std::string& value) { return both(maps("web", {"a"}, value), maps("db", {"d"}, value)); };
    const auto good = commit({release("web"), release("db")}, files("good"));
    auto bad = commit({release("web"), release("db")}, files("bad"));
    const auto roll_back = [&](const std::string& held_revision) {
      set_switch([&](Value& spec) {
        spec.set("rollback", make_map({{"revision", Value::string(good)},
                                       {"heldDigest", Value::string(status_text("tipDigest"))},
                                       {"heldRevision", Value::string(held_revision)}}));
      });
    };
    const auto broken_tree = [&](const std::string& value) {
      Files broken = files(value);
      broken["db/all.yaml"] = "{";
      return broken;
    };
    const auto is_good = [&] { return value_of("a") == "good" && value_of("d") == "good"; };
    run(good);
    SUBCASE("a push that breaks one release") {
      run(bad);
      roll_back("");
      run(bad, "switch");
      REQUIRE(is_good());
      const auto broken = commit({release("web"), release("db")}, broken_tree("bad"));
      for (const char* trigger : {"poll", "drift", "start"}) {
        if (std::string_view(trigger) == "start") restart();
        run(broken, trigger);
        CHECK(is_good());
      }
      CHECK(condition("Ready") == "True Deployed");
      bool told = false;
      for (const auto& event : events()) {
        told = told || (contains(event.message, "rolled back from " + broken.substr(0, 12)) &&
                        contains(event.message, "release 'db' of it cannot be rendered") &&
                        contains(event.message, "gitopsctl resume test"));
      }
      CHECK(told);
      // Somebody's hand is still put right, and what differs and renders ends it.
      write_by_hand("a", "by hand");
      run(broken, "drift");
      CHECK(is_good());
      const auto fixed = commit({release("web"), release("db")}, files("fixed"));
      CHECK(run(fixed).state == RunState::deployed);
      CHECK(value_of("a") == "fixed");
      CHECK(run(bad).state == RunState::deployed);
    }
    SUBCASE("a tip that failed when it was held, and does not any more") {
      const FileTreePtr whole = trees.at(bad);
      const auto broken = commit({release("web"), release("db")}, broken_tree("bad"));
      trees[bad] = trees.at(broken);
      CHECK(run(bad).state == RunState::failed);
      CHECK(value_of("a") == "bad");
      roll_back(bad);
      run(bad, "switch");
      CHECK(is_good());
      // Not the commit got better, but what kept it from being read.
      trees[bad] = whole;
      restart();
      run(bad, "start");
      CHECK(is_good());
      CHECK(run(bad, "drift").state == RunState::up_to_date);
      CHECK(is_good());
    }
  }

  TEST_CASE_FIXTURE(Consent, "a rollback to what nobody was asked about waits under the digest that the status names") {
    const auto loose = commit({release("web")}, maps("web", {"a"}, "loose"));
    run(loose);
    const auto strict = commit({release("web")}, maps("web", {"a"}, "loose"), two_approvals);
    run(strict);
    const auto bad = commit({release("web")}, maps("web", {"a"}, "bad"), two_approvals);
    deploy(bad);
    const std::string of_tip = status_text("approvalDigest");
    set_switch([&](Value& spec) {
      spec.set("rollback",
               make_map({{"revision", Value::string(loose)}, {"heldDigest", Value::string(status_text("tipDigest"))}}));
    });
    CHECK(run(bad, "switch").state == RunState::held);
    CHECK(status_text("approvalDigest") != of_tip);
    CHECK(contains(channel_status("guards").as_list().front().string_at({"command"}), status_text("approvalDigest")));
    approve_by_two(status_text("approvalDigest"));
    CHECK(run(bad, "switch").state == RunState::deployed);
    CHECK(value_of("a") == "loose");
  }
}
