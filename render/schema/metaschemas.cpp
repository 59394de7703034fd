#include "render/schema/metaschemas.hpp"

#include <algorithm>
#include <array>

namespace gitopsctl::render::schema {
namespace {

// The schemas of schemas that json-schema.org publishes, without what says nothing about validity.

constexpr std::string_view draft_4 =
    R"json({"$schema":"http://json-schema.org/draft-04/schema#","type":"object","dependencies":{"exclusiveMaximum":["maximum"],
 "exclusiveMinimum":["minimum"]},
"properties":{
 "$ref":{"type":"string"},"$schema":{"type":"string","format":"uri"},
 "additionalItems":{"anyOf":[{"type":"boolean"},{"$ref":"#"}]},
 "additionalProperties":{"anyOf":[{"type":"boolean"},{"$ref":"#"}]},"allOf":{"$ref":"#/definitions/schemaArray"},
 "anyOf":{"$ref":"#/definitions/schemaArray"},"default":{},
 "definitions":{"type":"object","additionalProperties":{"$ref":"#"}},
 "dependencies":{"type":"object","additionalProperties":{"anyOf":[{"$ref":"#"},{"$ref":"#/definitions/stringArray"}]}},
 "description":{"type":"string"},"enum":{"type":"array","minItems":1,"uniqueItems":true},
 "exclusiveMaximum":{"type":"boolean"},"exclusiveMinimum":{"type":"boolean"},"format":{"type":"string"},
 "id":{"type":"string","format":"uriref"},"items":{"anyOf":[{"$ref":"#"},{"$ref":"#/definitions/schemaArray"}]},
 "maxItems":{"$ref":"#/definitions/positiveInteger"},"maxLength":{"$ref":"#/definitions/positiveInteger"},
 "maxProperties":{"$ref":"#/definitions/positiveInteger"},"maximum":{"type":"number"},
 "minItems":{"$ref":"#/definitions/positiveIntegerDefault0"},
 "minLength":{"$ref":"#/definitions/positiveIntegerDefault0"},
 "minProperties":{"$ref":"#/definitions/positiveIntegerDefault0"},"minimum":{"type":"number"},
 "multipleOf":{"type":"number","minimum":0,"exclusiveMinimum":true},"not":{"$ref":"#"},
 "oneOf":{"$ref":"#/definitions/schemaArray"},"pattern":{"type":"string","format":"regex"},
 "patternProperties":{"type":"object","additionalProperties":{"$ref":"#"}},
 "properties":{"type":"object","additionalProperties":{"$ref":"#"}},"required":{"$ref":"#/definitions/stringArray"},
 "title":{"type":"string"},
 "type":{"anyOf":[{"$ref":"#/definitions/simpleTypes"},{"type":"array","items":{"$ref":"#/definitions/simpleTypes"},
 "minItems":1,"uniqueItems":true}]},
 "uniqueItems":{"type":"boolean"}},
"definitions":{
 "positiveInteger":{"type":"integer","minimum":0},
 "positiveIntegerDefault0":{"allOf":[{"$ref":"#/definitions/positiveInteger"},{}]},
 "schemaArray":{"type":"array","minItems":1,"items":{"$ref":"#"}},
 "simpleTypes":{"enum":["array","boolean","integer","null","number","object","string"]},
 "stringArray":{"type":"array","items":{"type":"string"},"minItems":1,"uniqueItems":true}}})json";

constexpr std::string_view draft_6 =
    R"json({"$schema":"http://json-schema.org/draft-06/schema#","$id":"http://json-schema.org/draft-06/schema#","type":["object",
 "boolean"],
