#include <doctest/doctest.h>

#include "render/release/manifests.hpp"
#include "render/release/render_release.hpp"
#include "tests/unit/render/helm/chart_tree.hpp"

using namespace gitopsctl;
using namespace gitopsctl::render;
using namespace gitopsctl::tests;

namespace {

RenderInputs manifests(Files files, std::string_view path = "app") {
  RenderInputs inputs;
  inputs.tree = make_tree(files);
  inputs.driver = DriverKind::manifests;
  inputs.path = tree_path(path);
  inputs.namespace_ = "ns";
  return inputs;
}

std::string ids(const std::vector<Object>& objects) {
  std::string out;
  for (const auto& object : objects) out += object.id.to_string() + "; ";
  return out;
}

constexpr std::string_view config = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n";
constexpr std::string_view spaces = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: zone\n";

}  // namespace

TEST_SUITE("release/manifests") {
  TEST_CASE("files below a directory in order of their paths") {
    const auto tree = make_tree({{"app/b.yml", ""},
                                 {"app/a/z.yaml", ""},
                                 {"app/a.yaml", ""},
                                 {"app/x.json", ""},
                                 {"app/README.md", ""},
                                 {"app/.hidden.yaml", ""},
                                 {"app/.git/c.yaml", ""}});
    std::string paths;
    const auto files = read_manifests(*tree, tree_path("app")).value();
    for (const auto& file : files) paths += file.path + " ";
    CHECK(paths == "app/a.yaml app/a/z.yaml app/b.yml app/x.json ");
    CHECK(read_manifests(*tree, tree_path("app/README.md")).value().size() == 1);
    CHECK(read_manifests(*tree, tree_path("none")).error().code() == ErrorCode::not_found);
    CHECK(read_manifests(*make_tree({{"app/README.md", ""}}), tree_path("app")).error().message() ==
          "no manifests: app has no .yaml, .yml or .json file");
  }

  TEST_CASE("links stay inside the tree, and one that never ends is an error") {
    auto tree = make_tree({{"app/a.yaml", ""}, {"lib/b.yaml", ""}});
    tree->add_link(tree_path("app/l"), "../lib");
    CHECK(read_manifests(*tree, tree_path("app")).value().size() == 2);
    tree->add_link(tree_path("lib/up"), "../app");
    CHECK_FALSE(read_manifests(*tree, tree_path("app")).ok());
  }

  TEST_CASE("directories that share what is below them do not take for ever") {
    // Thirty levels of two links each to the next: a billion ways to the bottom.
    auto tree = make_tree({{"app/0/a.yaml", ""}, {"d30/b.yaml", ""}});
    for (int i = 0; i < 30; ++i) {
      const std::string here = i == 0 ? "app/0/" : "d" + std::to_string(i) + "/";
      const std::string next = (i == 0 ? "../../d" : "../d") + std::to_string(i + 1);
      tree->add_link(tree_path(here + "x"), next);
      tree->add_link(tree_path(here + "y"), next);
    }
    const auto read = read_manifests(*tree, tree_path("app"));
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code() == ErrorCode::too_large);
  }

  TEST_CASE("documents are cut at separator lines") {
    const auto cut = [](std::string_view text) {
      std::string out;
      for (const auto document : manifest_documents(text)) out += "<" + std::string(document) + ">";
      return out;
    };
    CHECK(cut("a: 1\n") == "<a: 1>");
    CHECK(cut("\n\n---\n\n  a: 1\n  b: 2\n---\n---\nc: 3\n---") == "<  a: 1\n  b: 2><c: 3>");
    CHECK(cut("a: |\n  x\n  ---\n  y\n---x: 1\n") == "<a: |\n  x\n  ---\n  y\n---x: 1>");
    CHECK(cut("") == "");
    CHECK(cut("# comment\n") == "<# comment>");
  }
}

