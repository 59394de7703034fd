#include "agent/cluster/field_set.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "base/json/json.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;

namespace {

Value json(const std::string& text) {
  auto read = parse_json(text);
  REQUIRE_MESSAGE(read.ok(), text);
  return *read;
}

FieldSet set_of(const std::string& text) {
  auto read = FieldSet::parse(json(text));
  REQUIRE_MESSAGE(read.ok(), text);
  return *read;
}

std::string printed(const FieldSet& set) { return canonical_json(set.print()); }

/// Few steps, so that sets overlap: deeper, beside and above each other.
FieldSet random_set(std::mt19937& random) {
  static const std::vector<std::string> steps{"f:a",      "f:b.c", R"(k:{"name":"x"})", R"(k:{"port":1,"protocol":"TCP"})",
                                              R"(v:"y")", "i:0"};
  FieldSet out;
  const auto members = random() % 8;
  for (std::size_t i = 0; i < members; ++i) {
    FieldPath path;
    const auto depth = 1 + random() % 4;
    for (std::size_t j = 0; j < depth; ++j) path.push_back(steps[random() % steps.size()]);
    out.insert(path);
  }
  return out;
}

bool lies_in(const FieldPath& path, const FieldSet& set) {
  for (std::size_t n = 1; n <= path.size(); ++n) {
    if (set.contains(FieldPath(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(n)))) return true;
  }
  return false;
}

constexpr const char* deployment =
    R"({"f:metadata":{"f:labels":{".":{},"f:app.kubernetes.io/name":{}}},"f:spec":{"f:replicas":{},"f:selector":{},)"
    R"("f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"web\"}":{".":{},"f:image":{},"f:name":{},"f:ports":)"
    R"({"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{}}}}}}},"f:finalizers":{"v:\"x.org/y\"":{}}}})";

}  // namespace

