#include <doctest/doctest.h>

#include "base/json/json.hpp"
#include "render/helm/coalesce.hpp"
#include "render/helm/dependencies.hpp"
#include "render/helm/load_chart.hpp"
#include "render/helm/user_values.hpp"
#include "render/helm/values_text.hpp"
#include "tests/unit/render/helm/chart_tree.hpp"

using namespace gitopsctl;
using namespace gitopsctl::render;
using namespace gitopsctl::render::helm;
using namespace gitopsctl::tests;

namespace {

std::string json(const Value& value) { return to_json(value, {.escape_html = false}).value(); }
Value value(std::string_view text) { return parse_json(text, {}, false).value(); }

std::string read(std::string_view text) {
  const auto values = read_values(text, "v.yaml");
  return values.ok() ? json(*values) : values.error().to_string();
}

// The values of the chart at `app` for these user values, after dependency processing.
std::string final_values(Files files, std::string_view user, std::vector<std::string>* warnings = nullptr) {
  const auto inputs = chart_inputs(files);
  auto charts = load_chart(inputs.tree, inputs.helm.chart);
  REQUIRE_MESSAGE(charts.ok(), charts.error().to_string());
  auto& set = **charts;
  const auto given = value(user);
  const auto processed = process_dependencies(set, given);
  if (!processed.ok()) return processed.error().message();
  const auto values = coalesce_values(*set.root, given, set.coalescing(Nulls::remove), set.warnings);
  if (warnings != nullptr) *warnings = set.warnings;
  return values.ok() ? json(*values) : values.error().message();
}

std::string children(Files files, std::string_view user) {
  const auto inputs = chart_inputs(files);
  auto charts = load_chart(inputs.tree, inputs.helm.chart);
  REQUIRE_MESSAGE(charts.ok(), charts.error().to_string());
  REQUIRE(process_dependencies(**charts, value(user)).ok());
  std::string out;
  for (const auto* child : (*charts)->root->dependencies) out += child->full_path() + " ";
  return out;
}

constexpr std::string_view sub_yaml = "apiVersion: v2\nname: sub\nversion: 1.2.3\n";

}  // namespace

TEST_SUITE("helm/values_text") {
  TEST_CASE("documents of a values file merge") {
    CHECK(read("") == "{}");
    CHECK(read("# nothing\n") == "{}");
    CHECK(read("a: 1\nb: {x: 1}\n---\nb: {z: 2}\na: null\n") == R"({"a":null,"b":{"x":1,"z":2}})");
    CHECK(read("---\na: 1\n--- # more\nb: 2") == R"({"a":1,"b":2})");
    CHECK(read("a: 1\nb: [1, 2]\n---\nb: [3]\n") == R"({"a":1,"b":[3]})");
  }

  TEST_CASE("numbers are floats") {
    const auto values = read_values("a: 1\n", "v").value();
    CHECK(values.find("a")->is_float());
    CHECK(with_float_numbers(value(R"({"a":[1]})")).find("a")->as_list()[0].is_float());
  }

  TEST_CASE("mistakes are located in the file") {
    CHECK(read("a: 1\n---\nb: c: d\n") ==
          "v.yaml:3:5: cannot unmarshal yaml document: error converting YAML to JSON: yaml: mapping values are not "
          "allowed in this context");
    CHECK(read("a: 1\n---x\n") == "v.yaml:2: error reading yaml document: invalid Yaml document separator: x");
    CHECK(read("- a\n") ==
          "v.yaml:1: cannot unmarshal yaml document: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal "
          "array into Go value of type map[string]interface {}");
  }
}