"properties":{
 "$id":{"type":"string","format":"uri-reference"},"$ref":{"type":"string","format":"uri-reference"},
 "$schema":{"type":"string","format":"uri"},"additionalItems":{"$ref":"#"},"additionalProperties":{"$ref":"#"},
 "allOf":{"$ref":"#/definitions/schemaArray"},"anyOf":{"$ref":"#/definitions/schemaArray"},"const":{},
 "contains":{"$ref":"#"},"default":{},"definitions":{"type":"object","additionalProperties":{"$ref":"#"}},
 "dependencies":{"type":"object","additionalProperties":{"anyOf":[{"$ref":"#"},{"$ref":"#/definitions/stringArray"}]}},
 "description":{"type":"string"},"enum":{"type":"array","minItems":1,"uniqueItems":true},
 "exclusiveMaximum":{"type":"number"},"exclusiveMinimum":{"type":"number"},"format":{"type":"string"},
 "items":{"anyOf":[{"$ref":"#"},{"$ref":"#/definitions/schemaArray"}]},
 "maxItems":{"$ref":"#/definitions/nonNegativeInteger"},"maxLength":{"$ref":"#/definitions/nonNegativeInteger"},
 "maxProperties":{"$ref":"#/definitions/nonNegativeInteger"},"maximum":{"type":"number"},
 "minItems":{"$ref":"#/definitions/nonNegativeIntegerDefault0"},
 "minLength":{"$ref":"#/definitions/nonNegativeIntegerDefault0"},
 "minProperties":{"$ref":"#/definitions/nonNegativeIntegerDefault0"},"minimum":{"type":"number"},
 "multipleOf":{"type":"number","exclusiveMinimum":0},"not":{"$ref":"#"},"oneOf":{"$ref":"#/definitions/schemaArray"},
 "pattern":{"type":"string","format":"regex"},
 "patternProperties":{"type":"object","additionalProperties":{"$ref":"#"}},
 "properties":{"type":"object","additionalProperties":{"$ref":"#"}},"propertyNames":{"$ref":"#"},
 "required":{"$ref":"#/definitions/stringArray"},"title":{"type":"string"},
 "type":{"anyOf":[{"$ref":"#/definitions/simpleTypes"},{"type":"array","items":{"$ref":"#/definitions/simpleTypes"},
 "minItems":1,"uniqueItems":true}]},
 "uniqueItems":{"type":"boolean"}},
"definitions":{
 "nonNegativeInteger":{"type":"integer","minimum":0},
 "nonNegativeIntegerDefault0":{"allOf":[{"$ref":"#/definitions/nonNegativeInteger"},{}]},
 "schemaArray":{"type":"array","minItems":1,"items":{"$ref":"#"}},
 "simpleTypes":{"enum":["array","boolean","integer","null","number","object","string"]},
 "stringArray":{"type":"array","items":{"type":"string"},"uniqueItems":true}}})json";

constexpr std::string_view draft_7 =
    R"json({"$schema":"http://json-schema.org/draft-07/schema#","$id":"http://json-schema.org/draft-07/schema#","type":["object",
 "boolean"],
"properties":{
 "$comment":{"type":"string"},"$id":{"type":"string","format":"uri-reference"},
 "$ref":{"type":"string","format":"uri-reference"},"$schema":{"type":"string","format":"uri"},
 "additionalItems":{"$ref":"#"},"additionalProperties":{"$ref":"#"},"allOf":{"$ref":"#/definitions/schemaArray"},
 "anyOf":{"$ref":"#/definitions/schemaArray"},"const":true,"contains":{"$ref":"#"},
 "contentEncoding":{"type":"string"},"contentMediaType":{"type":"string"},"default":true,
 "definitions":{"type":"object","additionalProperties":{"$ref":"#"}},
 "dependencies":{"type":"object","additionalProperties":{"anyOf":[{"$ref":"#"},{"$ref":"#/definitions/stringArray"}]}},
 "description":{"type":"string"},"else":{"$ref":"#"},
 "enum":{"type":"array","items":true,"minItems":1,"uniqueItems":true},"examples":{"type":"array","items":true},
 "exclusiveMaximum":{"type":"number"},"exclusiveMinimum":{"type":"number"},"format":{"type":"string"},
 "if":{"$ref":"#"},"items":{"anyOf":[{"$ref":"#"},{"$ref":"#/definitions/schemaArray"}]},
 "maxItems":{"$ref":"#/definitions/nonNegativeInteger"},"maxLength":{"$ref":"#/definitions/nonNegativeInteger"},
 "maxProperties":{"$ref":"#/definitions/nonNegativeInteger"},"maximum":{"type":"number"},
 "minItems":{"$ref":"#/definitions/nonNegativeIntegerDefault0"},
 "minLength":{"$ref":"#/definitions/nonNegativeIntegerDefault0"},
 "minProperties":{"$ref":"#/definitions/nonNegativeIntegerDefault0"},"minimum":{"type":"number"},
 "multipleOf":{"type":"number","exclusiveMinimum":0},"not":{"$ref":"#"},"oneOf":{"$ref":"#/definitions/schemaArray"},
 "pattern":{"type":"string","format":"regex"},
 "patternProperties":{"type":"object","additionalProperties":{"$ref":"#"},"propertyNames":{"format":"regex"}},
 "properties":{"type":"object","additionalProperties":{"$ref":"#"}},"propertyNames":{"$ref":"#"},
 "readOnly":{"type":"boolean"},"required":{"$ref":"#/definitions/stringArray"},"then":{"$ref":"#"},
 "title":{"type":"string"},
 "type":{"anyOf":[{"$ref":"#/definitions/simpleTypes"},{"type":"array","items":{"$ref":"#/definitions/simpleTypes"},
 "minItems":1,"uniqueItems":true}]},
 "uniqueItems":{"type":"boolean"},"writeOnly":{"type":"boolean"}},
