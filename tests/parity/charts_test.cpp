#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <filesystem>
#include <iostream>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "render/functions/functions.hpp"
#include "render/template/engine.hpp"
#include "render/template/function.hpp"
#include "tests/parity/chart_text.hpp"
#include "tests/parity/helm_peer.hpp"

// The charts kept as text, rendered by every real helm and by us in its profile.

using namespace gitopsctl::tests;

namespace {

constexpr std::size_t fewest_charts = 40;
constexpr std::size_t fewest_failing_charts = 80;

const std::filesystem::path charts_directory = std::filesystem::path(GITOPSCTL_SOURCE_DIR) / "tests/parity/charts";

std::vector<ChartText> charts_of(const std::string& folder) {
  const auto charts = read_chart_texts(charts_directory / folder);
  REQUIRE_MESSAGE(charts.ok(), charts.error().to_string());
  return *charts;
}

/// What came of a chart with one helm.
struct Outcome {
  int runs = 0;
  int refused = 0;
  std::vector<std::string> differences;  ///< each with the chart and the command line
};

Outcome compare_chart(const HelmPeer& helm, const ChartText& chart, const WorkDirectory& unpacked) {
  const WorkDirectory theirs;
  const WorkDirectory ours;
  constexpr auto options = std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks;
  for (const auto* side : {&theirs, &ours}) std::filesystem::copy(unpacked.path(), side->path(), options);
  Outcome out;
  for (const auto& words : chart.runs) {
    const auto compared = run_both_commands(helm, theirs, ours, words);
    ++out.runs;
    out.refused += compared.exit_code == 0 ? 0 : 1;
    std::string where = chart.file + ":" + std::to_string(chart.line) + ": " + chart.name + " with " + helm.profile() + ":";
    for (const auto& word : words) where += " " + word;
    for (const auto& difference : compared.differences) out.differences.push_back(where + ": " + difference);
  }
  return out;
}

/// Two at a time, because each waits for programs. In the order of the charts.
std::vector<Outcome> compare_charts(const HelmPeer& helm, const std::vector<ChartText>& charts,
                                    const std::vector<WorkDirectory>& unpacked) {
  std::vector<Outcome> out(charts.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (auto i = next++; i < charts.size(); i = next++) {
      if (charts[i].is_for(helm.profile())) out[i] = compare_chart(helm, charts[i], unpacked[i]);
    }
  };
  std::thread other(work);
  work();
  other.join();
  return out;
}

/// Compares with every helm there is. `wants_refusals`: whether every command line is to be refused, or none.
void compare_with_all(const std::vector<ChartText>& charts, const std::string& what, bool wants_refusals) {
  const auto helms = HelmPeer::all("parity of " + what);
  if (helms.empty()) return;
  std::vector<WorkDirectory> unpacked(charts.size());
  for (std::size_t i = 0; i < charts.size(); ++i) unpack_chart_text(charts[i], unpacked[i], helms.front());
  for (const auto& helm : helms) {
    const auto outcomes = compare_charts(helm, charts, unpacked);
    int seen = 0;
    int same = 0;
    int runs = 0;
    for (std::size_t i = 0; i < charts.size(); ++i) {
      const auto& outcome = outcomes[i];
      INFO(charts[i].file << ":" << charts[i].line << ": " << charts[i].name << " with " << helm.profile());
      for (const auto& difference : outcome.differences) FAIL_CHECK(difference);
      if (charts[i].is_for(helm.profile())) CHECK(outcome.refused == (wants_refusals ? outcome.runs : 0));
      seen += outcome.runs == 0 ? 0 : 1;
      same += outcome.runs == 0 || !outcome.differences.empty() ? 0 : 1;
      runs += outcome.runs;
    }
    std::cout << "parity with " << helm.profile() << ": " << same << " of " << seen << " " << what << " the same, in "
              << runs << " command lines\n";
  }
}

std::string all_templates(const std::vector<ChartText>& charts) {
  std::string out;
  for (const auto& chart : charts) {
    for (const auto& section : chart.sections) out += section.text;
  }
  return out;
}

/// The words of what stands between `{{` and `}}`, strings left out.
std::set<std::string> words_in_actions(std::string_view text) {
  std::set<std::string> out;
  for (auto at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at)) {
    const auto end = std::min(text.find("}}", at), text.size());
    std::string word;
    char quote = 0;
    char before = ' ';
    for (auto i = at + 2; i <= end; ++i) {
      const char c = i < end ? text[i] : ' ';
      const bool is_letter = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
      if (quote != 0) {
        if (c == '\\' && quote == '"') ++i;
        if (c == quote) quote = 0;
        continue;
      }
      if (is_letter && (!word.empty() || (before != '.' && before != '$'))) word += c;
      if (!is_letter && !word.empty()) out.insert(std::exchange(word, {}));
      if (c == '"' || c == '`') quote = c;
      before = is_letter && word.empty() ? '.' : c;
    }
    at = end;
  }
  return out;
}

}  // namespace

