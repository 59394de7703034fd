#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "render/helm/helm_log.hpp"
#include "render/helm/logged_render.hpp"
#include "tests/unit/render/helm/chart_tree.hpp"

using namespace gitopsctl;
using namespace gitopsctl::render;
using namespace gitopsctl::render::helm;

TEST_SUITE("helm log") {
  TEST_CASE("values are quoted where a reader could not tell their end") {
    CHECK(slog_line("WARN", "a b", {{"path", "c"}, {"empty", ""}, {"equals", "a=b"}, {"quote", "\"x\""}}) ==
          R"(level=WARN msg="a b" path=c empty="" equals="a=b" quote="\"x\"")");
  }

  TEST_CASE("a render logs what helm would, up to its error") {
    const auto inputs = [](const char* profile, const char* text) {
      auto out = tests::chart_inputs(
          {{"app/values.yaml", "t: {a: 1}\n"}, {"app/templates/a.yaml", text}, {"values.yaml", "t: {a: {b: 1}}\n"}});
      out.helm.value_files.push_back(tests::tree_path("values.yaml"));
      out.helm.profile = profile;
      return out;
    };
    Stage reached = Stage::inputs;
    HelmLog three(find_profile("helm-3.22").value());
    RenderTrace trace{.log = &three, .keeps_text = true, .text = {}};
    CHECK(render_chart_traced(inputs("helm-3.22", "kind: A\n"), reached, trace).ok());
    HelmLog four(find_profile("helm-4.3").value());
    trace.log = &four;
    CHECK_FALSE(render_chart_traced(inputs("helm-4.3", "{{ fail \"x\" }}"), reached, trace).ok());
    CHECK(trace.text.empty());
    CHECK_FALSE(render_chart_traced(inputs("helm-4.3", "a: [\n"), reached, trace).ok());
    CHECK(trace.text == "---\n# Source: app/templates/a.yaml\na: [\n\n");
    const std::string text = "warning: destination for app.t.a is a table. Ignoring non-table value (1)";
    CHECK(three.lines() == std::vector<std::string>{"coalesce.go:319: " + text});
    const std::string line = "level=INFO msg=\"" + text + '"';
    CHECK(four.lines() == std::vector<std::string>{line, line});
  }
}
