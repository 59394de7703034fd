#include <doctest/doctest.h>

#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/parity/helm_peer.hpp"
#include "tests/parity/value_generator.hpp"
#include "tests/support/not_run.hpp"

// Our renders against those of the real helms, byte by byte.

using namespace gitopsctl::tests;

namespace {

// Sets of values that helm renders; those that it refuses are compared as well, and do not count.
constexpr int value_sets = 50;
constexpr int value_sets_of_older_helms = 15;
constexpr std::uint64_t most_seeds = 100;

void copy_chart(const WorkDirectory& directory, const std::string& from, const std::string& name) {
  std::filesystem::copy(std::filesystem::path(GITOPSCTL_SOURCE_DIR) / from, directory.path() / name,
                        std::filesystem::copy_options::recursive);
}

/// How many renders and how many error texts were compared.
struct Tally {
  int renders = 0;
  int errors = 0;
};

void compare(const HelmPeer& helm, const WorkDirectory& directory, const RenderCase& one, Tally& tally) {
  const auto theirs = helm.render(directory, one);
  const auto ours = render_with_ours(directory, one, helm.profile());
  ++(theirs.ok ? tally.renders : tally.errors);
  CHECK_MESSAGE(ours.ok == theirs.ok,
                "ours: " << (ours.ok ? "rendered" : ours.text) << "\nhelm: " << (theirs.ok ? "rendered" : theirs.text));
  if (ours.ok == theirs.ok) CHECK_MESSAGE(ours.text == theirs.text, first_difference(ours.text, theirs.text));
}

// Renders the chart with generated values, sometimes behind the values of a channel, and with some overrides.
void compare_generated(const HelmPeer& helm, const WorkDirectory& directory, const std::string& chart,
                       const std::vector<std::string>& bases, std::string (ValueGenerator::*generate)()) {
  const int wanted = helm.is_newest() ? value_sets : value_sets_of_older_helms;
  CAPTURE(helm.profile());
  Tally tally;
  for (std::uint64_t seed = 1; seed <= most_seeds && tally.renders < wanted; ++seed) {
    ValueGenerator generator(seed);
    RenderCase one;
    one.chart = chart;
    const auto base = generator.below(bases.size() + 1);
    if (base < bases.size()) one.value_files.push_back(chart + "/" + bases[base]);
    const auto count = 1 + generator.below(2);
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto name = "values-" + std::to_string(seed) + "-" + std::to_string(i) + ".yaml";
      directory.write(name, (generator.*generate)());
      one.value_files.push_back(name);
    }
    if (generator.chance(30))
      one.sets.emplace_back(generator.pick({"a.b=1,c=text", "list[2]=x", "nameOverride=null", "x={1,b},y.z=true"}));
    if (generator.chance(20)) one.release = "a-release-with-a-rather-long-name-of-fifty-characters";
    one.is_upgrade = generator.chance(20);
    CAPTURE(seed);
    compare(helm, directory, one, tally);
  }
  std::cout << "parity with " << helm.profile() << ": " << chart << ": " << tally.renders
            << " renders compared byte by byte, and " << tally.errors << " error texts\n";
  CHECK(tally.renders == wanted);
}

void compare_generated(const WorkDirectory& directory, const std::string& chart, const std::vector<std::string>& bases,
                       std::string (ValueGenerator::*generate)()) {
  for (const auto& helm : HelmPeer::all("parity of " + chart)) {
    compare_generated(helm, directory, chart, bases, generate);
  }
}

struct BrokenChart {
  std::string_view name;
  std::vector<std::pair<std::string, std::string_view>> files;
  std::vector<std::string> sets = {};
  bool rendered_by_helm_3 = false;
};

constexpr std::string_view chart_yaml = "apiVersion: v2\nname: broken\nversion: 1.0.0\n";

BrokenChart with_template(std::string_view name, std::string_view body) {
  return {name, {{"chart/Chart.yaml", chart_yaml}, {"chart/templates/x.yaml", body}}};
}

