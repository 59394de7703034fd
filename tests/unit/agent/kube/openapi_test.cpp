#include "agent/kube/openapi.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "tests/support/scratch.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;

namespace {

constexpr std::string_view document = R"({"components":{"schemas":{
  "dev.x.Table":{"type":"object","properties":{
      "spec":{"allOf":[{"$ref":"#/components/schemas/dev.x.TableSpec"}],"default":{}}},
    "x-kubernetes-group-version-kind":[{"group":"x.dev","version":"v1","kind":"Table"}]},
  "dev.x.TableSpec":{"type":"object","properties":{
      "rows":{"type":"array","items":{"allOf":[{"$ref":"#/components/schemas/dev.x.Row"}],"default":{}},
              "x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["id","protocol"]},
      "names":{"type":"array","items":{"type":"string"},"x-kubernetes-list-type":"set"},
      "words":{"type":"array","items":{"type":"string"}},
      "nodes":{"type":"object","additionalProperties":{"$ref":"#/components/schemas/dev.x.Row"}},
      "self":{"$ref":"#/components/schemas/dev.x.TableSpec"},
      "lost":{"$ref":"#/components/schemas/not.there"}}},
  "dev.x.Row":{"type":"object","properties":{"id":{"type":"integer"},"weight":{"type":"integer","default":5}}},
  "unused":{"type":"object"}}}})";

/// A server that counts what it is asked for.
struct Server {
  std::map<std::string, std::string> answers;
  std::map<std::string, int> asked;

  OpenApi client(const std::string& directory = {}) {
    return {[this](const std::string& path, const Interrupt& /*interrupt*/) -> KubeResult<std::string> {
              ++asked[path];
              const auto found = answers.find(path);
              if (found != answers.end()) return found->second;
              return KubeError(KubeErrorClass::unavailable, Error(ErrorCode::unavailable, "no answer"));
            },
            "https://server", directory};
  }
};

std::string index_of(const std::string& hash) {
  return R"({"paths":{"apis/x.dev/v1":{"serverRelativeURL":"/openapi/v3/apis/x.dev/v1?hash=)" + hash + R"("}}})";
}

}  // namespace

TEST_SUITE("OpenAPI") {
  TEST_CASE("lists, keys and defaults are found through references, items and maps") {
    const auto read = SchemaDocument::parse(document);
    REQUIRE(read.ok());
    const auto& schema = **read;
    const SchemaNode* root = schema.kind("x.dev", "v1", "Table");
    REQUIRE(root != nullptr);
    CHECK(schema.kind("x.dev", "v2", "Table") == nullptr);
    const SchemaNode* spec = schema.field(root, "spec");
    const SchemaNode* rows = schema.field(spec, "rows");
    REQUIRE(rows != nullptr);
    CHECK(rows->list == SchemaNode::List::keyed);
    CHECK(rows->keys == std::vector<std::string>{"id", "protocol"});
    const SchemaNode* weight = schema.field(schema.items(rows), "weight");
    REQUIRE(weight != nullptr);
    CHECK(weight->default_json == "5");
    CHECK(schema.field(spec, "names")->list == SchemaNode::List::set);
    CHECK(schema.field(spec, "words")->list == SchemaNode::List::atomic);
    // Any key of a map, and a description that refers to itself.
    CHECK(schema.field(schema.field(schema.field(spec, "nodes"), "whatever"), "weight")->default_json == "5");
    CHECK(schema.field(schema.field(schema.field(spec, "self"), "self"), "rows") != nullptr);
    CHECK(schema.field(spec, "absent") == nullptr);
    CHECK(schema.field(rows, "id") == nullptr);
    CHECK(schema.field(schema.field(spec, "lost"), "x") == nullptr);
    CHECK(schema.field(nullptr, "x") == nullptr);
    CHECK(schema.bytes() > 0);
  }

  TEST_CASE("what describes nothing, or too much, is an error") {
    CHECK_FALSE(SchemaDocument::parse("").ok());
    CHECK_FALSE(SchemaDocument::parse("{}").ok());
    std::string deep =
        R"({"components":{"schemas":{"a":{"x-kubernetes-group-version-kind":[{"group":"g","version":"v","kind":"K"}],"x":1)";
    for (int i = 0; i < 200; ++i) deep += R"(,"items":{"x":1)";
    deep += std::string(200, '}') + "}}}}";
    CHECK_FALSE(SchemaDocument::parse(deep).ok());
  }

  TEST_CASE("a schema is fetched once, kept on disk by its hash, and fetched anew with another one") {
    const support::ScratchDir scratch;
    Server server;
    server.answers["/openapi/v3"] = index_of("A");
    server.answers["/openapi/v3/apis/x.dev/v1?hash=A"] = std::string(document);
    ManualClock clock{TimePoint{}};
    {
      OpenApi client = server.client(scratch / "schemas");
      CHECK(client.find("x.dev", "v1", clock, {}) != nullptr);
      CHECK(client.find("x.dev", "v1", clock, {}) != nullptr);
      CHECK(client.find("x.dev", "v7", clock, {}) == nullptr);
      CHECK(server.asked["/openapi/v3/apis/x.dev/v1?hash=A"] == 1);
    }
    OpenApi later = server.client(scratch / "schemas");
    CHECK(later.find("x.dev", "v1", clock, {}) != nullptr);
    CHECK(server.asked["/openapi/v3/apis/x.dev/v1?hash=A"] == 1);
    // Another hash, which the index tells a minute later.
    server.answers["/openapi/v3"] = index_of("B");
    server.answers["/openapi/v3/apis/x.dev/v1?hash=B"] = std::string(document);
    clock.advance(Millis(61'000));
    CHECK(later.find("x.dev", "v1", clock, {}) != nullptr);
    CHECK(server.asked["/openapi/v3/apis/x.dev/v1?hash=B"] == 1);
  }

  TEST_CASE("without an answer there is no schema, and it is not asked for again at once") {
    Server server;
    ManualClock clock{TimePoint{}};
    OpenApi client = server.client();
    for (int i = 0; i < 3; ++i) CHECK(client.find("x.dev", "v1", clock, {}) == nullptr);
    CHECK(server.asked["/openapi/v3"] == 1);
    server.answers["/openapi/v3"] = index_of("A");
    server.answers["/openapi/v3/apis/x.dev/v1?hash=A"] = "no JSON";
    clock.advance(Millis(61'000));
    CHECK(client.find("x.dev", "v1", clock, {}) == nullptr);
    server.answers["/openapi/v3/apis/x.dev/v1?hash=A"] = std::string(document);
    clock.advance(Millis(61'000));
    CHECK(client.find("x.dev", "v1", clock, {}) != nullptr);
  }
}