"definitions":{
 "nonNegativeInteger":{"type":"integer","minimum":0},
 "nonNegativeIntegerDefault0":{"allOf":[{"$ref":"#/definitions/nonNegativeInteger"},{}]},
 "schemaArray":{"type":"array","minItems":1,"items":{"$ref":"#"}},
 "simpleTypes":{"enum":["array","boolean","integer","null","number","object","string"]},
 "stringArray":{"type":"array","items":{"type":"string"},"uniqueItems":true}}})json";

constexpr std::string_view draft_2019 =
    R"json({"$schema":"https://json-schema.org/draft/2019-09/schema","$id":"https://json-schema.org/draft/2019-09/schema",
 "$recursiveAnchor":true,"allOf":[{"$ref":"meta/core"},{"$ref":"meta/applicator"},{"$ref":"meta/validation"},
 {"$ref":"meta/meta-data"},{"$ref":"meta/format"},{"$ref":"meta/content"}],"type":["object","boolean"],
"properties":{
 "definitions":{"type":"object","additionalProperties":{"$recursiveRef":"#"}},
 "dependencies":{"type":"object","additionalProperties":{"anyOf":[{"$recursiveRef":"#"},
 {"$ref":"meta/validation#/$defs/stringArray"}]}}}})json";

constexpr std::string_view draft_2019_core =
    R"json({"$schema":"https://json-schema.org/draft/2019-09/schema","$id":"https://json-schema.org/draft/2019-09/meta/core",
 "$recursiveAnchor":true,"type":["object","boolean"],
"properties":{
 "$anchor":{"type":"string","pattern":"^[A-Za-z][-A-Za-z0-9.:_]*$"},"$comment":{"type":"string"},
 "$defs":{"type":"object","additionalProperties":{"$recursiveRef":"#"}},
 "$id":{"type":"string","format":"uri-reference","pattern":"^[^#]*#?$"},"$recursiveAnchor":{"type":"boolean"},
 "$recursiveRef":{"type":"string","format":"uri-reference"},"$ref":{"type":"string","format":"uri-reference"},
 "$schema":{"type":"string","format":"uri"},
 "$vocabulary":{"type":"object","propertyNames":{"type":"string","format":"uri"},
 "additionalProperties":{"type":"boolean"}}}})json";

constexpr std::string_view draft_2019_applicator =
    R"json({"$schema":"https://json-schema.org/draft/2019-09/schema","$id":"https://json-schema.org/draft/2019-09/meta/applicator",
 "$recursiveAnchor":true,"type":["object","boolean"],
"properties":{
 "additionalItems":{"$recursiveRef":"#"},"additionalProperties":{"$recursiveRef":"#"},
 "allOf":{"$ref":"#/$defs/schemaArray"},"anyOf":{"$ref":"#/$defs/schemaArray"},"contains":{"$recursiveRef":"#"},
 "dependentSchemas":{"type":"object","additionalProperties":{"$recursiveRef":"#"}},"else":{"$recursiveRef":"#"},
 "if":{"$recursiveRef":"#"},"items":{"anyOf":[{"$recursiveRef":"#"},{"$ref":"#/$defs/schemaArray"}]},
 "not":{"$recursiveRef":"#"},"oneOf":{"$ref":"#/$defs/schemaArray"},
 "patternProperties":{"type":"object","additionalProperties":{"$recursiveRef":"#"},"propertyNames":{"format":"regex"}},
 "properties":{"type":"object","additionalProperties":{"$recursiveRef":"#"}},"propertyNames":{"$recursiveRef":"#"},
 "then":{"$recursiveRef":"#"},"unevaluatedItems":{"$recursiveRef":"#"},"unevaluatedProperties":{"$recursiveRef":"#"}},
