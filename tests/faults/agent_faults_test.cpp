#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <optional>

#include "tests/support/fault_proxy.hpp"
#include "tests/support/git_server.hpp"
#include "tests/support/installation.hpp"

// Everything bad that a repository, a server or a disk can give the real agent. Whatever it is: nothing of the user's is
// deleted, one clear error that says what to do stands where it belongs, other releases go on, and the next good state
// recovers without a person.

using namespace gitopsctl;
using namespace gitopsctl::support;

namespace {

using Files = std::map<std::string, std::string>;

const std::string channel_path = ".gitopsctl/channels/prod.yaml";

std::string config_map(const std::string& name, const std::string& text) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\ndata:\n  text: " + text + "\n";
}

const std::string release_web = "  - {name: web, driver: helm, namespace: web, helm: {chart: charts/web}}\n";
const std::string release_base = "  - {name: base, driver: manifests, namespace: base, manifests: {path: deploy/base}}\n";
const std::string release_other =
    "  - {name: other, driver: manifests, namespace: other, manifests: {path: deploy/other}}\n";

std::string channel_file(const std::string& releases) {
  return "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: prod\nreleases:\n" + releases;
}

/// A repository whose three releases all carry `text`.
Files good(const std::string& text) {
  return {{channel_path, channel_file(release_web + release_base + release_other)},
          {"charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"},
          {"charts/web/values.yaml", "text: " + text + "\n"},
          {"charts/web/templates/config.yaml", config_map("web", "{{ .Values.text }}")},
          {"charts/web/templates/more.yaml", config_map("web-more", "more")},
          {"deploy/base/config.yaml", config_map("base", text)},
          {"deploy/base/more.yaml", config_map("base-more", "more")},
          {"deploy/other/config.yaml", config_map("other", text)}};
}

/// The agent with everything it talks to.
struct Scene {
  explicit Scene(bool deploy = true)
      : proxy(server.port()),
        repository(server.repository("shop.git")),
        installation({proxy.url() + "/shop.git", {"prod"}, "    timeout: 60s\n"}) {
    commits.push_back(repository.commit("releases/prod", good("one")));
    if (!deploy) return;
    const auto first = installation.once();
    REQUIRE_MESSAGE(first.status.exit_code == 0, first.err);
    REQUIRE(installed("web") == "one");
  }
  /// One more commit on the branch.
  void push(const Files& files, const std::vector<std::string>& removed = {}) {
    commits.push_back(repository.commit("releases/prod", files, removed));
  }
  /// A commit with this text everywhere but for `changed`.
  void push_bad(const Files& changed, const std::vector<std::string>& removed = {}) {
    Files files = good("bad");
    for (const auto& path : removed) files.erase(path);
    for (const auto& [path, text] : changed) files[path] = text;
    push(files, removed);
  }
  void faults(std::vector<Fault> list) { proxy.set(std::move(list)); }
  /// How long the agent waits for the server; only what is meant to hang gets little, so that a slow machine does not fail
  /// the other rows.
  void patience(const std::string& from, const std::string& to) {
    support::run_program({"sed", "-i", "s/timeout: " + from + "/timeout: " + to + "/", installation.config_file()});
  }
  /// The text that a release's object has now; empty when it is not there.
  std::string installed(const std::string& name) {
    const auto rows = Installation::sql(installation.environment_file("prod"),
                                        "SELECT json_extract(body, '$.data.text') FROM objects WHERE kind = 'ConfigMap' AND "
                                        "name = '" +
                                            name + "' AND namespace = '" + name + "'");
    return rows.empty() ? std::string() : rows.front();
  }
  std::vector<std::string> environment_sql(const std::string& text) {
    return Installation::sql(installation.environment_file("prod"), text);
  }

  GitServer server;
  FaultProxy proxy;
  ScratchRepo repository;
  Installation installation;
  std::vector<std::string> commits;
};

Fault fault(Fault::Kind kind, std::int64_t bytes = 0, const std::string& method = {}) {
  Fault out;
  out.kind = kind;
  out.bytes = bytes;
  out.method = method;
  return out;
}

