#include "base/config/reader.hpp"

#include <doctest/doctest.h>

#include "base/json/json.hpp"

using namespace gitopsctl;

namespace {

const ConfigShape& sample() {
  using namespace shape;
  static const ConfigShape out = object("A sample.", {
                                                         required("name", text("The name.")),
                                                         optional("prune", boolean("Delete.")),
                                                         optional("retries", integer("Tries.", 1, 5), Value::int64(3)),
                                                         optional("share", number("Share.", 0, 1)),
                                                         optional("timeout", duration("Time.")),
                                                         optional("level", choice("Level.", {"debug", "info"})),
                                                         optional("paths", list("Paths.", text(""), true)),
                                                         optional("labels", map("Labels.", text("", false))),
                                                         optional("inner", object("Inner.", {required("a/b", text(""))})),
                                                     });
  return out;
}

std::vector<std::string> mistakes_of(const std::string& text) {
  auto document = parse_located_yaml(text, "f.yaml");
  REQUIRE(document.ok());
  ConfigMistakes mistakes;
  check_config(ConfigNode(*document, mistakes), sample());
  std::vector<std::string> out;
  for (const auto& error : mistakes.take_all()) {
    out.push_back(error.to_string() + (error.hint().empty() ? "" : " (" + error.hint() + ")"));
  }
  return out;
}

}  // namespace

