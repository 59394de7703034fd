#include <doctest/doctest.h>

#include <cctype>
#include <map>
#include <set>
#include <string>

#include "tests/parity/helm_peer.hpp"
#include "tests/support/function_cases.hpp"
#include "tests/support/not_run.hpp"

using namespace gitopsctl::tests;

namespace {

void write_chart(const WorkDirectory& directory, const std::string& text) {
  directory.write("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 0.1.0\n");
  directory.write("chart/values.yaml", function_case_values());
  directory.write("chart/templates/cases.yaml", text);
}

/// One chart that runs every case without error: each is a template of its own over a copy of the values, and its result
/// stands in one comment line, quoted.
std::string chart_text(const std::vector<FunctionCase>& cases) {
  std::string text;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    text += "{{- define \"case" + std::to_string(i) + "\" }}" + cases[i].expression + "{{ end }}\n";
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto number = std::to_string(i);
    text +=
        "# " + number + " {{ $d := dict \"Values\" (deepCopy .Values) }}{{ include \"case" + number + "\" $d | quote }}\n";
  }
  return text;
}

/// Whether an expression calls one of `names`.
bool calls_one_of(const std::string& expression, const std::set<std::string>& names) {
  std::string word;
  for (const char c : expression + " ") {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
      word += c;
      continue;
    }
    if (names.contains(word)) return true;
    word.clear();
  }
  return false;
}

/// Whether a case calls what not all Helm versions have.
bool is_new(const FunctionCase& one) {
  static const std::set<std::string> names = {
      "mustToYaml",           "mustToToml",          "mustToDuration",    "durationSeconds", "durationMilliseconds",
      "durationMicroseconds", "durationNanoseconds", "durationMinutes",   "durationHours",   "durationDays",
      "durationWeeks",        "durationRoundTo",     "durationTruncateTo"};
  return calls_one_of(one.expression, names);
}

/// Whether a case is about something that Go or a library said otherwise before.
bool is_versioned(const FunctionCase& one) {
  static const std::set<std::string> names = {"eq",
                                              "ne",
                                              "lt",
                                              "le",
                                              "gt",
                                              "ge",
                                              "semver",
                                              "semverCompare",
                                              "urlParse",
                                              "urlJoin",
                                              "fromJson",
                                              "mustFromJson",
                                              "fromJsonArray",
                                              "mustToJson",
                                              "toToml"};
  return calls_one_of(one.expression, names);
}

}  // namespace

TEST_SUITE("parity/functions") {
  TEST_CASE("the recorded results are those of the helm at hand, and ours") {
    const auto helm = need_peer("helm", "template functions against the real helm");
    if (!helm) return;
    std::vector<FunctionCase> cases;
    for (auto& row : read_function_cases()) {
      if (!row.is_error) cases.push_back(std::move(row));
    }
    const WorkDirectory directory;
    write_chart(directory, chart_text(cases));
    const auto rendered = HelmPeer(*helm).render(directory, {});
    REQUIRE_MESSAGE(rendered.ok, rendered.text);
    const auto theirs = numbered_results(rendered.text);
    REQUIRE(theirs.size() == cases.size());
    const auto values = function_case_values();
    for (std::size_t i = 0; i < cases.size(); ++i) {
      INFO(cases[i].file << ":" << cases[i].line << ": " << cases[i].expression);
      CHECK(theirs.at(i) == cases[i].expected);
      CHECK(evaluate_function_case(cases[i].expression, values).text == theirs.at(i));
    }
  }

  TEST_CASE("errors are those of the helm at hand") {
    for (const auto& peer : HelmPeer::all("errors of template functions against the real helm")) {
      const WorkDirectory directory;
      for (const auto& row : read_function_cases()) {
        if (!row.is_error) continue;
        // Each costs a run; texts of older helms differ from the newest's only in what these functions say.
        if (!peer.is_newest() && (is_new(row) || !is_versioned(row))) continue;
        write_chart(directory, row.expression + "\n");
        const auto rendered = peer.render(directory, {});
        const auto ours = render_with_ours(directory, {}, peer.profile());
        INFO(peer.profile() << ": " << row.file << ":" << row.line << ": " << row.expression);
        CHECK_FALSE(rendered.ok);
        CHECK(ours.text == rendered.text);
        if (peer.is_newest()) CHECK(rendered.text.find(row.expected) != std::string::npos);
      }
    }
  }

  TEST_CASE("results of older helms are ours in their profiles") {
    for (const auto& peer : HelmPeer::all("template functions of older helms")) {
      if (peer.is_newest()) continue;
      std::vector<FunctionCase> cases;
      for (auto& row : read_function_cases()) {
        if (!row.is_error && !is_new(row)) cases.push_back(std::move(row));
      }
      const WorkDirectory directory;
      write_chart(directory, chart_text(cases));
      const auto rendered = peer.render(directory, {});
      const auto ours = render_with_ours(directory, {}, peer.profile());
      REQUIRE_MESSAGE(rendered.ok, rendered.text);
      REQUIRE_MESSAGE(ours.ok, ours.text);
      auto got = numbered_results(ours.text);
      for (const auto& [number, text] : numbered_results(rendered.text)) {
        INFO(peer.profile() << ": " << cases[number].file << ":" << cases[number].line << ": " << cases[number].expression);
        CHECK(got[number] == text);
      }
    }
  }
}