TEST_SUITE("release/render_release") {
  TEST_CASE("manifests become objects in apply order, with their text and digests") {
    auto inputs = manifests({{"app/a.yaml", config}, {"app/z.yaml", spaces}, {"app/README.md", "no: [manifest"}});
    inputs.installation_key = "key";
    const auto set = render_release(inputs);
    REQUIRE_MESSAGE(set.ok(), set.error().to_string());
    CHECK(ids(set->objects) == "Namespace zone; ConfigMap ns/c; ");
    CHECK(set->text ==
          "---\n# Source: app/a.yaml\n" + std::string(config) + "---\n# Source: app/z.yaml\n" + std::string(spaces));
    CHECK(set->render_digest.starts_with("sha256:"));
    CHECK(set->seal_digest.starts_with("hmac:"));
    CHECK(set->objects[1].source == "app/a.yaml");
    inputs.installation_key.clear();
    CHECK(render_release(inputs)->seal_digest.empty());
    CHECK(render_release(inputs)->render_digest == set->render_digest);
  }

  TEST_CASE("all mistakes come at once, each with its place") {
    const auto set = render_release(manifests({{"app/a.yaml", "apiVersion: v1\nmetadata: {name: x}\n"},
                                               {"app/b.yaml", std::string(config) + "---\n- list\n"},
                                               {"app/c.yaml", config}}));
    REQUIRE_FALSE(set.ok());
    const auto errors = set.error().flatten();
    REQUIRE(errors.size() >= 2);
    CHECK(errors[0].where().file == "app/a.yaml");
    CHECK(errors[1].where().file == "app/b.yaml");
  }

  TEST_CASE("one object in two files is a conflict") {
    const auto set = render_release(manifests({{"app/a.yaml", config}, {"app/b.yaml", config}}));
    REQUIRE_FALSE(set.ok());
    CHECK(set.error().code() == ErrorCode::conflict);
    CHECK(set.error().to_string().starts_with("app/b.yaml:1: ConfigMap ns/c is rendered twice, first by app/a.yaml:1"));
  }

  TEST_CASE("a custom resource follows the scope that its definition in another file gives") {
    const auto set = render_release(manifests(
        {{"app/a.yaml", "apiVersion: x.io/v1\nkind: Thing\nmetadata:\n  name: t\n"},
         {"app/b.yaml",
          "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: things.x.io\nspec:\n"
          "  group: x.io\n  scope: Cluster\n  names: {kind: Thing, plural: things}\n"}}));
    REQUIRE_MESSAGE(set.ok(), set.error().to_string());
    CHECK(ids(set->objects).find("x.io/Thing t;") != std::string::npos);
    for (const auto& object : set->objects) CHECK(object.body.string_at({"metadata", "namespace"}).empty());
  }

  TEST_CASE("kustomize is refused and says what to do") {
    auto inputs = manifests({{"app/kustomization.yaml", ""}});
    inputs.driver = DriverKind::kustomize;
    const auto set = render_release(inputs);
    REQUIRE_FALSE(set.ok());
    CHECK(set.error().code() == ErrorCode::unsupported);
    CHECK(set.error().to_string() == "app: driver kustomize is not supported by this version");
    CHECK_FALSE(set.error().hint().empty());
  }

  TEST_CASE("a chart's hooks are kept apart, and a bad document names its template") {
    const auto good = render_release(chart_inputs(
        {{"app/templates/a.yaml", config},
         {"app/templates/h.yaml",
          "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: h\n  annotations:\n    helm.sh/hook: pre-install\n"}}));
    REQUIRE_MESSAGE(good.ok(), good.error().to_string());
    CHECK(ids(good->objects) == "ConfigMap ns/c; ");
    CHECK(ids(good->hooks) == "batch/Job ns/h; ");
    CHECK(good->warnings == std::vector<std::string>{"1 Helm hook is rendered but not run; this version applies no hooks"});
    const auto bad = render_release(chart_inputs({{"app/templates/a.yaml", "# one\nmetadata:\n  name: x\n"}}));
    REQUIRE_FALSE(bad.ok());
    CHECK(bad.error().where().to_string() == "app/templates/a.yaml");
    CHECK(bad.error().hint().starts_with("look at line "));
    const auto broken = render_release(chart_inputs({{"app/templates/a.yaml", "{{ .Values.a.b }}"}}));
    REQUIRE_FALSE(broken.ok());
    CHECK(broken.error().trail() == std::vector<std::string>{"release rel", "chart app"});
  }

  TEST_CASE("errors that are kept or published name place and mistake, and quote neither values nor what is rendered") {
    struct Case {
      std::string_view template_text;
      std::string_view place;
      std::string_view words;  // what is wrong
      bool quoted = true;      // Helm's message has the value
    };
    const std::string values =
        "password: S3cret-7f3a9\nplain: hunter\ndsn: postgres://u:S3cret-7f3a9%zz@h\ndeep: {list: [S3cret-7f3a9]}\n"
        "text: '{{ fail \"S3cret-7f3a9\" }}'\nbroken: '{{ S3cret-7f3a9 }}'\n"
        "call: '{{ index (list 1) 7 \"S3cret-7f3a9\" }}'\n";
    const Case cases[] = {
        {"kind: Secret\npassword: *{{ .Values.password }}\n", "app/templates/a.yaml", "unknown anchor"},
        {"kind: Secret\npassword: !!int {{ .Values.password }}\n", "app/templates/a.yaml", "cannot decode !!str"},
        {"{{ urlParse .Values.dsn }}", "app/templates/a.yaml:1:4", "error calling urlParse: unable to parse url"},
        {"{{ .Values.dsn | urlParse }}", "app/templates/a.yaml:1:18", "invalid URL escape"},
        {"{{ range .Values.password }}{{ end }}", "app/templates/a.yaml:1:17", "range can't iterate over"},
        {"{{ fail (printf \"bad password %s\" .Values.password) }}", "app/templates/a.yaml:1:4", "bad password"},
        {"{{ required .Values.password .Values.none }}", "app/templates/a.yaml:1:4", "execution error"},
        {"{{ fail (.Values.password | b64enc) }}", "app/templates/a.yaml:1:4", "execution error", false},
        {"{{ tpl .Values.text . }}", "app/templates/a.yaml:1:4", "execution error"},
        {"{{ tpl .Values.broken . }}", "app/templates/a.yaml:1:4", "cannot parse template"},
        {"{{ tpl .Values.call . }}", "app/templates/a.yaml:1:4", "error calling index"},
        {"{{ semverCompare .Values.password \"1.0.0\" }}", "app/templates/a.yaml:1:4", "error calling semverCompare"},
        {"{{ include .Values.password . }}", "app/templates/a.yaml:1:4", "no template"},
        {"apiVersion: v1\nkind: Job\nmetadata: {name: x, annotations: {helm.sh/hook: {{ .Values.password }}}}\n", "",
         "the hook"},
    };
    for (const auto& one : cases) {
      CAPTURE(one.template_text);
      auto inputs = chart_inputs({{"app/templates/a.yaml", one.template_text}, {"app/values.yaml", values}});
      const auto say = [&] {
        const auto set = render_release(inputs);
        if (!set.ok()) {
          CHECK(set.error().where().to_string() == one.place);
          return set.error().to_string() + " | " + set.error().hint();
        }
        CHECK(one.place.empty());
        return set->warnings.empty() ? std::string() : set->warnings.front();
      };
      const std::string full = say();
      CHECK_MESSAGE((full.find("S3cret") != std::string::npos) == one.quoted, full);
      inputs.quote_content = false;
      const std::string quiet = say();
      CHECK_MESSAGE(quiet.find("S3cret") == std::string::npos, quiet);
      CHECK_MESSAGE(quiet.find("UzNjcmV0") == std::string::npos, quiet);  // its base64
      CHECK_MESSAGE(quiet.find("%zz") == std::string::npos, quiet);
      CHECK_MESSAGE(quiet.find(one.words) != std::string::npos, quiet);
    }
  }

  TEST_CASE("so do errors of values files and of plain manifests") {
    const auto quiet = [](RenderInputs inputs) {
      inputs.quote_content = false;
      const auto set = render_release(inputs);
      REQUIRE_FALSE(set.ok());
      CHECK_MESSAGE(set.error().to_string().find("S3cret") == std::string::npos, set.error().to_string());
      return set.error().to_string();
    };
    CHECK(quiet(manifests({{"app/a.yaml", "kind: Secret\nstringData:\n  password: *S3cret\n"}}))
              .starts_with("app/a.yaml:3:13: "));
    CHECK(quiet(chart_inputs({{"app/values.yaml", "a: 1\npassword: *S3cret\n"}})).starts_with("app/values.yaml:2:11: "));
    quiet(chart_inputs({{"app/values.yaml", "a: 1\n--- S3cret\n"}}));
    auto given = chart_inputs({{"v.yaml", "password: !!int S3cret\n"}});
    given.helm.value_files = {tree_path("v.yaml")};
    CHECK(quiet(given).starts_with("v.yaml:1:11: "));
    quiet(chart_inputs(
        {{"app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies: [{name: sub, version: 1.0.0}]\n"},
         {"app/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n"},
         {"app/values.yaml", "sub: S3cret\n"}}));
  }
}
