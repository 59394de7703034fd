#include "invoke-compat/config/configuration.hpp"

#include <doctest/doctest.h>

#include "base/json/json.hpp"
#include "base/yaml/yaml.hpp"
#include "tests/unit/invoke-compat/config/fake_files.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke;
using gitopsctl::tests::FakeFiles;

namespace {

Value yaml(const std::string& text) { return parse_yaml(text).value(); }

std::string shown(const Value* value) {
  if (value == nullptr) return "missing";
  return to_json(*value, {.escape_html = false}).value_or("! json");
}

std::string at(const Configuration& configuration, std::initializer_list<std::string_view> path) {
  const auto merged = configuration.merged();
  if (!merged.ok()) return "! " + merged.error().to_string();
  return shown(merged->find_path(path));
}

ConfigPlaces places() {
  ConfigPlaces out;
  out.home = "/home/ann";
  out.working_directory = "/work";
  return out;
}

}  // namespace

TEST_SUITE("invoke: configuration") {
  TEST_CASE("the defaults") {
    CHECK(shown(Configuration().merged().value().find("run")) ==
          R"({"asynchronous":false,"disown":false,"dry":false,"echo":false,)"
          R"("echo_format":"\u001b[1;37m{command}\u001b[0m","echo_stdin":null,"encoding":null,"env":{},"err_stream":null,)"
          R"("fallback":true,"hide":null,"in_stream":null,"out_stream":null,"pty":false,"replace_env":false,"shell":"bash",)"
          R"("warn":false,"watchers":[]})");
    const Configuration defaults;
    CHECK(at(defaults, {"sudo"}) == R"({"password":null,"prompt":"[sudo] password: ","user":null})");
    CHECK(at(defaults, {"tasks"}) == R"({"auto_dash_names":true,"collection_name":"tasks","dedupe":true,)"
                                     R"("executor_class":null,"ignore_unknown_help":false,"search_root":null})");
    CHECK(at(defaults, {"timeouts"}) == R"({"command":null})");
    CHECK(at(defaults, {"runners", "local"}) == "\"local\"");
  }

  TEST_CASE("a later level counts more, in the order of the nine levels") {
    Configuration configuration;
    const std::array levels{ConfigLevel::collection,  ConfigLevel::system,  ConfigLevel::user,        ConfigLevel::project,
                            ConfigLevel::environment, ConfigLevel::runtime, ConfigLevel::command_line};
    for (const auto level : levels) {
      const auto name = Value::string(std::to_string(static_cast<int>(level)));
      configuration.set(level, make_map({{"from", name}, {"only" + name.as_shared_string().str(), name}}));
      CHECK(at(configuration, {"from"}) == shown(&name));
    }
    const std::vector<std::string> path{"from"};
    configuration.change(path, Value::string("change"));
    CHECK(at(configuration, {"from"}) == "\"change\"");
    configuration.set(ConfigLevel::collection, yaml("from: late"));
    CHECK(at(configuration, {"from"}) == "\"change\"");
    CHECK(at(configuration, {"only5"}) == "\"5\"");
  }

  TEST_CASE("maps are merged, lists and scalars are replaced whole") {
    Configuration configuration;
    configuration.set(ConfigLevel::user, yaml("a: {b: 1, c: {d: [1, 2]}}\ne: text"));
    configuration.set(ConfigLevel::project, yaml("a: {c: {d: [3], x: null}}\ne: 5"));
    CHECK(at(configuration, {"a"}) == R"({"b":1,"c":{"d":[3],"x":null}})");
    CHECK(at(configuration, {"e"}) == "5");
  }

  TEST_CASE("a map against something else is an error that tells both places and no value") {
    Configuration configuration;
    configuration.set(ConfigLevel::user, yaml("db: {password: hunter2}"), "~/.invoke.yaml");
    const FakeFiles files{{"/p/invoke.yaml", "x: 1\ndb: secret\n"}};
    REQUIRE(load_project_file(configuration, files, "/p", {}).ok());
    const auto merged = configuration.merged();
    REQUIRE_FALSE(merged.ok());
    CHECK(merged.error().to_string() ==
          "/p/invoke.yaml:2:1: Can't cleanly merge 'db': it is a map in ~/.invoke.yaml, and a text in /p/invoke.yaml");
    Configuration other;
    other.set(ConfigLevel::user, yaml("run: {shell: {a: 1}}"));
    CHECK(at(other, {}) ==
          "! Can't cleanly merge 'run.shell': it is a text in the defaults, and a map in the user's configuration");
    Configuration null;
    null.set(ConfigLevel::user, yaml("run:"));
    CHECK(at(null, {}) ==
          "! Can't cleanly merge 'run': it is a map in the defaults, and nothing in the user's configuration");
  }

  TEST_CASE("what was merged, set and copied is nobody else's") {
    Value data = yaml("a: {b: 1}");
    Configuration first;
    first.set(ConfigLevel::user, data);
    data.child_map("a").set("b", Value::int64(2));
    CHECK(at(first, {"a", "b"}) == "1");
    Configuration second = first;
    const std::vector<std::string> path{"a", "b"};
    second.change(path, Value::int64(3));
    CHECK(at(first, {"a", "b"}) == "1");
    CHECK(at(second, {"a", "b"}) == "3");
    Value merged = first.merged().value();
    merged.child_map("a").set("b", Value::int64(4));
    merged.child_map("run").set("shell", Value::string("zsh"));
    CHECK(at(first, {"a", "b"}) == "1");
    CHECK(at(first, {"run", "shell"}) == "\"bash\"");
  }

  TEST_CASE("deviation 11: data of namespaces is merged deeply, the outer one counts more") {
    const std::vector<Value> levels{yaml("db: {host: outer}\nregion: eu"), yaml("db: {host: inner, port: 5432}\nlist: [1]")};
    const auto data = collection_data(levels);
    REQUIRE(data.ok());
    CHECK(shown(&*data) == R"({"db":{"host":"outer","port":5432},"list":[1],"region":"eu"})");
    const std::vector<Value> bad{yaml("db: text"), yaml("db: {host: a}")};
    CHECK(collection_data(bad).error().message() ==
          "Can't cleanly merge 'db': it is a map in an inner namespace, and a text in an outer one");
    CHECK(collection_data({}).value().size() == 0);
  }

  TEST_CASE("flags that are not given leave what is configured") {
    Configuration configuration;
    configuration.set(ConfigLevel::user, yaml("run: {echo: true, hide: out}\ntimeouts: {command: 7}"));
    configuration.set(ConfigLevel::command_line, command_line_data({}));
    CHECK(at(configuration, {"run", "echo"}) == "true");
    CHECK(at(configuration, {"run", "hide"}) == "\"out\"");
    CHECK(at(configuration, {"timeouts", "command"}) == "7");
    CommandLineConfig flags;
    flags.warn = flags.pty = flags.echo = flags.dry = flags.no_dedupe = true;
    flags.hide = "both";
    flags.command_timeout = 9;
    flags.sudo_password = "p";
    const auto data = command_line_data(flags);
    CHECK(shown(&data) == R"({"run":{"dry":true,"echo":true,"hide":"both","pty":true,"warn":true},)"
                          R"("sudo":{"password":"p"},"tasks":{"dedupe":false},"timeouts":{"command":9}})");
  }

  TEST_CASE("files of the system, of the user and of the project") {
    const FakeFiles files{{"/etc/invoke.yml", "a: system\nb: system\nc: system"},
                          {"/home/ann/.invoke.yaml", "b: user\nc: user"},
                          {"/p/invoke.json", R"({"c": "project"})"}};
    Configuration configuration;
    REQUIRE(load_base_files(configuration, files, places(), {}).ok());
    REQUIRE(load_project_file(configuration, files, "/p", {}).ok());
    CHECK(at(configuration, {"a"}) == "\"system\"");
    CHECK(at(configuration, {"b"}) == "\"user\"");
    CHECK(at(configuration, {"c"}) == "\"project\"");
    Configuration homeless;
    ConfigPlaces none = places();
    none.home.clear();
    REQUIRE(load_base_files(homeless, files, none, {}).ok());
    CHECK(at(homeless, {"b"}) == "\"system\"");
    Configuration empty;
    CHECK(load_base_files(empty, FakeFiles{}, places(), {}).ok());
    CHECK(load_project_file(empty, FakeFiles{}, "/p", {}).ok());
    CHECK_FALSE(load_base_files(empty, FakeFiles{{"/home/ann/.invoke.yaml", "["}}, places(), {}).ok());
  }

  TEST_CASE("deviation 1: a runtime file that is named must be there") {
    Configuration configuration;
    const FakeFiles files{{"/work/over.yaml", "db: {host: file}"},
                          {"/home/ann/x.json", R"({"db": {"host": "home"}})"},
                          {"/abs.yml", "db: {host: abs}"},
                          {"/work/x.toml", ""}};
    const auto missing = load_runtime_file(configuration, files, places(), "missing.yaml", {});
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().to_string() == "Config file 'missing.yaml' does not exist");
    CHECK(missing.error().code() == ErrorCode::not_found);
    CHECK_FALSE(load_runtime_file(configuration, files, places(), "missing.py", {}).ok());
    REQUIRE(load_runtime_file(configuration, files, places(), "over.yaml", {}).ok());
    CHECK(at(configuration, {"db", "host"}) == "\"file\"");
    REQUIRE(load_runtime_file(configuration, files, places(), "~/x.json", {}).ok());
    CHECK(at(configuration, {"db", "host"}) == "\"home\"");
    REQUIRE(load_runtime_file(configuration, files, places(), "/abs.yml", {}).ok());
    CHECK(at(configuration, {"db", "host"}) == "\"abs\"");
    CHECK(load_runtime_file(configuration, files, places(), "", {}).ok());
    CHECK(load_runtime_file(configuration, files, places(), "x.toml", {}).error().code() == ErrorCode::unsupported);
  }
}
