#include "render/helm/documents.hpp"

#include <doctest/doctest.h>

using namespace gitopsctl;
using namespace gitopsctl::render::helm;

namespace {

std::string cut(std::string_view text) {
  std::string out;
  for (const auto& part : split_documents(text)) out += std::to_string(part.line) + "<" + std::string(part.text) + ">";
  return out;
}

std::string manifest(std::string_view kind, std::string_view name) {
  return "kind: " + std::string(kind) + "\nmetadata: {name: " + std::string(name) + "}\n";
}

std::string hook(std::string_view annotations) {
  return "kind: Job\nmetadata:\n  name: j\n  annotations:\n    " + std::string(annotations) + "\n";
}

Output sorted(std::vector<RenderedFile> files) {
  Output out;
  const auto done = sort_documents(std::move(files), out);
  REQUIRE_MESSAGE(done.ok(), done.error().message());
  return out;
}

}  // namespace

TEST_SUITE("helm/documents") {
  TEST_CASE("a file is cut at lines that start with ---") {
    CHECK(cut("a: 1\n") == "1<a: 1\n>");
    CHECK(cut("\n\n---\na: 1\n---\nb: 2\n") == "4<a: 1\n>6<b: 2\n>");
    CHECK(cut("a\n--- \t b\n") == "1<a\n>2<b\n>");
    CHECK(cut("a\n---b: 1\n-----BEGIN\n") == "1<a\n>2<b: 1\n>3<--BEGIN\n>");
    CHECK(cut("a\n ---\nb") == "1<a\n ---\nb>");
    CHECK(cut("---\n---\n\n---\n") == "");
    CHECK(cut("") == "");
    CHECK(cut(" \n\t a: 1\n  b: 2") == "2<a: 1\n  b: 2>");
    CHECK(cut("a\n---") == "1<a\n>");
  }

  TEST_CASE("manifests are sorted by kind, hooks apart") {
    const auto out = sorted({
        {"c/templates/b.yaml", manifest("Zebra", "z") + "---\n" + manifest("Ant", "a") + "---\n" + manifest("Service", "s"),
         "o"},
        {"c/templates/a.yaml", manifest("Namespace", "n") + "---\n" + manifest("Service", "first"), "o"},
        {"c/templates/_part.yaml", "never: read", "o"},
        {"c/templates/blank.yaml", " \n", "o"},
        {"c/templates/h.yaml", hook("helm.sh/hook: pre-install, TEST-success") + "---\n" + hook("helm.sh/hook: nonsense"),
         "o"},
    });
    std::string kinds;
    for (const auto& document : out.manifests)
      kinds += document.path.substr(12) + ":" + document.text.substr(6, document.text.find('\n') - 6) + " ";
    CHECK(kinds == "a.yaml:Namespace a.yaml:Service b.yaml:Service b.yaml:Ant b.yaml:Zebra ");
    REQUIRE(out.hooks.size() == 1);
    CHECK(out.hooks[0].is_hook);
    CHECK(out.hooks[0].hook_events == std::vector<std::string>{"pre-install", "test"});
    REQUIRE(out.warnings.size() == 1);
    CHECK(out.warnings[0].find("'nonsense'") != std::string::npos);
  }

  TEST_CASE("hook weights are integers, else 0") {
    const auto weight = [](std::string_view text) {
      return sorted({{"c/t.yaml", hook("helm.sh/hook: test\n    helm.sh/hook-weight: " + std::string(text)), "o"}})
          .hooks.at(0)
          .hook_weight;
    };
    CHECK(weight("\"-5\"") == -5);
    CHECK(weight("7") == 7);
    CHECK(weight("+3") == 3);
    CHECK(weight("1.5") == 0);
    CHECK(weight("x") == 0);
  }

  TEST_CASE("a document that is no manifest is an error at its template") {
    Output out;
    const auto broken = sort_documents({{"c/templates/x.yaml", "ok: 1\n---\na: b: c\n", "charts/c/templates/x.yaml"}}, out);
    REQUIRE_FALSE(broken.ok());
    CHECK(broken.error().message() ==
          "YAML parse error on c/templates/x.yaml: error converting YAML to JSON: yaml: mapping values are not "
          "allowed in this context");
    CHECK(broken.error().where().to_string() == "charts/c/templates/x.yaml");
    CHECK(broken.error().hint().find("line 3") != std::string::npos);
    const auto list = sort_documents({{"c/x.yaml", "- a\n", "o"}}, out);
    REQUIRE_FALSE(list.ok());
    CHECK(list.error().message() ==
          "YAML parse error on c/x.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go "
          "value of type util.SimpleHead");
    const auto kind = sort_documents({{"c/x.yaml", "kind: [a]\n", "o"}}, out);
    REQUIRE_FALSE(kind.ok());
    CHECK(kind.error().message().ends_with("json: cannot unmarshal array into Go struct field .kind of type string"));
  }

  TEST_CASE("numbers and booleans in annotations become strings") {
    CHECK(sorted({{"c/x.yaml", "kind: 1\nmetadata:\n  annotations:\n    a: 1\n    b: true\n    c: null\n", "o"}})
              .manifests.size() == 1);
  }

  TEST_CASE("the output is what Helm prints") {
    auto out =
        sorted({{"c/a.yaml", "\n" + manifest("Service", "s") + "\n\n", "o"}, {"c/h.yaml", hook("helm.sh/hook: test"), "o"}});
    CHECK(out.text() == "---\n# Source: c/a.yaml\nkind: Service\nmetadata: {name: s}\n---\n# Source: c/h.yaml\n" +
                            hook("helm.sh/hook: test") + "\n");
    CHECK(out.text(false) == "---\n# Source: c/a.yaml\nkind: Service\nmetadata: {name: s}\n");
    CHECK(Output{}.text() == "\n");
    auto& crd = out.crds.emplace_back();
    crd.path = "c/crds/x.yaml";
    crd.text = "kind: CustomResourceDefinition\n";
    CHECK(out.text(false).starts_with(
        "---\n# Source: c/crds/x.yaml\nkind: CustomResourceDefinition\n\n---\n# Source: c/a.yaml\n"));
  }
}
