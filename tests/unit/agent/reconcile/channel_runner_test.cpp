#include <doctest/doctest.h>

#include "tests/unit/agent/reconcile/runner_fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::tests;

// One channel, commit after commit: what is written, what is removed, and above all what is not.

namespace {

using Objects = std::map<std::string, std::string>;

Objects config_maps(const std::map<std::string, std::string>& values) {
  Objects out;
  for (const auto& [name, value] : values) out["ConfigMap/shop/" + name] = value;
  return out;
}

using Names = std::vector<std::string>;

const std::string broken = "apiVersion: v1\nkind: [\n";

}  // namespace

TEST_SUITE("agent/reconcile channel runner") {
  TEST_CASE_FIXTURE(RunnerFixture, "deploys, updates only what changed, and writes nothing when nothing did") {
    const Files one{{"web/all.yaml", config_map("a", "1") + config_map("b", "1")}, {"db/all.yaml", config_map("c", "1")}};
    const auto first = commit({release("web"), release("db")}, one);
    auto result = run(first);
    CHECK(result.state == RunState::deployed);
    CHECK(result.created == 3);
    CHECK(objects() == config_maps({{"a", "1"}, {"b", "1"}, {"c", "1"}}));
    CHECK(owned("web") == Names{"a", "b"});
    CHECK(inventory("web")->phase == "applied");
    CHECK(channel_status("state").as_string() == "Deployed");
    CHECK(channel_status("revision").as_string() == first);
    CHECK(channel_status("objects").as_int() == 3);
    CHECK(condition("Ready") == "True Deployed");
    CHECK(release_status("web", "objects").as_int() == 2);
    CHECK(runner->renders() == 2);

    const auto uid = live("a")->uid;
    const auto untouched = live("b")->resource_version;
    spy.take_writes();
    for (const char* trigger : {"poll", "drift", "switch", "retry"}) {
      CHECK(run(first, trigger).state == RunState::up_to_date);
      CHECK(spy.take_writes() == Names{});
    }
    CHECK(runner->renders() == 2);

    Files two = one;
    two["web/all.yaml"] = config_map("a", "2") + config_map("b", "1");
    result = run(commit({release("web"), release("db")}, two));
    CHECK(result.state == RunState::deployed);
    CHECK(result.updated == 1);
    CHECK(result.created + result.removed == 0);
    CHECK(runner->renders() == 3);
    CHECK(live("a")->uid == uid);
    CHECK(live("b")->resource_version == untouched);
    CHECK(objects() == config_maps({{"a", "2"}, {"b", "1"}, {"c", "1"}}));
  }

  TEST_CASE_FIXTURE(RunnerFixture, "a restart looks at everything once and writes nothing") {
    const auto first = commit({release("web")}, {{"web/a.yaml", config_map("a", "1")}});
    run(first);
    spy.take_writes();
    restart();
    CHECK(run(first, "start").state == RunState::up_to_date);
    CHECK(spy.take_writes() == Names{});
    CHECK(runner->renders() == 1);
  }

  TEST_CASE_FIXTURE(RunnerFixture, "one chart of two hundred: one render, one release looked at") {
    std::vector<std::string> releases;
    Files files;
    for (int i = 0; i < 200; ++i) {
      const std::string name = "r" + std::to_string(i);
      releases.push_back(release(name));
      files[name + "/all.yaml"] = config_map(name, "1");
    }
    run(commit(releases, files));
    CHECK(runner->renders() == 200);
    files["r77/all.yaml"] = config_map("r77", "2");
    spy.take_writes();
    const auto result = run(commit(releases, files));
    CHECK(result.updated == 1);
    CHECK(runner->renders() == 201);
    CHECK(spy.take_object_writes() == Names{"put ConfigMap/shop/" + inventory_id("r77").name, "apply ConfigMap/shop/r77",
                                            "put ConfigMap/shop/" + inventory_id("r77").name,
                                            "put ConfigMap/shop/" + inventory_id("r77").name,
                                            "put ConfigMap/gitopsctl-system/" + record_name()});
  }

  TEST_CASE_FIXTURE(RunnerFixture, "drift is healed and told; a deleted object comes back") {
    const auto first = commit({release("web")}, {{"web/all.yaml", config_map("a", "1") + config_map("b", "1")}});
    run(first);
    write_by_hand("a", "by hand");
    delete_by_hand("b");
    const auto result = run(first, "drift");
    CHECK(result.state == RunState::deployed);
    CHECK(result.updated == 1);
    CHECK(result.created == 1);
    CHECK(objects() == config_maps({{"a", "1"}, {"b", "1"}}));
    CHECK(runner->renders() == 2);  // the text was not kept
    std::size_t healed = 0;
    for (const auto& event : events()) healed += event.reason == "DriftHealed" ? 1U : 0U;
    CHECK(healed == 1);
    CHECK(run(first, "drift").state == RunState::up_to_date);
  }

  TEST_CASE_FIXTURE(RunnerFixture, "selfHeal: false reports drift and leaves it; a commit still deploys") {
    const auto first =
        commit({release("web")}, {{"web/all.yaml", config_map("a", "1") + config_map("b", "1")}}, "selfHeal: false");
    run(first);
    write_by_hand("a", "by hand");
    spy.take_writes();
    CHECK(run(first, "drift").state == RunState::up_to_date);
    CHECK(spy.take_object_writes() == Names{});
    CHECK(release_status("web", "state").as_string() == "Drifted");
    CHECK(release_status("web", "drifted").as_bool());
    run(first, "drift");
    CHECK(spy.take_writes() == Names{});  // once told, not told again
    run(commit({release("web")}, {{"web/all.yaml", config_map("a", "1") + config_map("b", "2")}}, "selfHeal: false"));
    CHECK(objects() == config_maps({{"a", "1"}, {"b", "2"}}));
    CHECK(release_status("web", "state").as_string() == "Deployed");
  }

  TEST_CASE_FIXTURE(RunnerFixture, "a release that leaves: exactly its objects go, then its inventory and its status") {
    const Files files{{"web/a.yaml", config_map("a", "1")}, {"old/all.yaml", config_map("b", "1") + config_map("c", "1")}};
    run(commit({release("web"), release("old")}, files));
    write_by_hand("stranger", "mine");
    const auto uid = live("a")->uid;
    spy.take_writes();
    const auto result = run(commit({release("web")}, {{"web/a.yaml", config_map("a", "1")}}));
    CHECK(result.state == RunState::deployed);
    CHECK(result.removed == 2);
    CHECK(objects() == config_maps({{"a", "1"}, {"stranger", "mine"}}));
    CHECK(live("a")->uid == uid);
    CHECK_FALSE(inventory("old"));
    CHECK(release_status("old", "state").is_nothing());
    std::size_t removals = 0;
    for (const auto& write : spy.take_object_writes()) removals += write.starts_with("remove ") ? 1U : 0U;
    CHECK(removals == 3);  // two objects and the inventory
  }

  TEST_CASE_FIXTURE(RunnerFixture, "prune: false keeps and says so; nothing is written again and again") {
    const Files files{{"web/all.yaml", config_map("a", "1") + config_map("x", "1")}, {"old/b.yaml", config_map("b", "1")}};
    run(commit({release("web", "prune: false"), release("old")}, files, "prune: false"));
    const auto second = commit({release("web", "prune: false")}, {{"web/all.yaml", config_map("a", "1")}}, "prune: false");
    const auto result = run(second);
    CHECK(result.state == RunState::deployed);
    CHECK(result.removed == 0);
    CHECK(objects() == config_maps({{"a", "1"}, {"b", "1"}, {"x", "1"}}));
    CHECK(release_status("old", "state").as_string() == "NoLongerListed");
    CHECK(owned("old") == Names{"b"});
    CHECK(owned("web") == Names{"a", "x"});
    spy.take_writes();
    for (int i = 0; i < 3; ++i) CHECK(run(second, "drift").state == RunState::up_to_date);
    CHECK(spy.take_writes() == Names{});
    // What is kept does not claim: another release may bring it again.
    const auto third =
        commit({release("web", "prune: false"), release("new")},
               {{"web/all.yaml", config_map("a", "1")}, {"new/x.yaml", config_map("x", "2")}}, "prune: false");
    run(third);
    CHECK(live("x")->body.string_at({"data", "value"}) == "2");
    CHECK(owned("new") == Names{"x"});
    run(third, "drift");
    CHECK(owned("web") == Names{"a"});
  }

  TEST_CASE_FIXTURE(RunnerFixture, "what the file says about removing counts although nothing renders differently") {
    const Files files{{"web/a.yaml", config_map("a", "1")}, {"old/b.yaml", config_map("b", "1")}};
    const Files left{{"web/a.yaml", config_map("a", "1")}};
    run(commit({release("web"), release("old")}, files));
    SUBCASE("no more") {
      run(commit({release("web"), release("old", "prune: false")}, files));
      CHECK_FALSE(inventory("old")->prune);
      CHECK(run(commit({release("web")}, left)).removed == 0);
      CHECK(objects() == config_maps({{"a", "1"}, {"b", "1"}}));
    }
    SUBCASE("again") {
      run(commit({release("web", "prune: false"), release("old")},
                 {{"web/none.yaml", "# nothing here\n"}, {"old/b.yaml", config_map("b", "1")}}));
      CHECK(objects() == config_maps({{"a", "1"}, {"b", "1"}}));
      const auto result = run(commit({release("web", "allowEmpty: true"), release("old")},
                                     {{"web/none.yaml", "# nothing here\n"}, {"old/b.yaml", config_map("b", "1")}}));
      CHECK(result.removed == 1);
      CHECK(objects() == config_maps({{"b", "1"}}));
    }
  }

  TEST_CASE_FIXTURE(RunnerFixture, "the historic form never prunes") {
    const auto file = [](const std::string& more) {
      return "calitp:\n  channel: test\n  releases:\n"
             "  - name: web\n    driver: helm\n    namespace: shop\n    helm_name: web\n    helm_chart: web\n" +
             more;
    };
    Files files{{".gitopsctl/channels/test.yaml",
                 file("  - name: old\n    driver: helm\n    namespace: shop\n    helm_name: old\n    helm_chart: old\n")}};
    for (const std::string name : {"web", "old"}) {
      files[name + "/Chart.yaml"] = "apiVersion: v2\nname: " + name + "\nversion: 0.1.0\n";
      files[name + "/templates/all.yaml"] = config_map(name, "1");
    }
    files["web/templates/more.yaml"] = config_map("more", "1");
    CHECK(run(commit(files)).state == RunState::deployed);
    files[".gitopsctl/channels/test.yaml"] = file("");
    files.erase("web/templates/more.yaml");
    const auto result = run(commit(files));
    CHECK(result.removed == 0);
    CHECK(result.state == RunState::deployed);
    CHECK(objects() == config_maps({{"web", "1"}, {"old", "1"}, {"more", "1"}}));
    CHECK(release_status("old", "state").as_string() == "NoLongerListed");
  }

  TEST_CASE_FIXTURE(RunnerFixture, "one bad release: the others go on, nothing is pruned until all is well again") {
    run(commit({release("web"), release("bad"), release("old")},
               {{"web/all.yaml", config_map("a", "1") + config_map("x", "1")},
                {"bad/b.yaml", config_map("b", "1")},
                {"old/c.yaml", config_map("c", "1")}}));
    const auto second =
        commit({release("web"), release("bad")}, {{"web/all.yaml", config_map("a", "2")}, {"bad/b.yaml", broken}});
    auto result = run(second);
    CHECK(result.state == RunState::failed);
    CHECK(result.failed_releases == 1);
    CHECK(result.removed == 0);
    CHECK(result.retry);
    CHECK(objects() == config_maps({{"a", "2"}, {"x", "1"}, {"b", "1"}, {"c", "1"}}));
    CHECK(release_status("bad", "state").as_string() == "Failed");
    CHECK(contains(first_error(*this, "bad"), "bad/b.yaml"));
    CHECK(release_status("web", "state").as_string() == "Pending");
    CHECK(release_status("old", "state").as_string() == "Pending");
    CHECK(condition("Ready") == "False Failed");
    // Trying again changes nothing and fills no history.
    const auto lines = deployments().size();
    spy.take_writes();
    for (int i = 0; i < 3; ++i) CHECK(run(second, "retry").state == RunState::failed);
    CHECK(spy.take_writes() == Names{});
    CHECK(deployments().size() == lines);

    // With the same process, without a restart: what was held back is removed now.
    result = run(commit({release("web"), release("bad")},
                        {{"web/all.yaml", config_map("a", "2")}, {"bad/b.yaml", config_map("b", "2")}}));
    CHECK(result.state == RunState::deployed);
    CHECK(result.removed == 2);
    CHECK(objects() == config_maps({{"a", "2"}, {"b", "2"}}));
    CHECK(owned("web") == Names{"a"});
    for (const auto& line : deployments()) CHECK(line.outcome != "running");
  }

  TEST_CASE_FIXTURE(RunnerFixture, "an object that cannot be written fails its release alone") {
    spy.before_write([](const std::string& write) -> std::optional<Error> {
      if (write == "apply ConfigMap/shop/b") return Error(ErrorCode::forbidden, "no right to write it");
      return std::nullopt;
    });
    const auto first = commit({release("one"), release("two")},
                              {{"one/all.yaml", config_map("a", "1") + config_map("b", "1") + config_map("c", "1")},
                               {"two/d.yaml", config_map("d", "1")}});
    CHECK(run(first).failed_releases == 1);
    CHECK(objects() == config_maps({{"a", "1"}, {"d", "1"}}));
    CHECK(contains(first_error(*this, "one"), "ConfigMap"));
    CHECK(owned("one") == Names{"a", "b", "c"});  // of the union: what may be there
    spy.before_write({});
    CHECK(run(first, "retry").state == RunState::deployed);
    CHECK(objects() == config_maps({{"a", "1"}, {"b", "1"}, {"c", "1"}, {"d", "1"}}));
    CHECK(inventory("one")->phase == "applied");
  }

  TEST_CASE_FIXTURE(RunnerFixture, "two releases that claim one object are both refused, and recover") {
    run(commit({release("one"), release("two")},
               {{"one/a.yaml", config_map("a", "1")}, {"two/b.yaml", config_map("b", "1")}}));
    const auto result =
        run(commit({release("one"), release("two")},
                   {{"one/a.yaml", config_map("a", "2")}, {"two/all.yaml", config_map("a", "3") + config_map("b", "2")}}));
    CHECK(result.failed_releases == 2);
    CHECK(objects() == config_maps({{"a", "1"}, {"b", "1"}}));
    CHECK(contains(first_error(*this, "one"), "is also rendered by release two"));
    CHECK(contains(first_error(*this, "two"), "is also rendered by release one"));
    CHECK(run(commit({release("one"), release("two")},
                     {{"one/a.yaml", config_map("a", "2")}, {"two/b.yaml", config_map("b", "2")}}))
              .state == RunState::deployed);
    CHECK(objects() == config_maps({{"a", "2"}, {"b", "2"}}));
  }

  TEST_CASE_FIXTURE(RunnerFixture, "an object moves from one release to another in one commit and stays the same object") {
    run(commit({release("one"), release("two")},
               {{"one/all.yaml", config_map("a", "1") + config_map("m", "1")}, {"two/b.yaml", config_map("b", "1")}}));
    const auto uid = live("m")->uid;
    const auto second =
        commit({release("one"), release("two")},
               {{"one/a.yaml", config_map("a", "1")}, {"two/all.yaml", config_map("b", "1") + config_map("m", "2")}});
    const auto result = run(second);
    CHECK(result.state == RunState::deployed);
    CHECK(result.removed == 0);
    CHECK(live("m")->uid == uid);
    CHECK(owned("one") == Names{"a"});
    CHECK(owned("two") == Names{"b", "m"});
    CHECK(run(second, "drift").state == RunState::up_to_date);
  }

  TEST_CASE_FIXTURE(RunnerFixture, "an object moves while a third release is broken: no claim is left behind") {
    run(commit({release("one"), release("two")},
               {{"one/all.yaml", config_map("a", "1") + config_map("m", "1")}, {"two/b.yaml", config_map("b", "1")}}));
    const auto uid = live("m")->uid;
    const Files moved{{"one/a.yaml", config_map("a", "1")}, {"two/all.yaml", config_map("b", "1") + config_map("m", "2")}};
    Files bad = moved;
    bad["three/c.yaml"] = broken;
    const auto second = commit({release("one"), release("two"), release("three")}, bad);
    CHECK(run(second).failed_releases == 1);
    CHECK(run(second, "retry").failed_releases == 1);
    Files good = moved;
    good["three/c.yaml"] = config_map("c", "1");
    const auto result = run(commit({release("one"), release("two"), release("three")}, good));
    CHECK(result.state == RunState::deployed);
    CHECK(live("m")->uid == uid);
    CHECK(owned("one") == Names{"a"});
    CHECK(owned("two") == Names{"b", "m"});
  }

  TEST_CASE_FIXTURE(RunnerFixture, "renamedFrom takes the objects over") {
    run(commit({release("before")}, {{"before/all.yaml", config_map("a", "1") + config_map("b", "1")}}));
    const auto uid = live("a")->uid;
    const auto second = commit({release("after", "renamedFrom: before")}, {{"after/a.yaml", config_map("a", "2")}});
    const auto result = run(second);
    CHECK(result.state == RunState::deployed);
    CHECK(live("a")->uid == uid);
    CHECK(objects() == config_maps({{"a", "2"}}));
    CHECK(owned("after") == Names{"a"});
    CHECK_FALSE(inventory("before"));
    CHECK(release_status("before", "state").is_nothing());
    CHECK(run(second, "drift").state == RunState::up_to_date);
  }

  TEST_CASE_FIXTURE(RunnerFixture, "an object of somebody else's is an error and stays; without owner it is adopted") {
    write_by_hand("a", "theirs", "applyset-somebody-else-v1");
    write_by_hand("b", "nobody's");
    const auto uid = live("b")->uid;
    const auto version = live("a")->resource_version;
    const auto first = commit({release("one"), release("two"), release("three")},
                              {{"one/all.yaml", config_map("a", "1") + config_map("x", "1")},
                               {"two/b.yaml", config_map("b", "1")},
                               {"three/z.yaml", config_map("z", "1")}});
    CHECK(run(first).failed_releases == 1);
    CHECK(objects() == config_maps({{"a", "theirs"}, {"b", "1"}, {"z", "1"}}));
    CHECK(live("a")->resource_version == version);
    CHECK(live("b")->uid == uid);
    CHECK(contains(first_error(*this, "one"), "belongs to"));
    CHECK_FALSE(inventory("one"));
    // Adopted is ours: it goes with its release.
    delete_by_hand("a");
    CHECK(run(commit({release("one"), release("three")}, {{"one/all.yaml", config_map("a", "1") + config_map("x", "1")},
                                                          {"three/z.yaml", config_map("z", "1")}}))
              .removed == 1);
    CHECK(objects() == config_maps({{"a", "1"}, {"x", "1"}, {"z", "1"}}));
  }

  TEST_CASE_FIXTURE(RunnerFixture, "what somebody takes over while we remove it is left alone") {
    run(commit({release("web")}, {{"web/all.yaml", config_map("a", "1") + config_map("b", "1") + config_map("c", "1")}}));
    spy.before_write([&](const std::string& write) -> std::optional<Error> {
      if (write == "remove ConfigMap/shop/b") write_by_hand("b", "theirs now", "applyset-somebody-else-v1");
      return std::nullopt;
    });
    const auto result = run(commit({release("web")}, {{"web/a.yaml", config_map("a", "1")}}));
    CHECK(result.removed == 1);
    CHECK(objects() == config_maps({{"a", "1"}, {"b", "theirs now"}}));
    CHECK(owned("web") == Names{"a"});
  }

  TEST_CASE_FIXTURE(RunnerFixture, "an empty rendering removes nothing unless it is allowed") {
    run(commit({release("web"), release("db")},
               {{"web/a.yaml", config_map("a", "1")}, {"db/b.yaml", config_map("b", "1")}}));
    const Files files{{"web/none.yaml", "# nothing here\n"}, {"db/b.yaml", config_map("b", "1")}};
    CHECK(run(commit({release("web"), release("db")}, files)).failed_releases == 1);
    CHECK(objects() == config_maps({{"a", "1"}, {"b", "1"}}));
    CHECK(contains(first_error(*this, "web"), "renders to nothing"));
    CHECK(run(commit({release("web", "allowEmpty: true"), release("db")}, files)).removed == 1);
    CHECK(objects() == config_maps({{"b", "1"}}));
  }

  TEST_CASE_FIXTURE(RunnerFixture, "a channel file that is gone or wrong changes nothing") {
    const auto first = commit({release("web")}, {{"web/a.yaml", config_map("a", "1")}});
    run(first);
    for (const auto& text : {std::string("releases: [\n"),
                             std::string("apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: test\n"), std::string("")}) {
      spy.take_writes();
      const auto result = run(text.empty() ? commit(Files{{"README.md", "no channel file"}})
                                           : commit(Files{{".gitopsctl/channels/test.yaml", text}}));
      CHECK(result.state == RunState::failed);
      CHECK(spy.take_object_writes() == Names{});
      CHECK(objects() == config_maps({{"a", "1"}}));
      CHECK(condition("Ready") == "False Failed");
      CHECK(channel_status("revision").as_string() == first);
      CHECK(channel_status("objects").as_int() == 1);  // what is deployed is still there
    }
    // A file without releases is a valid one: everything leaves, and that waits.
    CHECK(run(commit(Names{}, {})).state == RunState::held);
    CHECK(objects() == config_maps({{"a", "1"}}));
    CHECK(run(first).state == RunState::up_to_date);
    CHECK(condition("Ready") == "True Deployed");
  }

  TEST_CASE_FIXTURE(RunnerFixture, "a sync is answered by a run whose branch was looked at after it, and by no other") {
    const auto first = commit({release("web")}, {{"web/a.yaml", config_map("a", "1")}});
    run(first);
    edit_by_hand(*channel_object_id(*other, key), [](Value& body) {
      body.child_map("metadata").child_map("annotations").set("gitopsctl.dev/requestedAt", Value::string("token-1"));
    });
    CHECK(*runner->sync_requested() == "token-1");
    // Somebody asks after the branch was looked at, and before this run reads what was asked.
    run(first, "drift");
    CHECK(*runner->sync_requested() == "token-1");
    CHECK(runner->run({first, trees.at(first), "request", "token-1"}, {}).state == RunState::up_to_date);
    CHECK(runner->sync_requested()->empty());
    CHECK(channel_status("lastHandledRequestedAt").as_string() == "token-1");
    run(first);
    CHECK(channel_status("lastHandledRequestedAt").as_string() == "token-1");
  }

  TEST_CASE_FIXTURE(RunnerFixture, "the channel file is followed wherever it is now, and whichever form it has") {
    // What was read is remembered between runs; each of these commits must be seen all the same.
    const Files charts = {{"web/a.yaml", config_map("a", "1")}, {"db/b.yaml", config_map("b", "1")}};
    const auto with = [&](Files more) {
      more.insert(charts.begin(), charts.end());
      return commit(more);
    };
    const std::string keep = "prune: false\n";
    run(with({{"ci/channels/test.yaml", channel_file({release("web")}, keep)}}));
    CHECK(objects() == config_maps({{"a", "1"}}));
    // A file of the first place appears beside the one that was followed.
    run(with({{"ci/channels/test.yaml", channel_file({release("web")}, keep)},
              {".gitopsctl/channels/test.yaml", channel_file({release("web"), release("db")}, keep)}}));
    CHECK(objects() == config_maps({{"a", "1"}, {"b", "1"}}));
    CHECK(channel_status("releases").as_int() == 2);
    // It goes, and the other one has changed meanwhile.
    run(with({{"ci/channels/test.yaml", channel_file({release("db")}, keep)}}));
    CHECK(channel_status("releases").as_int() == 1);
    CHECK(release_status("web", "state").as_string() == "NoLongerListed");
    // Only a setting of a release changes, nothing that is rendered.
    run(with({{"ci/channels/test.yaml", channel_file({release("db", "suspend: true")}, keep)}}));
    CHECK(release_status("db", "state").as_string() == "Suspended");
    CHECK(run(with({{"README.md", "no channel file"}})).state == RunState::failed);
    run(with({{"ci/channels/test.yaml", channel_file({release("db", "suspend: true")}, keep)}}));
    CHECK(release_status("db", "state").as_string() == "Suspended");
  }

  TEST_CASE_FIXTURE(RunnerFixture, "an object outside of the binding's namespaces is refused") {
    setup.namespaces = {"shop"};
    restart();
    const auto first = commit(
        {release("web"), release("db")},
        {{"web/all.yaml", config_map("a", "1") + config_map("a", "1", "kube-system")}, {"db/b.yaml", config_map("b", "1")}});
    CHECK(run(first).failed_releases == 1);
    CHECK(objects() == config_maps({{"b", "1"}}));
    CHECK(contains(first_error(*this, "web"), "kube-system"));
  }

  TEST_CASE_FIXTURE(RunnerFixture, "releases go after those they depend on, and wait when these fail") {
    const auto first = commit(
        {release("web", "dependsOn: [db]"), release("db"), release("front", "dependsOn: [web]")},
        {{"web/a.yaml", config_map("a", "1")}, {"db/b.yaml", config_map("b", "1")}, {"front/c.yaml", config_map("c", "1")}});
    bool refuse = true;
    spy.before_write([&](const std::string& write) -> std::optional<Error> {
      if (refuse && write == "apply ConfigMap/shop/b") return Error(ErrorCode::forbidden, "not now");
      return std::nullopt;
    });
    CHECK(run(first).failed_releases == 3);
    CHECK(objects().empty());
    CHECK(contains(first_error(*this, "web"), "'db'"));
    CHECK(contains(first_error(*this, "front"), "'web'"));
    refuse = false;
    spy.take_writes();
    CHECK(run(first, "retry").state == RunState::deployed);
    Names applied;
    for (const auto& write : spy.take_writes()) {
      if (write.starts_with("apply ")) applied.push_back(write.substr(write.rfind('/') + 1));
    }
    CHECK(applied == Names{"b", "a", "c"});
  }

  TEST_CASE_FIXTURE(RunnerFixture, "what was written waits to be ready, also in the run after a failed wait") {
    bool ready = false;
    spy.health_of = [&](const LiveObject& object) -> std::optional<Health> {
      if (ready || object.id.name != "a") return std::nullopt;
      return Health{Health::State::progressing, "1 of 2 replicas"};
    };
    const auto first = commit({release("web", "timeout: 2s"), release("next", "dependsOn: [web]")},
                              {{"web/a.yaml", config_map("a", "1")}, {"next/b.yaml", config_map("b", "1")}});
    for (const char* trigger : {"poll", "retry"}) {
      const auto result = run(first, trigger);
      CHECK(result.failed_releases == 2);
      CHECK(contains(first_error(*this, "web"), "1 of 2 replicas"));
      CHECK(objects() == config_maps({{"a", "1"}}));
    }
    ready = true;
    CHECK(run(first, "retry").state == RunState::deployed);
    CHECK(objects() == config_maps({{"a", "1"}, {"b", "1"}}));
  }

  TEST_CASE_FIXTURE(RunnerFixture, "the namespace of a release changes: its objects and its status move") {
    run(commit({release("web")}, {{"web/a.yaml", config_map("a", "1")}}));
    const std::string moved = "  - name: web\n    driver: manifests\n    namespace: other\n    manifests: {path: web}\n";
    const auto second = commit({moved, release("stay")},
                               {{"web/a.yaml", config_map("a", "1", "other")}, {"stay/b.yaml", config_map("b", "1")}});
    // All objects of the channel as it is go: that waits for an approval.
    CHECK(run(second).state == RunState::held);
    approve(std::string(channel_status("deleteDigest").as_string()), true);
    CHECK(run(second, "switch").state == RunState::deployed);
    CHECK(objects() == Objects{{"ConfigMap/other/a", "1"}, {"ConfigMap/shop/b", "1"}});
    CHECK(release_status("web", "state").is_nothing());
    CHECK((*other->get({"gitopsctl.dev", "Release", "other", "web"})).has_value());
  }
}
