#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "render/helm/documents.hpp"
#include "render/helm/helm.hpp"
#include "render/helm/profile.hpp"
#include "tests/unit/render/helm/chart_tree.hpp"

// What differs between Helm versions, a check for each switch. That it differs in the same way as in the real programs is
// what tests/parity looks at.

using namespace gitopsctl;
using namespace gitopsctl::render;
using namespace gitopsctl::render::helm;
using namespace gitopsctl::tests;

namespace {

constexpr std::string_view app = "apiVersion: v2\nname: app\nversion: 1.2.3\n";

/// What a chart renders to without its separators and `# Source`, or the error.
std::string rendered(std::string_view profile, Files files, const std::vector<SetValue>& sets = {},
                     std::string_view kube_version = {}) {
  auto inputs = chart_inputs(files);
  inputs.helm.profile = profile;
  inputs.helm.set_values = sets;
  inputs.helm.capabilities.kube_version = kube_version;
  const auto out = render_chart(inputs);
  if (!out.ok()) return out.error().message();
  std::string text;
  for (const auto& document : out->manifests) text += document.text + "|";
  return text;
}

/// What the notes of a chart are, or the error.
std::string noted(std::string_view profile, std::string_view text, std::string_view values = "") {
  auto inputs = chart_inputs({{"app/values.yaml", values}, {"app/templates/NOTES.txt", text}});
  inputs.helm.profile = profile;
  const auto out = render_chart(inputs);
  return out.ok() ? out->notes + '|' : out.error().message();
}

/// What a chart of one template renders to.
std::string one(std::string_view profile, std::string_view text, std::string_view values = "") {
  return rendered(profile, {{"app/Chart.yaml", app}, {"app/values.yaml", values}, {"app/templates/a.yaml", text}});
}

std::string parts(std::string_view text, DocumentCut cut) {
  std::string out;
  for (const auto& part : split_documents(text, cut)) out += std::to_string(part.line) + ":" + std::string(part.text) + "|";
  return out;
}

}  // namespace

