#include "channels/plan/live_plan.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "base/json/json.hpp"
#include "tests/unit/channels/plan/change_builders.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;
using namespace gitopsctl::channels::test;

TEST_SUITE("live plan: desired objects") {
  TEST_CASE("missing is created; missing although it was applied is drift") {
    World world("web", config_map("a", "1") + config_map("b", "1"));
    world.record(config_map("b", "1"));
    CHECK(lines(world.plan()) ==
          Lines{"create ConfigMap web/a", "create ConfigMap web/b drift: is missing from the environment"});
  }

  TEST_CASE("equal is unchanged; further live fields do not matter") {
    World world("web", config_map("a", "1"));
    auto& item = world.own(config_map("a", "1"));
    item.body = yaml(
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: web, uid: u, labels: {x: y}}, data: {value: '1', "
        "other: "
        "'2'}}");
    const auto plan = world.plan();
    CHECK(plan.changes.empty());
    CHECK(plan.unchanged == 1);
    CHECK(plan.to_digest == "sha256:to");
  }

  TEST_CASE("changed by a commit, changed behind our back") {
    World commit("web", config_map("a", "2"));
    commit.own(config_map("a", "1"));
    CHECK(lines(commit.plan()) == Lines{"update ConfigMap web/a"});
    World drift("web", config_map("a", "1"));
    drift.own(config_map("a", "1")).body.child_map("data").set("value", Value::string("9"));
    const auto plan = drift.plan();
    CHECK(lines(plan) == Lines{"update ConfigMap web/a drift"});
    CHECK(plan.changes[0].before.string_at({"data", "value"}) == "9");
    CHECK(plan.changes[0].after.string_at({"data", "value"}) == "1");
  }

  TEST_CASE("a field that leaves the manifest is an update, shown when it is known what was applied") {
    const std::string old = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {value: '1', extra: '2'}\n";
    World world("web", config_map("a", "1"));
    auto& item = world.own(old);
    CHECK(lines(world.plan()) == Lines{"update ConfigMap web/a: fields that left the manifest are given up"});
    item.applied = item.body;
    const auto plan = world.plan();
    CHECK(lines(plan) == Lines{"update ConfigMap web/a"});
    CHECK(plan.changes[0].before.string_at({"data", "extra"}) == "2");
    CHECK(plan.changes[0].after.find_path({"data", "extra"}) == nullptr);
  }

  TEST_CASE("what a run that was killed may have applied is applied again, however it looks") {
    World unanswered("web", config_map("a", "1"));
    unanswered.put(config_map("a", "1"), "set-web");
    unanswered.record(config_map("a", "1")).hash.clear();
    CHECK(lines(unanswered.plan()) == Lines{"update ConfigMap web/a: what was applied last is not known"});
    World unlisted("web", config_map("a", "1"));
    unlisted.put(config_map("a", "1"), "set-web");
    CHECK(lines(unlisted.plan()) == Lines{"update ConfigMap web/a: what was applied last is not known"});
    // A field that only the killed run wanted.
    World grown("web", config_map("a", "1"));
    auto& item =
        grown.put("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {value: '1', extra: '2'}\n", "set-web");
    item.applied = item.body;
    grown.record(config_map("a", "1")).hash.clear();
    const auto plan = grown.plan();
    CHECK(lines(plan) == Lines{"update ConfigMap web/a"});
    CHECK(plan.changes[0].after.find_path({"data", "extra"}) == nullptr);
  }

  TEST_CASE("what the environment predicts decides, where it does") {
    // The server keeps another form of what was written, and adds to it.
    const std::string stored =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: web}\ndata: {value: 'one', added: x}\n";
    World same("web", config_map("a", "1"));
    auto& item = same.own(config_map("a", "1"));
    item.body = yaml(stored);
    item.predicted = yaml(stored);
    CHECK(same.plan().unchanged == 1);
    // A commit whose prediction is what is there is applied all the same: only then it is known to be what was applied.
    World moved("web", config_map("a", "2"));
    auto& before = moved.own(config_map("a", "1"));
    before.body = yaml(stored);
    before.predicted = yaml(stored);
    CHECK(lines(moved.plan()) == Lines{"update ConfigMap web/a: fields that left the manifest are given up"});
    // Both sides of a change are the environment's.
    World hand("web", config_map("a", "1"));
    auto& drifted = hand.own(config_map("a", "1"));
    drifted.body =
        yaml("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: web}\ndata: {value: 'hand', added: x}\n");
    drifted.predicted = yaml(stored);
    const auto plan = hand.plan();
    CHECK(lines(plan) == Lines{"update ConfigMap web/a drift"});
    CHECK(plan.changes[0].before.string_at({"data", "value"}) == "hand");
    CHECK(plan.changes[0].after.string_at({"data", "value"}) == "one");
    CHECK(plan.changes[0].after.string_at({"data", "added"}) == "x");
  }

  TEST_CASE("what is known to be as it was applied needs no comparison, unless the commit wants something else") {
    World same("web", config_map("a", "1"));
    auto& item = same.own(config_map("a", "1"));
    item.body = yaml("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {value: 'another form'}\n");
    item.as_applied = true;
    CHECK(same.plan().unchanged == 1);
    World moved("web", config_map("a", "2"));
    moved.own(config_map("a", "1")).as_applied = true;
    CHECK(lines(moved.plan()) == Lines{"update ConfigMap web/a"});
    // Another object with the same content is not the one that was applied.
    World anew("web", config_map("a", "1"));
    auto& other = anew.own(config_map("a", "1"));
    other.as_applied = true;
    other.uid = "another";
    CHECK(lines(anew.plan()).size() == 1);
  }

  TEST_CASE("an apply that would be refused fails the release before anything is written") {
    World world("web", config_map("a", "2") + config_map("b", "1"));
    auto& item = world.own(config_map("a", "1"));
    item.refused = Error(ErrorCode::conflict, "another manager owns .data.value");
    const auto plan = world.plan();
    REQUIRE(plan.errors.size() == 1);
    CHECK(plan.errors[0].message() == "another manager owns .data.value");
    CHECK(plan.changes.empty());
  }

  TEST_CASE("an object that somebody made anew as it was is taken over again") {
    World world("web", config_map("a", "1"));
    world.own(config_map("a", "1")).uid = "another";
    CHECK(lines(world.plan()) == Lines{"update ConfigMap web/a drift: was made anew by somebody else"});
  }

  TEST_CASE("lists are compared as a whole") {
    CHECK(live_covers(yaml("{a: [1, {b: 2}]}"), yaml("{a: [1, {b: 2.0}], c: 3}")));
    CHECK_FALSE(live_covers(yaml("{a: [1]}"), yaml("{a: [1, 2]}")));
    CHECK_FALSE(live_covers(yaml("{a: [{b: 2}]}"), yaml("{a: [{b: 2, c: 3}]}")));
    CHECK(live_covers(yaml("{a: null}"), yaml("{b: 1}")));
    CHECK_FALSE(live_covers(yaml("{a: {b: 1}}"), yaml("{a: 1}")));
    CHECK_FALSE(live_covers(yaml("{a: {}}"), yaml("{}")));
  }

  TEST_CASE("an object without owner is adopted, with its difference; other tools' marks are a warning") {
    World world("web", config_map("a", "1"));
    world.put(config_map("a", "7"), "");
    auto plan = world.plan();
    CHECK(lines(plan) == Lines{"adopt ConfigMap web/a: exists without an owner"});
    CHECK(plan.changes[0].before.string_at({"data", "value"}) == "7");
    CHECK(plan.warnings.empty());
    world.put("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {kustomize.toolkit.fluxcd.io/name: apps}}\n",
              "");
    plan = world.plan();
    CHECK(lines(plan) == Lines{"adopt ConfigMap web/a: exists without an owner, marked by Flux"});
    CHECK(plan.warnings.size() == 1);
  }

  TEST_CASE("our object whose owner label was taken away is drift, not adoption") {
    World world("web", config_map("a", "1"));
    world.own(config_map("a", "1")).owner.clear();
    CHECK(lines(world.plan()) == Lines{"update ConfigMap web/a drift: its owner label was taken away"});
    // When a commit changes it too, the commit is the cause, and wants what commits want.
    World both("web", config_map("a", "2"));
    both.own(config_map("a", "1")).owner.clear();
    CHECK(lines(both.plan()) == Lines{"update ConfigMap web/a: its owner label was taken away"});
  }

  TEST_CASE("an object of somebody else is an error of the release, and nothing of it changes") {
    World world("web", config_map("a", "1") + config_map("b", "1"));
    world.put(config_map("a", "1"), "applyset-foreign-v1");
    world.own(config_map("gone", "1"));
    const auto plan = world.plan();
    REQUIRE(plan.errors.size() == 1);
    CHECK(plan.errors[0].code() == ErrorCode::conflict);
    CHECK(plan.errors[0].message() == "ConfigMap web/a belongs to another owner (applyset-foreign-v1)");
    CHECK(plan.changes.empty());
    CHECK(plan.to_digest.empty());
  }

  TEST_CASE("what gitopsctl is steered by is neither written nor removed") {
    const auto refused = [](const std::string& manifest) {
      World world("web", config_map("a", "1") + manifest);
      const auto plan = world.plan();
      CHECK(plan.changes.empty());
      REQUIRE(plan.errors.size() == 1);
      CHECK(plan.errors[0].code() == ErrorCode::forbidden);
      CHECK(plan.errors[0].where().file == "all.yaml");
      // The reviewer of the commit sees it, too.
      CHECK(diff_rendered("test", "", {}, "bbb", {rendered("web", manifest)}).has_errors());
      return plan.errors[0].message();
    };
    const auto marked = [](const std::string& metadata) {
      return "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, " + metadata + "}\n";
    };
    CHECK(refused("---\napiVersion: gitopsctl.dev/v1\nkind: Approval\nmetadata: {name: x}\n") ==
          "gitopsctl.dev/Approval web/x is of the group gitopsctl.dev: no release may write what gitopsctl is steered by");
    refused("---\napiVersion: gitopsctl.dev/v9\nkind: Channel\nmetadata: {name: prod, namespace: gitopsctl-system}\n");
    refused(marked("namespace: gitopsctl-system"));
    refused("---\napiVersion: v1\nkind: Namespace\nmetadata: {name: gitopsctl-system}\n");
    refused(marked("labels: {applyset.kubernetes.io/id: x}"));
    refused(marked("labels: {gitopsctl.dev/channel-key: x}"));
    refused(marked("labels: {gitopsctl.dev/channel-id: x}"));
    refused(marked("annotations: {gitopsctl.dev/identity: a/b/c/d}"));

    // Harmless by itself, but the name is that of another release's inventory.
    World meets("web", config_map("inventory", "1"));
    meets.put(marked("labels: {applyset.kubernetes.io/id: x}"), "").body =
        yaml("{metadata: {labels: {applyset.kubernetes.io/id: x}}}");
    meets.live[{"", "ConfigMap", "web", "inventory"}] = meets.live[{"", "ConfigMap", "web", "x"}];
    REQUIRE(meets.plan().errors.size() == 1);
    CHECK(meets.plan().changes.empty());

    World leaves("web", config_map("stays", "1"));
    leaves.own(config_map("stays", "1"));
    leaves.own(marked("labels: {applyset.kubernetes.io/id: x}"));
    CHECK(lines(leaves.plan()) ==
          Lines{"keep ConfigMap web/x: has the label applyset.kubernetes.io/id, which no release removes"});

    World plain("web", marked("annotations: {gitopsctl.dev/prune: never}, labels: {gitopsctl.dev/team: x}"));
    CHECK(plain.plan().errors.empty());
  }

  TEST_CASE("hand-over from a release of the channel, by one commit or by permission") {
    World world("web", config_map("a", "1"));
    world.put(config_map("a", "1"), "set-other");
    CHECK(world.plan().errors.size() == 1);
    Handover handover;
    handover.owners = {{"set-other", "other"}, {"set-web", "web"}};
    CHECK(lines(world.plan(handover)) == Lines{"update ConfigMap web/a: moves here from release other"});
    handover.failing = {"other"};
    CHECK(world.plan(handover).errors.size() == 1);
    World permitted(
        "web", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {gitopsctl.dev/adopt-from: other}}\n");
    permitted.put(config_map("a", "1"), "set-other");
    CHECK(lines(permitted.plan(handover)) == Lines{"update ConfigMap web/a: moves here from release other"});
  }

  TEST_CASE("a former name of the release still owns") {
    World world("web", config_map("a", "1"));
    world.put(config_map("a", "1"), "set-old");
    world.input.former_owners = {"set-old"};
    CHECK(lines(world.plan()) == Lines{"update ConfigMap web/a: was owned under the release's former name"});
  }

  TEST_CASE("an object on its way out is made anew") {
    World world("web", config_map("a", "1"));
    world.own(config_map("a", "1")).deleting = true;
    CHECK(lines(world.plan()) == Lines{"create ConfigMap web/a drift: is being deleted; it is made anew when it is gone"});
  }

  TEST_CASE("not knowing is not the same as not being there") {
    World world("web", config_map("a", "1"));
    world.live.clear();
    const auto plan = world.plan();
    REQUIRE(plan.errors.size() == 1);
    CHECK(plan.changes.empty());
    World leaving("web", config_map("a", "1"));
    leaving.record(config_map("b", "1"));
    leaving.live.erase({"", "ConfigMap", "web", "b"});
    CHECK(leaving.plan().errors.size() == 1);
  }

  TEST_CASE("what the inventory and servers write is not shown") {
    World world("web", config_map("a", "2"));
    world.own(config_map("a", "1")).body = yaml(
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: web, uid: u, resourceVersion: '4', labels: "
        "{applyset.kubernetes.io/part-of: set-web}}, data: {value: '1'}, status: {x: 1}}");
    const auto plan = world.plan();
    CHECK(canonical_json(plan.changes[0].before) ==
          R"({"apiVersion":"v1","data":{"value":"1"},"kind":"ConfigMap","metadata":{"name":"a","namespace":"web"}})");
  }

  TEST_CASE("secrets are hidden on both sides, hashes too") {
    const auto secret = [](const std::string& value) {
      return "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {p: '" + value + "'}\n";
    };
    World world("web", secret("hash-one"));
    world.own(secret("hash-two"));
    const auto plan = world.plan();
    CHECK(plan.changes[0].before.string_at({"data", "p"}) == "(redacted, before)");
    CHECK(plan.changes[0].after.string_at({"data", "p"}) == "(redacted, after)");
  }
}