"$defs":{
 "schemaArray":{"type":"array","minItems":1,"items":{"$recursiveRef":"#"}}}})json";

constexpr std::string_view draft_2019_validation =
    R"json({"$schema":"https://json-schema.org/draft/2019-09/schema","$id":"https://json-schema.org/draft/2019-09/meta/validation",
 "$recursiveAnchor":true,"type":["object","boolean"],
"properties":{
 "const":true,"dependentRequired":{"type":"object","additionalProperties":{"$ref":"#/$defs/stringArray"}},
 "enum":{"type":"array","items":true},"exclusiveMaximum":{"type":"number"},"exclusiveMinimum":{"type":"number"},
 "maxContains":{"$ref":"#/$defs/nonNegativeInteger"},"maxItems":{"$ref":"#/$defs/nonNegativeInteger"},
 "maxLength":{"$ref":"#/$defs/nonNegativeInteger"},"maxProperties":{"$ref":"#/$defs/nonNegativeInteger"},
 "maximum":{"type":"number"},"minContains":{"$ref":"#/$defs/nonNegativeInteger"},
 "minItems":{"$ref":"#/$defs/nonNegativeIntegerDefault0"},"minLength":{"$ref":"#/$defs/nonNegativeIntegerDefault0"},
 "minProperties":{"$ref":"#/$defs/nonNegativeIntegerDefault0"},"minimum":{"type":"number"},
 "multipleOf":{"type":"number","exclusiveMinimum":0},"pattern":{"type":"string","format":"regex"},
 "required":{"$ref":"#/$defs/stringArray"},
 "type":{"anyOf":[{"$ref":"#/$defs/simpleTypes"},{"type":"array","items":{"$ref":"#/$defs/simpleTypes"},"minItems":1,
 "uniqueItems":true}]},
 "uniqueItems":{"type":"boolean"}},
"$defs":{
 "nonNegativeInteger":{"type":"integer","minimum":0},
 "nonNegativeIntegerDefault0":{"$ref":"#/$defs/nonNegativeInteger"},
 "simpleTypes":{"enum":["array","boolean","integer","null","number","object","string"]},
 "stringArray":{"type":"array","items":{"type":"string"},"uniqueItems":true}}})json";

constexpr std::string_view draft_2019_meta_data =
    R"json({"$schema":"https://json-schema.org/draft/2019-09/schema","$id":"https://json-schema.org/draft/2019-09/meta/meta-data",
 "$recursiveAnchor":true,"type":["object","boolean"],
"properties":{
 "default":true,"deprecated":{"type":"boolean"},"description":{"type":"string"},
 "examples":{"type":"array","items":true},"readOnly":{"type":"boolean"},"title":{"type":"string"},
 "writeOnly":{"type":"boolean"}}})json";

constexpr std::string_view draft_2019_format =
    R"json({"$schema":"https://json-schema.org/draft/2019-09/schema","$id":"https://json-schema.org/draft/2019-09/meta/format",
 "$recursiveAnchor":true,"type":["object","boolean"],
"properties":{
 "format":{"type":"string"}}})json";

constexpr std::string_view draft_2019_content =
    R"json({"$schema":"https://json-schema.org/draft/2019-09/schema","$id":"https://json-schema.org/draft/2019-09/meta/content",
 "$recursiveAnchor":true,"type":["object","boolean"],
"properties":{
 "contentEncoding":{"type":"string"},"contentMediaType":{"type":"string"},"contentSchema":{"$recursiveRef":"#"}}})json";

constexpr std::string_view draft_2020 =
    R"json({"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://json-schema.org/draft/2020-12/schema",
 "$dynamicAnchor":"meta","allOf":[{"$ref":"meta/core"},{"$ref":"meta/applicator"},{"$ref":"meta/unevaluated"},
 {"$ref":"meta/validation"},{"$ref":"meta/meta-data"},{"$ref":"meta/format-annotation"},{"$ref":"meta/content"}],
 "type":["object","boolean"],
"properties":{
 "$recursiveAnchor":{"$ref":"meta/core#/$defs/anchorString"},
 "$recursiveRef":{"$ref":"meta/core#/$defs/uriReferenceString"},
 "definitions":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"}},
 "dependencies":{"type":"object","additionalProperties":{"anyOf":[{"$dynamicRef":"#meta"},
 {"$ref":"meta/validation#/$defs/stringArray"}]}}}})json";