TEST_SUITE("helm/profile") {
  TEST_CASE("names, with and without a patch number") {
    CHECK(find_profile("helm-4.3")->name == "helm-4.3.1");
    CHECK(find_profile("helm-4.3.0")->helm_version == "v4.3.0");
    CHECK(find_profile("helm-3.20")->name == "helm-3.20.2");
    CHECK(find_profile("helm-3.20")->kube_minor == 35);
    CHECK(find_profile("helm-3.21.1")->kube_minor == 35);
    CHECK(find_profile("helm-3.21.4")->kube_minor == 36);
    CHECK(find_profile("helm-4.3.99").error().code() == ErrorCode::unsupported);
    CHECK(find_profile("helm-2.17").error().code() == ErrorCode::unsupported);
    for (const auto* name : {"", "helm", "helm-", "helm-9", "helm-4.3.", "helm-4.3.x", "helm-4.3.1.2", "4.3", "helm--4.3"}) {
      CAPTURE(name);
      CHECK(find_profile(name).error().code() == ErrorCode::invalid_input);
    }
  }

  TEST_CASE("nulls of the user and of defaults") {
    const auto render = [](std::string_view profile) {
      return rendered(profile,
                      {{"app/Chart.yaml", app},
                       {"app/values.yaml", "t: {a: 1, z: null, keep: 2}\ntop: null\n"},
                       {"app/templates/a.yaml", "{{ toJson .Values }}"}},
                      {{SetValue::Kind::typed, "t.a=null,t.z=null,t.other=null"}});
    };
    CHECK(render("helm-3.19.4") == R"({"t":{"keep":2,"other":null},"top":null}|)");
    CHECK(render("helm-3.20.0") == R"({"t":{"keep":2},"top":null}|)");
    CHECK(render("helm-3.20") == R"({"t":{"keep":2,"other":null,"z":null},"top":null}|)");
    CHECK(render("helm-4.2") == R"({"t":{"keep":2,"other":null,"z":null}}|)");
    CHECK(render("helm-4.3") == R"({"t":{"keep":2,"other":null,"z":null}}|)");
  }

  TEST_CASE("where files are cut") {
    const std::string_view text = "\n---\n---\na: 1\n\n--- \n\n b: 2 \n---c: 3\nx: ---\n";
    CHECK(parts(text, DocumentCut::trimmed) == "3:---\na: 1|8:b: 2|9:c: 3\nx: ---|");
    CHECK(parts(text, DocumentCut::trimmed_left) == "3:---\na: 1|8:b: 2|9:c: 3\nx: ---\n|");
    CHECK(parts(text, DocumentCut::lines) == "4:a: 1\n\n|8:b: 2 \n|9:c: 3\nx: ---\n|");
    CHECK(parts("a\n---", DocumentCut::trimmed) == "1:a|");
    CHECK(parts("", DocumentCut::trimmed).empty());
    CHECK(one("helm-3.22", "a: 1\n\n---\n\nb: 2\n\n") == "a: 1|b: 2|");
    CHECK(one("helm-4.2.3", "a: 1\n\n---\n\nb: 2\n\n") == "a: 1|b: 2\n\n|");
    CHECK(one("helm-4.2.4", "a: 1\n\n---\n\nb: 2\n\n") == "a: 1\n\n|b: 2\n\n|");
  }

  TEST_CASE("webhook configurations in the order of kinds") {
    const std::string_view text = "kind: ValidatingWebhookConfiguration\n---\nkind: Aaa\n";
    CHECK(one("helm-3.22", text) == "kind: Aaa|kind: ValidatingWebhookConfiguration|");
    CHECK(one("helm-4.1", text) == "kind: ValidatingWebhookConfiguration|kind: Aaa|");
  }

  TEST_CASE(".Chart is a struct in Helm 3") {
    const std::string_view text = R"(- {{ kindOf .Chart }} {{ .Chart.Name }} {{ .Chart.IsRoot }} {{ toJson .Chart }})";
    CHECK(noted("helm-3.20", text) ==
          R"(- struct app true {"IsRoot":true,"apiVersion":"v2","name":"app","version":"1.0.0"}|)");
    CHECK(noted("helm-4.3", text).starts_with(R"(- map app true {"APIVersion":"v2","Annotations":)"));
    CHECK(noted("helm-3.20", "{{ .Chart.Nothing }}").ends_with("can't evaluate field Nothing in type interface {}"));
    CHECK(noted("helm-4.3", "{{ .Chart.Nothing }}") == "|");
    CHECK(noted("helm-3.20", "- {{ .Chart }}") == "- {{app  [] 1.0.0  [] []  v2    false map[]  [] } true}|");
  }

  TEST_CASE("types, functions and errors of templates") {
    CHECK(noted("helm-3.22", "{{ typeOf .Values }} {{ typeOf .Template }}") == "chartutil.Values chartutil.Values|");
    CHECK(noted("helm-4.2", "{{ typeOf .Values }} {{ typeOf .Template }}") == "common.Values common.Values|");
    CHECK(noted("helm-3.22", "{{ .Values.AsMap | kindOf }}") == "map|");
    CHECK(noted("helm-3.22", "{{ mustToYaml 1 }}").ends_with(R"(function "mustToYaml" not defined)"));
    CHECK(noted("helm-4.1", "{{ mustToYaml 1 }}") == "1|");
    CHECK(noted("helm-4.1", "{{ mustToToml (dict) }}").ends_with(R"(function "mustToToml" not defined)"));
    CHECK(noted("helm-4.2", "a{{ mustToToml (dict) }}") == "a|");
    CHECK(noted("helm-4.2", "{{ durationSeconds 1 }}").ends_with(R"(function "durationSeconds" not defined)"));
    CHECK(noted("helm-4.3", "{{ durationSeconds 1 }}") == "1|");
    CHECK(noted("helm-3.22", "{{ eq 1 1.5 }}") ==
          "template: app/templates/NOTES.txt:1:3: executing \"app/templates/NOTES.txt\" at <eq 1 1.5>: error calling eq: "
          "incompatible types for comparison: int and float64");
    CHECK(noted("helm-3.19", "{{ eq 1 1.5 }}").ends_with("error calling eq: incompatible types for comparison"));
    const std::string_view nil = "{{ .Values.a.b }}";
    CHECK(noted("helm-3.22", nil) ==
          "template: app/templates/NOTES.txt:1:10: executing \"app/templates/NOTES.txt\" at "
          "<.Values.a.b>: nil pointer evaluating interface {}.b");
    CHECK(noted("helm-4.2", nil) ==
          "app/templates/NOTES.txt:1:10\n  executing \"app/templates/NOTES.txt\" at "
          "<.Values.a.b>:\n    nil pointer evaluating interface {}.b");
    CHECK(noted("helm-4.0", "{{ toToml .Values }}", "a: 1000000\nb: 1.5\n") == "a = 1000000.0\nb = 1.5\n|");
    CHECK(noted("helm-3.20", "{{ toToml .Values }}", "a: 1000000\nb: 1.5\n") == "a = 1e+06\nb = 1.5\n|");
  }

  TEST_CASE("texts of JSON errors by the release of Go") {
    const auto both = [](std::string_view json) {
      const std::string text = "{{ (fromJson `" + std::string(json) + "`).Error }}";
      return noted("helm-4.2", text) + noted("helm-4.3", text);
    };
    CHECK(both("tru") == "invalid character ' ' in literal true (expecting 'e')|unexpected end of JSON input|");
    CHECK(both("1.}") ==
          "invalid character '}' after decimal point in numeric literal|invalid character '}' in numeric "
          "literal|");
    CHECK(both("1e}") == "invalid character '}' in exponent of numeric literal|invalid character '}' in numeric literal|");
    CHECK(both("-") == "invalid character ' ' in numeric literal|unexpected end of JSON input|");
    CHECK(both("[1") == "unexpected end of JSON input|unexpected end of JSON input|");
    CHECK(both("é") ==
          "invalid character 'Ã' looking for beginning of value|invalid character 'é' looking for beginning of "
          "value|");
    CHECK(both(R"("\q")") == "invalid character 'q' in string escape code|invalid escape sequence `\\q` in string|");
    CHECK(both(R"("\u12")") ==
          "invalid character '\"' in \\u hexadecimal character escape|invalid escape sequence `\\u12\"` in string|");
    CHECK(both("{\"a\":[1e999]}") ==
          "json: cannot unmarshal number 1e999 into Go value of type float64|json: cannot unmarshal number 1e999 into "
          ".a.0 of type float64|");
    CHECK(noted("helm-3.21", "{{ toJson .Values.t }}", "t: a\n") == "\"a\"|");
    CHECK(one("helm-3.21", "kind: [1]") ==
          "YAML parse error on app/templates/a.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal "
          "array into Go struct field SimpleHead.kind of type string");
    CHECK(one("helm-4.2", "metadata: {annotations: {a: [1]}}") ==
          "YAML parse error on app/templates/a.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal "
          "array into Go struct field .metadata.annotations of type string");
    const auto bad = [](std::string_view profile) {
      return rendered(profile, {{"app/Chart.yaml", "name: a\nversion: 1\nmaintainers: [{name: [x]}]\n"}});
    };
    CHECK(bad("helm-3.22").ends_with("array into Go struct field Maintainer.maintainers.name of type string"));
    CHECK(bad("helm-4.3").ends_with("array into Go struct field .maintainers.0.name of type string"));
  }

  TEST_CASE("values files and overrides") {
    const auto values = [](std::string_view profile, std::string_view text) {
      return rendered(
          profile, {{"app/Chart.yaml", app}, {"app/values.yaml", text}, {"app/templates/a.yaml", "{{ toJson .Values }}"}});
    };
    CHECK(values("helm-3.22", "a: 1\n---\nb: 2\n") == R"({"a":1}|)");
    CHECK(values("helm-4.0", "a: 1\n---\nb: 2\n") == R"({"a":1,"b":2}|)");
    CHECK(
        values("helm-3.22", "[1]") ==
        "cannot load values.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value "
        "of type map[string]interface {}");
    const std::string long_line = "a: 1\nb: " + std::string(4096 - 3, 'x');
    CHECK(values("helm-4.2", long_line) == R"({"a":1}|)");
    CHECK(values("helm-4.2", long_line + "\n").size() > 4000);
    CHECK(values("helm-4.3", long_line).size() > 4000);
    CHECK(values("helm-3.22", long_line).size() > 4000);
    const auto set = [](std::string_view profile, SetValue::Kind kind, const std::string& text) {
      return rendered(profile, {{"app/Chart.yaml", app}, {"app/templates/a.yaml", "{{ toJson .Values }}"}}, {{kind, text}});
    };
    CHECK(set("helm-4.3", SetValue::Kind::json, R"({"a":1})") == R"({"a":1}|)");
    CHECK(set("helm-3.22", SetValue::Kind::json, R"({"a":1})") == R"(failed parsing --set-json data {"a":1})");
    CHECK(set("helm-4.3", SetValue::Kind::typed, "a[0") == "{}|");
    CHECK(set("helm-3.22", SetValue::Kind::typed, "a[0") == "failed parsing --set data: error parsing index: EOF");
  }

  TEST_CASE("capabilities, files and names") {
    const std::string_view text = "# {{ .Capabilities.KubeVersion.Version }} {{ .Capabilities.KubeVersion }}";
    const auto version = [&](std::string_view profile, std::string_view given) {
      return rendered(profile, {{"app/Chart.yaml", app}, {"app/templates/a.yaml", text}}, {}, given);
    };
    CHECK(version("helm-4.3", "1.33.4-gke.1") == "# v1.33.4-gke.1 v1.33.4|");
    CHECK(version("helm-4.1", "1.33.4-gke.1") == "# v1.33.4 v1.33.4|");
    CHECK(version("helm-4.1", "") == "# v1.35.0 v1.35.0|");
    CHECK(noted("helm-3.20", "{{ .Capabilities.APIVersions.Has \"autoscaling/v2beta1\" }}") == "true|");
    CHECK(noted("helm-3.21", "{{ .Capabilities.APIVersions.Has \"autoscaling/v2beta1\" }}") == "false|");
    const auto lines = [](std::string_view profile) {
      return rendered(profile, {{"app/Chart.yaml", app},
                                {"app/empty.txt", ""},
                                {"app/templates/a.yaml", "# {{ .Files.Lines \"empty.txt\" }}{{ .Files.Lines \"none\" }}"}});
    };
    CHECK(lines("helm-3.21") == "# [][]|");
    CHECK(lines("helm-4.2").find("runtime error: index out of range [-1]") != std::string::npos);
    const Files slashed = {{"app/Chart.yaml", "name: a/b\nversion: 1\n"}, {"app/templates/a.yaml", "a: 1"}};
    CHECK(rendered("helm-3.19", slashed) == "a: 1|");
    CHECK(rendered("helm-3.20", slashed) == "validation: chart.metadata.name \"a/b\" is invalid");
  }

  TEST_CASE("a file over 5 MiB") {
    const std::string large((5U << 20U) + 1, 'x');
    const Files files = {{"app/Chart.yaml", app}, {"app/deep/large.txt", large}, {"app/templates/a.yaml", "a: 1"}};
    CHECK(rendered("helm-4.3", files) == "a: 1|");
    CHECK(rendered("helm-4.2", files) == "chart file \"large.txt\" is larger than the maximum file size 5242880");
  }

  TEST_CASE("one chart under two aliases") {
    const Files files = {
        {"app/Chart.yaml",
         "apiVersion: v2\nname: app\nversion: 1.2.3\ndependencies:\n- {name: sub, version: 1.x, alias: one}\n"
         "- {name: sub, version: 1.x, alias: two}\n"},
        {"app/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n"},
        {"app/charts/sub/charts/leaf/Chart.yaml", "apiVersion: v2\nname: leaf\nversion: 1.0.0\n"},
        {"app/charts/sub/charts/leaf/templates/l.yaml", "# {{ .Template.Name }}"},
    };
    CHECK(rendered("helm-4.3", files) ==
          "# app/charts/one/charts/leaf/templates/l.yaml|# app/charts/two/charts/leaf/"
          "templates/l.yaml|");
    CHECK(rendered("helm-3.22", files) == "# app/charts/sub/charts/leaf/templates/l.yaml|");
  }

  TEST_CASE("schemas before their library was corrected") {
    const auto checked = [](std::string_view profile, std::string_view schema, std::string_view values) {
      return rendered(profile, {{"app/Chart.yaml", app},
                                {"app/values.yaml", values},
                                {"app/values.schema.json", schema},
                                {"app/templates/a.yaml", "a: 1"}});
    };
    const std::string prefix = "values don't meet the specifications of the schema(s) in the following chart(s):\napp:\n";
    const std::string_view constant = R"({"properties":{"p":{"const":"80"}}})";
    CHECK(checked("helm-3.21", constant, "p: 80\n") == "a: 1|");
    CHECK(checked("helm-3.22", constant, "p: 80\n") == prefix + "- at '/p': value must be '80'\n");
    const std::string_view items = R"({"properties":{"l":{"prefixItems":[true],"items":{"type":"string"}}}})";
    CHECK(checked("helm-4.2", items, "l: [1, 2]\n") == prefix + "- at '/l/0': got number, want string\n");
    CHECK(checked("helm-4.3", items, "l: [1, 2]\n") == prefix + "- at '/l/1': got number, want string\n");
    const std::string_view names = R"({"properties":{"o":{"propertyNames":{"maxLength":1}}}})";
    CHECK(checked("helm-4.2", names, "o: {ab: 1}\n").starts_with(prefix + "- at '': invalid propertyName 'ab'\n"));
    CHECK(checked("helm-4.3", names, "o: {ab: 1}\n").starts_with(prefix + "- at '/o': invalid propertyName 'ab'\n"));
    const std::string_view unique = R"({"properties":{"l":{"uniqueItems":true}}})";
    CHECK(checked("helm-4.2", unique, "l: [\"1\", 1]\n") == prefix + "- at '/l': items at 0 and 1 are equal\n");
    CHECK(checked("helm-4.2", unique, "l: [1, \"1\"]\n") == "a: 1|");
    CHECK(checked("helm-4.3", unique, "l: [\"1\", 1]\n") == "a: 1|");
    const std::string_view mixed = R"({"properties":{"p":{"enum":["80",1]}}})";
    CHECK(checked("helm-4.2", mixed, "p: 80\n") == "a: 1|");
    CHECK(checked("helm-4.2", R"({"properties":{"p":{"enum":["80"]}}})", "p: 80\n") ==
          prefix + "- at '/p': value must be '80'\n");
    const std::string_view email =
        R"({"$schema":"http://json-schema.org/draft-07/schema","properties":{"e":{"format":"email"}}})";
    CHECK(checked("helm-4.2", email, "e: '\"a@b.c'\n") == "a: 1|");
    CHECK(checked("helm-4.3", email, "e: '\"a@b.c'\n") ==
          prefix + "- at '/e': '\"a@b.c' is not valid email: invalid character '\"'\n");
  }
}
