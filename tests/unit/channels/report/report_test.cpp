#include "channels/report/report.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include "base/json/json.hpp"
#include "base/text/escape.hpp"
#include "channels/report/summary.hpp"
#include "tests/unit/channels/plan/change_builders.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;
using namespace gitopsctl::channels::test;

namespace {

/// Compares with a file of golden/; with GITOPSCTL_ACCEPT=1 in the environment the file is written instead.
void check_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(GITOPSCTL_SOURCE_DIR) + "/tests/unit/channels/report/golden/" + name;
  if (const char* accept = std::getenv("GITOPSCTL_ACCEPT"); accept != nullptr && std::string_view(accept) == "1") {
    std::ofstream(path, std::ios::binary) << text;
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream expected;
  expected << file.rdbuf();
  CHECK_MESSAGE(text == expected.str(), path << " differs; GITOPSCTL_ACCEPT=1 writes what came out:\n" << text);
}

std::string pretty(const Value& value) {
  auto text = to_json(value, {.escape_html = false, .pretty = true});
  REQUIRE(text.ok());
  return *text + "\n";
}

void check_all_forms(const std::string& name, const ChangeSet& changes, const std::vector<Verdict>& verdicts = {}) {
  MarkdownOptions markdown;
  markdown.repository_url = "https://forge.example/team/shop";
  markdown.verdicts = verdicts;
  TableOptions table;
  table.verdicts = verdicts;
  const auto text = report_markdown(changes, markdown);
  check_golden(name + ".md", text);
  CHECK(text == report_markdown(changes, markdown));
  check_golden(name + ".txt", report_table(changes, table));
  check_golden(name + ".json", pretty(report_value(changes, verdicts)));
}

std::string deployment(const std::string& name, const std::string& image, int replicas) {
  return "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + name +
         "}\nspec:\n  replicas: " + std::to_string(replicas) +
         "\n  template:\n    spec:\n      containers:\n      - name: main\n        image: " + image +
         "\n        ports: [{name: http, containerPort: 80}]\n";
}

std::string secret(const std::string& name, const std::string& data) {
  return "---\napiVersion: v1\nkind: Secret\nmetadata: {name: " + name + "}\nstringData: " + data + "\n";
}

const std::string from_commit = "0123456789abcdef0123456789abcdef01234567";
const std::string to_commit = "89abcdef0123456789abcdef0123456789abcdef";

ChangeSet ordinary() {
  auto old = rendered("old", config_map("settings", "1"));
  old.prune = false;
  return diff_rendered("prod", from_commit,
                       {rendered("api", deployment("api", "registry.example/api:1.4", 2) + config_map("api", "a") +
                                            secret("api", "{password: one, token: same}")),
                        rendered("cron", config_map("cron", "1")), old},
                       to_commit,
                       {rendered("api", deployment("api", "registry.example/api:1.5", 2) +
                                            deployment("worker", "registry.example/worker@sha256:abc", 1) +
                                            secret("api", "{password: two, token: same, extra: x}")),
                        rendered("cron", config_map("cron", "1"))});
}

ChangeSet failing() {
  auto changes = diff_rendered(
      "prod", from_commit,
      {rendered("api", config_map("a", "1") + config_map("b", "1")), rendered("web", config_map("c", "1"))}, to_commit,
      {rendered("api", config_map("a", "2")),
       broken("web", Error(ErrorCode::invalid_input, "mapping values are not allowed in this context")
                         .at({"charts/web/values.yaml", 12, 7})
                         .in("release web")
                         .with_hint("check the indentation")
                         .also({Error(ErrorCode::needs_source, "chart oci://registry.example/x is not in the tree")}))});
  changes.releases[0].warnings.push_back("chart api is deprecated");
  changes.warnings.push_back("two value files set the same key");
  return changes;
}

/// What a hostile repository could write into names, messages and manifests.
ChangeSet hostile() {
  ChangeSet changes;
  changes.channel = "prod`<b>@team";
  changes.from = "$(rm -rf ~)";
  changes.to = "a'b\n# heading";
  ReleaseChanges release;
  release.release = "</summary><img src=x onerror=alert(1)> @admin `x` | #1 [a](javascript:b)\x1b[31m\xE2\x80\xAE";
  Change change;
  change.id = {"", "ConfigMap", "web", "n`*_<i>"};
  change.action = Action::update;
  change.before = yaml("{a: 'x'}");
  change.after =
      make_map({{"a", Value::string("```\n</details>\n<script>alert(1)</script>\n@everyone\n````\n--- \x1b[2J\r\n")}});
  change.source = "a|b.yaml";
  change.why = "because `@admin` said <so>";
  release.changes.push_back(change);
  release.errors.push_back(Error(ErrorCode::invalid_input, "```\n@admin </details>").with_hint("``` | <x>"));
  release.warnings.push_back("![x](http://evil)");
  changes.policy_changes.push_back({"freeze", "```\n@admin </details> \x1b[31m", ""});
  changes.releases.push_back(release);
  return changes;
}

/// `markdown` without its fences, code spans and `<code>` elements.
std::string outside_of_code(const std::string& markdown) {
  std::istringstream lines(markdown);
  std::string line;
  std::string fence;
  std::string out;
  while (std::getline(lines, line)) {
    const auto run = std::min(line.find_first_not_of('`'), line.size());
    if (!fence.empty()) {
      if (run >= fence.size() && run == line.size()) fence.clear();
      continue;
    }
    if (run >= 3) {
      fence = line.substr(0, run);
      continue;
    }
    for (auto at = line.find('`'); at != std::string::npos; at = line.find('`', at)) {
      const auto end = line.find_first_not_of('`', at);
      const std::string ticks = line.substr(at, end - at);
      auto close = end == std::string::npos ? end : line.find(ticks, end);
      while (close != std::string::npos && line.find_first_not_of('`', close) != close + ticks.size() &&
             close + ticks.size() != line.size()) {
        close = line.find(ticks, line.find_first_not_of('`', close));
      }
      REQUIRE_MESSAGE(close != std::string::npos, line);
      line.erase(at, close + ticks.size() - at);
    }
    const auto code = line.find("<code>");
    if (code != std::string::npos) line.erase(code, line.find("</code>") - code);
    out += line + '\n';
  }
  return out;
}

/// Every fence that opens closes, and every fold too; counted outside of fences.
void check_balanced(const std::string& markdown) {
  std::istringstream lines(markdown);
  std::string line;
  std::string fence;
  int depth = 0;
  while (std::getline(lines, line)) {
    const auto ticks = line.find_first_not_of('`');
    const auto run = ticks == std::string::npos ? line.size() : ticks;
    if (fence.empty()) {
      if (run >= 3) fence = line.substr(0, run);
      if (line.starts_with("<details>")) ++depth;
      if (line.starts_with("</details>")) --depth;
      REQUIRE(depth >= 0);
      REQUIRE(depth <= 1);
    } else if (run >= fence.size() && run == line.size()) {
      fence.clear();
    }
  }
  CHECK(fence.empty());
  CHECK(depth == 0);
}

}  // namespace

