#include <doctest/doctest.h>

#include "agent/control/control.hpp"
#include "base/time/clock.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/spy_environment.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;

namespace {

struct Fixture {
  support::ScratchDir directory;
  ManualClock clock{*parse_time("2026-11-21T12:00:00Z")};
  std::unique_ptr<Environment> environment = *open_embedded_environment(directory / "env.db", clock);
  std::unique_ptr<Environment> other = *open_embedded_environment(directory / "env.db", clock);
  ChannelKey key{"home", "shop", "test"};

  void set_spec(const ChannelKey& whose, const std::string& name, const Value& value) {
    const auto id = channel_object_id(*environment, whose);
    REQUIRE(id.ok());
    REQUIRE(update_object(*environment, *id, [&](Value& body) {
              describe_owner(body, whose);
              body.child_map("spec").set(name, value);
            }).ok());
  }
  Switches switches(const ChannelKey& whose) {
    auto out = read_switches(*environment, whose);
    REQUIRE(out.ok());
    return *out;
  }
};

}  // namespace

TEST_SUITE("agent/control") {
  TEST_CASE_FIXTURE(Fixture, "channels of one name in two repositories have an object each") {
    const ChannelKey second{"home", "library", "test"};
    set_spec(key, "suspend", Value::boolean(true));
    set_spec(second, "suspendReason", Value::string("theirs"));
    const auto first_id = *channel_object_id(*environment, key);
    const auto second_id = *channel_object_id(*environment, second);
    CHECK(first_id.name == "test");
    CHECK(second_id.name != "test");
    CHECK(switches(key).suspend);
    CHECK_FALSE(switches(second).suspend);
  }

  TEST_CASE_FIXTURE(Fixture, "what is remembered of Release objects never hides what somebody said since") {
    const auto say = [&](const std::string& release, const std::string& namespace_, const Value& suspend) {
      const auto id = release_object_id(*other, key, release, namespace_);
      REQUIRE(id.ok());
      REQUIRE(update_object(*other, *id, [&](Value& body) {
                describe_owner(body, key, release);
                body.child_map("spec").set("suspend", suspend);
                body.child_map("spec").set("suspendReason", Value::string("because of " + release));
              }).ok());
      return *id;
    };
    const auto same = [](const Switches& a, const Switches& b) {
      return a.suspended_releases == b.suspended_releases && a.release_places == b.release_places;
    };
    SwitchMemory memory;
    const auto read = [&] {
      auto remembering = read_switches(*environment, key, memory);
      REQUIRE(remembering.ok());
      // As somebody who remembers nothing reads it.
      CHECK(same(*remembering, switches(key)));
      return *remembering;
    };
    CHECK(read().release_places.empty());
    say("web", "shop", Value::boolean(false));
    const auto api = say("api", "shop", Value::boolean(true));
    CHECK(read().suspended_releases == std::map<std::string, std::string>{{"api", "because of api"}});
    CHECK(read().suspended_releases.size() == 1);
    say("web", "shop", Value::boolean(true));
    say("api", "shop", Value::boolean(false));
    CHECK(read().suspended_releases == std::map<std::string, std::string>{{"web", "because of web"}});
    // Deleted and made anew between two looks, in another namespace too, and deleted for good.
    REQUIRE(other->remove(api, {}, {}).ok());
    say("api", "shop", Value::boolean(true));
    say("api", "back", Value::boolean(true));
    CHECK(read().suspended_releases.size() == 2);
    CHECK(read().release_places.size() == 3);
    REQUIRE(other->remove(api, {}, {}).ok());
    CHECK(read().release_places.size() == 2);
  }

  TEST_CASE_FIXTURE(Fixture, "who got the longer name keeps it, and what was said there, when the short one is free again") {
    const ChannelKey second{"home", "library", "test"};
    set_spec(key, "suspendReason", Value::string("ours"));
    set_spec(second, "suspend", Value::boolean(true));
    const auto first_id = *channel_object_id(*environment, key);
    const auto second_id = *channel_object_id(*environment, second);
    REQUIRE(environment->remove(first_id, {}, {}).ok());
    CHECK(switches(second).suspend);
    CHECK(*channel_object_id(*environment, second) == second_id);
    // Also when the first is back, and when somebody took the annotation away.
    set_spec(key, "suspendReason", Value::string("ours again"));
    CHECK(*channel_object_id(*environment, key) == first_id);
    CHECK(switches(second).suspend);
    REQUIRE(environment->remove(first_id, {}, {}).ok());
    const auto stored = *environment->get(second_id);
    render::Object bare{second_id, "gitopsctl.dev/v1", stored->body.deep_copy(), "", 0};
    bare.body.child_map("metadata").erase("annotations");
    REQUIRE(environment->put(bare, stored->resource_version, {}).ok());
    CHECK(switches(second).suspend);
  }

  TEST_CASE_FIXTURE(Fixture, "a name that is taken by another channel while we write is not taken over") {
    const ChannelKey second{"home", "library", "test"};
    support::SpyEnvironment spy(*environment);
    const auto id = *channel_object_id(spy, second);
    spy.before_write([&](const std::string&) -> std::optional<Error> {
      if (!*environment->get(id)) set_spec(key, "suspend", Value::boolean(true));
      return std::nullopt;
    });
    const auto written = update_object(spy, id, [&](Value& body) { describe_owner(body, second); });
    REQUIRE_FALSE(written.ok());
    CHECK(written.error().code() == ErrorCode::conflict);
    CHECK(switches(key).suspend);
    CHECK(*channel_object_id(spy, second) != id);
  }

  TEST_CASE_FIXTURE(Fixture, "what was read at the begin of a run never hides what was written since") {
    const auto say = [](const std::string& what) {
      return [what](Value& body) { body.child_map("status").set("said", Value::string(what)); };
    };
    const auto said = [&](const ChannelKey& whose) {
      const auto live = find_channel(*other, whose);
      REQUIRE(live.ok());
      return *live ? std::string((*live)->body.string_at({"status", "said"})) : "nothing";
    };
    // Nothing was there, and then somebody else's channel of the name.
    const auto nothing = *switches(key).channel_objects;
    CHECK(nothing.empty());
    const ChannelKey second{"home", "library", "test"};
    REQUIRE(update_channel(*other, second, say("theirs")).ok());
    const auto made = update_channel(*environment, key, say("ours"), &nothing);
    REQUIRE(made.ok());
    CHECK(made->id.name != "test");
    CHECK(said(second) == "theirs");
    CHECK(said(key) == "ours");
    // Our own, which somebody suspended meanwhile.
    const auto before = *switches(key).channel_objects;
    REQUIRE(
        update_channel(*other, key, [](Value& body) { body.child_map("spec").set("suspend", Value::boolean(true)); }).ok());
    REQUIRE(update_channel(*environment, key, say("more"), &before).ok());
    CHECK(said(key) == "more");
    CHECK(switches(key).suspend);
    // And what is as it was read is written at once.
    const auto now = *switches(key).channel_objects;
    REQUIRE(update_channel(*environment, key, say("last"), &now).ok());
    CHECK(said(key) == "last");
  }

  TEST_CASE_FIXTURE(Fixture, "anything but a clear false suspends") {
    CHECK_FALSE(switches(key).suspend);
    for (const auto& value : {Value::boolean(true), Value::string("false"), Value::int64(0)}) {
      set_spec(key, "suspend", value);
      CHECK(switches(key).suspend);
    }
    for (const auto& value : {Value::boolean(false), Value::null()}) {
      set_spec(key, "suspend", value);
      CHECK_FALSE(switches(key).suspend);
    }
  }

  TEST_CASE_FIXTURE(Fixture, "what forbids a run that has begun") {
    Switches before;
    Switches now;
    CHECK_FALSE(now.forbid_more_than(before));
    now.suspend = true;
    CHECK(now.forbid_more_than(before));
    before.suspend = true;
    CHECK_FALSE(now.forbid_more_than(before));
    now.suspended_releases["web"] = "";
    CHECK(now.forbid_more_than(before));
    before = now;
    now.held_digest = "sha256:1";
    CHECK(now.forbid_more_than(before));
    // Resuming is for the next run.
    CHECK_FALSE(Switches{}.forbid_more_than([&] {
      Switches earlier = before;
      earlier.suspend = true;
      earlier.suspended_releases["web"] = "";
      return earlier;
    }()));
  }

  TEST_CASE_FIXTURE(Fixture, "a condition keeps its time while its status stays") {
    Value body = Value::map();
    set_conditions(body, {{"Ready", "False", "Held", "waits"}}, clock.now());
    const std::string first(find_condition(body, "Ready")->string_at({"lastTransitionTime"}));
    clock.advance(Millis(60'000));
    set_conditions(body, {{"Ready", "False", "Failed", "broken"}}, clock.now());
    CHECK(find_condition(body, "Ready")->string_at({"lastTransitionTime"}) == first);
    CHECK(find_condition(body, "Ready")->string_at({"reason"}) == "Failed");
    set_conditions(body, {{"Ready", "True", "Deployed", "done"}}, clock.now());
    CHECK(find_condition(body, "Ready")->string_at({"lastTransitionTime"}) != first);
  }

  TEST_CASE_FIXTURE(Fixture, "updates start anew when somebody else wrote in between, and give up in the end") {
    support::SpyEnvironment spy(*environment);
    const auto id = *channel_object_id(*environment, key);
    int theirs = 0;
    int limit = 2;
    spy.before_write([&](const std::string&) -> std::optional<Error> {
      if (theirs >= limit) return std::nullopt;
      ++theirs;
      CHECK(
          update_object(*other, id, [&](Value& body) { body.child_map("spec").set("theirs", Value::int64(theirs)); }).ok());
      return std::nullopt;
    });
    const auto mine = [](Value& body) { body.child_map("spec").set("mine", Value::boolean(true)); };
    REQUIRE(update_object(spy, id, mine).ok());
    const auto live = *environment->get(id);
    CHECK(live->body.find_path({"spec", "mine"})->as_bool());
    CHECK(live->body.find_path({"spec", "theirs"})->as_int() == 2);
    // Nothing to change: not written, whatever others do.
    theirs = 0;
    REQUIRE(update_object(spy, id, mine).ok());
    CHECK(theirs == 0);
    // Neither is a field without a value, which environments leave out.
    REQUIRE(update_object(spy, id, [&](Value& body) {
              mine(body);
              body.child_map("status").set("pending", Value::null());
              body.child_map("spec").set("until", Value::list({make_map({{"at", Value::null()}})}));
            }).ok());
    CHECK(theirs == limit);
    theirs = 0;
    REQUIRE(update_object(spy, id, [&](Value& body) {
              body.child_map("spec").set("until", Value::list({Value::map()}));
              body.child_map("spec").set("none", Value::null());
            }).ok());
    CHECK(theirs == 0);
    limit = 1000;
    const auto lost = update_object(spy, id, [](Value& body) { body.child_map("spec").set("mine", Value::null()); });
    REQUIRE_FALSE(lost.ok());
    CHECK(lost.error().code() == ErrorCode::conflict);
  }

  TEST_CASE_FIXTURE(Fixture, "approvals: one of a person and digest, none without a name or a digest") {
    for (const std::string by : {"ada", "ada", "bob", ""}) {
      REQUIRE(write_approval(*environment, key, {"sha256:1", false, by, clock.now()}).ok());
    }
    REQUIRE(write_approval(*environment, key, {"", false, "eve", clock.now()}).ok());
    REQUIRE(write_approval(*environment, {"home", "library", "test"}, {"sha256:1", false, "eve", clock.now()}).ok());
    const auto all = list_approvals(*environment, key);
    REQUIRE(all.ok());
    CHECK(all->size() == 2);
    for (const auto& approval : *all) {
      CHECK(approval.at == clock.now());
      CHECK(approval.covers("any values"));
    }
    // Given again for other values of secrets, it is for these.
    for (const std::string seal : {"one", "two"}) {
      REQUIRE(write_approval(*environment, key, {"sha256:1", false, "ada", clock.now(), seal}).ok());
    }
    const auto sealed = list_approvals(*environment, key);
    REQUIRE(sealed.ok());
    CHECK(sealed->size() == 2);
    for (const auto& approval : *sealed) CHECK(approval.covers("one") == (approval.by == "bob"));
    CHECK(Approval{"sha256:1", true, "ada", clock.now(), "one"}.covers("two"));
  }

  TEST_CASE_FIXTURE(Fixture, "the newest two hundred events of a channel are kept, oldest first") {
    for (int i = 0; i < 205; ++i) {
      clock.advance(Millis(1));
      REQUIRE(record_event(*environment, key, {clock.now(), "Normal", "Deployed", "number " + std::to_string(i), {}}).ok());
    }
    REQUIRE(
        record_event(*environment, {"home", "library", "test"}, {clock.now(), "Normal", "Deployed", "theirs", "web"}).ok());
    CHECK(environment->list({"", "Event", std::string(home_namespace), channel_label(key)})->size() == 205);
    REQUIRE(trim_events(*environment, key).ok());
    CHECK(environment->list({"", "Event", std::string(home_namespace), channel_label(key)})->size() == 200);
    const auto events = list_events(*environment, key);
    REQUIRE(events.ok());
    REQUIRE(events->size() == 200);
    CHECK(events->front().message == "number 5");
    CHECK(events->back().message == "number 204");
    CHECK(list_events(*environment, {"home", "library", "test"})->front().release == "web");
  }
}
