#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "base/json/json.hpp"

using namespace gitopsctl;

namespace {
std::string again(std::string_view text) {
  const auto value = parse_json(text, "f.json");
  return value.ok() ? to_json(*value).value_or("! write") : "! " + value.error().to_string();
}
}  // namespace

TEST_SUITE("base/json") {
  TEST_CASE("reads and writes documents") {
    CHECK(again(R"( {"b" : [1, -2.5, 1e3, true,false , null, "x"], "a":{} , "c":[]} )") ==
          R"({"a":{},"b":[1,-2.5,1000,true,false,null,"x"],"c":[]})");
    CHECK(again("\xEF\xBB\xBF"
                "1") == "1");
    CHECK(again(R"({"a":1,"a":2})") == R"({"a":2})");
    CHECK(again("-0") == "0");
    CHECK(again("-0.0") == "-0");
    CHECK(again("9223372036854775807") == "9223372036854775807");
    CHECK(again("9223372036854775808") == "9223372036854776000");
    CHECK(again("1e-400") == "0");
    CHECK(parse_json("1")->kind() == Kind::int64);
    CHECK(parse_json("1", "", false)->kind() == Kind::float64);
    CHECK(parse_json("1.0")->kind() == Kind::float64);
  }

  TEST_CASE("strings") {
    CHECK(parse_json(R"("\u00e9\n\t\"\\\/\b\f\r\ud83d\ude00")")->as_string() == "é\n\t\"\\/\b\f\r\xF0\x9F\x98\x80");
    CHECK(parse_json(R"("\ud800x")")->as_string() == "\xEF\xBF\xBDx");
    CHECK(parse_json(R"("\ud800\u0041")")->as_string() ==
          "\xEF\xBF\xBD"
          "A");
    CHECK(parse_json(R"("a\u0000b")")->as_string() == std::string_view("a\0b", 3));
  }

  TEST_CASE("errors have line and column") {
    CHECK(again("{\n  \"a\": 1,\n  }") == "! f.json:3:3: unexpected '}', expected a string as object key");
    CHECK(again("[1,]") == "! f.json:1:4: unexpected ']', expected a value");
    CHECK(again("[1 2]") == "! f.json:1:4: unexpected '2', expected ',' or ']' after array item");
    CHECK(again("{\"a\" 1}") == "! f.json:1:6: unexpected '1', expected ':' after object key");
    CHECK(again("") == "! f.json:1:1: unexpected end of JSON input");
    CHECK(again("01") == "! f.json:1:2: a number may not start with a zero before other digits");
    CHECK(again("1.") == "! f.json:1:3: unexpected end of JSON input, expected a digit");
    CHECK(again("+1") == "! f.json:1:1: unexpected '+', expected a value");
    CHECK(again("1e400") == "! f.json:1:6: number 1e400 is out of range");
    CHECK(again("nul") == "! f.json:1:1: unexpected 'n', expected 'null'");
    CHECK(again("1 2") == "! f.json:1:3: unexpected '2' after the end of the JSON document");
    CHECK(again("\"a\nb\"") == "! f.json:1:3: control character in a JSON string; write it as an escape");
    CHECK(again("\"é\xff\"") == "! f.json:1:3: invalid UTF-8 in a JSON string");
    CHECK(again("\"\\q\"") == "! f.json:1:2: invalid escape in a JSON string");
    CHECK(again("\"\\u12\"") == "! f.json:1:6: unexpected '\"', expected four hexadecimal digits after \\u");
    CHECK(again("\"abc") == "! f.json:1:5: unexpected end of JSON input in a string");
    CHECK(again("[\x1b]") == "! f.json:1:2: unexpected '\\x1b', expected a value");
  }

  TEST_CASE("limits") {
    CHECK(parse_json(std::string(1000, '[') + std::string(1000, ']')).ok());
    CHECK(parse_json(std::string(1'000'000, '[')).error().code() == ErrorCode::too_large);
    CHECK(parse_json("[1]", "f", true, 2).error().code() == ErrorCode::too_large);
  }

  TEST_CASE("escapes as Go's encoder writes them") {
    const auto value = Value::string("<a href='x'>&\xE2\x80\xA8\x01\x7f\"\\\n\r\t\b\f\xff");
    CHECK(*to_json(value) == R"("\u003ca href='x'\u003e\u0026\u2028\u0001)"
                             "\x7f"
                             R"(\"\\\n\r\t\b\f\ufffd")");
    CHECK(*to_json(value, {.escape_html = false}) == R"("<a href='x'>&\u2028\u0001)"
                                                     "\x7f"
                                                     R"(\"\\\n\r\t\b\f\ufffd")");
    CHECK(*to_json(Value::string("\xff"), {.go_127 = true}) == "\"\xEF\xBF\xBD\"");
  }

  TEST_CASE("the forms of other Go types") {
    CHECK(*to_json(Value::absent()) == "null");
    CHECK(*to_json(Value::nil_list()) == "null");
    CHECK(*to_json(Value::nil_map()) == "null");
    CHECK(*to_json(Value::list({Value::uint8(1), Value::uint8(255)}, ListType::uint8)) == R"("Af8=")");
    CHECK(to_json(Value::float64(NAN)).error().message() == "json: unsupported value: NaN");
    CHECK(to_json(Value::float64(-INFINITY)).error().message() == "json: unsupported value: -Inf");
    Value list = Value::list();
    list.push_back(list);
    CHECK(to_json(list).error().message() == "json: unsupported value: encountered a cycle via []interface {}");
    CHECK(canonical_json(list).size() > 1000);
    list.mutable_list().clear();
  }

  TEST_CASE("pretty") {
    CHECK(*to_json(*parse_json(R"({"a":[1,{}],"b":{"c":[]}})"), {.pretty = true}) ==
          "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {\n    \"c\": []\n  }\n}");
  }

  TEST_CASE("equal values have equal canonical bytes") {
    const auto a = make_map({{"x", Value::int64(1)}, {"y", Value::nil_list()}, {"z", Value::float64(0.0)}});
    const auto b = make_map({{"z", Value::float64(-0.0)}, {"y", Value::null()}, {"x", Value::float64(1.0)}});
    CHECK(json_equal(a, b));
    CHECK(canonical_json(a) == R"({"x":1,"y":null,"z":0})");
    CHECK(canonical_json(b) == canonical_json(a));
    CHECK(canonical_json(Value::string("<&>")) == "\"<&>\"");
    CHECK(canonical_json(Value::float64(NAN)) == "null");
    CHECK(canonical_json(Value::float64(1e20)) == "100000000000000000000");
  }
}
