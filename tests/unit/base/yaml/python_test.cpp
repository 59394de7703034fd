#include <doctest/doctest.h>

#include <string>

#include "base/json/json.hpp"
#include "base/yaml/yaml_python.hpp"

using namespace gitopsctl;

namespace {

std::string read(const std::string& text) {
  const auto document = parse_python_yaml(text, "f.yaml");
  if (!document.ok()) return "! " + document.error().to_string();
  return to_json(document->value, {.escape_html = false}).value_or("! json");
}

}  // namespace

TEST_SUITE("base/yaml/python") {
  // The results are those of PyYAML 6.0.3.
  TEST_CASE("integers of YAML 1.1") {
    CHECK(read("[0, -0, +1, 1_000, 010, -017, 0b101, 0x_1F, 1:30, 190:20:30, -1:00]") ==
          "[0,0,1,1000,8,-15,5,31,90,685230,-60]");
    CHECK(read("[08, 0o7, 0b2, 0xg, 1:60, 01:30, 1:2:345, _1, '0x1F']") ==
          R"(["08","0o7","0b2","0xg","1:60","01:30","1:2:345","_1","0x1F"])");
    CHECK(read("[9223372036854775807, -9223372036854775808]") == "[9223372036854775807,-9223372036854775808]");
    CHECK(read("[9223372036854775808, 0xFFFFFFFFFFFFFFFFFFFF]") == "[9223372036854776000,1.2089258196146292e+24]");
  }

  TEST_CASE("floats need a point, and a sign in their exponent") {
    CHECK(read("[1.5, 1., .5, 1_0.2_5, 6.8523015e+5, 1.0e-1, 08.5, 190:20:30.15]") ==
          "[1.5,1,0.5,10.25,685230.15,0.1,8.5,685230.15]");
    CHECK(read("[1e3, 1.0e3, 1e+3, +.5, ., -.5, .e+1]") == R"(["1e3","1.0e3","1e+3","+.5",".","-.5",".e+1"])");
    CHECK(read(".inf") == "! f.yaml:1:1: json: unsupported value: +Inf");
  }

  TEST_CASE("words") {
    CHECK(read("[yes, On, TRUE, no, Off, FALSE, y, N, oN]") == R"([true,true,true,false,false,false,"y","N","oN"])");
    CHECK(read("[~, null, Null, NULL, nULL, !!str no]") == R"([null,null,null,null,"nULL","no"])");
  }

  TEST_CASE("maps: the last of equal keys, keys as written, merges below what is written out") {
    CHECK(read("{a: 1, a: 2, no: 3, 010: 4}") == R"({"010":4,"a":2,"no":3})");
    CHECK(read("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  z: 3\n  <<: [*a, *b]\n") ==
          R"({"a":{"x":1,"y":1},"b":{"y":2,"z":2},"c":{"x":1,"y":1,"z":3}})");
  }

  TEST_CASE("places and errors are those of located documents") {
    const auto document = parse_python_yaml("a:\n  b: 010\n", "f.yaml");
    REQUIRE(document.ok());
    CHECK(document->marks->value("/a/b") == Location{"f.yaml", 2, 6});
    CHECK(read("a: 1\n---\nb: 1\n") == "! f.yaml:2:1: a second YAML document begins here, expected only one");
    CHECK(parse_python_yaml("a: 1\na: 2\n", "f.yaml", {.unique_keys = true}).ok() == false);
  }
}