TEST_SUITE("helm/user_values") {
  TEST_CASE("files, inline values and overrides in Helm's order") {
    auto inputs = chart_inputs({{"a.yaml", "x: 1\nt: {a: 1, k: null}\n"}, {"b.yaml", "t: {b: 2}\n"}, {"f.txt", "content"}});
    inputs.helm.value_files = {tree_path("a.yaml"), tree_path("b.yaml")};
    inputs.helm.values = make_map({{"t", make_map({{"c", Value::int64(3)}})}});
    inputs.helm.set_values = {{SetValue::Kind::literal, "x=last"},
                              {SetValue::Kind::file, "f=f.txt"},
                              {SetValue::Kind::string, "s=1"},
                              {SetValue::Kind::typed, "x=2,t.a=9"},
                              {SetValue::Kind::json, R"({"x": 3, "t": {"j": true}})"}};
    const auto values = user_values(inputs);
    REQUIRE_MESSAGE(values.ok(), values.error().message());
    CHECK(json(*values) == R"({"f":"content","s":"1","t":{"a":9,"b":2,"c":3,"j":true,"k":null},"x":"last"})");
    CHECK(values->find_path({"t", "c"})->is_float());
  }

  TEST_CASE("mistakes name the file or the override") {
    auto inputs = chart_inputs({{"bad.yaml", "a: b: c\n"}});
    inputs.helm.value_files = {tree_path("bad.yaml")};
    CHECK(user_values(inputs).error().to_string().starts_with("bad.yaml:1:5: failed to parse bad.yaml: cannot unmarshal"));
    inputs.helm.value_files = {tree_path("none.yaml")};
    CHECK(user_values(inputs).error().code() == ErrorCode::not_found);
    inputs.helm.value_files.clear();
    inputs.helm.set_values = {{SetValue::Kind::typed, "a"}};
    CHECK(user_values(inputs).error().message() == R"(failed parsing --set data: key "a" has no value)");
    inputs.helm.set_values = {{SetValue::Kind::json, "a={x"}};
    CHECK(user_values(inputs).error().message() == "failed parsing --set-json data a={x");
    inputs.helm.set_values = {{SetValue::Kind::file, "a=../out"}};
    CHECK(user_values(inputs).error().code() == ErrorCode::forbidden);
  }
}

TEST_SUITE("helm/coalesce") {
  TEST_CASE("the user's values win; tables merge, lists replace") {
    CHECK(final_values({{"app/values.yaml", "a: 1\nb: {x: 1, z: 2}\nc: [1, 2]\n"}}, R"({"b":{"z":3},"c":[9],"d":4})") ==
          R"({"a":1,"b":{"x":1,"z":3},"c":[9],"d":4})");
  }

  TEST_CASE("null rules of Helm 4.2 and later") {
    const Files chart = {{"app/values.yaml", "a: 1\nb: {x: 1, w: null}\nc: null\n"}};
    CHECK(final_values(chart, R"({"a":null,"b":{"x":null,"z":null}})") == R"({"b":{"z":null}})");
    CHECK(final_values(chart, "{}") == R"({"a":1,"b":{"x":1}})");
    CHECK(final_values(chart, R"({"c":null,"n":null})") == R"({"a":1,"b":{"x":1},"n":null})");
  }

  TEST_CASE("globals go down, and the parent's win") {
    CHECK(final_values({{"app/values.yaml", "global: {a: 1, t: {x: 1}}\n"},
                        {"app/charts/sub/Chart.yaml", sub_yaml},
                        {"app/charts/sub/values.yaml", "global: {a: 2, b: 3, t: {z: 2}}\nown: 1\n"}},
                       "{}") ==
          R"({"global":{"a":1,"t":{"x":1}},"sub":{"global":{"a":1,"b":3,"t":{"x":1,"z":2}},"own":1}})");
  }

  TEST_CASE("oddities are warned of, and a child's values must be a table") {
    std::vector<std::string> warnings;
    final_values({{"app/values.yaml", "a: {x: 1}\nb: 1\n"}}, R"({"a":1,"b":{"y":1}})", &warnings);
    CHECK(warnings == std::vector<std::string>{"skipped value for app.b: Not a table."});
    CHECK(final_values({{"app/charts/sub/Chart.yaml", sub_yaml}}, R"({"sub":"x"})") ==
          "type mismatch on sub: %!t(string=x)");
  }
}