TEST_SUITE("live plan: sensitive values") {
  TEST_CASE("what the giver of an object calls sensitive stays hidden, whatever the taker says") {
    const std::string marked = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {value: S3cret}\n";
    World world("web", config_map("a", "open"));
    world.put(marked, "set-other");
    Handover handover;
    handover.owners = {{"set-other", "other"}, {"set-web", "web"}};
    const auto shown = [&] {
      const auto plan = world.plan(handover);
      REQUIRE(plan.changes.size() == 1);
      return canonical_json(plan.changes[0].before) + canonical_json(plan.changes[0].after);
    };
    CHECK(shown().find("S3cret") != std::string::npos);
    handover.sensitive = {{"other", {{"ConfigMap", "", {"data", "value"}}}}};
    CHECK(shown().find("S3cret") == std::string::npos);
    CHECK(shown().find("(redacted") != std::string::npos);
    // Also of a release that is called otherwise now.
    world.input.former_owners = {"set-other"};
    CHECK(shown().find("S3cret") == std::string::npos);
    // And where the preview of a whole channel finds it out by itself.
    World other("other");
    other.own(marked);
    other.input.owner = "set-other";
    other.input.listed = false;
    other.input.sensitive = {{"ConfigMap", "", {"data", "value"}}};
    world.input.former_owners.clear();
    const auto changes = plan_channel_live("prod", "aaa", "bbb", {other.input, world.input}, world.live);
    for (const auto& release : changes.releases) {
      REQUIRE(release.changes.size() == 1);
      CHECK(canonical_json(release.changes[0].before).find("S3cret") == std::string::npos);
    }
  }
}