constexpr std::string_view draft_2020_core =
    R"json({"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://json-schema.org/draft/2020-12/meta/core",
 "$dynamicAnchor":"meta","type":["object","boolean"],
"properties":{
 "$anchor":{"$ref":"#/$defs/anchorString"},"$comment":{"type":"string"},
 "$defs":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"}},
 "$dynamicAnchor":{"$ref":"#/$defs/anchorString"},"$dynamicRef":{"$ref":"#/$defs/uriReferenceString"},
 "$id":{"$ref":"#/$defs/uriReferenceString","pattern":"^[^#]*#?$"},"$ref":{"$ref":"#/$defs/uriReferenceString"},
 "$schema":{"$ref":"#/$defs/uriString"},
 "$vocabulary":{"type":"object","propertyNames":{"$ref":"#/$defs/uriString"},"additionalProperties":{"type":"boolean"}}},
"$defs":{
 "anchorString":{"type":"string","pattern":"^[A-Za-z_][-A-Za-z0-9._]*$"},
 "uriReferenceString":{"type":"string","format":"uri-reference"},"uriString":{"type":"string","format":"uri"}}})json";

constexpr std::string_view draft_2020_applicator =
    R"json({"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://json-schema.org/draft/2020-12/meta/applicator",
 "$dynamicAnchor":"meta","type":["object","boolean"],
"properties":{
 "additionalProperties":{"$dynamicRef":"#meta"},"allOf":{"$ref":"#/$defs/schemaArray"},
 "anyOf":{"$ref":"#/$defs/schemaArray"},"contains":{"$dynamicRef":"#meta"},
 "dependentSchemas":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"}},"else":{"$dynamicRef":"#meta"},
 "if":{"$dynamicRef":"#meta"},"items":{"$dynamicRef":"#meta"},"not":{"$dynamicRef":"#meta"},
 "oneOf":{"$ref":"#/$defs/schemaArray"},
 "patternProperties":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"},"propertyNames":{"format":"regex"}},
 "prefixItems":{"$ref":"#/$defs/schemaArray"},
 "properties":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"}},
 "propertyNames":{"$dynamicRef":"#meta"},"then":{"$dynamicRef":"#meta"}},
"$defs":{
 "schemaArray":{"type":"array","minItems":1,"items":{"$dynamicRef":"#meta"}}}})json";

constexpr std::string_view draft_2020_unevaluated =
    R"json({"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://json-schema.org/draft/2020-12/meta/unevaluated",
 "$dynamicAnchor":"meta","type":["object","boolean"],
"properties":{
 "unevaluatedItems":{"$dynamicRef":"#meta"},"unevaluatedProperties":{"$dynamicRef":"#meta"}}})json";

constexpr std::string_view draft_2020_validation =
    R"json({"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://json-schema.org/draft/2020-12/meta/validation",
 "$dynamicAnchor":"meta","type":["object","boolean"],
"properties":{
 "const":true,"dependentRequired":{"type":"object","additionalProperties":{"$ref":"#/$defs/stringArray"}},
 "enum":{"type":"array","items":true},"exclusiveMaximum":{"type":"number"},"exclusiveMinimum":{"type":"number"},
 "maxContains":{"$ref":"#/$defs/nonNegativeInteger"},"maxItems":{"$ref":"#/$defs/nonNegativeInteger"},
 "maxLength":{"$ref":"#/$defs/nonNegativeInteger"},"maxProperties":{"$ref":"#/$defs/nonNegativeInteger"},
 "maximum":{"type":"number"},"minContains":{"$ref":"#/$defs/nonNegativeInteger"},
 "minItems":{"$ref":"#/$defs/nonNegativeIntegerDefault0"},"minLength":{"$ref":"#/$defs/nonNegativeIntegerDefault0"},
 "minProperties":{"$ref":"#/$defs/nonNegativeIntegerDefault0"},"minimum":{"type":"number"},
 "multipleOf":{"type":"number","exclusiveMinimum":0},"pattern":{"type":"string","format":"regex"},
 "required":{"$ref":"#/$defs/stringArray"},
 "type":{"anyOf":[{"$ref":"#/$defs/simpleTypes"},{"type":"array","items":{"$ref":"#/$defs/simpleTypes"},"minItems":1,
 "uniqueItems":true}]},
 "uniqueItems":{"type":"boolean"}},