TEST_SUITE("helm/dependencies") {
  TEST_CASE("conditions decide over tags") {
    const auto kids = [](std::string_view entry, std::string_view user) {
      const std::string yaml =
          "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n- name: sub\n  version: 1.x\n" + std::string(entry);
      return children({{"app/Chart.yaml", yaml}, {"app/charts/sub/Chart.yaml", sub_yaml}}, user);
    };
    CHECK(kids("", "{}") == "app/charts/sub ");
    CHECK(kids("  condition: sub.on\n", R"({"sub":{"on":false}})") == "");
    CHECK(kids("  condition: sub.on\n", "{}") == "app/charts/sub ");
    CHECK(kids("  condition: a,b\n", R"({"b":false})") == "");
    CHECK(kids("  condition: a,b\n", R"({"a":true,"b":false})") == "app/charts/sub ");
    CHECK(kids("  tags: [x, z]\n", R"({"tags":{"x":false}})") == "");
    CHECK(kids("  tags: [x, z]\n", R"({"tags":{"x":false,"z":true}})") == "app/charts/sub ");
    CHECK(kids("  tags: [x]\n  condition: want\n", R"({"tags":{"x":false},"want":true})") == "app/charts/sub ");
    CHECK(kids("  alias: other\n", "{}") == "app/charts/other ");
  }

  TEST_CASE("one chart under two aliases") {
    const Files files = {{"app/Chart.yaml",
                          "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n- {name: sub, version: '*', alias: a}\n"
                          "- {name: sub, version: '*', alias: b}\n"},
                         {"app/charts/sub/Chart.yaml", sub_yaml},
                         {"app/charts/sub/values.yaml", "v: 1\n"}};
    CHECK(children(files, "{}") == "app/charts/a app/charts/b ");
    CHECK(final_values(files, R"({"a":{"v":2}})") == R"({"a":{"global":{},"v":2},"b":{"global":{},"v":1}})");
  }

  TEST_CASE("a version out of range is not taken, and what is not listed stays") {
    CHECK(children(
              {{"app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n- {name: sub, version: 2.x}\n"},
               {"app/charts/sub/Chart.yaml", sub_yaml}},
              "{}") == "app/charts/sub ");
  }

  TEST_CASE("import-values come under the parent's own") {
    const Files files = {{"app/Chart.yaml",
                          "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n- name: sub\n  version: '*'\n"
                          "  import-values:\n  - data\n  - {child: inner, parent: taken.here}\n  - missing\n"},
                         {"app/values.yaml", "port: 80\n"},
                         {"app/charts/sub/Chart.yaml", sub_yaml},
                         {"app/charts/sub/values.yaml", "exports: {data: {port: 1, host: h}}\ninner: {k: v}\n"}};
    std::vector<std::string> warnings;
    CHECK(
        final_values(files, "{}", &warnings) ==
        R"({"host":"h","port":80,"sub":{"exports":{"data":{"host":"h","port":1}},"global":{},"inner":{"k":"v"}},"taken":{"here":{"k":"v"}}})");
    CHECK(warnings == std::vector<std::string>{"import-values: sub has no table 'exports.missing'"});
  }

  TEST_CASE("missing charts are named with version and repository") {
    const auto inputs = chart_inputs({{"app/Chart.yaml",
                                       "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n"
                                       "- {name: sub, version: 1.x}\n"
                                       "- {name: db, version: ~2.1, repository: 'https://charts.example.com'}\n"
                                       "- {name: mq, version: '*', repository: 'oci://r.example.com/x'}\n"},
                                      {"app/charts/sub/Chart.yaml", sub_yaml}});
    const auto charts = load_chart(inputs.tree, inputs.helm.chart).value();
    const auto checked = check_dependencies(*charts->root);
    REQUIRE_FALSE(checked.ok());
    CHECK(checked.error().code() == ErrorCode::needs_source);
    CHECK(checked.error().where().file == "app/Chart.yaml");
    CHECK(checked.error().message().ends_with("missing in charts/ directory: db, mq"));
    CHECK(checked.error().hint() ==
          "run 'helm dependency build app' and commit its charts/ folder; it needs db ~2.1 from "
          "https://charts.example.com; mq * from oci://r.example.com/x");
  }
}