std::vector<BrokenChart> broken_templates() {
  return {
      with_template("unclosed action", "a: {{ .Values.x\n"),
      with_template("no such function", "a: {{ nothing .Values.x }}\n"),
      with_template("end is missing", "{{ if .Values.x }}\na: 1\n"),
      with_template("nil pointer", "a:\n  b: {{ .Values.x.y.z }}\n"),
      with_template("fail", "a: 1\nb: {{ fail \"choose a size\" }}\n"),
      with_template("required", "a: {{ required \"x is needed: set it\" .Values.x }}\n"),
      with_template("wrong argument", "a: {{ trunc \"x\" 5 }}\n"),
      with_template("wrong count", "a: {{ upper }}\n"),
      with_template("comparison", "a: {{ eq .Chart.Name 1 }}\n"),
      with_template("range over a number", "{{ range .Values.count }}a{{ end }}\n"),
      with_template("unknown include", "a: {{ include \"none\" . }}\n"),
      with_template("nested include",
                    "{{ define \"a\" }}{{ include \"b\" . }}{{ end }}{{ define \"b\" }}\n{{ .Values.x.y }}{{ end }}\na: {{ "
                    "include \"a\" . }}\n"),
      with_template("tpl", "a: {{ tpl \"{{ .Values.x.y }}\" . }}\n"),
      with_template("tpl that does not parse", "a: {{ tpl \"{{ if }}\" . }}\n"),
      with_template("index out of range", "a: {{ index (list 1 2) 7 }}\n"),
      with_template("fail in tpl in include",
                    "{{ define \"a\" }}{{ tpl \"{{ fail \\\"deep\\\" }}\" . }}{{ end }}a: {{ include \"a\" . }}\n"),
      with_template("recursion without end", "{{ define \"a\" }}{{ include \"a\" . }}{{ end }}a: {{ include \"a\" . }}\n"),
      with_template("divide by zero", "a: {{ div 1 0 }}\n"),
      with_template("bad indentation", "a: 1\n  b: 2\n"),
      with_template("tab", "a: 1\nb:\n\t- c\n"),
      with_template("second document", "a: 1\n---\nb: [1\n"),
      with_template("list document", "- a\n- b\n"),
      with_template("scalar document", "only words\n"),
      with_template("kind of a wrong type", "kind: {a: 1}\n"),
      with_template("annotation of a wrong type", "metadata:\n  annotations:\n    a/b~c: [1]\n"),
      with_template("metadata of a wrong type", "metadata: text\n"),
  };
}

std::vector<BrokenChart> broken_charts() {
  const auto with_chart_yaml = [](std::string_view name, std::string_view yaml) {
    return BrokenChart{name, {{"chart/Chart.yaml", yaml}}};
  };
  return {
      with_chart_yaml("Chart.yaml is no YAML", "name: [a\nversion: 1\n"),
      with_chart_yaml("Chart.yaml without a name", "apiVersion: v2\nversion: 1.0.0\n"),
      with_chart_yaml("Chart.yaml without a version", "apiVersion: v2\nname: x\n"),
      with_chart_yaml("version is none", "apiVersion: v2\nname: x\nversion: one\n"),
      with_chart_yaml("name with a slash", "apiVersion: v2\nname: a/b\nversion: 1.0.0\n"),
      with_chart_yaml("unknown type", "apiVersion: v2\nname: x\nversion: 1.0.0\ntype: service\n"),
      with_chart_yaml("a library", "apiVersion: v2\nname: x\nversion: 1.0.0\ntype: library\n"),
      with_chart_yaml("wrong types",
                      "apiVersion: v2\nname: x\nversion: 1.0.0\nkeywords: {a: 1}\nmaintainers:\n- name: [x]\n"),
      with_chart_yaml("maintainers of wrong types", "apiVersion: v2\nname: x\nversion: 1.0.0\nmaintainers: [text]\n"),
      with_chart_yaml("deprecated is no boolean", "apiVersion: v2\nname: x\nversion: 1.0.0\ndeprecated: \"true\"\n"),
      with_chart_yaml("kubeVersion", "apiVersion: v2\nname: x\nversion: 1.0.0\nkubeVersion: \"<1.20\"\n"),
      with_chart_yaml("alias with a blank",
                      "apiVersion: v2\nname: x\nversion: 1.0.0\ndependencies:\n- {name: a, version: 1, alias: \"a b\"}\n"),
      with_chart_yaml(
          "two of one name",
          "apiVersion: v2\nname: x\nversion: 1.0.0\ndependencies:\n- {name: a, version: 1}\n- {name: a, version: 2}\n"),
      with_chart_yaml("null dependency", "apiVersion: v2\nname: x\nversion: 1.0.0\ndependencies:\n-\n"),
      with_chart_yaml("missing dependencies",
                      "apiVersion: v2\nname: x\nversion: 1.0.0\ndependencies:\n- {name: a, version: 1}\n- {name: b, "
                      "version: 2, repository: \"https://example.com\"}\n"),
      {"Chart.lock is no YAML", {{"chart/Chart.yaml", chart_yaml}, {"chart/Chart.lock", "a: 1\nb: [\n"}}},
      {"values.yaml is no YAML", {{"chart/Chart.yaml", chart_yaml}, {"chart/values.yaml", "a: 1\nb: c: d\n"}}},
      {"values.yaml is a list", {{"chart/Chart.yaml", chart_yaml}, {"chart/values.yaml", "- a\n"}}},
      {"user values are a scalar", {{"chart/Chart.yaml", chart_yaml}, {"values-user.yaml", "words\n"}}},
      {"user values are no YAML", {{"chart/Chart.yaml", chart_yaml}, {"values-user.yaml", "a: 1\nb: \"x\n"}}},
      {"user values with a bad separator",
       {{"chart/Chart.yaml", chart_yaml}, {"values-user.yaml", "a: 1\n--- b: 2\n"}},
       {},
       true},
      {"--set without a value", {{"chart/Chart.yaml", chart_yaml}}, {"a.b"}},
      {"--set with an open list", {{"chart/Chart.yaml", chart_yaml}}, {"a={1,2"}},
      {"--set with a bad index", {{"chart/Chart.yaml", chart_yaml}}, {"a[x]=1"}},
      {"--set into a scalar", {{"chart/Chart.yaml", chart_yaml}}, {"a=1,a.b=2"}},
      {"subchart without Chart.yaml", {{"chart/Chart.yaml", chart_yaml}, {"chart/charts/sub/values.yaml", ""}}},
      {"subchart values are no table",
       {{"chart/Chart.yaml", chart_yaml},
        {"chart/charts/sub/Chart.yaml", "name: sub\nversion: 1.0.0\n"},
        {"values-user.yaml", "sub: text\n"}}},
      {"subchart values are no table, listed",
       {{"chart/Chart.yaml", "apiVersion: v2\nname: x\nversion: 1.0.0\ndependencies:\n- {name: sub, version: 1.x}\n"},
        {"chart/charts/sub/Chart.yaml", "name: sub\nversion: 1.0.0\n"},
        {"values-user.yaml", "sub: [1]\n"}}},
      {".helmignore with two stars", {{"chart/Chart.yaml", chart_yaml}, {"chart/.helmignore", "a/**\n"}}},
  };
}

