#include "render/diff/diff.hpp"

#include <doctest/doctest.h>

#include <string>

#include "base/json/json.hpp"
#include "base/yaml/yaml.hpp"

using namespace gitopsctl;
using namespace gitopsctl::render;

namespace {

Value yaml(std::string_view text) {
  auto value = parse_yaml(text);
  REQUIRE_MESSAGE(value.ok(), (value.ok() ? "" : value.error().to_string()));
  return std::move(value).value();
}

std::vector<std::string> differences(std::string_view before, std::string_view after) {
  std::vector<std::string> out;
  for (const auto& change : diff_values(yaml(before), yaml(after))) {
    out.push_back(std::string(field_action_name(change.action)) + ' ' + change.path + ' ' + canonical_json(change.before) +
                  " > " + canonical_json(change.after));
  }
  return out;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_SUITE("diff_values") {
  TEST_CASE("equal values, also of other number kinds, do not differ") {
    CHECK(differences("{a: 1, b: [x]}", "{b: [x], a: 1.0}").empty());
  }

  TEST_CASE("maps, with keys that need quotes") {
    CHECK(differences("{a: {b: 1, c.d: x}}", "{a: {b: 2, e: w}, f: null}") ==
          Lines{"changed a.b 1 > 2", "removed a[\"c.d\"] \"x\" > null", "added a.e null > \"w\"", "added f null > null"});
    CHECK(differences("1", "[1]") == Lines{"changed  1 > [1]"});
  }

  TEST_CASE("list items are matched by name") {
    CHECK(
        differences("{c: [{name: a, image: x}, {name: b, image: w}]}", "{c: [{name: m, image: z}, {name: a, image: x2}]}") ==
        Lines{"changed c[name=a].image \"x\" > \"x2\"", "removed c[name=b] {\"image\":\"w\",\"name\":\"b\"} > null",
              "added c[name=m] null > {\"image\":\"z\",\"name\":\"m\"}"});
  }

  TEST_CASE("another order of named items is one difference") {
    CHECK(differences("{c: [{name: a}, {name: b}]}", "{c: [{name: b}, {name: a, x: 1}]}") ==
          Lines{"added c[name=a].x null > 1", "reordered c [\"name=a\",\"name=b\"] > [\"name=b\",\"name=a\"]"});
  }

  TEST_CASE("ports by number and protocol") {
    CHECK(differences("{p: [{containerPort: 53, protocol: UDP}, {containerPort: 53, x: 1}]}",
                      "{p: [{containerPort: 53, protocol: UDP}, {containerPort: 53, protocol: TCP, x: 2}]}") ==
          Lines{"added p[containerPort=53].protocol null > \"TCP\"", "changed p[containerPort=53].x 1 > 2"});
  }

  TEST_CASE("a doubled or missing name falls back to another key, then to positions") {
    CHECK(differences("{p: [{name: a, mountPath: /x}, {name: a, mountPath: /y}]}", "{p: [{name: a, mountPath: /y}]}") ==
          Lines{"removed p[mountPath=/x] {\"mountPath\":\"/x\",\"name\":\"a\"} > null"});
    CHECK(differences("{p: [a, b, c, d]}", "{p: [a, x, d]}") ==
          Lines{"changed p[1] \"b\" > \"x\"", "removed p[2] \"c\" > null"});
    CHECK(differences("{p: [a, d]}", "{p: [a, b, c, d]}") == Lines{"added p[1] null > \"b\"", "added p[2] null > \"c\""});
    CHECK(differences("{p: []}", "{p: [{name: a}]}") == Lines{"added p[0] null > {\"name\":\"a\"}"});
  }
}

TEST_SUITE("diff_text") {
  TEST_CASE("is the unified diff of the YAML") {
    CHECK(diff_text(yaml("{a: 1, b: {c: x}}"), yaml("{a: 2, b: {c: x}}")) ==
          "@@ -1,3 +1,3 @@\n-a: 1\n+a: 2\n b:\n   c: x\n");
    CHECK(diff_text({}, yaml("{a: 1}"), {.from_name = "old", .to_name = "new"}) ==
          "--- old\n+++ new\n@@ -0,0 +1 @@\n+a: 1\n");
    CHECK(diff_text(yaml("{a: 1}"), {}) == "@@ -1 +0,0 @@\n-a: 1\n");
    CHECK(diff_text({}, {}).empty());
  }

  TEST_CASE("what YAML cannot say is compared as JSON on both sides") {
    const Value bad = make_map({{"a", Value::string("\x7f")}});
    const auto diff = diff_text(yaml("{a: b}"), bad);
    CHECK(diff.find("-  \"a\": \"b\"") != std::string::npos);
    CHECK(diff.find("+  \"a\"") != std::string::npos);
  }
}
