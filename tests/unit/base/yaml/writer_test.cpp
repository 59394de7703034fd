#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/json/json.hpp"
#include "base/yaml/yaml.hpp"

using namespace gitopsctl;

namespace {

std::string write(const Value& value) {
  const auto yaml = to_yaml(value);
  return yaml.ok() ? *yaml : "! " + yaml.error().message();
}
std::string text(std::string_view text) { return write(Value::string(text)); }
std::string json(std::string_view text) { return write(*parse_json(text)); }

}  // namespace

TEST_SUITE("base/yaml/writer") {
  TEST_CASE("layout") {
    CHECK(json(R"({"a":{"b":[1,2,{"c":null,"d":{}}]},"e":[],"f":""})") ==
          "a:\n  b:\n  - 1\n  - 2\n  - c: null\n    d: {}\ne: []\nf: \"\"\n");
    CHECK(json("[[1,[2]],[],{}]") == "- - 1\n  - - 2\n- []\n- {}\n");
    CHECK(json("[{\"a\":1,\"b\":2},{\"a\":{\"c\":3}}]") == "- a: 1\n  b: 2\n- a:\n    c: 3\n");
    CHECK(json("null") == "null\n");
    CHECK(json("{}") == "{}\n");
    CHECK(write(Value::nil_map()) == "null\n");
    CHECK(write(Value::absent()) == "null\n");
  }

  TEST_CASE("natural key order") {
    const std::vector<std::string> order = {"-a",   "_a",   "{",   "|",   "~",   "0",   "00",   "000",   "1",     "01",
                                            "2",    "10",   "A",   "AB",  "Ab",  "B",   "Z",    "a",     "a 1",   "a-1",
                                            "a-2",  "a-10", "a-b", "a.b", "a/b", "a_b", "a1",   "a1-b",  "a1b",   "a01",
                                            "a001", "a2",   "a10", "aA",  "aa",  "ab",  "x1y2", "x1y10", "x01y2", "é"};
    Value map = Value::map();
    for (const auto& key : order) map.set(key, Value::null());
    std::string expected;
    for (const auto& key : order) {
      const std::string quoted = write(make_map({{key, Value::null()}}));
      expected += quoted;
    }
    CHECK(write(map) == expected);
  }

  TEST_CASE("numbers take the form that their JSON text is read as") {
    CHECK(write(Value::float64(8080)) == "8080\n");
    CHECK(write(Value::float64(1e6)) == "1000000\n");
    CHECK(write(Value::float64(1e19)) == "10000000000000000000\n");
    CHECK(write(Value::float64(1e20)) == "1e+20\n");
    CHECK(write(Value::float64(0.1)) == "0.1\n");
    CHECK(write(Value::float64(1e-7)) == "1e-07\n");
    CHECK(write(Value::float64(-0.0)) == "0\n");
    CHECK(write(Value::int64(-9223372036854775807 - 1)) == "-9223372036854775808\n");
    CHECK(write(Value::float64(NAN)) == "! error marshaling into JSON: json: unsupported value: NaN");
    CHECK(write(make_map({{"a", Value::float64(INFINITY)}})) ==
          "! error marshaling into JSON: json: unsupported value: +Inf");
  }

  TEST_CASE("texts that would be read as something else are quoted") {
    // Not this one, as upstream, which cannot read it either.
    CHECK(json(R"({"<<":null})") == "<<: null\n");
    for (const auto* word : {"true",
                             "yes",
                             "n",
                             "On",
                             "~",
                             "null",
                             "1",
                             "1_000",
                             "0b1",
                             "0o7",
                             "07",
                             "+1",
                             ".5",
                             "1.",
                             "1e3",
                             ".inf",
                             ".NaN",
                             "2001-01-01",
                             "2001-01-01 10:00:00",
                             "12:30",
                             "1:2:3.4",
                             "0x1F"}) {
      CHECK(text(word) == "\"" + std::string(word) + "\"\n");
    }
    for (const auto* word : {"=", "<<", "nUll", "0x", "0o9", "0.1.2", "1e1000", "20200-01-01", "a#b", "a :b", ":a", "?a",
                             "--", "1,000", "-a"}) {
      CHECK(text(word) == std::string(word) + "\n");
    }
  }

  TEST_CASE("single quotes where plain is not allowed") {
    CHECK(text(" a") == "' a'\n");
    CHECK(text("a ") == "'a '\n");
    CHECK(text("#a") == "'#a'\n");
    CHECK(text("a: b") == "'a: b'\n");
    CHECK(text("a:") == "'a:'\n");
    CHECK(text("a #b") == "'a #b'\n");
    CHECK(text("- a") == "'- a'\n");
    CHECK(text("---") == "'---'\n");
    CHECK(text("'a'") == "'''a'''\n");
    CHECK(text("{{ x }}") == "'{{ x }}'\n");
    CHECK(text("*.x") == "'*.x'\n");
  }

  TEST_CASE("literal blocks") {
    CHECK(text("a\nb") == "|-\n  a\n  b\n");
    CHECK(text("a\nb\n") == "|\n  a\n  b\n");
    CHECK(text("a\n\n\n") == "|+\n  a\n\n\n");
    CHECK(text(" a\nb") == "|2-\n   a\n  b\n");
    CHECK(text("\na\n") == "|2\n\n  a\n");
    CHECK(json(R"({"k":[{"t":"a\n\n  b\n"}]})") == "k:\n- t: |\n    a\n\n      b\n");
    CHECK(text("a \nb") == "\"a \\nb\"\n");
    CHECK(text("a\tb\nc") == "\"a\\tb\\nc\"\n");
  }

  TEST_CASE("escapes") {
    CHECK(text(std::string_view("\0\a\b\t\n\v\f\r\x1b\"\\", 11)) == "\"\\0\\a\\b\\t\\n\\v\\f\\r\\e\\\"\\\\\"\n");
    CHECK(text("é\xF0\x9F\x98\x80\x01") == "\"é\\U0001F600\\x01\"\n");
    CHECK(text("\xEF\xBB\xBF"
               "a") == "\"\\uFEFF\\x61\"\n");
    CHECK(text("日本") == "日本\n");
    CHECK(text("\xff") == "\xEF\xBF\xBD\n");
    CHECK(text("a\x7f") == "! yaml: control characters are not allowed");
    CHECK(text("a\xC2\x85"
               "b") == "a b\n");
  }

  TEST_CASE("folding behind column 80") {
    const std::string word(40, 'x');
    CHECK(text(word + " " + word + " end more") == word + " " + word + "\n  end more\n");
    CHECK(json("{\"k\":\"" + word + " " + word + " 'end more\"}") == "k: " + word + " " + word + "\n  'end more\n");
    CHECK(text(word + ": " + word + " end") == "'" + word + ": " + word + "\n  end'\n");
    CHECK(text("\t" + word + " " + word + " end") == "\"\\t" + word + " " + word + "\n  end\"\n");
    CHECK(text("\t" + word + " " + word + "  end") == "\"\\t" + word + " " + word + "\n  \\ end\"\n");
  }

  TEST_CASE("complex keys") {
    const std::string long_key(129, 'k');
    CHECK(write(make_map({{long_key, Value::int64(1)}})) == "? " + long_key + "\n: 1\n");
    CHECK(write(make_map({{"a\nb", Value::list({Value::int64(1)})}})) == "? |-\n  a\n  b\n: - 1\n");
    CHECK(write(make_map({{std::string(1023, 'k'), Value()}})) == "! yaml: did not find expected ',' or '}'");
  }

  TEST_CASE("byte lists are base64, and a value that holds itself is an error") {
    CHECK(write(Value::list({Value::uint8(104), Value::uint8(105)}, ListType::uint8)) == "aGk=\n");
    Value map = Value::map();
    map.set("self", map);
    CHECK(write(map) ==
          "! error marshaling into JSON: json: unsupported value: encountered a cycle via map[string]interface {}");
    map.erase("self");
  }
}
