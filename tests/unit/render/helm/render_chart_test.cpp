#include <doctest/doctest.h>

#include "render/helm/helm.hpp"
#include "tests/unit/render/helm/chart_tree.hpp"

using namespace gitopsctl;
using namespace gitopsctl::render;
using namespace gitopsctl::render::helm;
using namespace gitopsctl::tests;

namespace {

std::string text(const RenderInputs& inputs) {
  const auto out = render_chart(inputs);
  return out.ok() ? out->text() : "ERROR " + out.error().message();
}

std::string one(std::string_view body) {
  const auto out = text(chart_inputs({{"app/templates/x.yaml", body}}));
  constexpr std::string_view head = "---\n# Source: app/templates/x.yaml\n";
  return out.starts_with(head) ? out.substr(head.size(), out.size() - head.size() - 1) : out;
}

}  // namespace

TEST_SUITE("helm/render_chart") {
  TEST_CASE("top objects") {
    CHECK(one("a: {{ .Release.Name }} {{ .Release.Namespace }} {{ .Release.IsInstall }} {{ .Release.Revision }}") ==
          "a: rel ns true 1");
    CHECK(one("a: {{ .Template.Name }} {{ .Template.BasePath }}") == "a: app/templates/x.yaml app/templates");
    CHECK(one("a: {{ .Chart.Name }} {{ .Chart.Nothing }} {{ .Chart.IsRoot }}") == "a: app  true");
    CHECK(one("a: {{ .Capabilities.KubeVersion }} {{ .Capabilities.APIVersions.Has \"apps/v1\" }}") == "a: v1.37.0 true");
    CHECK(one("a: {{ has \"v1\" .Capabilities.APIVersions }} {{ without .Capabilities.APIVersions \"v1\" | len }}") ==
          "a: true 56");
    // As often as they are asked: sorting gives a new list.
    CHECK(one("a: {{ sortAlpha .Capabilities.APIVersions | first }} {{ first .Capabilities.APIVersions }}") ==
          "a: admissionregistration.k8s.io/v1 v1");
    CHECK(one("a: {{ reverse .Capabilities.APIVersions | last }} {{ chunk 10 .Capabilities.APIVersions | len }}") ==
          "a: v1 6");
    CHECK(one("a: {{ .Values.x.y }}").starts_with("ERROR app/templates/x.yaml:1:13\n  executing"));
  }

  TEST_CASE("lookup finds what it is given, as a copy, and nothing without") {
    auto inputs =
        chart_inputs({{"app/templates/x.yaml",
                       "{{ $s := lookup \"v1\" \"Secret\" \"ns\" \"db\" }}{{ $_ := set $s \"a\" \"b\" }}"
                       "a: {{ $s.n | default \"none\" }} {{ hasKey (lookup \"v1\" \"Secret\" \"ns\" \"db\") \"a\" }} "
                       "{{ tpl `{{ len (lookup \"v1\" \"Node\" \"\" \"\").items }}` . }}"}});
    CHECK(text(inputs).starts_with("ERROR"));  // len of nothing, as in helm template
    const Value object = make_map({{"n", Value::int64(7)}});
    inputs.lookup = [&](const LookupQuestion& question) -> Result<Value> {
      if (question.kind == "Node") return make_map({{"items", Value::list({Value::map(), Value::map()})}});
      return object;
    };
    const std::string once = "---\n# Source: app/templates/x.yaml\na: 7 false 2\n";
    CHECK(text(inputs) == once);
    CHECK(text(inputs) == once);
    CHECK(object.size() == 1);
    inputs.lookup = [](const LookupQuestion&) -> Result<Value> { return Error(ErrorCode::forbidden, "no right"); };
    CHECK(text(inputs).find("error calling lookup: no right") != std::string::npos);
  }

  TEST_CASE("values that were found elsewhere lie over the files and under the inline ones") {
    auto inputs = chart_inputs({{"app/templates/x.yaml",
                                 "a: {{ .Values.chart }} {{ .Values.file }} {{ .Values.first }} {{ .Values.second }} "
                                 "{{ .Values.inline }} {{ index .Values.deep \"x.y\" }} {{ .Values.deep.z }}"},
                                {"app/values.yaml", "{chart: c, file: c, first: c, second: c, inline: c, deep: {z: c}}"},
                                {"v.yaml", "{file: f, first: f, second: f, inline: f}"}});
    inputs.helm.value_files = {tree_path("v.yaml")};
    inputs.helm.given = {{"ConfigMap ns/a, key values.yaml", "first: 1\nsecond: 1\ninline: 1\n", {}},
                         {"Secret ns/b, key values.yaml", "second: 2\ninline: 2\n", {}},
                         {"Secret ns/b, key p", "007", {"deep", "x.y"}}};
    inputs.helm.values = make_map({{"inline", Value::string("i")}});
    CHECK(text(inputs) == "---\n# Source: app/templates/x.yaml\na: c f 1 2 i 007 c\n");
  }

  TEST_CASE("values that were found elsewhere and are no values are told without a word of them") {
    auto inputs = chart_inputs({{"app/templates/x.yaml", "a: 1"}});
    for (const char* bad :
         {"CANARY", "[CANARY]", "a: {CANARY", "a: b\n  c: CANARY", "a: !!int CANARY", "--- CANARY\na: b"}) {
      CAPTURE(bad);
      inputs.helm.given = {{"Secret ns/b, key values.yaml", bad, {}}};
      const auto out = text(inputs);
      CHECK(out.starts_with("ERROR failed to parse Secret ns/b, key values.yaml: "));
      CHECK(out.find("CANARY") == std::string::npos);
    }
  }

  TEST_CASE("files are reached through .Files and subcharts through .Subcharts") {
    CHECK(text(chart_inputs({{"app/templates/x.yaml", "a: {{ .Files.Get \"f.txt\" }} {{ .Subcharts.sub.Values.v }}"},
                             {"app/f.txt", "content"},
                             {"app/charts/sub/Chart.yaml", "name: sub\nversion: 1.0.0\n"},
                             {"app/charts/sub/values.yaml", "v: 7\n"}})) ==
          "---\n# Source: app/templates/x.yaml\na: content 7\n");
  }

  TEST_CASE("a parent's definition wins over its child's") {
    CHECK(text(chart_inputs({{"app/templates/_a.tpl", "{{ define \"n\" }}parent{{ end }}"},
                             {"app/charts/sub/Chart.yaml", "name: sub\nversion: 1.0.0\n"},
                             {"app/charts/sub/templates/_z.tpl", "{{ define \"n\" }}child{{ end }}"},
                             {"app/charts/sub/templates/x.yaml", "a: {{ include \"n\" . }}"}})) ==
          "---\n# Source: app/charts/sub/templates/x.yaml\na: parent\n");
  }

  TEST_CASE("a library renders nothing by itself, and is no application") {
    CHECK(text(chart_inputs({{"app/templates/x.yaml", "a: {{ include \"n\" . }}"},
                             {"app/charts/lib/Chart.yaml", "name: lib\nversion: 1.0.0\ntype: library\n"},
                             {"app/charts/lib/templates/_n.tpl", "{{ define \"n\" }}lib{{ end }}"},
                             {"app/charts/lib/templates/y.yaml", "b: 1"}})) ==
          "---\n# Source: app/templates/x.yaml\na: lib\n");
    CHECK(text(chart_inputs({{"app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\ntype: library\n"}})) ==
          "ERROR library charts are not installable");
  }

  TEST_CASE("notes are executed and kept out of the manifests") {
    auto inputs = chart_inputs({{"app/templates/NOTES.txt", "hello {{ .Release.Name }}"}, {"app/templates/x.yaml", "a: 1"}});
    const auto out = render_chart(inputs);
    REQUIRE(out.ok());
    CHECK(out->notes == "hello rel");
    CHECK(out->manifests.size() == 1);
    CHECK(text(chart_inputs({{"app/templates/NOTES.txt", "{{ fail \"no\" }}"}})) ==
          "ERROR execution error at (app/templates/NOTES.txt:1:3): no");
  }

  TEST_CASE("custom resource definitions, tests and schemas") {
    auto inputs = chart_inputs({{"app/crds/a.yaml", "kind: CustomResourceDefinition\n"},
                                {"app/crds/readme.md", "no"},
                                {"app/values.schema.json", "{}"},
                                {"app/templates/t.yaml", "kind: Pod\nmetadata:\n  annotations:\n    helm.sh/hook: test\n"}});
    auto out = render_chart(inputs).value();
    CHECK(out.crds.size() == 1);
    CHECK(out.hooks.size() == 1);
    CHECK(out.warnings.empty());
    inputs.helm.include_crds = false;
    inputs.helm.skip_tests = true;
    out = render_chart(inputs).value();
    CHECK(out.crds.empty());
    CHECK(out.hooks.empty());
    CHECK(out.warnings.empty());
  }

  TEST_CASE("values that a schema refuses, of the chart and of those below it") {
    const Files files{{"app/values.schema.json", R"({"properties":{"port":{"type":"integer"}}})"},
                      {"app/values.yaml", "port: x\nsub: {deep: 1}\n"},
                      {"app/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n"},
                      {"app/charts/sub/values.schema.json", R"({"properties":{"deep":{"type":"string"}}})"},
                      {"app/templates/x.yaml", "a: 1"}};
    auto inputs = chart_inputs(files);
    const auto refused = render_chart(inputs);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().message() ==
          "values don't meet the specifications of the schema(s) in the following chart(s):\n"
          "app:\n- at '/port': got string, want integer\nsub:\n- at '/deep': got number, want string\n");
    CHECK(refused.error().where().file == "app/values.schema.json");
    inputs.helm.skip_schema = true;
    CHECK(render_chart(inputs).ok());

    auto urn = chart_inputs({{"app/values.schema.json", R"({"$ref":"urn:x:y"})"}, {"app/templates/x.yaml", "a: 1"}});
    const auto rendered = render_chart(urn);
    REQUIRE(rendered.ok());
    CHECK(rendered->warnings ==
          std::vector<std::string>{"app: values.schema.json: urn:x:y is not known and accepts everything"});
    CHECK(text(chart_inputs({{"app/values.schema.json", "{"}})).find("app:\nunexpected EOF") != std::string::npos);
  }

  TEST_CASE("errors carry the place in the tree") {
    const auto error_of = [](Files files) { return render_chart(chart_inputs(files)).error(); };
    const auto parse = error_of({{"app/templates/x.yaml", "a\n{{ if }}\n"}});
    CHECK(parse.message() == "parse error at (app/templates/x.yaml:2): missing value for if");
    CHECK(parse.where().to_string() == "app/templates/x.yaml:2");
    CHECK(parse.trail() == std::vector<std::string>{"chart app"});
    const auto nested = error_of({{"app/templates/x.yaml", "a: {{ include \"n\" . }}\n"},
                                  {"app/templates/_n.tpl", "{{ define \"n\" }}\n  {{ .Values.a.b }}{{ end }}"}});
    CHECK(nested.where().to_string() == "app/templates/_n.tpl:2:13");
    const auto inner = error_of({{"app/templates/x.yaml", "a: {{ tpl \"{{ .Values.a.b }}\" . }}\n"}});
    CHECK(inner.where().to_string() == "app/templates/x.yaml:1:7");
    CHECK(error_of({{"app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\nkubeVersion: <1.20\n"}}).to_string() ==
          "app/Chart.yaml: chart app: chart requires kubeVersion: <1.20 which is incompatible with Kubernetes v1.37.0");
  }

  TEST_CASE("release names are checked") {
    auto inputs = chart_inputs({});
    inputs.helm.release_name = "Bad";
    CHECK(
        text(inputs).starts_with("ERROR release name check failed: release name \"Bad\": invalid release name, must match"));
    inputs.helm.release_name = "";
    CHECK(text(inputs) == "ERROR release name check failed: release name \"\": no name provided");
  }

  TEST_CASE("an empty chart prints a newline") { CHECK(text(chart_inputs({})) == "\n"); }
}
