#include "render/helm/load_chart.hpp"

#include <doctest/doctest.h>

#include "base/json/json.hpp"
#include "render/helm/capabilities.hpp"
#include "render/helm/files_object.hpp"
#include "render/helm/metadata.hpp"
#include "render/helm/profile.hpp"
#include "render/helm/render_context.hpp"
#include "tests/unit/render/helm/chart_tree.hpp"

using namespace gitopsctl;
using namespace gitopsctl::render;
using namespace gitopsctl::render::helm;
using namespace gitopsctl::tests;

namespace {

std::string names(const std::vector<ChartFile>& files) {
  std::string out;
  for (const auto& file : files) out += file.name + " ";
  return out;
}

Result<std::unique_ptr<ChartSet>> load(Files files) {
  const auto inputs = chart_inputs(files);
  return load_chart(inputs.tree, inputs.helm.chart);
}

std::string load_error(Files files) {
  const auto loaded = load(files);
  return loaded.ok() ? "loaded" : loaded.error().to_string();
}

std::string metadata_error(std::string_view yaml) { return load_error({{"app/Chart.yaml", yaml}}); }

}  // namespace

TEST_SUITE("helm/load_chart") {
  TEST_CASE("files have roles by their paths") {
    const auto charts = load({{"app/values.yaml", "a: 1\n"},
                              {"app/.helmignore", "*.bak\nskipped/\n"},
                              {"app/x.bak", ""},
                              {"app/skipped/y", ""},
                              {"app/templates/a.yaml", "\xEF\xBB\xBFx"},
                              {"app/templates/.hidden", ""},
                              {"app/crds/c.yaml", ""},
                              {"app/README.md", ""},
                              {"app/charts/_off/Chart.yaml", "x: ["},
                              {"app/charts/b.tgz.prov", "p"},
                              {"app/charts/sub/Chart.yaml", "name: sub\nversion: 1.0.0\n"},
                              {"app/charts/sub/templates/b.yaml", ""}});
    REQUIRE_MESSAGE(charts.ok(), charts.error().to_string());
    const auto& root = *(*charts)->root;
    CHECK(names(root.templates) == "templates/a.yaml ");
    CHECK(root.templates[0].data.view() == "x");
    CHECK(root.templates[0].origin == "app/templates/a.yaml");
    CHECK(names(root.files) == ".helmignore README.md charts/b.tgz.prov crds/c.yaml ");
    CHECK(to_json(root.values).value() == R"({"a":1})");
    REQUIRE(root.dependencies.size() == 1);
    const auto& sub = *root.dependencies[0];
    CHECK(sub.full_path() == "app/charts/sub");
    CHECK(sub.metadata->api_version == "v1");
    CHECK(sub.templates[0].origin == "app/charts/sub/templates/b.yaml");
  }

  TEST_CASE("requirements.yaml of old charts") {
    const auto charts = load({{"app/Chart.yaml", "name: app\nversion: 1\n"},
                              {"app/requirements.yaml", "dependencies:\n- name: sub\n  version: 1.10\n"}});
    REQUIRE(charts.ok());
    const auto& metadata = *(*charts)->root->metadata;
    REQUIRE(metadata.dependencies.size() == 1);
    CHECK(metadata.dependencies[0]->version == "1.1");
    CHECK(metadata.version == "1");
    CHECK(names((*charts)->root->files) == "requirements.yaml ");
  }

  TEST_CASE("links are followed inside the tree, and one that never ends is an error") {
    auto tree = make_tree({{"lib/t.yaml", "x"}, {"app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n"}});
    tree->add_link(tree_path("app/templates"), "../lib");
    const auto charts = load_chart(tree, tree_path("app"));
    REQUIRE(charts.ok());
    CHECK(names((*charts)->root->templates) == "templates/t.yaml ");
    tree->add_link(tree_path("lib/again"), "../app");
    CHECK_FALSE(load_chart(tree, tree_path("app")).ok());
  }

  TEST_CASE("mistakes are located") {
    CHECK(metadata_error("a: b: c\n") ==
          "app/Chart.yaml:1:5: cannot load Chart.yaml: error converting YAML to JSON: yaml: "
          "mapping values are not allowed in this context");
    CHECK(metadata_error("name: [a]\nversion: 1\n") ==
          "app/Chart.yaml: cannot load Chart.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal "
          "array into Go struct field .name of type string");
    CHECK(metadata_error("version: 1\n") == "app/Chart.yaml: validation: chart.metadata.name is required");
    CHECK(metadata_error("name: a\n") == "app/Chart.yaml: validation: chart.metadata.version is required");
    CHECK(metadata_error("name: a\nversion: x\n") == R"(app/Chart.yaml: validation: chart.metadata.version "x" is invalid)");
    CHECK(metadata_error("name: ..\nversion: 1\n") ==
          R"(app/Chart.yaml: validation: chart.metadata.name ".." is not allowed)");
    CHECK(metadata_error("name: a/b\nversion: 1\n") ==
          R"(app/Chart.yaml: validation: chart.metadata.name "a/b" is invalid)");
    CHECK(metadata_error("name: a\nversion: 1\ntype: x\n") ==
          "app/Chart.yaml: validation: chart.metadata.type must be application or library");
    CHECK(metadata_error("name: a\nversion: 1\ndependencies:\n- name: b\n  alias: 'x y'\n") ==
          R"(app/Chart.yaml: validation: dependency "b" has disallowed characters in the alias)");
    CHECK(metadata_error("name: a\nversion: 1\ndependencies:\n- name: b\n- {name: c, alias: b}\n") ==
          R"(app/Chart.yaml: validation: more than one dependency with name or alias "b")");
    CHECK(load_error({{"app/values.yaml", "[1]\n"}}) ==
          "app/values.yaml:1: cannot load values.yaml: cannot unmarshal yaml document: error unmarshaling JSON: while "
          "decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}");
    CHECK(load_error({{"app/charts/sub/values.yaml", ""}}) ==
          "app/charts/sub: error unpacking subchart sub in app: Chart.yaml file is missing");
    CHECK(load_error({{"app/charts/README", "loose"}}) ==
          "app/charts/README: error unpacking subchart README in app: Chart.yaml file is missing");
    CHECK(load_error({{"app/charts/sub.tgz", "no archive"}})
              .starts_with("app/charts/sub.tgz: error unpacking subchart sub.tgz in app: "));
    const auto tree = make_tree({{"x", ""}});
    CHECK(load_chart(tree, tree_path("none")).error().code() == ErrorCode::not_found);
  }

  TEST_CASE("an abbreviated commit that looks like a float is one") {
    const auto charts = load({{"app/Chart.yaml",
                               "apiVersion: v2\nname: app\nversion: 1.0.0\nappVersion: 72225e2\n"
                               "annotations: {a: 1000000.0, b: 100000.0, c: 1000000}\n"}});
    REQUIRE_MESSAGE(charts.ok(), charts.error().to_string());
    const auto& metadata = *(*charts)->root->metadata;
    CHECK(metadata.app_version == "7.2225e+06");
    CHECK(to_json(metadata.annotations).value() == R"({"a":"1e+06","b":"100000","c":"1000000"})");
  }

  TEST_CASE("text fields are cleaned") {
    const auto charts =
        load({{"app/Chart.yaml", "name: app\nversion: 1\ndescription: \"a\\tb\\u0007c\\u00a0d\\u200be\\u00e9\"\n"}});
    REQUIRE(charts.ok());
    CHECK((*charts)->root->metadata->description == "a bc de\xC3\xA9");
  }
}

