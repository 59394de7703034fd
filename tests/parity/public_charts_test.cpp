#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "base/crypto/digest.hpp"
#include "base/yaml/yaml.hpp"
#include "tests/parity/helm_peer.hpp"
#include "tests/parity_charts/comparison.hpp"
#include "tests/parity_charts/report.hpp"
#include "tests/support/not_run.hpp"

// What `./dev parity DIR…` is made of: the comparison of charts that somebody has at hand.

using namespace gitopsctl;
using namespace gitopsctl::tests;

namespace {

const std::string hash_a = "$2a$10$abcdefghijklmnopqrstuuJ3eJ0Sr3rjwN4Ww3PtWAjD0c9gF8eW2";
const std::string hash_b = "$2a$10$zyxwvutsrqponmlkjihgfeJ3eJ0Sr3rjwN4Ww3PtWAjD0c9gF8eW2";
const std::string hash_c = "$2a$10$00000000000000000000000J3eJ0Sr3rjwN4Ww3PtWAjD0c9gF8eW";

std::string pem(const std::string& label, const std::string& content) {
  return "-----BEGIN " + label + "-----\n  " + content + "\n  -----END " + label + "-----";
}

/// Three texts with something random in the same place: ours, and two of helm.
std::optional<MaskCounts> masks_of(const std::string& ours, const std::string& one, const std::string& other) {
  const auto line = [](const std::string& text) { return "a: 1\nkey: \"" + text + "\"\nb: 2\n"; };
  return equal_but_random(line(ours), line(one), line(other));
}

void write_library(const WorkDirectory& directory) {
  directory.write("one/charts/lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 3.0.0\ntype: library\n");
  directory.write("one/charts/lib/templates/_x.tpl", "{{ define \"lib.x\" }}x{{ end }}\n");
}

}  // namespace

