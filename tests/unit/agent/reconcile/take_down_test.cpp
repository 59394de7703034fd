#include "agent/reconcile/take_down.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "agent/control/lease_names.hpp"
#include "tests/unit/agent/reconcile/runner_fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::tests;

namespace {

struct TakeDown : RunnerFixture {
  TakeDownRequest request{key, setup.installation_key, "uninstall by ada", "ada"};
  std::vector<std::string> told;

  Result<void> take(const Interrupt& interrupt = {}) {
    return take_down(*other, request, clock, interrupt, [&](const TakenObject& object) {
      told.push_back(object.release + ' ' + object.id.kind + '/' + object.id.name + (object.stays ? " stays" : ""));
    });
  }
};

const std::string claim =
    "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: shop}\nspec: {}\n";

}  // namespace

TEST_SUITE("agent/reconcile take down") {
  TEST_CASE_FIXTURE(TakeDown, "everything of a channel goes but what holds data, and stays gone") {
    write_by_hand("theirs", "stays");
    const auto tip = commit(
        {release("web"), release("db", "prune: false")},
        {{"web/all.yaml", config_map("a", "1") + config_map("b", "1")}, {"db/all.yaml", config_map("c", "1") + claim}});
    const auto deployed = run(tip);
    REQUIRE_MESSAGE(deployed.state == RunState::deployed, deployed.message);

    const auto planned = plan_take_down(*other, request);
    REQUIRE(planned.ok());
    CHECK(planned->size() == 4);
    CHECK(std::ranges::count_if(*planned, &TakenObject::stays) == 1);
    CHECK(objects().size() == 5);  // nothing was written

    const auto done = take();
    REQUIRE_MESSAGE(done.ok(), done.error().to_string());
    std::ranges::sort(told);
    CHECK(told == std::vector<std::string>{"db ConfigMap/c", "db PersistentVolumeClaim/data stays", "web ConfigMap/a",
                                           "web ConfigMap/b"});
    CHECK(objects().size() == 2);
    CHECK(live("theirs").has_value());
    CHECK_FALSE(inventory("web").has_value());
    // What stays is still known.
    CHECK(owned("db") == std::vector<std::string>{"data"});

    CHECK(run(tip, "drift").state == RunState::held);
    CHECK(objects().size() == 2);
    set_switch([](Value& spec) { spec.set("suspend", Value::boolean(false)); });
    CHECK(run(tip, "switch").state == RunState::deployed);
    CHECK(objects().size() == 5);
  }

  TEST_CASE_FIXTURE(TakeDown, "whoever works on the channel is waited for") {
    const auto tip = commit({release("web")}, {{"web/all.yaml", config_map("a", "1")}});
    REQUIRE(run(tip).state == RunState::deployed);
    REQUIRE(environment->acquire_lease(channel_lease_name(key), "agent-1", Millis(30'000)).ok());
    const auto refused = take({{}, Deadline(clock, Millis(5'000))});
    CHECK(refused.error().code() == ErrorCode::timeout);
    CHECK(live("a").has_value());
    CHECK(take({{}, Deadline(clock, Millis(60'000))}).ok());
    CHECK_FALSE(live("a").has_value());
  }

  TEST_CASE_FIXTURE(TakeDown, "with an inventory that cannot be read nothing goes") {
    const auto tip = commit({release("web"), release("db")},
                            {{"web/all.yaml", config_map("a", "1")}, {"db/all.yaml", config_map("c", "1")}});
    REQUIRE(run(tip).state == RunState::deployed);
    edit_by_hand(inventory_id("db"), [](Value& body) { body.child_map("data").set("inventory", Value::string("{")); });
    CHECK_FALSE(plan_take_down(*other, request).ok());
    CHECK_FALSE(take().ok());
    CHECK(live("a").has_value());
    CHECK(live("c").has_value());
  }
}
