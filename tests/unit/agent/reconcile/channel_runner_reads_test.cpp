#include <doctest/doctest.h>

#include <set>

#include "tests/unit/agent/reconcile/runner_fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::tests;

// Objects that nobody answers for.

TEST_SUITE("agent/reconcile reads") {
  TEST_CASE_FIXTURE(RunnerFixture, "a release whose objects cannot be read fails alone, unless nothing can be read") {
    const std::vector<std::string> names{"a", "b", "c", "d", "e"};
    const auto files = [&](const std::string& value, bool with_more) {
      Files out;
      for (const auto& name : names) {
        out[name + "/all.yaml"] = config_map(name, value) + (with_more ? "---\n" + config_map(name + "-more", value) : "");
      }
      return out;
    };
    std::vector<std::string> releases;
    for (const auto& name : names) releases.push_back(release(name));
    REQUIRE(run(commit(releases, files("1", true))).state == RunState::deployed);
    const auto second = commit(releases, files("2", false));
    std::set<std::string> silent;
    spy.refuse_read = [&](const render::ObjectId& id) -> std::optional<Error> {
      const bool refused = silent.contains("*") || (id.kind == "ConfigMap" && silent.contains(id.name));
      if (!refused) return std::nullopt;
      return Error(ErrorCode::unavailable, "no answer").with_hint("look at the server");
    };

    // Three of them are told of, each by itself, and nothing is removed anywhere.
    silent = {"a", "c", "e"};
    auto result = run(second);
    CHECK(result.state == RunState::failed);
    CHECK(result.failed_releases == 3);
    for (const auto& name : names) {
      const bool read = !silent.contains(name);
      CHECK(live(name)->body.string_at({"data", "value"}) == (read ? "2" : "1"));
      CHECK(live(name + "-more"));
      CHECK(release_status(name, "state").as_string() == (read ? "Pending" : "Failed"));
      CHECK(contains(first_error(*this, name), "no answer") == !read);
    }
    // More than that is no matter of releases.
    silent = {"a", "b", "c", "d"};
    result = run(second, "drift");
    CHECK(result.state == RunState::failed);
    CHECK(result.failed_releases == 0);
    REQUIRE(result.errors.size() == 1);
    CHECK(result.errors.front().message() == "no answer");
    // And when nothing else is answered either, it is not one release's own.
    silent = {"*"};
    result = run(second, "drift");
    CHECK(result.state == RunState::failed);
    CHECK(result.failed_releases == 0);

    silent.clear();
    CHECK(run(second, "retry").state == RunState::deployed);
    CHECK(objects().size() == names.size());
    for (const auto& name : names) CHECK(release_status(name, "state").as_string() == "Deployed");
  }

  TEST_CASE_FIXTURE(RunnerFixture, "an object whose end nobody saw is looked at again by the next run") {
    REQUIRE(run(commit({release("web")}, {{"web/all.yaml", config_map("a", "1") + "---\n" + config_map("b", "1")}})).state ==
            RunState::deployed);
    const auto without = commit({release("web")}, {{"web/all.yaml", config_map("a", "1")}});
    REQUIRE(run(without).state == RunState::deployed);
    auto left = *inventory("web");
    left.add({"", "ConfigMap", "shop", "b"}).state = EntryState::pruning;
    REQUIRE(write_inventory(*environment, left, {}).ok());
    REQUIRE(run(without, "drift").failed_releases == 0);
    CHECK(owned("web") == std::vector<std::string>{"a"});
  }
}
