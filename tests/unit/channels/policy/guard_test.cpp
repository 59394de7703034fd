#include "channels/policy/guard.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <random>
#include <string>

using namespace gitopsctl;
using namespace gitopsctl::channels;

namespace {

ChangeSet change_set(std::size_t removed, std::size_t updated = 0, Cause cause = Cause::commit) {
  ChangeSet changes;
  changes.channel = "prod";
  changes.live = true;
  changes.render_digest = "sha256:render";
  changes.approval_digest = "sha256:consent";
  changes.plan_digest = "sha256:plan";
  ReleaseChanges release;
  release.release = "web";
  for (std::size_t i = 0; i < removed + updated; ++i) {
    Change change;
    change.id = {"", "ConfigMap", "web", "c" + std::to_string(i)};
    change.action = i < removed ? Action::remove : Action::update;
    change.cause = cause;
    release.changes.push_back(change);
  }
  changes.releases.push_back(release);
  return changes;
}

struct Case {
  Policy policy;
  ChangeSet changes;
  GuardFacts facts;

  explicit Case(ChangeSet set) : changes(std::move(set)) {
    facts.channel = "prod";
    facts.live_objects = 100;
    facts.now = *parse_time("2026-11-20T12:00:00Z");
  }
  /// The verdict of one guard.
  Verdict operator[](std::string_view guard) {
    facts.policy = &policy;
    facts.changes = &changes;
    for (const auto& verdict : evaluate_guards(facts)) {
      if (verdict.guard == guard) return verdict;
    }
    FAIL("no such guard");
    return {};
  }
  bool writes() {
    facts.policy = &policy;
    facts.changes = &changes;
    return may_write(evaluate_guards(facts));
  }
};

}  // namespace

