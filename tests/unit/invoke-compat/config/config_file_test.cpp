#include "invoke-compat/config/config_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/json/json.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/invoke-compat/config/fake_files.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke;
using gitopsctl::tests::FakeFiles;

namespace {

const PythonConfig no_python;

std::string shown(const Result<ConfigFile>& file) {
  if (!file.ok()) return "! " + file.error().to_string();
  return to_json(file->data, {.escape_html = false}).value_or("! json");
}

std::string read(const std::string& name, const std::string& text) {
  return shown(read_config_file(FakeFiles{{"/p/" + name, text}}, "/p/" + name, no_python));
}

std::string yaml(const std::string& value) {
  const std::string text = read("invoke.yaml", "a: " + value + "\n");
  return text.starts_with("!") ? text : text.substr(5, text.size() - 6);
}

}  // namespace

TEST_SUITE("invoke: configuration files") {
  TEST_CASE("YAML is read as PyYAML's safe loader reads it") {
    // Each row is what yaml.safe_load of PyYAML 6.0.3 gives.
    CHECK(yaml("010") == "8");
    CHECK(yaml("0o10") == "\"0o10\"");
    CHECK(yaml("08") == "\"08\"");
    CHECK(yaml("0x1_F") == "31");
    CHECK(yaml("0b1_01") == "5");
    CHECK(yaml("-0x10") == "-16");
    CHECK(yaml("+12") == "12");
    CHECK(yaml("1_000") == "1000");
    CHECK(yaml("1:30") == "90");
    CHECK(yaml("-1:30:05") == "-5405");
    CHECK(yaml("1:60") == "\"1:60\"");
    CHECK(yaml("01:30") == "\"01:30\"");
    CHECK(yaml("1:30.5") == "90.5");
    CHECK(yaml("1.5e3") == "\"1.5e3\"");
    CHECK(yaml("1.5e+3") == "1500");
    CHECK(yaml("1e3") == "\"1e3\"");
    CHECK(yaml("1.") == "1");
    CHECK(yaml(".5") == "0.5");
    CHECK(yaml("+.5") == "\"+.5\"");
    CHECK(yaml("._5") == "\"._5\"");
    for (const auto* word : {"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"}) CHECK(yaml(word) == "true");
    for (const auto* word : {"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}) CHECK(yaml(word) == "false");
    for (const auto* word : {"y", "n", "Y", "N", "yEs", "tRUE"}) CHECK(yaml(word) == "\"" + std::string(word) + "\"");
    for (const auto* word : {"~", "null", "Null", "NULL", ""}) CHECK(yaml(word) == "null");
    CHECK(yaml("'no'") == "\"no\"");
    CHECK(yaml("=") == "\"=\"");
    // Dates are text here: nothing in configuration is one.
    CHECK(yaml("2026-11-23") == "\"2026-11-23\"");
    CHECK(yaml("2026-11-23T10:00:00Z") == "\"2026-11-23T10:00:00Z\"");
    CHECK(yaml("{a: 1, a: 2}") == "{\"a\":2}");
    CHECK(read("invoke.yml", "b: &b {x: 1, y: 1}\nu:\n  y: 2\n  <<: *b\n") == R"({"b":{"x":1,"y":1},"u":{"x":1,"y":2}})");
  }

  TEST_CASE("keys are text as they are written") {
    CHECK(read("invoke.yaml", "on: 1\n8080: 2\n010: 3\n") == R"({"010":3,"8080":2,"on":1})");
  }

  TEST_CASE("whole and other numbers are told apart, since the environment is read as they are") {
    const auto file = read_config_file(FakeFiles{{"/i.yaml", "a: 1\nb: 1.0\nc: 99999999999999999999\n"}}, "/i.yaml", {});
    REQUIRE(file.ok());
    CHECK(file->data.find("a")->kind() == Kind::int64);
    CHECK(file->data.find("b")->kind() == Kind::float64);
    CHECK(file->data.find("c")->kind() == Kind::float64);
  }

  TEST_CASE("JSON is read strictly") {
    CHECK(read("invoke.json", R"({"a": {"b": [1, 2.5, null]}})") == R"({"a":{"b":[1,2.5,null]}})");
    CHECK(read("invoke.json", "{\"a\": 1,}").starts_with("! /p/invoke.json:1:9: "));
    CHECK(read("invoke.json", "a: 1\n").starts_with("! /p/invoke.json:1:1: "));
    CHECK(read("invoke.json", "").starts_with("! /p/invoke.json:1:1: "));
  }

  TEST_CASE("deviation 2: a broken file is told with line and column") {
    CHECK(read("invoke.yaml", "a: [1\nb: 2\n").starts_with("! /p/invoke.yaml:2:"));
    CHECK(read("invoke.yaml", "a: 1\n b: 2\n").starts_with("! /p/invoke.yaml:2:3: "));
    CHECK(read("invoke.yaml", "a: *nothing\n").starts_with("! /p/invoke.yaml:1:4: "));
    CHECK(read("invoke.yaml", "a: 1\n---\nb: 2\n").starts_with("! /p/invoke.yaml:2:1: a second YAML document"));
    CHECK(read("invoke.yaml", "# head\n[a, b]\n") == "! /p/invoke.yaml:2:1: configuration must be a map, not a list");
    CHECK(read("invoke.yaml", "text\n") == "! /p/invoke.yaml:1:1: configuration must be a map, not a text");
    CHECK(read("invoke.json", "3") == "! /p/invoke.json:1:1: configuration must be a map, not a number");
  }

  TEST_CASE("errors hold nothing of the content, which may be secret") {
    CHECK(read("invoke.yaml", "password: *hunter2\n").find("hunter2") == std::string::npos);
    CHECK(read("invoke.yaml", "? [hunter2]\n: x\n").find("hunter2") == std::string::npos);
  }

  TEST_CASE("a file without content is an empty map") {
    CHECK(read("invoke.yaml", "") == "{}");
    CHECK(read("invoke.yaml", "# nothing\n") == "{}");
    CHECK(read("invoke.json", "null") == "{}");
  }

  TEST_CASE("other extensions are refused") {
    const auto file = read_config_file(FakeFiles{{"/p/x.ini", ""}}, "/p/x.ini", no_python);
    REQUIRE_FALSE(file.ok());
    CHECK(file.error().to_string() == "Config files of type 'ini' (from file '/p/x.ini') are not supported");
    CHECK(file.error().code() == ErrorCode::unsupported);
    CHECK(file.error().hint() == "use one of: yaml, yml, json, py");
    CHECK(read("x", "").starts_with("! Config files of type '' "));
    CHECK(shown(read_config_file(FakeFiles{{"/p.yaml/.yaml", ""}}, "/p.yaml/.yaml", {}))
              .starts_with("! Config files of type ''"));
  }

  TEST_CASE("sizes and depths are bounded") {
    CHECK(read("invoke.yaml", "a: " + std::string(2 << 20, 'x')) == "! /p/invoke.yaml: is too large");
    CHECK(read("invoke.yaml", std::string(100, '[')).starts_with("! /p/invoke.yaml"));
    CHECK(read("invoke.yaml", std::string(100, '[') + std::string(100, ']')).find("max depth") != std::string::npos);
  }

  TEST_CASE("a file in Python is read by whoever can") {
    const FakeFiles files{{"/p/invoke.py", "x = 1"}};
    const auto refused = read_config_file(files, "/p/invoke.py", no_python);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code() == ErrorCode::unsupported);
    CHECK(refused.error().where().file == "/p/invoke.py");
    const PythonConfig python = [](const std::string& path) -> Result<Value> {
      return make_map({{"path", Value::string(path)}});
    };
    CHECK(shown(read_config_file(files, "/p/invoke.py", python)) == R"({"path":"/p/invoke.py"})");
    CHECK(read_config_file(files, "/p/other.py", python).error().code() == ErrorCode::not_found);
    const PythonConfig list = [](const std::string&) -> Result<Value> { return Value::list(); };
    CHECK(shown(read_config_file(files, "/p/invoke.py", list)) == "! /p/invoke.py: configuration must be a map, not a list");
  }

  TEST_CASE("of the extensions the first that exists counts, and only that one") {
    FakeFiles files{{"/p/invoke.json", R"({"from": "json"})"}, {"/p/invoke.yml", "from: yml"}};
    CHECK(find_config_file(files, "/p/invoke", {}).value()->path == "/p/invoke.yml");
    files.add("/p/invoke.yaml", "broken: [");
    CHECK_FALSE(find_config_file(files, "/p/invoke", {}).ok());
    CHECK_FALSE(find_config_file(files, "/other/invoke", {}).value().has_value());
    files.forbid("/q/invoke.yaml");
    CHECK(find_config_file(files, "/q/invoke", {}).error().code() == ErrorCode::forbidden);
  }

  TEST_CASE("the machine's files") {
    const support::ScratchDir scratch;
    const std::string& root = scratch.path();
    std::ofstream(root + "/invoke.yaml") << "a: 1\n";
    std::filesystem::create_symlink("invoke.yaml", root + "/link.yaml");
    std::filesystem::create_directory(root + "/directory.yaml");
    REQUIRE(::mkfifo((root + "/pipe.yaml").c_str(), 0600) == 0);
    const HostFiles& files = machine_files();
    CHECK(*files.look(root) == PathKind::directory);
    CHECK(*files.look(root + "/link.yaml") == PathKind::file);
    CHECK(*files.look(root + "/pipe.yaml") == PathKind::other);
    CHECK(*files.look(root + "/nothing") == PathKind::nothing);
    CHECK(*files.look(root + "/invoke.yaml/below") == PathKind::nothing);
    CHECK(*files.read(root + "/link.yaml", 100) == "a: 1\n");
    CHECK(files.read(root + "/invoke.yaml", 3).error().code() == ErrorCode::too_large);
    CHECK(files.read(root + "/nothing", 100).error().code() == ErrorCode::not_found);
    CHECK(files.read(root + "/directory.yaml", 100).error().code() == ErrorCode::invalid_input);
    CHECK(files.read(root + "/pipe.yaml", 100).error().code() == ErrorCode::invalid_input);
    CHECK(shown(read_config_file(files, root + "/invoke.yaml", {})) == R"({"a":1})");
  }
}
