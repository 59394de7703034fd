#include "channels/model/policy.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "base/json/json.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;

namespace {

FreezeWindow holidays() {
  FreezeWindow window;
  window.from = *parse_time("2026-12-20T00:00:00Z");
  window.to = *parse_time("2027-01-03T00:00:00Z");
  window.reason = "holidays";
  return window;
}

FreezeWindow weekend(int offset = 60) {
  FreezeWindow window;
  window.days = {6, 5, 0};
  window.from_minute = 16 * 60;
  window.to_minute = 8 * 60;
  window.offset_minutes = offset;
  return window;
}

std::vector<std::string> words(const Policy& before, const Policy& after) {
  std::vector<std::string> out;
  for (const auto& change : compare_policies(before, after)) out.push_back(policy_change_text(change));
  return out;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_SUITE("channels/model policy") {
  TEST_CASE("each difference is one line, from what to what") {
    Policy strict;
    strict.approvals = 2;
    strict.freeze = {holidays(), weekend()};
    Policy loose;
    loose.delete_percent = 99.5;
    loose.delete_at_least = 1000;
    loose.prune = false;
    loose.self_heal = false;
    loose.freeze = {weekend(-90)};
    CHECK(words(strict, strict).empty());
    CHECK(words(strict, loose) == Words{"approvals: 2 → 0", "guards.deletes.percent: 30 → 99.5",
                                        "guards.deletes.atLeast: 10 → 1000", "prune: true → false", "selfHeal: true → false",
                                        "freeze: Sun, Fri, Sat 16:00 to 08:00 +01:00 → none",
                                        "freeze: 2026-12-20T00:00:00Z to 2027-01-03T00:00:00Z (holidays) → none",
                                        "freeze: none → Sun, Fri, Sat 16:00 to 08:00 -01:30"});
  }

  TEST_CASE("the order and the place of windows are no difference; a second equal one is") {
    Policy one;
    one.freeze = {holidays(), weekend()};
    Policy other;
    other.freeze = {weekend(), holidays()};
    other.freeze[0].days = {0, 5, 6, 5};
    other.freeze[0].where.line = 7;
    CHECK(words(one, other).empty());
    CHECK(canonical_json(policy_value(one)) == canonical_json(policy_value(other)));
    other.freeze.push_back(holidays());
    CHECK(words(one, other).size() == 1);
  }

  TEST_CASE("property: what is written is read again, and equal forms are exactly those without a difference") {
    std::mt19937 random(5);
    const auto any = [&] {
      Policy out;
      out.approvals = random() % 2;
      out.delete_percent = random() % 2 == 0 ? 30 : 12.5;
      out.delete_at_least = random() % 2;
      out.prune = random() % 2 == 0;
      out.self_heal = random() % 2 == 0;
      if (random() % 2 == 0) out.freeze.push_back(holidays());
      if (random() % 2 == 0) out.freeze.push_back(weekend(static_cast<int>(random() % 2)));
      std::shuffle(out.freeze.begin(), out.freeze.end(), random);
      return out;
    };
    int equal = 0;
    for (int round = 0; round < 3000; ++round) {
      const Policy a = any();
      const Policy b = any();
      const auto form = canonical_json(policy_value(a));
      const auto again = parse_policy(*parse_json(form));
      REQUIRE(again.ok());
      REQUIRE(canonical_json(policy_value(*again)) == form);
      const bool same = form == canonical_json(policy_value(b));
      REQUIRE(same == compare_policies(a, b).empty());
      equal += same ? 1 : 0;
    }
    CHECK(equal > 5);
  }

  TEST_CASE("a damaged form is an error, never a looser policy") {
    Policy policy;
    policy.approvals = 2;
    policy.freeze = {weekend()};
    const Value whole = policy_value(policy);
    for (const auto& member : whole.as_map()) {
      Value less = whole.deep_copy();
      less.erase(member.key.view());
      CHECK_FALSE(parse_policy(less).ok());
      Value other = whole.deep_copy();
      other.set(member.key.view(), Value::string("x"));
      CHECK_FALSE(parse_policy(other).ok());
    }
    Value far = whole.deep_copy();
    far.set("approvals", Value::int64(std::int64_t{1} << 32));  // would be none in 32 bits
    CHECK_FALSE(parse_policy(far).ok());
    Value day = whole.deep_copy();
    day.set("freeze", Value::list({make_map({{"days", Value::list({Value::int64(9)})}})}));
    CHECK_FALSE(parse_policy(day).ok());
    CHECK_FALSE(parse_policy(Value::null()).ok());
  }
}