Fault answer(int status, const std::string& body) {
  Fault out;
  out.kind = Fault::Kind::answer;
  out.status = status;
  out.body = body;
  out.headers = {{"Content-Type", "text/html"}};
  return out;
}

bool hangs(const Fault& fault) { return fault.kind == Fault::Kind::hang || fault.kind == Fault::Kind::stop_mid; }

/// Where the error must stand.
enum class Level : std::uint8_t {
  source,       ///< the channel's SourceReady condition; nothing else changes
  channel,      ///< the channel as a whole
  release,      ///< one release; the others go on
  agent,        ///< the agent refuses to start
  environment,  ///< the channels of one environment
  full_disk,    ///< the agent may write files of 300 kB only; what is deployed by then may be some of it
};

struct Row {
  std::string name;
  Level level = Level::release;
  std::vector<std::string> releases;  ///< those that fail, of `web` and `base`; `other` always goes on
  std::vector<std::string> says;      ///< parts of the error, of its place or of what to do
  std::function<void(Scene&)> harm;
  std::function<void(Scene&)> mend = {};  ///< before the next good commit; most need nothing
  bool small_files = false;               ///< run the agent on what looks like a full disk: no file above 300 kB
};

/// Text that no compression makes small.
std::string noise(std::size_t bytes) {
  std::string out;
  std::uint64_t state = 1;
  while (out.size() < bytes) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    out += static_cast<char>('!' + (state >> 33U) % 90);
  }
  return out;
}

std::string yaml_bomb() {
  std::string out = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: base}\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    out += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) out += (k == 0 ? "*a" : ", *a") + std::to_string(i - 1);
    out += "]\n";
  }
  return out;
}

std::string nested(int depth) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: base}\ndeep: " + std::string(depth, '[') +
         std::string(depth, ']') + "\n";
}