TEST_SUITE("agent/cluster field sets") {
  TEST_CASE("a set is read, asked and written") {
    const FieldSet set = set_of(deployment);
    CHECK(printed(set) == canonical_json(json(deployment)));
    CHECK(set.contains({"f:spec", "f:replicas"}));
    CHECK(set.contains({"f:metadata", "f:labels"}));
    CHECK_FALSE(set.contains({"f:metadata"}));
    CHECK_FALSE(set.contains({"f:spec", "f:paused"}));
    // An atomic map is one member; a granular one is not owned by its key.
    CHECK(set.covers({"f:spec", "f:selector", "f:matchLabels", "f:app"}));
    CHECK_FALSE(set.contains({"f:spec", "f:selector", "f:matchLabels", "f:app"}));
    CHECK_FALSE(set.covers({"f:metadata", "f:labels", "f:other"}));
    CHECK(set.below("f:metadata")->below("f:labels")->is_member());
    CHECK(set.below("f:status") == nullptr);
    CHECK(set.size() == 10);
    CHECK(set.paths().size() == 10);
    CHECK(set.leaves().size() == 7);
    CHECK(FieldSet().empty());
    CHECK(printed(FieldSet()) == "{}");
    CHECK(set_of("{}").empty());
    // At the top a dot means nothing.
    CHECK(set_of(R"({".":{}})").empty());
  }

  TEST_CASE("steps have one spelling") {
    CHECK(set_of(R"({"f:a":{"k:{\"protocol\":\"TCP\", \"containerPort\":80.0}":{}}})") ==
          set_of(R"({"f:a":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{}}})"));
    CHECK(printed(set_of(R"({"f:a":{".":{}}})")) == R"({"f:a":{}})");
    CHECK(set_of(R"({"v:\"a\"":{"f:x":{}},"v:\"\\u0061\"":{"f:y":{}}})").size() == 2);
  }

  TEST_CASE("what is no set is an error") {
    for (const char* text : {"[]", "1", "null", R"({"a":{}})", R"({"f:a":1})", R"({"k:":{}})", R"({"k:{}":{}})",
                             R"({"k:[1]":{}})", R"({"v:":{}})", R"({"v:{":{}})", R"({"i:":{}})", R"({"i:-1":{}})",
                             R"({"i:1x":{}})", R"({"x:a":{}})", R"({"":{}})", R"({"f":{}})"}) {
      CHECK_MESSAGE(!FieldSet::parse(json(text)).ok(), text);
    }
    std::string deep;
    for (int i = 0; i < 200; ++i) deep += R"({"f:a":)";
    deep += "{}" + std::string(200, '}');
    const auto read = FieldSet::parse(json(deep));
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code() == ErrorCode::too_large);
    Value wide = Value::map();
    Value::Members members;
    for (std::size_t i = 0; i <= FieldSet::max_steps; ++i) {
      members.push_back({SharedString("f:" + std::to_string(i)), Value::map()});
    }
    CHECK_FALSE(FieldSet::parse(Value::map(std::move(members))).ok());
  }

  TEST_CASE("the laws of sets hold, member by member") {
    std::mt19937 random(20261122);  // NOLINT: the same sets in every run
    std::size_t members = 0;
    for (int i = 0; i < 3'000; ++i) {
      const FieldSet a = random_set(random);
      const FieldSet b = random_set(random);
      const FieldSet c = random_set(random);
      CAPTURE(printed(a));
      CAPTURE(printed(b));
      members += a.size();
      REQUIRE(FieldSet::parse(a.print()).value() == a);
      REQUIRE(a.united(b) == b.united(a));
      REQUIRE(a.united(a) == a);
      REQUIRE(a.united(b).united(c) == a.united(b.united(c)));
      REQUIRE(a.intersected(b) == b.intersected(a));
      REQUIRE(a.intersected(b.united(c)) == a.intersected(b).united(a.intersected(c)));
      REQUIRE(a.without(b).united(a.intersected(b)) == a);
      REQUIRE(a.without(b).intersected(b).empty());
      REQUIRE(a.without(a).empty());
      REQUIRE(a.without_whole(FieldSet()) == a);
      REQUIRE(a.without_whole(b) == a.without(b).without_whole(b));
      const FieldSet all = a.united(b);
      for (const auto& path : all.paths()) {
        REQUIRE((a.contains(path) || b.contains(path)));
        REQUIRE(a.intersected(b).contains(path) == (a.contains(path) && b.contains(path)));
        REQUIRE(a.without(b).contains(path) == (a.contains(path) && !b.contains(path)));
        REQUIRE(a.without_whole(b).contains(path) == (a.contains(path) && !lies_in(path, b)));
        if (all.contains(path)) REQUIRE(all.covers(path));
        const auto* below = all.below(path.front());
        const bool leaf = below != nullptr && all.leaves().contains(path);
        std::size_t under = 0;
        for (const auto& other : all.paths()) {
          under += other.size() > path.size() && std::equal(path.begin(), path.end(), other.begin()) ? 1 : 0;
        }
        REQUIRE(leaf == (under == 0));
        REQUIRE(all.find(conflict_text(path)).has_value());
      }
      const FieldPath prefix{"f:p", R"(k:{"name":"q"})"};
      REQUIRE(a.with_prefix(prefix).size() == a.size());
      for (const auto& path : a.paths()) {
        FieldPath longer = prefix;
        longer.insert(longer.end(), path.begin(), path.end());
        REQUIRE(a.with_prefix(prefix).contains(longer));
      }
    }
    CHECK(members > 5'000);
  }

  TEST_CASE("paths are written as conflicts name them, and as people read them") {
    const FieldPath port{"f:spec", "f:containers", R"(k:{"name":"web"})", "f:ports",
                         R"(k:{"containerPort":80,"protocol":"TCP"})"};
    CHECK(conflict_text(port) == R"(.spec.containers[name="web"].ports[containerPort=80,protocol="TCP"])");
    CHECK(path_text(port) == conflict_text(port));
    const FieldPath label{"f:metadata", "f:labels", "f:app.kubernetes.io/name"};
    CHECK(conflict_text(label) == ".metadata.labels.app.kubernetes.io/name");
    CHECK(path_text(label) == R"(.metadata.labels["app.kubernetes.io/name"])");
    CHECK(conflict_text({"f:metadata", "f:finalizers", R"(v:"x.org/y")"}) == R"(.metadata.finalizers[="x.org/y"])");
    CHECK(conflict_text({"f:a", "i:3"}) == ".a[3]");
    const FieldSet set = set_of(deployment);
    CHECK(set.find(".metadata.labels.app.kubernetes.io/name") == label);
    CHECK_FALSE(set.find(".metadata.labels.app").has_value());
    CHECK_FALSE(set.find(".spec").has_value());
    CHECK_FALSE(set.find("").has_value());
  }

  TEST_CASE("a path leads into an object, also where a default is not written") {
    const Value body = json(
        R"({"spec":{"containers":[{"name":"a"},{"name":"web","image":"i","ports":[{"containerPort":80}]}],"f":["p","q"]}})");
    const FieldPath ports{"f:spec", "f:containers", R"(k:{"name":"web"})", "f:ports"};
    FieldPath port = ports;
    port.emplace_back(R"(k:{"containerPort":80,"protocol":"TCP"})");
    CHECK(value_at(body, port) != nullptr);
    port.back() = R"(k:{"containerPort":80,"protocol":"UDP"})";
    CHECK(value_at(body, port) == nullptr);
    CHECK(value_at(body, {"f:spec", "f:f", R"(v:"q")"})->as_string() == "q");
    CHECK(value_at(body, {"f:spec", "f:f", "i:0"})->as_string() == "p");
    for (const FieldPath& path : std::vector<FieldPath>{{"f:x"},
                                                        {"f:spec", "i:0"},
                                                        {"f:spec", "f:f", "i:2"},
                                                        {"f:spec", "f:f", "f:p"},
                                                        {"f:spec", "f:f", "v:"},
                                                        {"f:spec", "f:f", R"(k:{"name":"p"})"},
                                                        {""},
                                                        {"k"}}) {
      CHECK(value_at(body, path) == nullptr);
      Value copy = body.deep_copy();
      CHECK_FALSE(erase_at(copy, path));
      CHECK(json_equal(copy, body));
    }
    Value copy = body.deep_copy();
    CHECK(erase_at(copy, {"f:spec", "f:f", R"(v:"p")"}));
    CHECK(erase_at(copy, {"f:spec", "f:containers", R"(k:{"name":"a"})"}));
    CHECK(erase_at(copy, {"f:spec", "f:containers", R"(k:{"name":"web"})", "f:image"}));
    CHECK_FALSE(erase_at(copy, {}));
    CHECK(canonical_json(copy) == R"({"spec":{"containers":[{"name":"web","ports":[{"containerPort":80}]}],"f":["q"]}})");
    FieldSet set;
    set.insert(ports);
    set.insert({"f:spec", "f:f", R"(v:"p")"});
    set.insert({"f:spec", "f:none"});
    CHECK(set.present_in(body).size() == 2);
    CHECK(set.present_in(copy).size() == 1);
  }
}