TEST_SUITE("live plan: objects that leave") {
  TEST_CASE("removed when every guard agrees, nothing when it is gone already") {
    World world("web", config_map("stays", "1"));
    world.own(config_map("stays", "1"));
    world.own(config_map("goes", "1"));
    world.record(config_map("vanished", "1"));
    const auto plan = world.plan();
    CHECK(lines(plan) == Lines{"remove ConfigMap web/goes"});
    CHECK(plan.changes[0].after.is_null());
    CHECK(plan.changes[0].before.string_at({"data", "value"}) == "1");
  }

  TEST_CASE("every guard has its reason") {
    const auto why = [](auto change) {
      World world("web", config_map("stays", "1"));
      world.own(config_map("stays", "1"));
      auto& item = world.own(config_map("goes", "1"));
      change(world, item);
      const auto plan = world.plan();
      REQUIRE(plan.changes.size() == 1);
      CHECK(plan.changes[0].action == Action::keep);
      CHECK(plan.changes[0].after.is_null());
      return plan.changes[0].why;
    };
    CHECK(why([](World&, LiveItem& item) { item.uid = "new"; }) == "was made anew by somebody else: its uid differs");
    CHECK(why([](World&, LiveItem& item) { item.owner = "applyset-x"; }) == "belongs to another owner (applyset-x) now");
    CHECK(why([](World&, LiveItem& item) { item.owner.clear(); }) == "has no owner label any more");
    CHECK(why([](World&, LiveItem& item) { item.deleting = true; }) == "is being deleted already; finalizers remain");
    CHECK(why([](World& world, LiveItem&) { world.input.settings.prune = false; }) == "prune is off");
    CHECK(why([](World&, LiveItem& item) {
            item.body = yaml("{metadata: {ownerReferences: [{kind: Foo, name: f, controller: true}]}}");
          }) == "is controlled by Foo f");
    CHECK(why([](World&, LiveItem& item) {
            item.body = yaml("{metadata: {annotations: {argocd.argoproj.io/tracking-id: 'app:x'}}}");
          }) == "carries the marks of Argo CD");
    CHECK(why([](World&, LiveItem& item) {
            item.body = yaml("{metadata: {annotations: {meta.helm.sh/release-name: foreign}}}");
          }) == "carries the marks of Helm release foreign");
    CHECK(why([](World&, LiveItem& item) { item.body = yaml("{metadata: {annotations: {gitopsctl.dev/prune: never}}}"); }) ==
          "annotation gitopsctl.dev/prune: never");
  }

  TEST_CASE("no guard: a reference without controller, our own Helm release, no recorded uid") {
    World world("web", config_map("stays", "1"));
    world.own(config_map("stays", "1"));
    world.input.helm_name = "web";
    auto& item = world.own(config_map("goes", "1"));
    item.body = yaml(
        "{metadata: {annotations: {meta.helm.sh/release-name: web}, ownerReferences: [{kind: Foo, name: f}]}, data: {value: "
        "'1'}}");
    world.input.entries.back().uid.clear();
    CHECK(lines(world.plan()) == Lines{"remove ConfigMap web/goes"});
  }

  TEST_CASE("an empty set removes nothing without consent") {
    World world("web");
    world.own(config_map("a", "1"));
    auto plan = world.plan();
    REQUIRE(plan.errors.size() == 1);
    CHECK(plan.changes.empty());
    world.input.settings.allow_empty = true;
    CHECK(lines(world.plan()) == Lines{"remove ConfigMap web/a"});
    world.input.settings = {};
    world.input.settings.prune = false;
    CHECK(lines(world.plan()) == Lines{"keep ConfigMap web/a: prune is off"});
  }

  TEST_CASE("a release that left the file goes as a whole") {
    World world("web");
    world.input.listed = false;
    world.own(config_map("a", "1"));
    auto plan = world.plan();
    CHECK(plan.no_longer_listed);
    CHECK(lines(plan) == Lines{"remove ConfigMap web/a"});
    world.input.settings.prune = false;
    CHECK(lines(world.plan()) == Lines{"keep ConfigMap web/a: no longer listed in the channel file; prune is off"});
  }

  TEST_CASE("a release with errors removes nothing") {
    World world("web");
    world.own(config_map("a", "1"));
    world.input.errors.emplace_back(ErrorCode::invalid_input, "broken");
    const auto plan = world.plan();
    CHECK(plan.errors.size() == 1);
    CHECK(plan.changes.empty());
  }
}

