#include "render/release/lookup_snapshot.hpp"

#include <doctest/doctest.h>

#include "base/json/json.hpp"

using namespace gitopsctl;
using namespace gitopsctl::render;

TEST_SUITE("release/lookup snapshot") {
  TEST_CASE("objects, lists of a namespace and of all, and nothing") {
    auto objects = read_objects(
        "kind: List\napiVersion: v1\nitems:\n"
        "- {apiVersion: v1, kind: Secret, metadata: {name: a, namespace: one}, data: {k: dg==}}\n"
        "- {apiVersion: v1, kind: Secret, metadata: {name: b, namespace: two}}\n"
        "- {apiVersion: v1, kind: Namespace, metadata: {name: one}}\n",
        "snapshot.yaml", "default");
    REQUIRE(objects.ok());
    const auto lookup = lookup_in(*std::move(objects));
    const auto ask = [&](const std::string& version, const std::string& kind, const std::string& space,
                         const std::string& name) {
      const auto found = lookup({version, kind, space, name});
      REQUIRE(found.ok());
      return *found;
    };
    CHECK(ask("v1", "Secret", "one", "a").string_at({"data", "k"}) == "dg==");
    CHECK(ask("v1", "Secret", "two", "a").size() == 0);
    CHECK(ask("v2", "Secret", "one", "a").size() == 0);
    CHECK(ask("v1", "ConfigMap", "one", "a").size() == 0);
    CHECK(ask("v1", "Namespace", "", "one").string_at({"metadata", "name"}) == "one");
    CHECK(ask("v1", "Secret", "", "").find("items")->size() == 2);
    CHECK(ask("v1", "Secret", "", "").string_at({"kind"}) == "SecretList");
    CHECK(ask("v1", "Secret", "two", "").find("items")->size() == 1);
    CHECK(ask("v1", "Pod", "two", "").find("items")->size() == 0);
  }
}
