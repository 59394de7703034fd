#include <doctest/doctest.h>

#include "base/json/json.hpp"
#include "render/helm/helm.hpp"
#include "render/helm/suggest.hpp"
#include "tests/unit/render/helm/chart_tree.hpp"

using namespace gitopsctl;
using namespace gitopsctl::render;
using namespace gitopsctl::render::helm;
using namespace gitopsctl::tests;

TEST_SUITE("helm/suggest") {
  TEST_CASE("values that are not there") {
    const auto values =
        parse_json(R"({"image":{"repository":"x","tag":null},"port":1,"empty":{},"only":{"key":1}})", {}, false).value();
    CHECK(suggest_value(".Values.imgae.tag", values) == "the values have no 'imgae'; did you mean 'image'?");
    CHECK(suggest_value("$.Values.image.repositry.x", values) ==
          "the values have no 'image.repositry'; did you mean 'image.repository'?");
    CHECK(suggest_value(".Values.image.tag.x", values) == "the value at 'image.tag' is null");
    CHECK(suggest_value(".Values.port.x", values) == "the value at 'port' is no table");
    CHECK(suggest_value(".Values.empty.x.y", values) == "the values have no 'empty.x'");
    CHECK(suggest_value(".Values.only.another.y", values) == "the values have no 'only.another'; there is key");
    CHECK(suggest_value(".Values.quite.other", values) == "the values have no 'quite'; there are empty, image, only, port");
    for (const auto* node : {".Values.image", ".x.y", "index .Values.a 1", ".Values.", "", "$x.Values.a.b"}) {
      CAPTURE(node);
      CHECK(suggest_value(node, values).empty());
    }
  }

  TEST_CASE("in the error of a render") {
    const auto hint = [](std::string_view text, bool quote_content = true) {
      auto inputs = chart_inputs({{"app/values.yaml", "image: {repository: x}\n"}, {"app/templates/a.yaml", text}});
      inputs.quote_content = quote_content;
      inputs.helm.profile = "helm-4.2";
      return render_chart(inputs).error().hint();
    };
    CHECK(hint("a: {{ .Values.image.repo | quot }}") == "did you mean 'quote'?");
    CHECK(hint("a: {{ nothingLikeThat 1 }}").empty());
    CHECK(hint("a: {{ durationSeconds 1 }}") == "this version of helm has no 'durationSeconds'; newer ones do");
    CHECK(hint("a: {{ .Values.imag.repository }}") == "the values have no 'imag'; did you mean 'image'?");
    CHECK(hint("a: {{ .Values.imag.repository }}", false).empty());
  }
}