TEST_SUITE("parity: charts") {
  TEST_CASE("every chart renders as helm renders it") {
    const auto charts = charts_of("");
    CHECK(charts.size() >= fewest_charts);
    compare_with_all(charts, "charts", false);
  }

  TEST_CASE("every failing chart fails as in helm") {
    const auto charts = charts_of("failing");
    CHECK(charts.size() >= fewest_failing_charts);
    compare_with_all(charts, "failing charts", true);
  }

  TEST_CASE("the charts use every function of the newest helm") {
    using namespace gitopsctl::render;
    std::vector<std::span<const Function>> tables{builtin_functions()};
    tables.insert(tables.end(), all_functions().begin(), all_functions().end());
    tables.push_back(engine_functions());
    const FunctionTable table(tables);
    auto used = words_in_actions(all_templates(charts_of("")));
    // Nothing that a chart can hold may be called.
    if (words_in_actions(all_templates(charts_of("failing"))).contains("call")) used.insert("call");
    for (const auto name : table.names()) {
      INFO(name);
      CHECK(used.contains(std::string(name)));
    }
    std::cout << "parity: the charts use " << table.names().size() << " functions\n";
  }
}

TEST_SUITE("parity: charts as text") {
  TEST_CASE("a chart is read with its command lines and files") {
    const auto charts = read_chart_texts(
        "one.txt", "What it is about: all.\nrun: rel chart --set 'a=b c' -n x\nprofiles: helm-4.3\n-- chart/a --\nx\n");
    REQUIRE_MESSAGE(charts.ok(), charts.error().to_string());
    REQUIRE(charts->size() == 1);
    const auto& chart = charts->front();
    CHECK(chart.name == "one");
    CHECK(chart.runs == std::vector<std::vector<std::string>>{{"rel", "chart", "--set", "a=b c", "-n", "x"}});
    CHECK(chart.is_for("helm-4.3"));
    CHECK_FALSE(chart.is_for("helm-3.20"));
    REQUIRE(chart.sections.size() == 2);
    CHECK(chart.sections[0].text == "x\n");
    CHECK(chart.sections[1].path == "chart/Chart.yaml");
  }

  TEST_CASE("charts of one file share what stands first, and replace it") {
    const auto charts = read_chart_texts("many.txt", "-- v --\n1\n== a ==\n-- x --\n2\n== b ==\n-- v (no newline) --\n3\n");
    REQUIRE_MESSAGE(charts.ok(), charts.error().to_string());
    REQUIRE(charts->size() == 2);
    CHECK(charts->at(0).sections[1].text == "1\n");
    CHECK(charts->at(1).sections[0].text == "3\n");
    CHECK(charts->at(1).sections[0].form == "no newline");
    CHECK(charts->at(1).line == 6);
  }

  TEST_CASE("mistakes name file and line") {
    const auto mistake = [](std::string_view text) {
      const auto charts = read_chart_texts("f.txt", text);
      return charts.ok() ? std::string("none") : charts.error().message();
    };
    CHECK(mistake("about\nran: x y\n") == "f.txt:2: 'ran:' is neither 'run:' nor 'profiles:'");
    CHECK(mistake("run: rel 'a\n") == "f.txt:1: a quote stays open");
    CHECK(mistake("-- a --\n-- b (zip) --\n") == "f.txt:2: no file has the form ' (zip)'");
    CHECK(mistake("-- a --\n-- a --\n") == "f.txt:2: 'a' is there twice");
    CHECK(mistake("-- a (base64) --\n?\n") == "f.txt:1: 'a' is no base64");
    CHECK(mistake("== a ==\n== a ==\n") == "f.txt:2: there is a chart 'a' already");
    CHECK(mistake("== a\n") == "f.txt:1: a chart begins with '== NAME =='");
    CHECK(mistake("run: a b\n== a ==\n") == "f.txt:1: 'run:' belongs to a chart");
    CHECK(mistake("-- a --\nx") == "f.txt:0: the last line has no end");
  }
}
