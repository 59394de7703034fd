#include "invoke-compat/config/environment.hpp"

#include <doctest/doctest.h>

#include "base/json/json.hpp"
#include "base/yaml/yaml.hpp"
#include "invoke-compat/config/configuration.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke;

namespace {

Value yaml(const std::string& text) { return parse_yaml(text, {.profile = YamlProfile::go_v3}).value(); }

std::string read(const std::string& configuration, const Environment& environment) {
  const auto level = environment_level(yaml(configuration), environment);
  if (!level.ok()) return "! " + level.error().to_string();
  return to_json(level->data, {.escape_html = false}).value_or("! json");
}

/// What the leaf `x` becomes.
std::string cast(const std::string& leaf, const std::string& text) {
  const std::string out = read("x: " + leaf, {{"INVOKE_X", text}});
  return out.starts_with("!") ? out : out.substr(5, out.size() - 6);
}

}  // namespace

TEST_SUITE("invoke: environment") {
  TEST_CASE("every leaf is named by its path, and only leaves that exist can be set") {
    const Environment environment{{"INVOKE_RUN_ECHO", "1"},
                                  {"INVOKE_DB_HOST", "env"},
                                  {"INVOKE_NEW", "x"},
                                  {"INVOKE_DB", "x"},
                                  {"DB_HOST", "no"},
                                  {"INVOKE_A-B_C_D", "deep"},
                                  {"INVOKE_EMPTY_ANYTHING", "x"},
                                  {"invoke_db_host", "no"}};
    CHECK(read("run: {echo: false}\ndb: {host: a, port: 1}\na-b: {c_d: x}\nempty: {}", environment) ==
          R"({"a-b":{"c_d":"deep"},"db":{"host":"env"},"run":{"echo":true}})");
    CHECK(read("run: {echo: false}", {}) == "{}");
  }

  TEST_CASE("two leaves of one variable are an error, even when it is not set") {
    CHECK(read("a_b: 1\na: {b: 2}", {}) == "! Found >1 source for A_B");
    CHECK(read("a: {b_c: 1}\na_b: {c: 2}", {}) == "! Found >1 source for A_B_C");
    CHECK(read("a: 1\nA: 2", {}) == "! Found >1 source for A");
    const auto error = environment_level(yaml("a_b: 1\na: {b: 2}"), {}).error();
    CHECK(error.hint() == "rename 'a.b' or 'a_b' in the configuration: both are INVOKE_A_B");
    CHECK(read("a: {b: {}}\na_b: 1", {}) == "{}");
  }

  TEST_CASE("casts follow the kind of the leaf") {
    CHECK(cast("true", "0") == "false");
    CHECK(cast("true", "") == "false");
    CHECK(cast("false", "1") == "true");
    CHECK(cast("false", "00") == "true");
    CHECK(cast("text", "5") == "\"5\"");
    CHECK(cast("text", "") == "\"\"");
    CHECK(cast("null", "5") == "\"5\"");
    CHECK(cast("1", "9") == "9");
    CHECK(cast("1", " +1_000 ") == "1000");
    CHECK(cast("1", "-3") == "-3");
    CHECK(cast("1.5", "2") == "2");
    CHECK(cast("1.5", "2.5e1") == "25");
    CHECK(cast("1.5", "-.5") == "-0.5");
  }

  TEST_CASE("what does not fit is an error without the value") {
    for (const auto* text : {"hunter2", "", "1.5", "1__0", "_1", "1_", "+-1", "0x10", "99999999999999999999"}) {
      CHECK(cast("1", text) == "! environment variable INVOKE_X is no whole number");
    }
    for (const auto* text : {"hunter2", "", "nan", "inf", "1e999", "0x1p3"}) {
      CHECK(cast("1.5", text) == "! environment variable INVOKE_X is no number");
    }
    CHECK(cast("[a]", "b") == "! Can't adapt an environment string into a <class 'list'>!");
    CHECK(read("x: [a]", {}) == "{}");
  }

  TEST_CASE("deviation 12: false, no and off are false, with a warning") {
    for (const auto* text : {"false", "False", "no", "OFF"}) {
      const auto level = environment_level(yaml("run: {echo: true}"), {{"INVOKE_RUN_ECHO", text}});
      REQUIRE(level.ok());
      CHECK_FALSE(level->data.find_path({"run", "echo"})->as_bool());
      REQUIRE(level->warnings.size() == 1);
      CHECK(level->warnings[0].starts_with("INVOKE_RUN_ECHO="));
    }
    const auto quiet =
        environment_level(yaml("run: {echo: true, shell: x}"), {{"INVOKE_RUN_ECHO", "0"}, {"INVOKE_RUN_SHELL", "false"}});
    CHECK(quiet.value().warnings.empty());
  }

  TEST_CASE("deviation 12: timeouts.command is a number of seconds") {
    const auto timeout = [](const std::string& text) {
      return read("timeouts: {command: null}", {{"INVOKE_TIMEOUTS_COMMAND", text}});
    };
    CHECK(timeout("5") == R"({"timeouts":{"command":5}})");
    CHECK(timeout("1.5") == R"({"timeouts":{"command":1.5}})");
    CHECK(timeout("-1") == "! environment variable INVOKE_TIMEOUTS_COMMAND is no number of seconds");
    CHECK(timeout("soon") == "! environment variable INVOKE_TIMEOUTS_COMMAND is no number of seconds");
  }

  TEST_CASE("the level stands between the project's file and the runtime file") {
    Configuration configuration;
    configuration.set(ConfigLevel::collection, yaml("db: {host: inner, port: 5432, ssl: true}"));
    const Environment environment{{"INVOKE_DB_HOST", "env"}, {"INVOKE_DB_PORT", "9"}, {"INVOKE_DB_SSL", "0"}};
    REQUIRE(configuration.read_environment(environment).ok());
    auto merged = configuration.merged().value();
    CHECK(to_json(*merged.find("db")).value() == R"({"host":"env","port":9,"ssl":false})");
    configuration.set(ConfigLevel::runtime, yaml("db: {host: file}"));
    merged = configuration.merged().value();
    CHECK(merged.string_at({"db", "host"}) == "file");
    CHECK(merged.find_path({"db", "port"})->as_int() == 9);
  }

  TEST_CASE("deviation 12: settings of tasks can be read before the search, and again with more known") {
    Configuration configuration;
    const Environment environment{{"INVOKE_TASKS_SEARCH_ROOT", "/x"}, {"INVOKE_DB_HOST", "env"}};
    REQUIRE(configuration.read_environment(environment).ok());
    CHECK(configuration.merged().value().string_at({"tasks", "search_root"}) == "/x");
    CHECK(configuration.merged().value().find("db") == nullptr);
    configuration.set(ConfigLevel::collection, yaml("db: {host: inner}"));
    REQUIRE(configuration.read_environment(environment).ok());
    CHECK(configuration.merged().value().string_at({"db", "host"}) == "env");
    // The kind of a leaf comes from the other levels, never from the last reading.
    configuration.set(ConfigLevel::collection, yaml("db: {host: [a]}"));
    CHECK(configuration.read_environment(environment).error().message() ==
          "Can't adapt an environment string into a <class 'list'>!");
  }
}