TEST_SUITE("live plan: channel") {
  TEST_CASE("objects move inside one run; digests cover what happens") {
    World a("a", config_map("x", "1"));
    World b("b", config_map("m", "1") + config_map("w", "1"));
    a.own(config_map("x", "1"));
    auto& moving = a.own(config_map("m", "1"));
    b.own(config_map("w", "1"));
    LiveState live = a.live;
    live.insert(b.live.begin(), b.live.end());
    const auto changes = plan_channel_live("prod", "aaa", "bbb", {b.input, a.input}, live);
    REQUIRE(changes.releases.size() == 2);
    CHECK(lines(changes.releases[0]) == Lines{"keep ConfigMap web/m: moves to release b"});
    CHECK(lines(changes.releases[1]) == Lines{"update ConfigMap web/m: moves here from release a"});
    CHECK(changes.live);
    CHECK(changes.plan_digest.starts_with("sha256:"));
    (void)moving;
    live[{"", "ConfigMap", "web", "w"}]->body.child_map("data").set("value", Value::string("drifted"));
    const auto drifted = plan_channel_live("prod", "aaa", "bbb", {b.input, a.input}, live);
    CHECK(drifted.render_digest == changes.render_digest);
    CHECK(drifted.plan_digest != changes.plan_digest);
  }

  TEST_CASE("the render digest is that of the rendered comparison, also when a plan fails") {
    const auto a = rendered("a", config_map("x", "1"));
    const auto b = rendered("b", config_map("x", "1"));
    const auto compared = diff_rendered("prod", "", {}, "bbb", {a, b});
    World world_a("a", config_map("x", "1"));
    World world_b("b", config_map("x", "1"));
    world_a.input.to_digest = a.set->render_digest;
    world_b.input.to_digest = b.set->render_digest;
    const auto planned = plan_channel_live("prod", "", "bbb", {world_a.input, world_b.input}, world_a.live);
    CHECK(compared.has_errors());
    CHECK(planned.has_errors());
    CHECK(compared.render_digest == planned.render_digest);
    CHECK(planned.render_digest == combine_digests({{"a", a.set->render_digest}, {"b", b.set->render_digest}}));
  }

  TEST_CASE("claimed twice: both fail, and nothing is removed anywhere") {
    World a("a", config_map("x", "1"));
    World b("b", config_map("x", "1"));
    World c("c", config_map("z", "1"));
    c.own(config_map("z", "1"));
    c.own(config_map("leaves", "1"));
    LiveState live = c.live;
    live.insert(a.live.begin(), a.live.end());
    const auto changes = plan_channel_live("prod", "aaa", "bbb", {a.input, b.input, c.input}, live);
    CHECK(changes.releases[0].errors.size() == 1);
    CHECK(changes.releases[1].errors.size() == 1);
    CHECK(lines(changes.releases[2]) ==
          Lines{"keep ConfigMap web/leaves: nothing is removed while a release of the channel fails"});
    CHECK(changes.delete_digest().empty());
  }

  TEST_CASE("who fails only while it is planned gives nothing away, and neither does who waits for it") {
    // c takes from b, which takes from a, which wants what is somebody else's.
    World a("a", config_map("theirs", "1"));
    World b("b", config_map("x", "1"));
    World c("c", config_map("v", "1"));
    World d("d", config_map("z", "2"));
    a.put(config_map("theirs", "1"), "set-somebody");
    a.own(config_map("x", "1"));
    b.own(config_map("v", "1"));
    d.own(config_map("z", "1"));
    const auto plan = [&](const std::vector<LiveReleaseInput>& inputs) {
      LiveState live;
      for (const auto* world : {&a, &b, &c, &d}) {
        for (const auto& [id, item] : world->live) {
          if (item || !live.contains(id)) live[id] = item;
        }
      }
      return plan_channel_live("prod", "aaa", "bbb", inputs, live);
    };
    // Whatever the order in which they are looked at.
    std::vector<LiveReleaseInput> inputs{a.input, b.input, c.input, d.input};
    const auto order = [](const auto& one, const auto& two) { return one.release < two.release; };
    do {
      const auto changes = plan(inputs);
      REQUIRE(changes.releases.size() == 4);
      CHECK(changes.releases[0].errors.front().message() == "ConfigMap web/theirs belongs to another owner (set-somebody)");
      CHECK(changes.releases[1].errors.front().message() == "ConfigMap web/x belongs to release a, which fails itself");
      CHECK(changes.releases[2].errors.front().message() == "ConfigMap web/v belongs to release b, which fails itself");
      CHECK(lines(changes.releases[3]) == Lines{"update ConfigMap web/z"});
      CHECK(changes.counts().removed == 0);
    } while (std::next_permutation(inputs.begin(), inputs.end(), order));
  }

  TEST_CASE("a release whose inventory cannot be read keeps what may be its") {
    World blind("blind", config_map("x", "1"));
    World other("other", config_map("mine", "2") + config_map("theirs", "1") + config_map("nobodys", "1"));
    other.own(config_map("mine", "1"));
    other.own(config_map("leaves", "1"));
    other.put(config_map("theirs", "1"), "set-blind-elsewhere");
    blind.input.errors.emplace_back(ErrorCode::newer_schema, "of a newer version");
    blind.input.unreadable_owners = {"set-blind", "set-blind-elsewhere"};
    const auto plan = [&] {
      LiveState live = other.live;
      live.insert(blind.live.begin(), blind.live.end());
      return plan_channel_live("prod", "aaa", "bbb", {blind.input, other.input}, live);
    };
    auto changes = plan();
    REQUIRE(changes.releases[1].errors.size() == 1);
    CHECK(changes.releases[1].errors[0].message() ==
          "ConfigMap web/theirs belongs to release blind, whose inventory cannot be read");
    other.put(config_map("theirs", "1"), "set-other");
    other.put(config_map("nobodys", "1"), "");
    changes = plan();
    REQUIRE(changes.releases[1].errors.size() == 1);
    CHECK(changes.releases[1].errors[0].message() ==
          "ConfigMap web/nobodys exists without an owner, and may belong to release blind, whose inventory cannot be read");
    other.put(config_map("nobodys", "1"), "set-other");
    changes = plan();
    CHECK(changes.releases[0].changes.empty());
    CHECK(lines(changes.releases[1]) ==
          Lines{"keep ConfigMap web/leaves: nothing is removed while a release of the channel fails",
                "update ConfigMap web/mine", "update ConfigMap web/nobodys: what was applied last is not known",
                "update ConfigMap web/theirs: what was applied last is not known"});
  }

  TEST_CASE("digests of deletes name the channel and the objects with their uids") {
    World world("web", config_map("a", "1"));
    world.own(config_map("a", "1"));
    auto& b = world.own(config_map("b", "1"));
    const auto digest = [&](const std::string& channel = "prod") {
      return plan_channel_live(channel, "aaa", "bbb", {world.input}, world.live).delete_digest();
    };
    const auto set_uid = [&](const std::string& uid) {
      b.uid = uid;
      for (auto& entry : world.input.entries) {
        if (entry.id.name == "b") entry.uid = uid;
      }
    };
    const auto one = digest();
    CHECK(one.starts_with("sha256:"));
    CHECK(digest() == one);
    CHECK(digest("test") != one);
    set_uid("made anew");
    CHECK(digest() != one);
    world.input.desired.front().hash = "another";
    const auto anew = digest();
    world.own(config_map("c", "1"));
    const auto both = digest();
    CHECK(both != anew);
    // Removed already by a run that was killed: still what was approved, until the last of them is gone.
    for (auto& entry : world.input.entries) {
      if (entry.id.name != "a") entry.state = RecordedState::pruning;
    }
    for (auto& [id, item] : world.live) {
      if (id.name == "b") item = std::nullopt;
    }
    CHECK(digest() == both);
    for (auto& entry : world.input.entries) entry.state = RecordedState::applied;
    CHECK(digest() != both);  // gone by somebody else's hand
    for (auto& [id, item] : world.live) {
      if (id.name == "c") item = std::nullopt;
    }
    for (auto& entry : world.input.entries) entry.state = RecordedState::pruning;
    CHECK(digest().empty());
  }
}