std::string replace(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

// ------------------------------------------------------------------------------------------------------------ the rows

void add_remotes(std::vector<Row>& rows) {
  const auto behind = [&](const std::string& name, std::vector<std::string> says, std::vector<Fault> faults) {
    rows.push_back({name,
                    Level::source,
                    {},
                    std::move(says),
                    [faults](Scene& scene) {
                      scene.push(good("unseen"));
                      scene.faults(faults);
                      if (hangs(faults.front())) scene.patience("60s", "2s");
                    },
                    [](Scene& scene) {
                      scene.faults({});
                      scene.patience("2s", "60s");
                    }});
  };
  using Kind = Fault::Kind;
  behind("remote: closes every connection", {"SourceUnavailable"}, {fault(Kind::drop)});
  behind("remote: never answers", {"SourceUnavailable"}, {fault(Kind::hang)});
  behind("remote: stops in the middle of the listing", {"SourceUnavailable"}, {fault(Kind::stop_mid, 30)});
  behind("remote: cuts the pack", {"SourceUnavailable"}, {fault(Kind::cut, 80, "POST")});
  behind("remote: shortens the listing as if it were whole", {"SourceUnavailable"}, {fault(Kind::truncate, 60)});
  behind("remote: an empty listing", {"SourceUnavailable"}, {fault(Kind::truncate, 0, "POST")});
  behind("remote: falsifies the pack", {"SourceUnavailable"}, {fault(Kind::flip, -30, "POST")});
  behind("remote: error 500", {"SourceUnavailable", "500"}, {answer(500, "<h1>oops</h1>")});
  behind("remote: a login page instead of Git", {"SourceUnavailable"}, {answer(200, "<h1>sign in</h1>")});
  behind("remote: not allowed any more", {"SourceUnavailable", "credentials"}, {answer(401, "")});
}

void add_branches(std::vector<Row>& rows) {
  rows.push_back({"branch: deleted", Level::source, {}, {"BranchMissing", "stays as it is"}, [](Scene& scene) {
                    scene.repository.git({"update-ref", "-d", "refs/heads/releases/prod"});
                  }});
  rows.push_back({"branch: all branches deleted", Level::source, {}, {"BranchMissing"}, [](Scene& scene) {
                    scene.repository.git({"update-ref", "-d", "refs/heads/releases/prod"});
                    scene.repository.git({"update-ref", "-d", "refs/heads/main"});
                  }});
  rows.push_back({"branch: a commit without files", Level::channel, {}, {"prod", "channel"}, [](Scene& scene) {
                    const auto commit = scene.repository.git({"commit-tree", "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
                                                              "-p", scene.commits.back(), "-m", "nothing"});
                    scene.repository.git({"update-ref", "refs/heads/releases/prod", commit});
                  }});
  rows.push_back({"branch: forced to another history with a bad chart",
                  Level::release,
                  {"web"},
                  {"charts/web/values.yaml"},
                  [](Scene& scene) {
                    scene.repository.git({"update-ref", "-d", "refs/heads/releases/prod"});
                    scene.push_bad({{"charts/web/values.yaml", "a: b: c\n"}});
                  }});
  rows.push_back({"branch: only the channel file left", Level::release, {"web", "base"}, {"not"}, [](Scene& scene) {
                    scene.push_bad({},
                                   {"charts/web/Chart.yaml", "charts/web/values.yaml", "charts/web/templates/config.yaml",
                                    "charts/web/templates/more.yaml", "deploy/base/config.yaml", "deploy/base/more.yaml"});
                  }});
}

void add_files(std::vector<Row>& rows) {
  const auto bad_files = [&](const std::string& name, Level level, std::vector<std::string> releases,
                             std::vector<std::string> says, Files files) {
    rows.push_back({name, level, std::move(releases), std::move(says), [files](Scene& scene) { scene.push_bad(files); }});
  };
  bad_files("channel file: not YAML", Level::channel, {}, {channel_path + ":4:"}, {{channel_path, "name: prod\nx: [\n\n}"}});
  bad_files("channel file: an unknown key", Level::channel, {}, {"prunee", "did you mean", channel_path + ":4:"},
            {{channel_path, replace(channel_file(release_other), "releases:", "prunee: true\nreleases:")}});
  bad_files("channel file: empty", Level::channel, {}, {channel_path}, {{channel_path, ""}});
  bad_files("channel file: a YAML bomb", Level::channel, {}, {channel_path}, {{channel_path, yaml_bomb()}});
  bad_files(
      "channel file: an unknown driver", Level::release, {"web"}, {"hlm", channel_path},
      {{channel_path, replace(channel_file(release_web + release_base + release_other), "driver: helm", "driver: hlm")}});
  bad_files("channel file: a path that leaves the tree", Level::release, {"base"}, {"../", channel_path},
            {{channel_path,
              replace(channel_file(release_web + release_base + release_other), "deploy/base", "deploy/../../../etc")}});
  bad_files("chart: Chart.yaml is not YAML", Level::release, {"web"}, {"charts/web/Chart.yaml"},
            {{"charts/web/Chart.yaml", "name: [web\n"}});
  bad_files("chart: values are not YAML", Level::release, {"web"}, {"charts/web/values.yaml"},
            {{"charts/web/values.yaml", "a: b: c\n"}});
  bad_files("chart: a template that does not parse", Level::release, {"web"}, {"templates/config.yaml"},
            {{"charts/web/templates/config.yaml", config_map("web", "{{ .Values.text ")}});
  bad_files("chart: a template that fails", Level::release, {"web"}, {"templates/config.yaml", "set the text"},
            {{"charts/web/templates/config.yaml", "{{ fail \"set the text\" }}\n"}});
  bad_files(
      "chart: a template that never ends", Level::release, {"web"}, {"templates/config.yaml"},
      {{"charts/web/templates/config.yaml", "{{ define \"x\" }}{{ include \"x\" . }}{{ end }}{{ include \"x\" . }}\n"}});
  bad_files("chart: renders what is not YAML", Level::release, {"web"}, {"templates/config.yaml"},
            {{"charts/web/templates/config.yaml", "kind: ConfigMap\n  name: [\n"}});
  bad_files("manifest: not YAML", Level::release, {"base"}, {"deploy/base/config.yaml:"},
            {{"deploy/base/config.yaml", "kind: ConfigMap\n  name: [\n"}});
  bad_files("manifest: a YAML bomb", Level::release, {"base"}, {"deploy/base/config.yaml"},
            {{"deploy/base/config.yaml", yaml_bomb()}});
  bad_files("manifest: 100,000 levels deep", Level::release, {"base"}, {"deploy/base/config.yaml"},
            {{"deploy/base/config.yaml", nested(100'000)}});
  bad_files("manifest: 1,001 levels deep", Level::release, {"base"}, {"deploy/base/config.yaml", "depth"},
            {{"deploy/base/config.yaml", nested(1'001)}});
  bad_files("channel file: 101 levels deep", Level::channel, {}, {channel_path}, {{channel_path, nested(101)}});
  bad_files("manifest: an object without kind", Level::release, {"base"}, {"kind", "deploy/base/config.yaml"},
            {{"deploy/base/config.yaml", "apiVersion: v1\nmetadata: {name: base}\n"}});
  bad_files("manifest: an object without name", Level::release, {"base"}, {"name", "deploy/base/config.yaml"},
            {{"deploy/base/config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n"}});
  bad_files("manifest: a name that no cluster takes", Level::release, {"base"}, {"Base_1"},
            {{"deploy/base/config.yaml", config_map("Base_1", "x")}});
  bad_files("manifest: one object twice", Level::release, {"base"}, {"ConfigMap", "base"},
            {{"deploy/base/again.yaml", config_map("base", "again")}});
  rows.push_back(
      {"manifest: a link that leaves the tree", Level::release, {"base"}, {"deploy/base/config.yaml"}, [](Scene& scene) {
         scene.push_bad({{"deploy/base/config.yaml@", "../../../../../../../../etc/passwd"}}, {"deploy/base/config.yaml"});
       }});
  rows.push_back({"manifest: a link in a circle", Level::release, {"base"}, {"deploy/base/config.yaml"}, [](Scene& scene) {
                    scene.push_bad({{"deploy/base/config.yaml@", "config.yaml"}}, {"deploy/base/config.yaml"});
                  }});
  bad_files("two releases that own one object", Level::release, {"web", "base"},
            {"is also rendered by release", "belongs to one release", channel_path},
            {{"deploy/base/config.yaml", replace(config_map("web", "x"), "name: web", "name: web\n  namespace: web")}});
  bad_files("no object left and no allowEmpty", Level::release, {"base"}, {"allowEmpty"},
            {{"deploy/base/config.yaml", "# nothing\n"}, {"deploy/base/more.yaml", "# nothing\n"}});
}

void newer_schema(const std::string& file) {
  Installation::sql(file, "INSERT INTO schema_steps SELECT room, 99, 'later' FROM schema_steps LIMIT 1");
}

void known_schema(const std::string& file) { Installation::sql(file, "DELETE FROM schema_steps WHERE step = 99"); }

/// The inventory of release web, in the words of SQL.
const std::string inventory_of_web = "kind = 'ConfigMap' AND namespace = 'web' AND name LIKE 'gitopsctl-%'";

/// Harm to the stored inventory of release web that is undone later as if somebody put it back.
Row inventory_row(const std::string& name, std::vector<std::string> says, const std::string& harm) {
  return {"inventory: " + name,
          Level::release,
          {"web"},
          std::move(says),
          [harm](Scene& scene) {
            scene.environment_sql("CREATE TABLE kept_object AS SELECT * FROM objects WHERE " + inventory_of_web +
                                  "; CREATE TABLE kept_labels AS SELECT * FROM labels WHERE " + inventory_of_web);
            scene.environment_sql(harm);
            REQUIRE(scene
                        .environment_sql("SELECT name FROM objects WHERE " + inventory_of_web +
                                         " AND body <> (SELECT body FROM kept_object)")
                        .size() == 1);
            scene.push(good("bad"));
          },
          [](Scene& scene) {
            scene.environment_sql("UPDATE objects SET body = (SELECT body FROM kept_object) WHERE " + inventory_of_web +
                                  "; INSERT OR REPLACE INTO labels SELECT * FROM kept_labels");
          }};
}

void add_inventories(std::vector<Row>& rows) {
  const auto edit = [](const std::string& from, const std::string& to) {
    return "UPDATE objects SET body = replace(body, '" + from + "', '" + to + "') WHERE " + inventory_of_web;
  };
  rows.push_back(inventory_row("written by a newer version", {"newer version", "run the newer version"},
                               edit("\\\"schema\\\":1", "\\\"schema\\\":99")));
  rows.push_back(
      inventory_row("damaged by hand", {"no readable inventory", "restore it"}, edit("\\\"entries\\\"", "\\\"entires\\\"")));
  rows.push_back(
      inventory_row("without its annotation", {"annotation"}, edit("gitopsctl.dev/identity", "gitopsctl.dev/id")));
  rows.push_back(inventory_row("without its labels", {"has lost the label gitopsctl.dev/channel-key", "put the label"},
                               "UPDATE objects SET body = json_remove(body, '$.metadata.labels') WHERE " + inventory_of_web +
                                   "; DELETE FROM labels WHERE " + inventory_of_web));
}

void add_state(std::vector<Row>& rows) {
  rows.push_back({"disk: full while a pack is fetched",
                  Level::source,
                  {},
                  {"SourceUnavailable"},
                  [](Scene& scene) {
                    Files files = good("unseen");
                    files["notes.txt"] = noise(1'000'000);
                    scene.push(files);
                  },
                  {},
                  true});
  rows.push_back({"disk: full while the environment is written",
                  Level::full_disk,
                  {},
                  {"full"},
                  [](Scene& scene) {
                    Files files = good("bad");
                    files["deploy/base/large.yaml"] = config_map("large", std::string(700'000, 'x'));
                    scene.push(files);
                  },
                  [](Scene& scene) { scene.push({}, {"deploy/base/large.yaml"}); },
                  true});
  rows.push_back({"store: written by a newer version",
                  Level::agent,
                  {},
                  {"newer version", "store"},
                  [](Scene& scene) { newer_schema(scene.installation.store_file()); },
                  [](Scene& scene) { known_schema(scene.installation.store_file()); }});
  rows.push_back({"environment: written by a newer version",
                  Level::environment,
                  {},
                  {"newer version", "environment", "env.db"},
                  [](Scene& scene) { newer_schema(scene.installation.environment_file("prod")); },
                  [](Scene& scene) { known_schema(scene.installation.environment_file("prod")); }});
  add_inventories(rows);
}

std::vector<Row> all_rows() {
  std::vector<Row> rows;
  add_remotes(rows);
  add_branches(rows);
  add_files(rows);
  add_state(rows);
  return rows;
}

// ---------------------------------------------------------------------------------------------------------- the checks

/// What is wrong with the state after the harm, in words; empty when all is as it must be.
class Judge {
 public:
  void check(bool ok, const std::string& what) {
    if (!ok) complaints_ += "\n    " + what;
  }
  [[nodiscard]] const std::string& complaints() const noexcept { return complaints_; }

 private:
  std::string complaints_;
};

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void judge_why(Scene& scene, const Row& row, Judge& judge) {
  const Value why = scene.installation.json({"why", "prod"});
  const Value* list = why.find("obstacles");
  if (list == nullptr) return judge.check(false, "why printed no obstacles");
  std::map<std::string, int> count;
  std::string all;
  for (const auto& obstacle : list->as_list()) {
    const std::string release(obstacle.string_at({"release"}));
    ++count[release];
    const std::string text = std::string(obstacle.string_at({"state"})) + ' ' + std::string(obstacle.string_at({"where"})) +
                             ' ' + std::string(obstacle.string_at({"message"})) + " → " +
                             std::string(obstacle.string_at({"next"}));
    all += "\n      " + text;
    judge.check(!obstacle.string_at({"next"}).empty(), "why does not say what to do: " + text);
    judge.check(text.size() < 3000, "the error is very long");
  }
  for (const auto& part : row.says) judge.check(holds(all, part), "why does not say '" + part + "', but:" + all);
  if (row.level == Level::release) {
    judge.check(count.size() == row.releases.size(), "why names other releases:" + all);
    for (const auto& release : row.releases) {
      judge.check(count[release] == 1, "why has " + std::to_string(count[release]) + " errors for " + release + ':' + all);
    }
  } else {
    judge.check(count.size() == 1 && count[""] == 1, "why does not have one error for the channel:" + all);
  }
}

void judge_status(Scene& scene, const Row& row, Judge& judge) {
  const Value status = scene.installation.json({"status", "prod"});
  const Value* channels = status.find("channels");
  if (channels == nullptr || channels->size() != 1) return judge.check(false, "status printed no channel");
  const Value& channel = channels->as_list()[0];
  const Value* object = channel.find("object");
  const std::string state(object->string_at({"status", "state"}));
  judge.check(state == (row.level == Level::source ? "Deployed" : "Failed"), "the channel's state is " + state);
  std::string source;
  for (const auto& condition : object->find_path({"status", "conditions"})->as_list()) {
    if (condition.string_at({"type"}) == "SourceReady") source = condition.string_at({"status"});
  }
  judge.check(source == (row.level == Level::source ? "False" : "True"), "SourceReady is " + source);
  for (const auto& release : channel.find("releases")->as_list()) {
    const std::string name(release.string_at({"spec", "release"}));
    const bool fails = std::find(row.releases.begin(), row.releases.end(), name) != row.releases.end();
    const std::string got(release.string_at({"status", "state"}));
    judge.check(got == (fails ? "Failed" : "Deployed"), "release " + name + " is " + got);
  }
}

void judge_harm(Scene& scene, const Row& row, Judge& judge) {
  // A limit on the size of files is what a full disk looks like to a process that ignores the signal.
  const auto ran = row.small_files ? scene.installation.run_behind("trap '' XFSZ; ulimit -f 600;", {"agent", "--once"})
                                   : scene.installation.once();
  judge.check(ran.status.signal == 0 && ran.status.exit_code != 70, "the agent died: " + ran.err);
  const bool branch_gone = !row.says.empty() && row.says.front() == "BranchMissing";
  judge.check(branch_gone || ran.status.exit_code != 0, "the agent says that all is well");
  if (row.level == Level::agent || row.level == Level::environment) {
    for (const auto& part : row.says) judge.check(holds(ran.err, part), "no '" + part + "' in: " + ran.err);
    const int code = row.level == Level::agent ? 8 : 1;
    judge.check(ran.status.exit_code == code, "exit code " + std::to_string(ran.status.exit_code));
    judge.check(holds(ran.err, "hint: "), "it does not say what to do: " + ran.err);
    return;
  }
  if (row.level == Level::full_disk) {
    const Value why = scene.installation.json({"why", "prod"});
    judge.check(why.find("obstacles") != nullptr && why.find("obstacles")->size() > 0, "why knows of nothing: " + ran.err);
    judge.check(scene.installed("web") == "one" || scene.installed("web") == "bad", "web is gone");
    std::cout << "      (the agent said: " << ran.err.substr(0, 300) << ")\n";
    return;
  }
  judge_status(scene, row, judge);
  judge_why(scene, row, judge);
  for (const std::string name : {"web", "base", "other"}) {
    const bool stays =
        row.level != Level::release || std::find(row.releases.begin(), row.releases.end(), name) != row.releases.end();
    const std::string text = scene.installed(name);
    judge.check(text == (stays ? "one" : "bad"), "release " + name + " has the text '" + text + "'");
  }
}

void judge_recovery(Scene& scene, const Row& row, Judge& judge) {
  if (row.mend) row.mend(scene);
  scene.push(good("two"), {"deploy/base/again.yaml"});
  const auto ran = scene.installation.once();
  judge.check(ran.status.exit_code == 0, "no recovery: " + ran.err);
  const auto status = scene.installation.run({"status", "prod"});
  judge.check(status.status.exit_code == 0, "status after the recovery: " + status.out + status.err);
  for (const std::string name : {"web", "base", "other"}) {
    judge.check(scene.installed(name) == "two", "release " + name + " did not recover");
  }
}

}  // namespace

TEST_SUITE("concurrency: agent faults") {
  TEST_CASE("a rewound branch is followed, without a person and without harm") {
    Scene scene;
    scene.push(good("two"));
    REQUIRE(scene.installation.once().status.exit_code == 0);
    REQUIRE(scene.installed("web") == "two");
    scene.repository.git({"update-ref", "refs/heads/releases/prod", scene.commits.front()});
    CHECK(scene.installation.once().status.exit_code == 0);
    CHECK(scene.installed("web") == "one");
    CHECK(scene.installation.run({"status", "prod"}).status.exit_code == 0);
    CHECK(scene.installation.deletes().empty());
  }

  TEST_CASE("a commit that only loosens the policy is shown, held, and let through by name") {
    Scene scene;
    const auto with_policy = [](const std::string& policy) {
      Files files = good("one");
      files[channel_path] = replace(files[channel_path], "releases:", policy + "releases:");
      return files;
    };
    scene.push(with_policy("approvals: {required: 1}\n"));
    REQUIRE(scene.installation.once().status.exit_code == 0);
    scene.push(with_policy("guards: {deletes: {percent: 100}}\n"));
    const auto diff =
        scene.installation.run({"diff", "prod", "--from", scene.commits[1], "--to", scene.commits[2], "-o", "markdown"});
    CHECK(diff.status.exit_code == 1);
    for (const auto& part : {"the policy changes", "approvals: 1 → 0", "guards.deletes.percent: 30 → 100"}) {
      CHECK_MESSAGE(holds(diff.out, part), diff.out);
    }
    CHECK(scene.installation.run({"diff", "prod", "--live"}).status.exit_code == 1);
    CHECK(scene.installation.once().status.exit_code == 0);  // waiting is no failure
    const auto live = scene.installation.json({"diff", "prod", "--live"});
    const std::string digest(live.string_at({"approvalDigest"}));
    CHECK(holds(diff.out, digest));  // the comment names what the agent waits for
    const auto why = scene.installation.run({"why", "prod"});
    CHECK_MESSAGE(holds(why.out, "gitopsctl approve prod --digest " + digest), why.out);
    CHECK_MESSAGE(holds(why.out, "approvals: 1 → 0"), why.out);
    // The content alone is no name for it.
    CHECK(scene.installation.run({"approve", "prod", "--digest", std::string(live.string_at({"renderDigest"}))})
              .status.exit_code != 0);
    scene.push(good("two"));
    CHECK(scene.installation.once().status.exit_code == 0);
    CHECK(scene.installed("web") == "one");
    scene.repository.git({"update-ref", "refs/heads/releases/prod", scene.commits[2]});
    scene.installation.once();
    CHECK(scene.installation.run({"approve", "prod", "--digest", digest, "--as", "ada"}).status.exit_code == 0);
    CHECK(scene.installation.once().status.exit_code == 0);
    CHECK(scene.installation.run({"why", "prod"}).status.exit_code == 0);
    scene.repository.git({"update-ref", "refs/heads/releases/prod", scene.commits[3]});
    CHECK(scene.installation.once().status.exit_code == 0);
    CHECK(scene.installed("web") == "two");
    CHECK(scene.installation.deletes().empty());
  }

  TEST_CASE("a ref name that would hurt a terminal or a program is ignored and said") {
    Scene scene;
    scene.repository.git({"update-ref", "refs/heads/-rf", scene.commits.back()});
    scene.push(good("two"));
    const auto ran = scene.installation.once();
    CHECK(ran.status.exit_code == 0);
    CHECK(holds(ran.err + ran.out, "impossible name"));
    CHECK(scene.installed("web") == "two");
  }

  TEST_CASE("a store of a newer version: alive, not ready, nothing written, until it is moved away") {
    Scene scene;
    scene.push(good("two"));
    newer_schema(scene.installation.store_file());
    RunningAgent agent = scene.installation.start();
    REQUIRE(agent.comes_to("/healthz", 200));
    const auto [status, body] = agent.get("/readyz");
    CHECK(status == 503);
    CHECK_MESSAGE(holds(body, "store was written by a newer version"), body);
    CHECK_MESSAGE(holds(body, "move the file away"), body);
    CHECK(agent.get("/metrics").first == 200);
    CHECK(scene.installed("web") == "one");
    for (const std::string suffix : {"", "-wal", "-shm"}) {
      const std::string file = scene.installation.store_file() + suffix;
      if (std::filesystem::exists(file)) std::filesystem::rename(file, file + ".away");
    }
    CHECK_MESSAGE(agent.comes_to("/readyz", 200), scene.installation.agent_log());
    CHECK(scene.installed("web") == "two");
    CHECK(agent.stop() == 0);
    CHECK(scene.installation.deletes().empty());
  }

  TEST_CASE("an environment of a newer version: its channels stop, those of others go on, and it comes back by itself") {
    GitServer server;
    ScratchRepo repository = server.repository("shop.git");
    Installation installation({server.url() + "/shop.git", {"test", "prod"}, "    poll: {interval: 1s}\n"});
    const auto push = [&](const std::string& text) {
      for (const std::string channel : {"test", "prod"}) {
        Files files{{".gitopsctl/channels/" + channel + ".yaml",
                     replace(channel_file(release_other), "name: prod", "name: " + channel)},
                    {"deploy/other/config.yaml", config_map("other", text)}};
        repository.commit("releases/" + channel, files);
      }
    };
    const auto installed = [&](const std::string& channel) {
      const auto rows = Installation::sql(installation.environment_file(channel),
                                          "SELECT json_extract(body, '$.data.text') FROM objects WHERE name = 'other' AND "
                                          "kind = 'ConfigMap'");
      return rows.empty() ? std::string() : rows.front();
    };
    const auto comes_to = [&](const std::string& channel, const std::string& text) {
      const Deadline deadline(system_clock(), Millis{60'000});
      while (installed(channel) != text && !deadline.passed()) system_clock().sleep(Millis{50}, {});
      return installed(channel) == text;
    };
    push("one");
    REQUIRE(installation.once().status.exit_code == 0);
    push("two");
    newer_schema(installation.environment_file("prod"));
    const auto asked = installation.run({"status", "prod"});
    CHECK(asked.status.exit_code == 8);
    CHECK_MESSAGE(holds(asked.err, "environment was written by a newer version"), asked.err);

    RunningAgent agent = installation.start();
    CHECK(comes_to("test", "two"));
    CHECK(agent.get("/healthz").first == 200);
    CHECK(agent.comes_to("/readyz", 503));
    CHECK_MESSAGE(holds(agent.get("/readyz").second, "shop/prod: "), agent.get("/readyz").second);
    CHECK_MESSAGE(holds(agent.get("/readyz").second, "newer version"), agent.get("/readyz").second);
    CHECK(installed("prod") == "one");
    // It says what is wrong, and not all the time.
    const std::string said = installation.agent_log();
    CHECK(holds(said, "hint: run that version"));
    CHECK(std::count(said.begin(), said.end(), '\n') < 30);
    known_schema(installation.environment_file("prod"));
    CHECK_MESSAGE(comes_to("prod", "two"), installation.agent_log());
    CHECK(agent.comes_to("/readyz", 200));
    CHECK(agent.stop() == 0);
    CHECK(installation.deletes().empty());
  }

  TEST_CASE("bad input deletes nothing, is explained, and is recovered from") {
    const char* only = std::getenv("GITOPSCTL_ONLY");
    for (const auto& row : all_rows()) {
      if (only != nullptr && !holds(row.name, only)) continue;
      CAPTURE(row.name);
      Scene scene;
      Judge judge;
      row.harm(scene);
      judge_harm(scene, row, judge);
      judge_recovery(scene, row, judge);
      std::string gone;
      for (const auto& what : scene.installation.deletes()) gone += ' ' + what;
      judge.check(gone.empty(), "deleted:" + gone);
      std::cout << (judge.complaints().empty() ? "ok    " : "WRONG ") << row.name << judge.complaints() << std::endl;
      CHECK_MESSAGE(judge.complaints().empty(), judge.complaints());
    }
  }
}
