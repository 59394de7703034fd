#include "render/schema/plain_schema.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "render/functions/go_json.hpp"
#include "render/schema/schema.hpp"

using namespace gitopsctl;
using namespace gitopsctl::render;
using schema::look_at_schema;
using schema::Plainness;
using schema::Schema;

namespace {

const std::vector<std::pair<int, std::string>>& drafts() {
  static const std::vector<std::pair<int, std::string>> all{
      {4, "http://json-schema.org/draft-04/schema#"},         {6, "http://json-schema.org/draft-06/schema#"},
      {7, "http://json-schema.org/draft-07/schema#"},         {2019, "https://json-schema.org/draft/2019-09/schema"},
      {2020, "https://json-schema.org/draft/2020-12/schema"},
  };
  return all;
}

Value read(const std::string& json) {
  auto value = parse_go_json_numbers(json);
  REQUIRE(value.ok());
  return *std::move(value);
}

/// The metaschema of a draft, to be applied to documents as to any value.
Schema metaschema(const std::string& url) {
  auto compiled =
      Schema::compile(R"({"$schema":"http://json-schema.org/draft-07/schema#","allOf":[{"$ref":")" + url + R"("}]})");
  REQUIRE(compiled.ok());
  return *std::move(compiled);
}

}  // namespace

TEST_SUITE("render/schema/plain_schema") {
  TEST_CASE("what charts have is known to be plain") {
    const auto document = read(R"({
      "$schema": "http://json-schema.org/draft-07/schema#",
      "type": "object", "title": "t", "description": "d", "required": ["a"], "additionalProperties": false,
      "definitions": {"port": {"type": ["integer", "string"], "minimum": 1, "maximum": 65535}},
      "properties": {
        "a": {"$ref": "#/definitions/port"},
        "b": {"type": "string", "enum": ["x", "y"], "default": "x", "pattern": "^[a-z]+$", "minLength": 1},
        "c": {"type": "array", "items": {"type": "object", "patternProperties": {"^x-": true}}, "uniqueItems": true},
        "d": {"anyOf": [{"type": "null"}, {"not": {"const": 3}}], "if": {"type": "null"}, "then": {"title": "nothing"}},
        "type": {"type": "string"}
      }
    })");
    CHECK(look_at_schema(document, 7) == Plainness::plain);
  }