TEST_SUITE("report") {
  TEST_CASE("ordinary change") { check_all_forms("ordinary", ordinary()); }

  TEST_CASE("nothing changes") {
    const auto release = rendered("api", config_map("a", "1"));
    check_all_forms("unchanged", diff_rendered("prod", from_commit, {release}, to_commit, {release}));
  }

  TEST_CASE("only the policy changes") {
    Policy before;
    before.approvals = 2;
    before.freeze.push_back({});
    before.freeze[0].days = {5, 6};
    before.freeze[0].to_minute = 24 * 60;
    before.freeze[0].reason = "weekend";
    Policy after;
    after.delete_percent = 100;
    const auto release = rendered("api", config_map("a", "1"));
    auto changes = diff_rendered("prod", from_commit, {release}, to_commit, {release});
    set_policy(changes, &before, after, {});
    check_all_forms("policy", changes);
    CHECK(report_markdown(changes, {}).starts_with("### `prod`: no changes of objects; the policy changes\n"));
    CHECK(changes.plan_digest.empty());
    // What an approval names depends on the policy, and on nothing else here.
    const auto digest = changes.approval_digest;
    set_policy(changes, nullptr, after, {});
    CHECK(changes.approval_digest == digest);
    CHECK(changes.policy_changes.empty());
    set_policy(changes, &after, before, {});
    CHECK(changes.approval_digest != digest);
  }

  TEST_CASE("a release fails, another waits") {
    Verdict wait;
    wait.guard = "deletes";
    wait.decision = Decision::wait;
    wait.message = "31 of 100 objects of the channel would be removed";
    wait.command = "gitopsctl approve prod --deletes sha256:abc";
    check_all_forms("failing", failing(), {Verdict{"suspend", Decision::pass, "", "", {}}, wait});
  }

  TEST_CASE("live: drift, adoption and kept objects") {
    World world("web", config_map("a", "1") + config_map("b", "1") + config_map("new", "1"));
    world.own(config_map("a", "1")).body.child_map("data").set("value", Value::string("changed by hand"));
    world.put(config_map("b", "other"), "");
    world.own("apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\n");
    world.own(config_map("gone", "1"));
    world.input.driver = "manifests";
    check_all_forms("live", plan_channel_live("prod", from_commit, to_commit, {world.input}, world.live));
  }

  TEST_CASE("hostile texts are harmless in every form") {
    const auto changes = hostile();
    check_all_forms("hostile", changes);
    const auto markdown = report_markdown(changes, {});
    check_balanced(markdown);
    for (const auto& form : {markdown, report_table(changes, {})}) {
      CHECK(form.find('\x1b') == std::string::npos);
      CHECK(form.find('\r') == std::string::npos);
      CHECK(form.find("\xE2\x80\xAE") == std::string::npos);
    }
    // Nothing of theirs stands outside of code, where forges look for HTML, links and mentions.
    const auto open = outside_of_code(markdown);
    for (const auto* foreign : {"<img", "<script", "<b>", "<i>", "@", "](", "javascript"}) {
      CHECK_MESSAGE(open.find(foreign) == std::string::npos, foreign << " in\n" << open);
    }
    CHECK(markdown.find("summary><code>&lt;/summary&gt;&lt;img") != std::string::npos);
  }

  TEST_CASE("the first line says it all") {
    const auto first = [](const ChangeSet& changes) {
      const auto text = report_markdown(changes, {});
      return text.substr(0, text.find('\n'));
    };
    CHECK(first(ordinary()) == "### `prod`: 1 release changes (+1 ~2 -1, 1 kept)");
    CHECK(first(failing()) == "### `prod`: 1 release fails, 1 changes (+0 ~1 -1)");
    CHECK(first(diff_rendered("prod", "a", {}, "b", {})) == "### `prod`: no changes");
  }

  TEST_CASE("links only to plain https addresses") {
    MarkdownOptions options;
    options.repository_url = "https://forge.example/a/b";
    const auto link = "[`0123456789ab`](https://forge.example/a/b/commit/" + from_commit + ")";
    CHECK(report_markdown(ordinary(), options).find(link) != std::string::npos);
    for (const auto* url :
         {"javascript:alert(1)", "http://forge.example/a", "https://u:p@forge.example/a", "https://x/) [y](z"}) {
      options.repository_url = url;
      CHECK(report_markdown(ordinary(), options).find("](") == std::string::npos);
    }
  }

  TEST_CASE("colours on request only") {
    TableOptions options;
    CHECK(report_table(ordinary(), options).find('\x1b') == std::string::npos);
    options.colour = true;
    CHECK(report_table(ordinary(), options).find("\x1b[32m+") != std::string::npos);
    options.diffs = false;
    CHECK(report_table(ordinary(), options).find("@@") == std::string::npos);
  }

  TEST_CASE("images") {
    CHECK(image_text({"a/b:1", "a/b:2"}) == "a/b 1 → 2");
    CHECK(image_text({"host:5000/a:1", "host:5000/a@sha256:x"}) == "host:5000/a 1 → sha256:x");
    CHECK(image_text({"host:5000/a", "host:5000/a:2"}) == "host:5000/a → host:5000/a:2");
    CHECK(image_text({"", "a:1"}) == "new image a:1");
    CHECK(image_text({"a:1", ""}) == "no longer a:1");
  }

  TEST_CASE("commands can be pasted") {
    CHECK(shell_word("releases/prod-1.2") == "releases/prod-1.2");
    CHECK(shell_word("a b") == "'a b'");
    CHECK(shell_word("$(x)'") == "'$(x)'\\'''");
    CHECK(shell_word("-rf") == "'-rf'");
    CHECK(shell_word("") == "''");
  }
}