void compare_errors(const HelmPeer& helm, const std::vector<BrokenChart>& charts, std::string_view what) {
  CAPTURE(helm.profile());
  Tally tally;
  for (const auto& chart : charts) {
    const WorkDirectory directory;
    directory.write("values-base.yaml", "count: 5\n");
    RenderCase one;
    one.value_files = {"values-base.yaml"};
    one.sets = chart.sets;
    for (const auto& [name, text] : chart.files) {
      directory.write(name, text);
      if (name == "values-user.yaml") one.value_files.push_back(name);
    }
    CAPTURE(chart.name);
    const auto before = tally.errors;
    compare(helm, directory, one, tally);
    const bool renders = chart.rendered_by_helm_3 && helm.profile().starts_with("helm-3");
    CHECK_MESSAGE(tally.errors == before + (renders ? 0 : 1), "whether helm renders this");
  }
  std::cout << "parity with " << helm.profile() << ": " << what << ": " << tally.errors << " error texts compared\n";
}

void compare_errors(const std::vector<BrokenChart>& charts, std::string_view what) {
  for (const auto& helm : HelmPeer::all("error texts of " + std::string(what))) compare_errors(helm, charts, what);
}

}  // namespace

TEST_SUITE("parity/helm") {
  TEST_CASE("a chart as helm create makes it") {
    const auto program = need_peer("helm", "parity of helm create");
    if (!program) return;
    const WorkDirectory directory;
    HelmPeer(*program).create(directory, "demo");
    compare_generated(directory, "demo", {}, &ValueGenerator::create_values);
  }

  TEST_CASE("the demo's shop with its subchart and channel values") {
    const WorkDirectory directory;
    copy_chart(directory, "charts/demo/storefront", "storefront");
    compare_generated(directory, "storefront", {"values-test.yaml", "values-prod.yaml"}, &ValueGenerator::storefront_values);
  }

  TEST_CASE("the demo's greeter") {
    const WorkDirectory directory;
    copy_chart(directory, "charts/demo/greeter", "greeter");
    compare_generated(directory, "greeter", {}, &ValueGenerator::greeter_values);
  }

  TEST_CASE("values, aliases, conditions and imports of nested charts") {
    const WorkDirectory directory;
    copy_chart(directory, "tests/parity/charts/coalesce", "coalesce");
    compare_generated(directory, "coalesce", {}, &ValueGenerator::coalesce_values);
  }

  TEST_CASE("packed charts, alone and inside another one") {
    for (const auto& helm : HelmPeer::all("parity of packed charts")) {
      const WorkDirectory directory;
      copy_chart(directory, "charts/demo/storefront", "storefront");
      helm.package(directory, "storefront/charts/cache", "storefront/charts");
      std::filesystem::remove_all(directory.path() / "storefront/charts/cache");
      helm.package(directory, "storefront", "packed");
      Tally tally;
      for (const auto* chart : {"storefront", "packed/storefront-1.4.0.tgz"}) {
        RenderCase one;
        one.chart = chart;
        one.value_files = {"storefront/values-prod.yaml"};
        compare(helm, directory, one, tally);
      }
      CHECK(tally.renders == 2);
    }
  }

  TEST_CASE("error texts of templates") { compare_errors(broken_templates(), "broken templates"); }
  TEST_CASE("error texts of charts and values") { compare_errors(broken_charts(), "broken charts"); }
}