  TEST_CASE("an identity makes it no longer plain, what is rare nothing certain") {
    CHECK(look_at_schema(read(R"({"$id": "https://example.com/a.json"})"), 7) == Plainness::plain);
    CHECK(look_at_schema(read(R"({"$id": "http://example.com/a.json"})"), 2019) == Plainness::plain);
    CHECK(look_at_schema(read(R"({"$id": "http://json-schema.org/draft-07/schema"})"), 7) == Plainness::unknown);
    CHECK(look_at_schema(read(R"({"enum": ["a", null, true, 3]})"), 7) == Plainness::plain);
    CHECK(look_at_schema(read(R"({"enum": ["3", 3]})"), 7) == Plainness::unknown);
    CHECK(look_at_schema(read(R"({"properties": {"a": {"$id": "https://example.com/a.json"}}})"), 7) == Plainness::valid);
    for (const std::string json :
         {R"({"$anchor": "x"})", R"({"type": "text"})", R"({"type": []})", R"({"required": true})",
          R"({"required": ["a", "a"]})", R"({"properties": []})", R"({"properties": {"a": "string"}})",
          R"({"$ref": "other.json"})", R"({"minLength": -1})", R"({"minLength": 1.5})", R"({"enum": []})",
          R"({"pattern": "["})", R"({"patternProperties": {"(": {}}})", R"({"items": []})", R"({"allOf": []})",
          R"({"properties": {"a": {"$schema": "http://json-schema.org/schema"}}})", "3"}) {
      CAPTURE(json);
      for (const auto& [draft, url] : drafts()) CHECK(look_at_schema(read(json), draft) == Plainness::unknown);
    }
    CHECK(look_at_schema(read(R"({"items": [{}]})"), 2019) == Plainness::plain);
    CHECK(look_at_schema(read(R"({"items": [{}]})"), 2020) == Plainness::unknown);
    CHECK(look_at_schema(read(R"({"not": true})"), 4) == Plainness::unknown);
    CHECK(look_at_schema(read(R"({"not": true})"), 6) == Plainness::plain);
    CHECK(look_at_schema(read(R"({"additionalProperties": true, "$schema": 3})"), 4) == Plainness::unknown);
    CHECK(look_at_schema(read(R"({"$schema": "json-schema.org/draft-07/schema"})"), 7) == Plainness::unknown);
    CHECK(look_at_schema(read(R"({"$schema": "http://json-schema.org/draft-07/schema"})"), 7) == Plainness::plain);
  }

  TEST_CASE("what is called valid is valid by the metaschema: every keyword with every kind of content") {
    const std::vector<std::string> words{"$anchor",
                                         "$comment",
                                         "$defs",
                                         "$dynamicAnchor",
                                         "$dynamicRef",
                                         "$id",
                                         "$recursiveAnchor",
                                         "$recursiveRef",
                                         "$ref",
                                         "$vocabulary",
                                         "additionalItems",
                                         "additionalProperties",
                                         "allOf",
                                         "anyOf",
                                         "const",
                                         "contains",
                                         "contentEncoding",
                                         "contentMediaType",
                                         "contentSchema",
                                         "default",
                                         "definitions",
                                         "dependencies",
                                         "dependentRequired",
                                         "dependentSchemas",
                                         "deprecated",
                                         "description",
                                         "else",
                                         "enum",
                                         "examples",
                                         "exclusiveMaximum",
                                         "exclusiveMinimum",
                                         "format",
                                         "id",
                                         "if",
                                         "items",
                                         "maxContains",
                                         "maxItems",
                                         "maxLength",
                                         "maxProperties",
                                         "maximum",
                                         "minContains",
                                         "minItems",
                                         "minLength",
                                         "minProperties",
                                         "minimum",
                                         "multipleOf",
                                         "not",
                                         "oneOf",
                                         "pattern",
                                         "patternProperties",
                                         "prefixItems",
                                         "properties",
                                         "propertyNames",
                                         "readOnly",
                                         "required",
                                         "then",
                                         "title",
                                         "type",
                                         "unevaluatedItems",
                                         "unevaluatedProperties",
                                         "uniqueItems",
                                         "writeOnly",
                                         "other"};
    const std::vector<std::string> contents{"null",
                                            "true",
                                            "false",
                                            "0",
                                            "1",
                                            "3",
                                            "-1",
                                            "1.5",
                                            "1e3",
                                            "1.0",
                                            R"("")",
                                            R"("string")",
                                            R"("#")",
                                            R"("#/a")",
                                            R"("#a")",
                                            R"("a b")",
                                            R"("https://a.b/c")",
                                            R"("https://a.b/c#d")",
                                            R"("(")",
                                            R"("^a$")",
                                            "[]",
                                            "[1]",
                                            "[true]",
                                            R"(["1",1])",
                                            R"(["a",null,false,7])",
                                            "[{}]",
                                            R"(["a"])",
                                            R"(["a","b"])",
                                            R"(["a","a"])",
                                            R"(["string","null"])",
                                            R"(["string","string"])",
                                            "{}",
                                            R"({"a":{}})",
                                            R"({"a":true})",
                                            R"({"a":1})",
                                            R"({"a":["b"]})",
                                            R"({"a":{"type":"x"}})",
                                            R"({"(":{}})",
                                            R"({"type":"string"})",
                                            R"({"type":"text"})",
                                            R"({"not":false})"};
    std::size_t known = 0;
    std::size_t wrong = 0;
    for (const auto& [draft, url] : drafts()) {
      const auto meta = metaschema(url);
      for (const auto& word : words) {
        for (const auto& content : contents) {
          for (const std::string frame :
               {"{\"W\":C}", R"({"properties":{"p":{"W":C}}})", R"({"items":{"W":C},"minimum":1})"}) {
            auto json = frame;
            json.replace(json.find('W'), 1, word);
            json.replace(json.find("C}"), 1, content);
            const auto document = read(json);
            const bool said = look_at_schema(document, draft) != Plainness::unknown;
            const auto problems = meta.problems(document);
            REQUIRE(problems.ok());
            known += said ? 1 : 0;
            wrong += problems->empty() ? 0 : 1;
            INFO(draft, " ", json, "\n", *problems);
            CHECK_FALSE((said && !problems->empty()));
          }
        }
      }
    }
    // So that neither answer goes missing without anybody noticing.
    CHECK(known > 6'000);
    CHECK(wrong > 8'000);
  }
}