TEST_SUITE("base/config") {
  TEST_CASE("a good file has no mistakes, and keys without a value are as good as absent") {
    CHECK(mistakes_of("name: a\nprune: true\nretries: 5\nshare: 0.5\ntimeout: 1m30s\nlevel: info\npaths: [x]\n"
                      "labels: {a: \"\"}\ninner: {a/b: c}\n")
              .empty());
    CHECK(mistakes_of("name: a\nprune:\npaths: ~\n").empty());
  }

  TEST_CASE("every mistake is told with its place, in the order of the file") {
    const auto mistakes = mistakes_of(
        "prune: \"yes\"\n"
        "retries: 9\n"
        "timeout: 600\n"
        "levle: info\n"
        "level: inof\n"
        "paths: web\n"
        "inner:\n"
        "  a/b: 3\n"
        "  c: 4\n");
    REQUIRE(mistakes.size() == 9);
    CHECK(mistakes[0] == "f.yaml:1:1: missing key 'name' (The name.)");
    CHECK(mistakes[1] == "f.yaml:1:8: 'prune' must be true or false, not a text");
    CHECK(mistakes[2] == "f.yaml:2:10: 'retries' must be between 1 and 5");
    CHECK(mistakes[3] == "f.yaml:3:10: 'timeout' must be a duration, not a number (write a unit, for example 600s or 10m)");
    CHECK(mistakes[4] == "f.yaml:4:1: unknown key 'levle' (did you mean 'level'?)");
    CHECK(mistakes[5] == "f.yaml:5:8: 'level' cannot be 'inof' (did you mean 'info'?)");
    CHECK(mistakes[6] == "f.yaml:6:8: 'paths' must be a list, not a text (write it as a list: [value])");
    CHECK(mistakes[7] == "f.yaml:8:8: 'a/b' must be a text, not a number (put it in quotes)");
    CHECK(mistakes[8].starts_with("f.yaml:9:3: unknown key 'c'"));
  }

  TEST_CASE("items of lists, empty texts and empty lists are looked at") {
    const auto mistakes = mistakes_of("name: \"\"\npaths: [a, 2]\n");
    REQUIRE(mistakes.size() == 2);
    CHECK(mistakes[0] == "f.yaml:1:7: 'name' is empty");
    CHECK(mistakes[1] == "f.yaml:2:12: item 2 of 'paths' must be a text, not a number (put it in quotes)");
    CHECK(mistakes_of("name: a\npaths: []\n") == std::vector<std::string>{"f.yaml:2:8: 'paths' is empty"});
  }

  TEST_CASE("mistakes of one part can be taken out") {
    const auto document = parse_located_yaml("list:\n- a\n- b\n", "f.yaml");
    REQUIRE(document.ok());
    ConfigMistakes mistakes;
    const ConfigNode root(*document, mistakes);
    root.at("list").item(1).fail(Error(ErrorCode::invalid_input, "second"));
    root.at("list").item(0).fail(Error(ErrorCode::invalid_input, "first"));
    root.fail(Error(ErrorCode::invalid_input, "whole"));
    CHECK(mistakes.take_below("/list/1").size() == 1);
    CHECK(mistakes.take_below("/list/1").empty());
    CHECK(mistakes.take_below("/lis").empty());
    CHECK(mistakes.take_all().size() == 2);
  }

  TEST_CASE("a file of too many mistakes is wrong as a whole, however the mistakes are taken out") {
    std::string text = "name: a\n";
    for (int i = 0; i < 1000; ++i) text += "unknown" + std::to_string(i) + ": 1\n";
    const auto document = parse_located_yaml(text, "f.yaml");
    REQUIRE(document.ok());
    ConfigMistakes mistakes;
    check_config(ConfigNode(*document, mistakes), sample());
    CHECK(mistakes.all().size() == ConfigMistakes::max_kept + 1);
    CHECK(mistakes.all().back().pointer.empty());
  }

  TEST_CASE("hostile keys do not reach the terminal") {
    const auto mistakes = mistakes_of("name: a\n\"\\e[31mred\": 1\n");
    REQUIRE(mistakes.size() == 1);
    CHECK(mistakes[0].find('\x1b') == std::string::npos);
  }

  TEST_CASE("getters give their fallback for what is missing or wrong") {
    const auto document = parse_located_yaml("a: 1\nb: text\nc: [x, 2, z]\nd: 5s\n", "f.yaml");
    REQUIRE(document.ok());
    ConfigMistakes mistakes;
    const ConfigNode root(*document, mistakes);
    CHECK(root.text("a", "x") == "x");
    CHECK(root.text("b") == "text");
    CHECK(root.integer("b", 7) == 7);
    CHECK(root.integer("a", 7) == 1);
    CHECK(root.number("a", 0) == 1.0);
    CHECK(root.boolean("a", true));
    CHECK(root.texts("c") == std::vector<std::string>{"x", "z"});
    CHECK(root.duration("d") == Millis(5000));
    CHECK_FALSE(root.duration("b").has_value());
    CHECK_FALSE(root.at("zzz").at("deeper").present());
    CHECK(root.at("c").item(9).where().line == 3);
  }

  TEST_CASE("what may be a text or a map is checked as what it is") {
    const auto one = shape::object(
        "One.", {shape::required(
                    "chart", shape::either("The chart.", shape::text("A path."),
                                           shape::object("From elsewhere.", {shape::required("name", shape::text(""))})))});
    const auto said = [&](const std::string& text) {
      auto document = parse_located_yaml(text, "f.yaml");
      REQUIRE(document.ok());
      ConfigMistakes mistakes;
      check_config(ConfigNode(*document, mistakes), one);
      std::string out;
      for (const auto& error : mistakes.take_all()) out += error.message() + ";";
      return out;
    };
    CHECK(said("chart: a").empty());
    CHECK(said("chart: {name: a}").empty());
    CHECK(said("chart: {}") == "missing key 'name';");
    CHECK(said("chart: {name: a, b: 1}") == "unknown key 'b';");
    CHECK(said("chart: [a]").find("a text or a map") != std::string::npos);
    const auto schema = parse_json(json_schema(one, "https://example.org/s.json", "one"));
    REQUIRE(schema.ok());
    CHECK(schema->find_path({"properties", "chart", "anyOf"})->size() == 2);
  }

  TEST_CASE("the schema says what the check does") {
    const auto schema = parse_json(json_schema(sample(), "https://example.org/s.json", "sample"));
    REQUIRE(schema.ok());
    CHECK(schema->string_at({"$id"}) == "https://example.org/s.json");
    CHECK_FALSE(schema->find("additionalProperties")->as_bool());
    CHECK(schema->find_path({"properties", "retries", "default"})->as_int() == 3);
    CHECK(schema->find_path({"properties", "level", "enum"})->size() == 2);
    CHECK(schema->find_path({"properties", "paths", "minItems"})->as_int() == 1);
    CHECK(schema->find("required")->as_list().front().as_string() == "name");
  }
}