TEST_SUITE("guards") {
  TEST_CASE("all are there, in their order, and pass when nothing speaks against writing") {
    Case c(change_set(1, 3));
    std::vector<std::string> names;
    c.facts.policy = &c.policy;
    c.facts.changes = &c.changes;
    for (const auto& verdict : evaluate_guards(c.facts)) {
      names.push_back(verdict.guard);
      CHECK(verdict.decision == Decision::pass);
      CHECK(verdict.message.empty());
      CHECK(verdict.command.empty());
    }
    CHECK(names == std::vector<std::string>{"suspend", "freeze", "hold", "approval", "deletes"});
    CHECK(c.writes());
    CHECK(may_write(evaluate_guards({})));
  }

  TEST_CASE("suspended") {
    Case c(change_set(0, 1));
    c.facts.suspended = true;
    c.facts.suspended_by = "ada";
    c.facts.suspend_reason = "incident 7";
    CHECK(c["suspend"].decision == Decision::wait);
    CHECK(c["suspend"].message == "the channel is suspended by ada: incident 7");
    CHECK(c["suspend"].command == "gitopsctl resume prod");
    CHECK_FALSE(c.writes());
  }

  TEST_CASE("frozen, until the window ends") {
    Case c(change_set(0, 1));
    FreezeWindow window;
    window.to = *parse_time("2026-11-21T00:00:00Z");
    window.reason = "release party";
    c.policy.freeze.push_back(window);
    CHECK(c["freeze"].decision == Decision::wait);
    CHECK(c["freeze"].message == "the channel is frozen until 2026-11-21T00:00:00Z: release party");
    REQUIRE(c["freeze"].until);
    CHECK(format_time(*c["freeze"].until) == "2026-11-21T00:00:00Z");
    c.facts.now = *window.to;
    CHECK(c.writes());
    c.policy.freeze[0].to.reset();
    CHECK_FALSE(c["freeze"].until);
    CHECK_FALSE(c.writes());
  }

  TEST_CASE("a digest that was rolled back from") {
    Case c(change_set(0, 1));
    c.facts.held_digest = "sha256:other";
    CHECK(c.writes());
    c.facts.held_digest = "sha256:render";
    CHECK(c["hold"].decision == Decision::deny);
    CHECK(c["hold"].command == "gitopsctl resume prod");
    c.facts.approvals["sha256:render"] = {"ada"};
    CHECK_FALSE(c.writes());
  }

  TEST_CASE("approvals of different people, of the approval or the plan digest") {
    Case c(change_set(0, 1));
    c.policy.approvals = 2;
    CHECK(c["approval"].decision == Decision::wait);
    CHECK(c["approval"].message == "0 of 2 approvals of sha256:consent");
    CHECK(c["approval"].command == "gitopsctl approve prod --digest sha256:consent");
    c.facts.approvals["sha256:render"] = {"cyd", "dan"};  // says nothing about the policy
    CHECK_FALSE(c.writes());
    c.facts.approvals["sha256:consent"] = {"ada", "ada", ""};
    CHECK(c["approval"].message == "1 of 2 approvals of sha256:consent");
    c.facts.approvals["sha256:else"] = {"bob"};
    CHECK_FALSE(c.writes());
    c.facts.approvals["sha256:plan"] = {"ada"};
    CHECK_FALSE(c.writes());
    c.facts.approvals["sha256:plan"] = {"bob"};
    CHECK(c.writes());
  }

  TEST_CASE("nothing to do and drift need no approval; removing does") {
    Case nothing(change_set(0));
    nothing.policy.approvals = 2;
    CHECK(nothing.writes());
    Case drift(change_set(0, 3, Cause::drift));
    drift.policy.approvals = 2;
    CHECK(drift.writes());
    Case removal(change_set(1, 0, Cause::drift));
    removal.policy.approvals = 2;
    CHECK_FALSE(removal.writes());
  }

  TEST_CASE("another policy needs the approvals of the deployed one, also when no object changes") {
    Case c(change_set(0));
    c.policy.approvals = 2;
    CHECK(c.writes());
    Policy after = c.policy;
    after.approvals = 0;
    set_policy(c.changes, &c.policy, after, {});
    CHECK(c["approval"].decision == Decision::wait);
    CHECK(c["approval"].message ==
          "0 of 2 approvals of " + c.changes.approval_digest + "; the policy changes: approvals: 2 → 0");
    CHECK(c["approval"].command == "gitopsctl approve prod --digest " + c.changes.approval_digest);
    // Consent to the same content without this policy is none to the policy.
    ChangeSet same = change_set(0);
    set_policy(same, &c.policy, c.policy, {});
    CHECK(same.render_digest == c.changes.render_digest);
    c.facts.approvals[same.approval_digest] = {"ada", "bob"};
    c.facts.approvals[c.changes.render_digest] = {"ada", "bob"};
    CHECK_FALSE(c.writes());
    c.facts.approvals[c.changes.approval_digest] = {"ada", "bob"};
    CHECK(c.writes());

    Case drift(change_set(0, 3, Cause::drift));
    drift.policy.approvals = 1;
    set_policy(drift.changes, &drift.policy, after, {});
    CHECK_FALSE(drift.writes());
    Case free(change_set(0));
    set_policy(free.changes, &free.policy, c.policy, {});
    CHECK(free.writes());  // the deployed policy asks nobody
  }

  TEST_CASE("an approval names what the releases may delete and which of them are suspended") {
    const auto digest = [](const std::function<void(Release&)>& change) {
      Channel channel;
      channel.releases.emplace_back().name = "web";
      change(channel.releases.front());
      ChangeSet changes = change_set(0);
      set_policy(changes, nullptr, channel.policy, channel);
      return changes.approval_digest;
    };
    const auto plain = digest([](Release&) {});
    CHECK(digest([](Release& release) { release.timeout = Millis(1); }) == plain);
    CHECK(digest([](Release& release) { release.prune = true; }) == plain);  // the channel's, said again
    const std::vector<std::string> others = {
        digest([](Release& release) { release.prune = false; }),
        digest([](Release& release) { release.allow_empty = true; }),
        digest([](Release& release) { release.allow_delete = {"PersistentVolumeClaim"}; }),
        digest([](Release& release) { release.renamed_from = "old"; }),
        digest([](Release& release) { release.suspend = true; }),
        digest([](Release& release) { release.helm_name = "other"; }),
    };
    for (std::size_t i = 0; i < others.size(); ++i) {
      CHECK(others[i] != plain);
      for (std::size_t j = 0; j < i; ++j) CHECK(others[i] != others[j]);
    }
    CHECK(digest([](Release& release) { release.allow_delete = {"B", "A"}; }) ==
          digest([](Release& release) { release.allow_delete = {"A", "B", "A"}; }));
  }

  TEST_CASE("a mere tightening of what a release may delete needs no approval, a loosening does") {
    const auto waits = [](const RemovalSettings& before, const RemovalSettings& after) {
      Case c(change_set(0));
      c.policy.approvals = 1;
      c.changes.policy_changes = compare_removal("web", before, after);
      return !c.writes();
    };
    CHECK(waits({false, {}}, {true, {}}));
    CHECK_FALSE(waits({true, {}}, {false, {}}));
    CHECK(waits({true, {}}, {true, {"Namespace"}}));
    CHECK_FALSE(waits({true, {"Namespace"}}, {true, {}}));
    CHECK(waits({true, {"Namespace"}}, {false, {"PersistentVolume"}}));
    CHECK(stricter({true, {"B", "A"}}, {false, {"C", "B"}}) == RemovalSettings{false, {"B"}});
    CHECK(compare_removal("web", {true, {"B", "A"}}, {true, {"A", "B"}}).empty());
  }

  TEST_CASE("many deletes: more than the share and at least the number") {
    const auto waits = [](std::size_t removed, std::size_t live) {
      Case c(change_set(removed));
      c.facts.live_objects = live;
      return c["deletes"].decision == Decision::wait;
    };
    CHECK_FALSE(waits(30, 100));  // not more than 30 %
    CHECK(waits(31, 100));
    CHECK_FALSE(waits(9, 20));  // fewer than 10
    CHECK(waits(10, 20));
    CHECK(waits(3, 3));  // a whole channel, however small
    CHECK(waits(1, 0));  // how many there are is not known
    CHECK_FALSE(waits(0, 0));
    Case c(change_set(31));
    CHECK(c["deletes"].message == "31 of 100 objects of the channel would be removed");
    CHECK(c["deletes"].command == "gitopsctl approve prod --deletes " + c.changes.delete_digest());
    c.facts.approvals[c.changes.delete_digest()] = {"ada"};
    CHECK(c.writes());
    c.changes.releases[0].changes.push_back(c.changes.releases[0].changes.back());
    c.changes.releases[0].changes.back().id.name = "one more";
    CHECK_FALSE(c.writes());
    Case strict(change_set(2));
    strict.policy.delete_percent = 0;
    strict.policy.delete_at_least = 1;
    CHECK_FALSE(strict.writes());
  }

  TEST_CASE("without a policy the defaults hold") {
    Case c(change_set(31));
    c.facts.policy = nullptr;
    c.facts.changes = &c.changes;
    CHECK_FALSE(may_write(evaluate_guards(c.facts)));
  }

  TEST_CASE("property: pure, and further approvals never close what is open") {
    std::mt19937 random(9);
    const std::vector<std::string> people = {"ada", "bob", "cyd", ""};
    int opened = 0;
    for (int round = 0; round < 5000; ++round) {
      Case c(change_set(random() % 40, random() % 3));
      c.policy.approvals = random() % 4;
      c.policy.delete_percent = static_cast<double>(random() % 100);
      c.facts.live_objects = random() % 60;
      c.facts.suspended = random() % 10 == 0;
      if (random() % 10 == 0) c.facts.held_digest = "sha256:render";
      const std::vector<std::string> digests = {c.changes.approval_digest, c.changes.plan_digest, c.changes.delete_digest(),
                                                "sha256:else"};
      const auto approve = [&] {
        for (unsigned i = 0; i < random() % 4; ++i) {
          c.facts.approvals[digests[random() % digests.size()]].push_back(people[random() % people.size()]);
        }
      };
      approve();
      c.facts.policy = &c.policy;
      c.facts.changes = &c.changes;
      const auto before = evaluate_guards(c.facts);
      const auto again = evaluate_guards(c.facts);
      REQUIRE(before.size() == again.size());
      for (std::size_t i = 0; i < before.size(); ++i) {
        REQUIRE(before[i].message == again[i].message);
        REQUIRE(before[i].decision == again[i].decision);
        // Who waits says why; who passes has nothing to say.
        REQUIRE((before[i].decision == Decision::pass) == before[i].message.empty());
      }
      approve();
      const auto after = evaluate_guards(c.facts);
      for (std::size_t i = 0; i < before.size(); ++i) {
        if (before[i].decision == Decision::pass) REQUIRE(after[i].decision == Decision::pass);
        if (before[i].decision != Decision::pass && after[i].decision == Decision::pass) ++opened;
      }
    }
    CHECK(opened > 100);  // the property was tried where approvals matter
  }
}