TEST_SUITE("report limits") {
  TEST_CASE("small releases stay whole, large ones are cut, and it is said") {
    std::string large;
    for (int i = 0; i < 300; ++i) large += deployment("d" + std::to_string(i), "registry.example/app:1", i);
    const auto changes = diff_rendered("prod", from_commit, {}, to_commit,
                                       {rendered("large", large), rendered("small", config_map("only", "whole"))});
    MarkdownOptions options;
    options.max_bytes = 9'000;
    const auto text = report_markdown(changes, options);
    CHECK(text.size() <= options.max_bytes);
    CHECK(text.size() > options.max_bytes / 2);
    CHECK(text.find("+  value: whole") != std::string::npos);
    CHECK(text.find("**Cut to fit:** ") != std::string::npos);
    CHECK(text.find("more objects of this release are not shown") != std::string::npos);
    CHECK(text.find("gitopsctl diff prod --from " + from_commit) != std::string::npos);
    check_balanced(text);
    check_golden("cut.md", text);
  }

  TEST_CASE("one object larger than everything is cut by lines") {
    std::string value;
    for (int i = 0; i < 5'000; ++i) value += "line" + std::to_string(i) + "\n\n";
    const auto changes = diff_rendered("prod", from_commit, {}, to_commit, {rendered("one", config_map("big", value))});
    MarkdownOptions options;
    options.max_bytes = 5'000;
    const auto text = report_markdown(changes, options);
    CHECK(text.size() <= options.max_bytes);
    CHECK(text.find("more lines of this object") != std::string::npos);
    CHECK(text.find("line1\n") != std::string::npos);
    check_balanced(text);
  }

  TEST_CASE("property: never longer than allowed, always balanced, always the same") {
    std::mt19937 random(21);
    for (int round = 0; round < 150; ++round) {
      std::vector<RenderedRelease> from;
      std::vector<RenderedRelease> to;
      const auto count = 1 + random() % 30;
      for (unsigned i = 0; i < count; ++i) {
        const std::string name = "release" + std::to_string(i);
        const auto objects = [&] {
          std::string text;
          for (unsigned j = 0; j < random() % 12; ++j) {
            std::string value(random() % 400, '`');
            text += config_map(name + "-" + std::to_string(j), value + std::to_string(random() % 3));
          }
          return text;
        };
        from.push_back(rendered(name, objects()));
        if (random() % 8 == 0) continue;
        if (random() % 6 == 0) {
          to.push_back(broken(name, Error(ErrorCode::invalid_input, std::string(random() % 5'000, '`'))));
        } else {
          to.push_back(rendered(name, objects()));
          to.back().allow_empty = true;
        }
      }
      const auto changes = diff_rendered("prod", from_commit, from, to_commit, to);
      MarkdownOptions options;
      options.max_bytes = 100 + random() % 30'000;
      const auto text = report_markdown(changes, options);
      REQUIRE(text.size() <= options.max_bytes);
      REQUIRE(text == report_markdown(changes, options));
      check_balanced(text);
    }
  }
}
