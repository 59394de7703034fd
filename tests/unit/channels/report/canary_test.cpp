#include <doctest/doctest.h>

#include <string>

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/yaml/yaml.hpp"
#include "channels/report/report.hpp"
#include "tests/unit/channels/plan/change_builders.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;
using namespace gitopsctl::channels::test;

namespace {

// Every place has a canary of its own, so that a failure names the leak.
std::string canary(const std::string& place) { return "CANARY-" + place + "-8Zt!q\"Lx"; }

/// A release with secrets in every place where the field has leaked them. `generation` makes two sides differ.
std::string manifests(const std::string& generation) {
  const auto quoted = [](const std::string& text) { return canonical_json(Value::string(text)); };
  const auto base64 = [&](const std::string& place) { return base64_encode(canary(place + generation)); };
  const std::string copy =
      canonical_json(make_map({{"kind", Value::string("Secret")},
                               {"stringData", make_map({{"p", Value::string(canary("applied" + generation))}})}}));
  std::string text;
  text += "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: plain\n  annotations:\n";
  text += "    kubectl.kubernetes.io/last-applied-configuration: " + quoted(copy) + "\n";
  text += "    kapp.k14s.io/original: " + quoted(copy) + "\n";
  text += "    note: " + quoted("the password is " + canary("annotated" + generation)) + "\n";
  text += "data:\n  a: " + base64("data") + "\n  number: 74656" + generation + "\n";
  text += "stringData:\n  b: " + quoted(canary("string" + generation)) +
          "\n  c: " + quoted(canary("annotated" + generation)) + "\n  list: [" + quoted(canary("list" + generation)) + "]\n";
  text += "stringdata:\n  typo: " + quoted(canary("typo" + generation)) + "\n";
  text += "---\napiVersion: v1\nkind: SecretList\nitems:\n- metadata: {name: in-list}\n  data:\n    a: " + base64("inlist") +
          "\n";
  text += "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  annotations:\n";
  text += "    kubectl.kubernetes.io/last-applied-configuration: " +
          quoted(canonical_json(make_map({{"data", make_map({{"token", Value::string(canary("path" + generation))}})}}))) +
          "\n";
  text += "data:\n  token: " + quoted(canary("path" + generation)) +
          "\n  app.yaml: " + quoted("password: " + canary("file" + generation) + "\n") + "\n";
  return text;
}

const std::vector<render::SensitivePath>& sensitive() {
  static const std::vector<render::SensitivePath> paths = {{"ConfigMap", "settings", {"data", "token"}},
                                                           {"ConfigMap", "settings", {"data", "app.yaml", "password"}}};
  return paths;
}

RenderedRelease release(const std::string& generation) {
  auto out = rendered("web", manifests(generation));
  out.sensitive = sensitive();
  out.set->render_digest = render::render_digest(out.set->objects, out.sensitive);
  return out;
}

/// Every form of a report, and what it is made of.
std::string every_form(const ChangeSet& changes) {
  std::string out = report_markdown(changes, {});
  TableOptions table;
  table.colour = true;
  table.context = 1'000;
  out += report_table(changes, table);
  const Value value = report_value(changes);
  out += canonical_json(value);
  auto yaml_text = to_yaml(value);
  REQUIRE(yaml_text.ok());
  out += *yaml_text;
  for (const auto& one : changes.releases) {
    for (const auto& change : one.changes) out += canonical_json(change.before) + canonical_json(change.after) + change.why;
  }
  return out;
}

void check_clean(const std::string& text) {
  const auto at = text.find("CANARY");
  CHECK_MESSAGE(at == std::string::npos, text.substr(at < 60 ? 0 : at - 60, 160));
  CHECK(text.find("74656") == std::string::npos);
  for (const auto* place : {"data", "inlist", "string", "list", "typo", "applied", "annotated", "path", "file"}) {
    for (const auto* generation : {"1", "2"}) {
      for (std::size_t shift = 0; shift < 3; ++shift) {
        // Base64 at each alignment; the first and last groups depend on what stands around.
        const auto encoded = base64_encode(std::string(shift, '.') + canary(std::string(place) + generation));
        const auto middle = encoded.substr(4, encoded.size() - 12);
        CHECK_MESSAGE(text.find(middle) == std::string::npos, place << generation << " in base64");
      }
    }
  }
}

}  // namespace