"$defs":{
 "nonNegativeInteger":{"type":"integer","minimum":0},
 "nonNegativeIntegerDefault0":{"$ref":"#/$defs/nonNegativeInteger"},
 "simpleTypes":{"enum":["array","boolean","integer","null","number","object","string"]},
 "stringArray":{"type":"array","items":{"type":"string"},"uniqueItems":true}}})json";

constexpr std::string_view draft_2020_meta_data =
    R"json({"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://json-schema.org/draft/2020-12/meta/meta-data",
 "$dynamicAnchor":"meta","type":["object","boolean"],
"properties":{
 "default":true,"deprecated":{"type":"boolean"},"description":{"type":"string"},
 "examples":{"type":"array","items":true},"readOnly":{"type":"boolean"},"title":{"type":"string"},
 "writeOnly":{"type":"boolean"}}})json";

constexpr std::string_view draft_2020_format_annotation = R"json({"$schema":"https://json-schema.org/draft/2020-12/schema",
 "$id":"https://json-schema.org/draft/2020-12/meta/format-annotation","$dynamicAnchor":"meta","type":["object","boolean"],
"properties":{
 "format":{"type":"string"}}})json";

constexpr std::string_view draft_2020_format_assertion = R"json({"$schema":"https://json-schema.org/draft/2020-12/schema",
 "$id":"https://json-schema.org/draft/2020-12/meta/format-assertion","$dynamicAnchor":"meta","type":["object","boolean"],
"properties":{
 "format":{"type":"string"}}})json";

constexpr std::string_view draft_2020_content =
    R"json({"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://json-schema.org/draft/2020-12/meta/content",
 "$dynamicAnchor":"meta","type":["object","boolean"],
"properties":{
 "contentEncoding":{"type":"string"},"contentMediaType":{"type":"string"},"contentSchema":{"$dynamicRef":"#meta"}}})json";

struct Row {
  std::string_view path;
  std::string_view text;
};
constexpr std::array<Row, 19> table{{
    {"draft-04/schema", draft_4},
    {"draft-06/schema", draft_6},
    {"draft-07/schema", draft_7},
    {"draft/2019-09/schema", draft_2019},
    {"draft/2019-09/meta/core", draft_2019_core},
    {"draft/2019-09/meta/applicator", draft_2019_applicator},
    {"draft/2019-09/meta/validation", draft_2019_validation},
    {"draft/2019-09/meta/meta-data", draft_2019_meta_data},
    {"draft/2019-09/meta/format", draft_2019_format},
    {"draft/2019-09/meta/content", draft_2019_content},
    {"draft/2020-12/schema", draft_2020},
    {"draft/2020-12/meta/core", draft_2020_core},
    {"draft/2020-12/meta/applicator", draft_2020_applicator},
    {"draft/2020-12/meta/unevaluated", draft_2020_unevaluated},
    {"draft/2020-12/meta/validation", draft_2020_validation},
    {"draft/2020-12/meta/meta-data", draft_2020_meta_data},
    {"draft/2020-12/meta/format-annotation", draft_2020_format_annotation},
    {"draft/2020-12/meta/format-assertion", draft_2020_format_assertion},
    {"draft/2020-12/meta/content", draft_2020_content},
}};

constexpr std::array<MetaschemaDraft, 5> drafts{{
    {4, "http://json-schema.org/draft-04/schema"},
    {6, "http://json-schema.org/draft-06/schema"},
    {7, "http://json-schema.org/draft-07/schema"},
    {2019, "https://json-schema.org/draft/2019-09/schema"},
    {2020, "https://json-schema.org/draft/2020-12/schema"},
}};

}  // namespace

std::string_view metaschema_text(std::string_view url) noexcept {
  for (const std::string_view origin : {"http://json-schema.org/", "https://json-schema.org/"}) {
    if (!url.starts_with(origin)) continue;
    auto path = url.substr(origin.size());
    if (path == "schema") path = "draft/2020-12/schema";
    const auto row = std::find_if(table.begin(), table.end(), [&](const Row& r) { return r.path == path; });
    return row == table.end() ? std::string_view() : row->text;
  }
  return {};
}

std::span<const MetaschemaDraft> metaschema_drafts() noexcept { return drafts; }

}  // namespace gitopsctl::render::schema