TEST_SUITE("helm/metadata") {
  TEST_CASE(".Chart shows Go's names") {
    Metadata metadata;
    REQUIRE(read_metadata("apiVersion: v2\nNAME: app\nversion: 1.0\nappVersion: 1.10\ndeprecated: true\n"
                          "keywords: [a, 2]\nannotations: {x: 1, f: true}\nmaintainers: [{name: m, email: e}]\nunknown: 1\n",
                          "Chart.yaml", metadata)
                .ok());
    CHECK(
        to_json(metadata_as_map(metadata, true)).value() ==
        R"({"APIVersion":"v2","Annotations":{"f":"true","x":"1"},"AppVersion":"1.1","Condition":"","Dependencies":[],)"
        R"("Deprecated":true,"Description":"","Home":"","Icon":"","IsRoot":true,"Keywords":["a","2"],"KubeVersion":"",)"
        R"("Maintainers":[{"Email":"e","Name":"m","URL":""}],"Name":"app","Sources":[],"Tags":"","Type":"","Version":"1"})");
  }
}

TEST_SUITE("helm/capabilities") {
  TEST_CASE("Kubernetes versions") {
    const auto version = parse_kube_version("1.33.4-gke.1").value();
    CHECK(version.version == "v1.33.4-gke.1");
    CHECK(version.normalized == "v1.33.4");
    CHECK(version.minor == "33");
    CHECK(parse_kube_version("v1.30").value().normalized == "v1.30");
    for (const auto* text : {"", "v", "x", "1", "01.2"}) {
      CAPTURE(text);
      CHECK_FALSE(parse_kube_version(text).ok());
    }
  }

  TEST_CASE("the object that templates see") {
    const auto profile = find_profile("helm-4.3").value();
    const auto version = kube_version(profile, {}).value();
    const auto object = capabilities_object(profile, version, {.kube_version = {}, .api_versions = {"x.io/v1/Thing"}});
    Value kube;
    REQUIRE(object.as_object()->field("KubeVersion", kube));
    CHECK(kube.as_object()->print() == "v1.37.0");
    CHECK(kube.as_object()->format() == "{v1.37.0 v1.37.0 1 37}");
    Value versions;
    REQUIRE(object.as_object()->field("APIVersions", versions));
    const auto has = [&](std::string_view name) {
      Value out;
      std::string error;
      REQUIRE(versions.as_object()->call("Has", {Value::string(name)}, out, error));
      return out.as_bool();
    };
    CHECK(has("apps/v1"));
    CHECK(has("x.io/v1/Thing"));
    CHECK_FALSE(has("batch/v1/CronJob"));
    CHECK(versions.as_object()->to_plain().size() == 58);
    Value helm;
    REQUIRE(object.as_object()->field("HelmVersion", helm));
    CHECK(helm.as_object()->print() == "{v4.3.1   go1.27.4 v1.37}");
  }
}

