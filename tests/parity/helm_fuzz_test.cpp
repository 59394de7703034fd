#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files/file_tree.hpp"
#include "render/helm/helm.hpp"
#include "tests/parity/helm_peer.hpp"
#include "tests/parity/template_generator.hpp"
#include "tests/support/not_run.hpp"

// Generated templates over all functions, rendered by helm and by our engine. Ten seconds of it, or as many as
// $GITOPSCTL_PARITY_SECONDS says; $GITOPSCTL_PARITY_SEED begins elsewhere.

using namespace gitopsctl;
using namespace gitopsctl::tests;

namespace {

using Time = std::chrono::steady_clock;

constexpr std::string_view shared = "{{ define \"shared\" }}[{{ . }}]{{ end }}\n";

std::uint64_t number_of(const char* variable, std::uint64_t fallback) {
  const char* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nothing changes it
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

/// The files of a chart with one template of this text.
std::map<std::string, std::string> chart_files(const std::string& text) {
  return {{"chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 0.1.0\n"},
          {"chart/values.yaml", template_values()},
          {"chart/templates/_shared.tpl", std::string(shared)},
          {"chart/templates/cases.yaml", text}};
}

/// What ours gives; with a bound of its own that helm does not have, nothing.
std::optional<RenderResult> render_with_ours(const std::string& text) {
  const auto tree = std::make_shared<MemoryTree>();
  for (const auto& [name, content] : chart_files(text)) tree->add(TreePath::parse(name).value(), content);
  render::RenderInputs inputs;
  inputs.tree = tree;
  inputs.namespace_ = "apps";
  inputs.helm.chart = TreePath::parse("chart").value();
  inputs.helm.release_name = "rel";
  const auto out = render::helm::render_chart(inputs);
  if (out.ok()) return RenderResult{.ok = true, .text = out->text()};
  if (out.error().code() == ErrorCode::too_large) return std::nullopt;
  return RenderResult{.ok = false, .text = out.error().message()};
}

/// One chart of many templates. Each works on a copy of the values, and its result stands in a line of its own, quoted.
std::string chart_text(const std::vector<std::string>& cases) {
  std::string text;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto name = "case" + std::to_string(i);
    text += "{{- define \"" + name + "\" }}" + cases[i] + "{{ end }}\n# " + std::to_string(i) + " {{ include \"" + name +
            "\" (dict \"Values\" (deepCopy .Values.AsMap)) | quote }}\n";
  }
  return text;
}

class Fuzzer {
 public:
  explicit Fuzzer(std::string program) : helm_(std::move(program)) {}

  /// A round: templates that ours renders, all in one run of helm; of those that it refuses some, each in its own.
  void round(std::uint64_t seed) {
    constexpr int cases = 1000;
    constexpr std::size_t refused = 10;
    TemplateGenerator generator(seed);
    std::vector<std::string> good;
    std::vector<std::string> bad;
    for (int i = 0; i < cases; ++i) {
      auto text = generator.statement();
      const auto ours = render_with_ours(chart_text({text}));
      if (!ours) continue;
      if (ours->ok) {
        good.push_back(std::move(text));
      } else if (bad.size() < refused) {
        bad.push_back(std::move(text));
      }
    }
    compare_good(seed, std::move(good));
    for (const auto& text : bad) compare_bad(seed, text);
  }

  int rendered = 0;
  int errors = 0;
  int differing = 0;

 private:
  /// Nothing when helm breaks: a value that holds itself overflows its stack.
  std::optional<RenderResult> render_with_helm(const std::string& text) {
    for (const auto& [name, content] : chart_files(text)) directory_.write(name, content);
    auto ran = run_program_in(directory_.path(), helm_, {"template", "rel", "./chart", "-n", "apps"});
    if (ran.exit_code == 0) return RenderResult{.ok = true, .text = std::move(ran.out)};
    constexpr std::string_view mark = "Error: ";
    constexpr std::string_view advice = "\n\nUse --debug flag to render out invalid YAML\n";
    if (!ran.err.starts_with(mark)) return std::nullopt;
    auto error = ran.err.substr(mark.size());
    if (error.ends_with(advice)) error.erase(error.size() - advice.size());
    return RenderResult{.ok = false, .text = std::move(error)};
  }

  void compare_good(std::uint64_t seed, std::vector<std::string> cases) {
    while (!cases.empty()) {
      const auto theirs = render_with_helm(chart_text(cases));
      if (!theirs) {
        // One of them breaks it: the halves apart.
        if (cases.size() == 1) return;
        const auto half = cases.begin() + static_cast<std::ptrdiff_t>(cases.size() / 2);
        compare_good(seed, {half, cases.end()});
        cases.erase(half, cases.end());
        continue;
      }
      if (theirs->ok) {
        const auto ours = render_with_ours(chart_text(cases));
        if (!ours) return;
        const auto expected = numbered_results(theirs->text);
        const auto got = numbered_results(ours->text);
        rendered += static_cast<int>(cases.size());
        for (std::size_t i = 0; i < cases.size(); ++i) {
          const auto one = expected.find(i);
          const auto other = got.find(i);
          if (one == expected.end() || other == got.end() || one->second != other->second)
            report(seed, cases[i], other == got.end() ? "" : other->second, one == expected.end() ? "" : one->second);
        }
        return;
      }
      // helm refuses one that ours renders: it says which.
      constexpr std::string_view before = "executing \"case";
      const auto at = theirs->text.find(before);
      if (at == std::string::npos) {
        report(seed, "a whole round", "rendered", theirs->text);
        return;
      }
      const auto number = std::strtoull(theirs->text.c_str() + at + before.size(), nullptr, 10);
      if (number >= cases.size()) return;
      report(seed, cases[number], "rendered", theirs->text);
      cases.erase(cases.begin() + static_cast<std::ptrdiff_t>(number));
    }
  }

  void compare_bad(std::uint64_t seed, const std::string& text) {
    const auto theirs = render_with_helm(chart_text({text}));
    const auto ours = render_with_ours(chart_text({text}));
    if (!ours || !theirs) return;
    ++errors;
    if (theirs->ok || theirs->text != ours->text) report(seed, text, ours->text, theirs->ok ? "rendered" : theirs->text);
  }

  void report(std::uint64_t seed, const std::string& text, const std::string& ours, const std::string& theirs) {
    ++differing;
    FAIL_CHECK("seed " << seed << "\n  template: " << text << "\n  ours: " << ours << "\n  helm: " << theirs);
  }

  std::string helm_;
  WorkDirectory directory_;
};

}  // namespace

TEST_SUITE("parity/fuzz") {
  TEST_CASE("generated templates give what helm gives") {
    const auto program = need_peer("helm", "generated templates against the real helm");
    if (!program) return;
    constexpr std::uint64_t usual_seconds = 10;
    const auto end = Time::now() + std::chrono::seconds(number_of("GITOPSCTL_PARITY_SECONDS", usual_seconds));
    Fuzzer fuzzer(*program);
    auto seed = number_of("GITOPSCTL_PARITY_SEED", 1);
    do fuzzer.round(seed++);
    while (Time::now() < end);
    std::cout << "parity with helm: generated templates: " << fuzzer.rendered << " results and " << fuzzer.errors
              << " errors compared, " << fuzzer.differing << " differ\n";
  }
}