TEST_SUITE("secret canary") {
  TEST_CASE("the test sees what it looks for") {
    const auto raw = release("1");
    std::string text;
    for (const auto& object : raw.set->objects) text += canonical_json(object.body);
    CHECK(text.find("CANARY-path1") != std::string::npos);
    CHECK(text.find(base64_encode(canary("data1"))) != std::string::npos);
  }

  TEST_CASE("changed, added, removed and kept secrets") {
    const std::vector<RenderedRelease> none;
    check_clean(every_form(diff_rendered("prod", "a", {release("1")}, "b", {release("2")})));
    check_clean(every_form(diff_rendered("prod", "a", none, "b", {release("1")})));
    check_clean(every_form(diff_rendered("prod", "a", {release("1")}, "b", none)));
    auto kept = release("1");
    kept.prune = false;
    check_clean(every_form(diff_rendered("prod", "a", {kept}, "b", none)));
  }

  TEST_CASE("a Secret that becomes another kind of object, and a sensitive path of one side only") {
    auto plain = release("2");
    plain.sensitive.clear();
    check_clean(every_form(diff_rendered("prod", "a", {release("1")}, "b", {plain})));
  }

  TEST_CASE("errors and warnings that quote values of either side") {
    for (const auto* generation : {"1", "2"}) {
      const auto value = canary(std::string("string") + generation);
      auto failing = broken("web", Error(ErrorCode::invalid_input, "cannot parse " + value)
                                       .with_hint("remove " + base64_encode(canary(std::string("data") + generation)))
                                       .in("near " + canonical_json(Value::string(value)))
                                       .also({Error(ErrorCode::invalid_input, "and " + value)}));
      failing.warnings.push_back("suspicious: " + value);
      check_clean(every_form(diff_rendered("prod", "a", {release(generation)}, "b", {failing})));
      auto other = broken("other", Error(ErrorCode::invalid_input, "cannot parse " + value));
      check_clean(every_form(diff_rendered("prod", "a", {}, "b", {release(generation), other})));
    }
  }

  TEST_CASE("live plans: created, drifted, adopted, removed, kept") {
    const auto plan = [](const std::string& desired, const std::string& live_text, const std::string& owner, bool recorded) {
      World world("web", desired);
      world.input.sensitive = sensitive();
      if (!live_text.empty()) {
        auto objects = render::read_objects(live_text, "live", "web");
        REQUIRE(objects.ok());
        for (const auto& object : *objects) {
          LiveItem item;
          item.uid = "uid";
          item.owner = owner;
          item.body = object.body;
          item.applied = object.body;
          world.live[object.id] = item;
          if (recorded) world.input.entries.push_back({object.id, "uid", hash_of(object.body), RecordedState::applied});
        }
      }
      world.input.settings.allow_empty = true;
      return plan_channel_live("prod", "a", "b", {world.input}, world.live);
    };
    check_clean(every_form(plan(manifests("1"), "", "", false)));
    const auto updated = plan(manifests("2"), manifests("1"), "set-web", true);
    CHECK(updated.counts().updated == 3);
    check_clean(every_form(updated));
    check_clean(every_form(plan(manifests("2"), manifests("1"), "", false)));
    const auto removed = plan("", manifests("1"), "set-web", true);
    CHECK(removed.counts().removed == 3);
    check_clean(every_form(removed));
    check_clean(every_form(plan("", manifests("1"), "set-other", true)));
    const auto foreign = plan(manifests("2"), manifests("1"), "set-other", false);
    CHECK(foreign.has_errors());
    check_clean(every_form(foreign));
  }
}
