#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "base/json/json.hpp"
#include "base/yaml/yaml.hpp"
#include "invoke-compat/declarative/task_file.hpp"
#include "render/schema/schema.hpp"
#include "tests/unit/invoke-compat/declarative/task_files.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke::declarative;
using render::schema::Schema;

namespace {

std::string file(const std::string& name) {
  std::ifstream in(std::string(GITOPSCTL_SOURCE_DIR) + "/" + name);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string problems(const std::string& text) {
  static const Schema schema = Schema::compile(task_file_schema()).value();
  const auto document = parse_yaml(text, {.profile = YamlProfile::go_v3});
  REQUIRE_MESSAGE(document.ok(), text);
  return schema.problems(*document).value();
}

}  // namespace

TEST_SUITE("invoke: schema of task files") {
  TEST_CASE("the published schema is the one of the tables") {
    // To write it anew: GITOPSCTL_WRITE_SCHEMA=1 in the environment.
    if (std::getenv("GITOPSCTL_WRITE_SCHEMA") != nullptr) {
      std::ofstream(std::string(GITOPSCTL_SOURCE_DIR) + "/docs/schemas/tasks.schema.json") << task_file_schema();
    }
    CHECK(file("docs/schemas/tasks.schema.json") == task_file_schema());
    CHECK(parse_json(task_file_schema()).value().string_at({"$schema"}) == "https://json-schema.org/draft/2020-12/schema");
  }

  TEST_CASE("it accepts what the loader accepts") {
    CHECK(problems(std::string(tests::whole_task_file)).empty());
    CHECK(problems(std::string(tests::extra_task_file)).empty());
    CHECK(problems(file("tests/parity/invoke/tasks.yaml")).empty());
    for (const auto* text : {
             "",
             "tasks:",
             "tasks: {a: }",
             "help:\nnamespaces: {a: }",
             " steps: [{run: a, hide: true}, {run: b, hide: both}]",
             " steps: [{run: a, hide: '${{ args.x }}'}, {exit: {}}, {exit: {code: '${{ 3 }}'}}, {print: ''}]",
             " steps: [{parallel: [{run: a, id: x}, {use: a.b, id: y}]}]",
             " pre: [a, {task: b, args: {x: [1]}}]",
             " args: [{name: a, short: false}, {name: b, short: '1'}, {name: c, short: }]",
             " args: [{name: a, kind: str, optionalValue: true, default: false}, {name: b, kind: float, default: 1}]",
             " args: [{name: a, kind: list, default: [x], choices: [x, y]}, {name: b, kind: int, default: }]",
         }) {
      CHECK_MESSAGE(problems(tests::with_head(text)).empty(), text << "\n" << problems(tests::with_head(text)));
    }
  }

  TEST_CASE("it refuses what the loader refuses in one place by itself") {
    for (const auto& mistake : tests::task_file_mistakes()) {
      CHECK_MESSAGE(!problems(tests::with_head(mistake.text)).empty(), mistake.text);
    }
    CHECK_FALSE(problems("kind: Tasks").empty());
    CHECK_FALSE(problems("apiVersion: gitopsctl.dev/v2\nkind: Tasks").empty());
    CHECK_FALSE(problems("apiVersion: gitopsctl.dev/v1\nkind: Task").empty());
    CHECK_FALSE(problems("[]").empty());
  }
}
