#include "channels/plan/recreate_rules.hpp"

#include "tests/unit/channels/plan/change_builders.hpp"

namespace gitopsctl::channels::test {
namespace {

const render::ObjectId deployment{"apps", "Deployment", "web", "a"};
const render::ObjectId job{"batch", "Job", "web", "a"};

Value annotated(const std::string& annotations) { return yaml("metadata: {annotations: {" + annotations + "}}"); }

}  // namespace

TEST_SUITE("channels/plan recreation") {
  TEST_CASE("only what the manifest allows, under three names") {
    const Value live = yaml("{}");
    for (const char* allowed : {"gitopsctl.dev/on-immutable: recreate", "kustomize.toolkit.fluxcd.io/force: enabled",
                                "argocd.argoproj.io/sync-options: 'Prune=false, Force=true,Replace=true'"}) {
      CHECK_MESSAGE(!forbids_recreation(deployment, annotated(allowed), live, false), allowed);
      CHECK_MESSAGE(forbids_recreation(deployment, annotated(allowed), live, true), allowed);
    }
    for (const char* other : {"", "gitopsctl.dev/on-immutable: fail", "kustomize.toolkit.fluxcd.io/force: disabled",
                              "argocd.argoproj.io/sync-options: Force=true", "argocd.argoproj.io/sync-options: Replace=true",
                              "argocd.argoproj.io/sync-options: 'XForce=true,Replace=true'"}) {
      const auto refusal = forbids_recreation(deployment, annotated(other), live, false);
      REQUIRE_MESSAGE(refusal, other);
      CHECK(refusal->reason.find("gitopsctl.dev/on-immutable: recreate") != std::string::npos);
    }
    // What somebody wrote into the live object allows nothing.
    CHECK(forbids_recreation(deployment, yaml("{}"), annotated("gitopsctl.dev/on-immutable: recreate"), false));
  }

  TEST_CASE("never what holds data or others") {
    const Value allowed = annotated("gitopsctl.dev/on-immutable: recreate");
    for (const render::ObjectId& id : {render::ObjectId{"", "PersistentVolumeClaim", "web", "a"},
                                       {"", "PersistentVolume", "", "a"},
                                       {"", "Namespace", "", "a"},
                                       {"apiextensions.k8s.io", "CustomResourceDefinition", "", "a"}}) {
      const auto refusal = forbids_recreation(id, allowed, yaml("{}"), false);
      REQUIRE(refusal);
      CHECK(refusal->reason.find("never") != std::string::npos);
    }
  }

  TEST_CASE("Jobs and Pods that have ended, unless something keeps them") {
    const Value complete = yaml("status: {conditions: [{type: Complete, status: 'True'}]}");
    CHECK_FALSE(forbids_recreation(job, yaml("{}"), complete, false));
    CHECK_FALSE(forbids_recreation(job, yaml("{}"), yaml("status: {conditions: [{type: Failed, status: 'True'}]}"), false));
    CHECK(forbids_recreation(job, yaml("{}"), yaml("status: {conditions: [{type: Complete, status: 'False'}]}"), false));
    CHECK(forbids_recreation(job, yaml("{}"), yaml("status: {active: 1}"), false));
    CHECK(forbids_recreation(job, yaml("{}"), complete, true));
    CHECK(forbids_recreation(job, yaml("{}"),
                             yaml("metadata: {annotations: {helm.sh/resource-policy: keep}}\nstatus: {conditions: [{type: "
                                  "Complete, status: 'True'}]}"),
                             false));
    const render::ObjectId pod{"", "Pod", "web", "a"};
    CHECK_FALSE(forbids_recreation(pod, yaml("{}"), yaml("status: {phase: Succeeded}"), false));
    CHECK(forbids_recreation(pod, yaml("{}"), yaml("status: {phase: Running}"), false));
  }

  TEST_CASE("a plan says recreate, counts it as a delete, and its digest of deletes covers it") {
    std::string text = config_map("a", "2");
    World refused("web", text);
    auto& item = refused.own(config_map("a", "1"));
    item.refused = Error(ErrorCode::invalid_input, "data: field is immutable");
    item.immutable = "data";
    const auto failed = refused.plan();
    REQUIRE(failed.errors.size() == 1);
    CHECK(failed.errors[0].to_string().find("data cannot be changed in place") != std::string::npos);
    CHECK(failed.errors[0].to_string().find("gitopsctl.dev/on-immutable: recreate") != std::string::npos);

    text.replace(text.find("{name: a}"), 9, "{name: a, annotations: {gitopsctl.dev/on-immutable: recreate}}");
    World world("web", text);
    auto& live = world.own(config_map("a", "1"));
    live.refused = Error(ErrorCode::invalid_input, "data: field is immutable");
    live.immutable = "data";
    const auto plan = world.plan();
    REQUIRE(plan.errors.empty());
    REQUIRE(plan.changes.size() == 1);
    CHECK(plan.changes[0].action == Action::recreate);
    CHECK(plan.changes[0].why == "data cannot be changed in place");
    CHECK(plan.changes[0].seen_uid == live.uid);
    const auto changes = plan_channel_live("test", "live", "c", {world.input}, world.live);
    CHECK(changes.counts().recreated == 1);
    CHECK(changes.counts().deleted() == 1);
    CHECK(changes.counts().removed == 0);
    CHECK_FALSE(changes.delete_digest().empty());

    // Killed after the delete: it is made, and what was approved stays what is approved.
    World after("web", text);
    after.input.entries.push_back({world.input.desired[0].id, live.uid, "", RecordedState::recreating});
    const auto again = plan_channel_live("test", "live", "c", {after.input}, after.live);
    REQUIRE(again.releases[0].changes.size() == 1);
    CHECK(again.releases[0].changes[0].action == Action::create);
    CHECK(again.releases[0].removed_before.size() == 1);
    CHECK(again.counts().deleted() == 0);

    // Somebody else's object is not deleted for it.
    World foreign("web", text);
    auto& theirs = foreign.put(config_map("a", "1"), "");
    theirs.refused = Error(ErrorCode::invalid_input, "data: field is immutable");
    theirs.immutable = "data";
    CHECK(foreign.plan().errors.size() == 1);
  }
}

}  // namespace gitopsctl::channels::test