TEST_SUITE("helm/files_object") {
  TEST_CASE("methods of .Files") {
    const std::vector<ChartFile> list = {{"a.txt", SharedString("one\ntwo\n"), ""},
                                         {"conf/b.yaml", SharedString("k: v"), ""},
                                         {"conf/deep/c.yaml", SharedString(""), ""}};
    const auto files = files_object(list);
    const auto call = [&](std::string_view name, std::vector<Value> arguments) {
      const auto out = call_files_method(files, name, arguments, {});
      return out.ok() ? to_json(out->is_map() ? out->with_map_type(MapType::any) : *out).value() : out.error().message();
    };
    CHECK(call("Get", {Value::string("a.txt")}) == R"("one\ntwo\n")");
    CHECK(call("Get", {Value::string("none")}) == R"("")");
    CHECK(call("Lines", {Value::string("a.txt")}) == R"(["one","two"])");
    CHECK(call("Lines", {Value::string("conf/deep/c.yaml")}) == "[]");
    CHECK(call("Glob", {Value::string("conf/*")}) == R"({"conf/b.yaml":"k: v"})");
    CHECK(call("Glob", {Value::string("**.yaml")}) == R"({"conf/b.yaml":"k: v","conf/deep/c.yaml":""})");
    CHECK(call("Glob", {Value::string("{a")}) == to_json(files.with_map_type(MapType::any)).value());
    CHECK(call("AsConfig", {}) == R"("a.txt: |\n  one\n  two\nb.yaml: 'k: v'\nc.yaml: \"\"")");
    CHECK(call("AsSecrets", {}) == R"("a.txt: b25lCnR3bwo=\nb.yaml: azogdg==\nc.yaml: \"\"")");
    CHECK(call("Get", {}) == "wrong number of args for Get: want 1 got 0");
    CHECK(call("Get", {Value::float64(1)}) == "wrong type for value; expected string; got float64");
  }

  TEST_CASE("methods of .Values") {
    const auto values = make_map({{"a", make_map({{"b", Value::string("c")}})}}).with_map_type(MapType::values);
    const auto call = [&](std::string_view name, std::vector<Value> arguments) {
      const auto out = call_values_method(values, name, arguments);
      return out.ok() ? to_json(out->is_map() ? out->with_map_type(MapType::any) : *out).value() : out.error().message();
    };
    CHECK(call("AsMap", {}) == R"({"a":{"b":"c"}})");
    CHECK(call("Table", {Value::string("a")}) == R"({"b":"c"})");
    CHECK(call("Table", {Value::string("a.x")}) == R"("x" is not a table)");
    CHECK(call("PathValue", {Value::string("a.b")}) == R"("c")");
    CHECK(call("PathValue", {Value::string("a")}) == R"("a" is not a value)");
    CHECK(call("Encode", {Value::string("x")}) == "wrong type for value; expected io.Writer; got string");
    CHECK(call("YAML", {}) == R"("a:\n  b: c\n")");
  }
}

TEST_SUITE("helm/render_context") {
  TEST_CASE("with the installation's key random bytes are the same at every render") {
    RenderInputs inputs;
    inputs.installation_key = "key";
    inputs.identity = "inst/repo/prod/web";
    const auto profile = find_profile("helm-4.3").value();
    std::vector<std::string> warnings;
    const auto draw = [&](std::string_view site, int calls) {
      HelmRenderContext context(inputs, profile, warnings);
      std::string out;
      for (int i = 0; i < calls; ++i) out = context.random_bytes(site, 40);
      return out;
    };
    const auto first = draw("a", 1);
    CHECK(first.size() == 40);
    CHECK(draw("a", 1) == first);
    CHECK(draw("a", 2) != first);
    CHECK(draw("b", 1) != first);
    inputs.identity = "inst/repo/test/web";
    CHECK(draw("a", 1) != first);
    inputs.identity = "inst/repo/prod/web";
    inputs.installation_key = "other";
    CHECK(draw("a", 1) != first);
    CHECK(warnings.empty());
    inputs.installation_key.clear();
    CHECK(draw("a", 1) != draw("a", 1));
    CHECK(warnings.size() == 2);
  }
}