TEST_SUITE("parity/public charts") {
  TEST_CASE("what helm makes random is masked by the name of its shape") {
    CHECK(masks_of("aB3d", "Zz09", "q1Q1") == MaskCounts{{"random letters and digits", 1}});
    CHECK(masks_of("1700000000", "1700000001", "1700000002") == MaskCounts{{"random digits or seconds", 1}});
    CHECK(masks_of(hash_a, hash_b, hash_c) == MaskCounts{{"bcrypt hash", 1}});
    CHECK(masks_of("user:" + hash_a, "user:" + hash_b, "user:" + hash_c) == MaskCounts{{"bcrypt hash", 1}});
    CHECK(masks_of("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z") == MaskCounts{{"time", 1}});
    CHECK(masks_of("6f9619ff-8b86-4d01-b42d-00cf4fc964ff", "6f9619ff-8b86-4d01-b42d-00cf4fc964f0",
                   "6f9619ff-8b86-4d01-b42d-00cf4fc964f1") == MaskCounts{{"UUID", 1}});
    CHECK(masks_of(pem("CERTIFICATE", "MIIa"), pem("CERTIFICATE", "MIIb"), pem("CERTIFICATE", "MIIc\n  MIId")) ==
          MaskCounts{{"certificate", 1}});
    CHECK(masks_of(sha256_hex("a"), sha256_hex("b"), sha256_hex("c")) == MaskCounts{{"digest of something random", 1}});
    CHECK(masks_of(base64_encode("pass aB3d!"), base64_encode("pass Zz09!"), base64_encode("pass q1Q1!")) ==
          MaskCounts{{"random letters and digits, base64", 1}});
    CHECK(masks_of(base64_encode(sha256("a")), base64_encode(sha256("b")), base64_encode(sha256("c"))) ==
          MaskCounts{{"random bytes, base64", 1}});
  }

  TEST_CASE("nothing else is masked") {
    CHECK_FALSE(masks_of("aB3d", "Zz09", "Zz09"));  // helm says the same twice
    CHECK_FALSE(masks_of("aB3", "Zz09", "q1Q1"));   // another length
    CHECK_FALSE(masks_of("a-3d", "Zz09", "q1Q1"));  // another shape
    CHECK_FALSE(masks_of(pem("PRIVATE KEY", "x"), pem("CERTIFICATE", "y"), pem("CERTIFICATE", "z")));
    CHECK_FALSE(masks_of(base64_encode("word aB3d!"), base64_encode("pass Zz09!"), base64_encode("pass q1Q1!")));
    CHECK_FALSE(equal_but_random("a: x1\nb: 2\n", "a: x2\nb: 1\n", "a: x3\nb: 1\n"));  // and something beside it
  }

  TEST_CASE("charts are found, and not those inside of another one's charts") {
    const WorkDirectory directory;
    write_library(directory);
    directory.write("one/charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
    directory.write("one/charts/web/charts/inner/Chart.yaml", "apiVersion: v2\nname: inner\nversion: 1.0.0\n");
    directory.write("one/charts/web/test-chart/Chart.yaml", "apiVersion: v2\nname: web-test\nversion: 1.0.0\n");
    directory.write("two/Chart.yaml", "apiVersion: v2\nname: top\nversion: 0.1.0\n");
    std::string names;
    for (const auto& chart : find_charts({directory.path() / "one", directory.path() / "two"})) names += chart.name + ' ';
    CHECK(names == "lib web web-test top ");
  }

  TEST_CASE("dependencies come from the other charts, with the requirement relaxed") {
    const WorkDirectory directory;
    write_library(directory);
    directory.write(
        "two/web/Chart.yaml",
        "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n- name: lib\n  version: 1.x.x\n- name: own\n  "
        "repository: file://../own\n  version: ^9\nmaintainers: []\n");
    directory.write("two/own/Chart.yaml", "apiVersion: v2\nname: own\nversion: 0.1.0\n");
    const auto pool = find_charts({directory.path() / "one", directory.path() / "two"});
    const auto web = std::find_if(pool.begin(), pool.end(), [](const FoundChart& chart) { return chart.name == "web"; });
    REQUIRE(web != pool.end());
    const auto to = directory.path() / "prepared";
    const auto prepared = prepare_chart(*web, pool, to);
    CHECK(prepared.missing.empty());
    CHECK(prepared.copied == std::vector<std::string>{"lib 3.0.0", "own 0.1.0"});
    CHECK(std::filesystem::exists(to / "charts/lib/templates/_x.tpl"));
    const auto requirements = parse_yaml(read_text(to / "Chart.yaml")).value().find("dependencies")->as_list();
    CHECK(requirements.at(0).string_at({"version"}) == ">=0.0.0-0");
    CHECK(requirements.at(1).string_at({"version"}) == ">=0.0.0-0");
    // The chart itself keeps its version.
    CHECK(read_text(to / "Chart.yaml").find("version: 1.0.0\n") != std::string::npos);
  }

  TEST_CASE("a chart whose dependency nobody has is not compared, and says so") {
    const WorkDirectory directory;
    directory.write("web/Chart.yaml",
                    "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n- name: gone\n  version: 1.x.x\n");
    const auto pool = find_charts({directory.path()});
    const auto prepared = prepare_chart(pool.at(0), pool, directory.path() / "prepared");
    CHECK(prepared.missing == std::vector<std::string>{"gone"});
    ChartOutcome outcome;
    outcome.name = "web";
    outcome.missing = prepared.missing;
    CHECK(text_report({}, {outcome}).find("NOT COMPARED: nobody has gone") != std::string::npos);
    CHECK(totals_of({outcome}).charts == 0);
  }

  TEST_CASE("booleans and enumerated words are toggled, in dependencies too, and the same for ever") {
    const WorkDirectory directory;
    directory.write("c/Chart.yaml",
                    "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: sub, version: 1, alias: other}\n");
    directory.write("c/values.yaml", "a: true\nb: {c: ClusterIP, d: word}\nmode: x\n");
    directory.write("c/values.schema.json", R"({"properties":{"mode":{"enum":["x","y"]},"unset":{"type":"boolean"}}})");
    directory.write("c/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n");
    directory.write("c/charts/sub/values.yaml", "enabled: false\n");
    const auto toggles = toggles_of(directory.path() / "c");
    std::string paths;
    for (const auto& toggle : toggles) {
      for (const auto& key : toggle.path) paths += key + '.';
      paths += std::to_string(toggle.choices.size()) + ' ';
    }
    CHECK(paths == "a.1 b.c.2 mode.1 other.enabled.1 unset.2 ");
    CHECK(SetGenerator("c").generate(toggles, 1) == SetGenerator("c").generate(toggles, 1));
    CHECK(SetGenerator("c").generate(toggles, 0) == "{}\n");
    const auto all = parse_yaml(SetGenerator("c").generate(toggles, 1)).value();
    CHECK(all.find("a")->is_bool());
    CHECK(all.string_at({"mode"}) == "y");
  }

  TEST_CASE("a whole comparison: equal, masked, refused by both") {
    const auto program = need_peer("helm", "charts that somebody has at hand against the real helm");
    if (!program) return;
    const WorkDirectory directory;
    directory.write("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n");
    directory.write("c/values.yaml", "secret: false\nrefuse: false\n");
    directory.write("c/ci/secret-values.yaml", "secret: true\n");
    directory.write("c/ci/refuse-values.yaml", "refuse: true\n");
    directory.write("c/templates/x.yaml",
                    "a: {{ .Release.Name }}\n{{ if .Values.secret }}b: {{ randAlphaNum 8 | b64enc }}\n{{ end }}{{ if "
                    ".Values.refuse }}{{ fail \"no\" }}{{ end }}\n");
    const CachedHelm helm(*program, directory.path() / "cache");
    const auto pool = find_charts({directory.path() / "c"});
    ComparisonOptions options;
    options.generated_sets = 0;
    for (int time = 0; time < 2; ++time) {
      const auto outcome = compare_chart(pool.at(0), pool, helm, options);
      CHECK(outcome.equal == 1);
      CHECK(outcome.masked == 1);
      CHECK(outcome.masks == MaskCounts{{"random letters and digits, base64", 1}});
      CHECK(outcome.refused == 1);
      CHECK(outcome.differences.empty());
    }
    // Answers of helm that are other ones are differences; those of the default values are explained by a second run of
    // helm.
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory.path() / "cache")) {
      if (entry.is_regular_file()) write_text(entry.path(), "+a: other\n");
    }
    const auto outcome = compare_chart(pool.at(0), pool, helm, options);
    CHECK(outcome.differences.size() == 2);
    CHECK(text_report({}, {outcome}).find("DIFFERS: c, ci/refuse-values.yaml: only ours refuses") != std::string::npos);
  }
}
