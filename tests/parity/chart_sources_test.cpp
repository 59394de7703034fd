#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "channels/http/client.hpp"
#include "tests/parity/helm_peer.hpp"
#include "tests/support/chart_server.hpp"
#include "tests/support/not_run.hpp"
#include "tests/support/peer_group.hpp"

// Charts from repositories and registries against the real helm and the real registry: what is fetched, printed and written.

using namespace gitopsctl::tests;
namespace fs = std::filesystem;

namespace {

const std::string user = "bot";
const std::string secret = "hunter22-of-the-registry";
// bcrypt, cost 5, of the line above.
const std::string secret_hash = "$2y$05$abcdefghijklmnopqrstuumCWNSOsUb11zbGxEJKOtUotrm8IecoC";

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// Without the time at which a lock was written, the only thing in it that differs.
std::string without_time(const std::string& lock) {
  const auto at = lock.find("generated: ");
  return at == std::string::npos ? lock : lock.substr(0, at);
}

/// The real registry on 127.0.0.1, with or without a login.
class Registry {
 public:
  Registry(const WorkDirectory& directory, bool login)
      : peers_(directory.path().string()), port_(gitopsctl::support::free_port()) {
    const std::string name = login ? "closed" : "open";
    std::string config =
        "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: " +
        (directory.path() / name).string() + "}}\nhttp: {addr: '127.0.0.1:" + std::to_string(port_) + "'}\n";
    if (login) {
      directory.write("htpasswd", user + ":" + secret_hash + "\n");
      config += "auth: {htpasswd: {realm: charts, path: " + (directory.path() / "htpasswd").string() + "}}\n";
    }
    directory.write(name + ".yml", config);
    peers_.start("registry", {"serve", (directory.path() / (name + ".yml")).string()}, {{"OTEL_TRACES_EXPORTER", "none"}});
    REQUIRE(peers_.wait_until(
        "registry",
        [&] {
          gitopsctl::channels::HttpClient client({});
          gitopsctl::channels::HttpRequest request;
          request.url = "http://" + host() + "/v2/";
          return client.send(request, {}).ok();
        },
        std::chrono::seconds(20)));
  }
  [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  gitopsctl::support::PeerGroup peers_;
  std::uint16_t port_;
};

/// Both programs, each in a directory of its own that began alike.
struct Both {
  std::string helm;
  std::string ours = std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl";
  WorkDirectory theirs_in;
  WorkDirectory ours_in;

  explicit Both(std::string program) : helm(std::move(program)) {}
  void write(const std::string& name, const std::string& text) const {
    theirs_in.write(name, text);
    ours_in.write(name, text);
  }
  [[nodiscard]] ProgramRun run_helm(std::vector<std::string> arguments) const {
    return run_program_in(theirs_in.path(), helm, std::move(arguments));
  }
  [[nodiscard]] ProgramRun run_ours(std::vector<std::string> arguments) const {
    return run_program_in(ours_in.path(), ours, std::move(arguments));
  }
  void must(std::vector<std::string> arguments) const {
    const auto ran = run_helm(std::move(arguments));
    REQUIRE_MESSAGE(ran.exit_code == 0, ran.err);
  }
};

void write_chart(const WorkDirectory& directory, const std::string& name, const std::string& version) {
  directory.write(name + "/Chart.yaml", "apiVersion: v2\nname: " + name + "\nversion: " + version + "\n");
  directory.write(name + "/values.yaml", "value: 1\n");
  directory.write(name + "/templates/map.yaml", "kind: ConfigMap\nmetadata: {name: " + name +
                                                    "}\ndata: {v: \"{{ .Chart.Version }} {{ .Values.value }}\"}\n");
}

/// `helm package` of a chart; the archive's bytes.
std::string package(const Both& both, const std::string& name, const std::string& version) {
  write_chart(both.theirs_in, name, version);
  both.must({"package", "./" + name, "-d", "packed"});
  fs::remove_all(both.theirs_in.path() / name);
  return read(both.theirs_in.path() / "packed" / (name + "-" + version + ".tgz"));
}

}  // namespace

TEST_SUITE("parity: chart sources") {
  TEST_CASE("a registry: pull, template and tags as helm has them") {
    const auto helm = need_peer("helm", "charts from a registry");
    const auto registry_program = need_peer("registry", "charts from a registry");
    if (!helm || !registry_program) return;
    const Both both(*helm);
    const WorkDirectory place;
    const Registry registry(place, false);
    std::map<std::string, std::string> archives;
    for (const std::string version : {"1.0.0", "1.1.0", "1.2.0+build.7", "2.0.0-rc.1"}) {
      archives[version] = package(both, "web", version);
      both.must({"push", "packed/web-" + version + ".tgz", "oci://" + registry.host() + "/charts", "--plain-http"});
    }
    const std::string chart = "oci://" + registry.host() + "/charts/web";
    const std::vector<std::vector<std::string>> lines{
        {chart},
        {chart, "--version", "1.0.0"},
        {chart, "--version", "~1.1"},
        {chart, "--version", "^1"},
        {chart, "--version", ">=2.0.0-0"},
        {chart, "--version", "1.2.0+build.7"},
        {chart + ":1.1.0"},
        {chart, "--devel"},
        {chart + ":1.1.0", "--version", "1.0.0"},
    };
    for (const auto& line : lines) {
      CAPTURE(line.back());
      auto words = line;
      words.insert(words.end(), {"--plain-http"});
      auto pull = words;
      pull.insert(pull.begin(), {"pull"});
      const auto theirs = both.run_helm(pull);
      pull.insert(pull.begin(), {"chart"});
      const auto ours = both.run_ours(pull);
      CHECK((ours.exit_code == 0) == (theirs.exit_code == 0));
      if (theirs.exit_code == 0) CHECK_MESSAGE(theirs.out.starts_with(ours.out), ours.err);
      words.insert(words.begin(), {"template", "rel"});
      const auto rendered = both.run_helm(words);
      words.insert(words.begin(), {"helm"});
      words.emplace_back("--helm-compat");
      const auto rendered_here = both.run_ours(words);
      CHECK(rendered_here.exit_code == rendered.exit_code);
      CHECK(rendered_here.out == rendered.out);
      CHECK(rendered_here.err == rendered.err);
    }
    for (const auto& [version, bytes] : archives) {
      const auto name = "web-" + version + ".tgz";
      CHECK(read(both.ours_in.path() / name) == bytes);
      CHECK(fs::exists(both.ours_in.path() / name) == fs::exists(both.theirs_in.path() / name));
    }
    // The digest that is printed pins the chart.
    const auto printed = both.run_ours({"chart", "pull", chart + ":1.0.0", "--plain-http"}).out;
    const auto digest = printed.substr(printed.find("sha256:"), 71);
    const auto pinned = both.run_ours({"helm", "template", "rel", chart + "@" + digest, "--plain-http"});
    CHECK(pinned.exit_code == 0);
    CHECK(pinned.out.find("1.0.0 1") != std::string::npos);
    // Without --plain-http nobody speaks http.
    CHECK(both.run_helm({"pull", chart}).exit_code != 0);
    CHECK(both.run_ours({"chart", "pull", chart}).exit_code != 0);
    const auto untarred = both.run_ours({"chart", "pull", chart + ":1.0.0", "--plain-http", "--untar", "-d", "."});
    CHECK(untarred.exit_code == 0);
    CHECK(read(both.ours_in.path() / "web/values.yaml") == "value: 1\n");
    CHECK(both.run_ours({"chart", "pull", chart + ":1.0.0", "--plain-http", "--untar"}).exit_code != 0);
  }

  TEST_CASE("a registry that asks for a login") {
    const auto helm = need_peer("helm", "charts from a registry with a login");
    const auto registry_program = need_peer("registry", "charts from a registry with a login");
    if (!helm || !registry_program) return;
    const Both both(*helm);
    const WorkDirectory place;
    const Registry registry(place, true);
    package(both, "web", "1.0.0");
    both.must({"push", "packed/web-1.0.0.tgz", "oci://" + registry.host() + "/charts", "--plain-http", "--username", user,
               "--password", secret});
    const std::string chart = "oci://" + registry.host() + "/charts/web";
    const std::vector<std::string> line{"helm", "template", chart, "--plain-http", "--helm-compat"};
    const auto with = [&](std::vector<std::string> more) {
      more.insert(more.begin(), line.begin(), line.end());
      auto ran = both.run_ours(more);
      CHECK((ran.out + ran.err).find(secret) == std::string::npos);
      return ran;
    };
    CHECK(with({}).exit_code == 1);
    CHECK(with({"--username", user, "--password", "wrong-" + secret}).exit_code == 1);
    const auto theirs = both.run_helm({"template", chart, "--plain-http", "--username", user, "--password", secret});
    const auto ours = with({"--username", user, "--password", secret});
    CHECK(ours.exit_code == 0);
    CHECK(ours.out == theirs.out);
    CHECK(ours.err == theirs.err);
    both.ours_in.write("auth.json", R"({"auths":{")" + registry.host() + R"(":{"username":")" + user + R"(","password":")" +
                                        secret + "\"}}}");
    CHECK(with({"--registry-config", "auth.json"}).out == theirs.out);
  }

  TEST_CASE("a repository: pull and template as helm has them") {
    const auto helm = need_peer("helm", "charts from a repository");
    if (!helm) return;
    const Both both(*helm);
    gitopsctl::support::ChartServer server;
    for (const std::string version : {"1.0.0", "1.10.0", "1.9.0", "2.0.0-beta"}) {
      server.answer("/charts/web-" + version + ".tgz", package(both, "web", version));
    }
    both.must({"repo", "index", "packed"});
    server.answer("/charts/index.yaml", read(both.theirs_in.path() / "packed/index.yaml"));
    const std::string url = server.url() + "/charts";
    const std::vector<std::vector<std::string>> lines{
        {"web", "--repo", url},
        {"web", "--repo", url + "/"},
        {"web", "--repo", url, "--version", "~1.9"},
        {"web", "--repo", url, "--version", "1.0.0"},
        {"web", "--repo", url, "--version", ">1.0.0-0"},
        {"web", "--repo", url, "--version", "3.x"},
        {"none", "--repo", url},
        {"web", "--repo", server.url() + "/nothing"},
        {url + "/web-1.9.0.tgz"},
        {url + "/web-7.0.0.tgz"},
    };
    for (const auto& line : lines) {
      CAPTURE(line.back());
      auto words = line;
      words.insert(words.begin(), {"template", "rel"});
      const auto theirs = both.run_helm(words);
      words.insert(words.begin(), {"helm"});
      words.emplace_back("--helm-compat");
      const auto ours = both.run_ours(words);
      CHECK(ours.exit_code == theirs.exit_code);
      CHECK(ours.out == theirs.out);
      if (theirs.exit_code == 0) CHECK(ours.err == theirs.err);
      auto pull = line;
      pull.insert(pull.begin(), "pull");
      const auto pulled = both.run_helm(pull);
      pull.insert(pull.begin(), "chart");
      CHECK((both.run_ours(pull).exit_code == 0) == (pulled.exit_code == 0));
    }
    // By the name under which helm has the repository.
    both.must({"repo", "add", "mine", url});
    const std::string list = ".home/.config/helm/repositories.yaml";
    both.ours_in.write(list, read(both.theirs_in.path() / list));
    for (const auto& line : std::vector<std::vector<std::string>>{{"template", "rel", "mine/web"},
                                                                  {"template", "mine/web", "--version", "~1.9"},
                                                                  {"show", "chart", "mine/web", "--devel"},
                                                                  {"template", "rel", "other/web"}}) {
      CAPTURE(line.back());
      auto words = line;
      const auto theirs = both.run_helm(words);
      words.insert(words.begin(), {"helm", "--helm-compat"});
      const auto ours = both.run_ours(words);
      CHECK(ours.exit_code == theirs.exit_code);
      CHECK(ours.out == theirs.out);
      CHECK(ours.err == theirs.err);
    }
    for (const std::string version : {"1.0.0", "1.10.0", "1.9.0", "2.0.0-beta"}) {
      CHECK(read(both.ours_in.path() / ("web-" + version + ".tgz")) ==
            read(both.theirs_in.path() / ("web-" + version + ".tgz")));
    }
  }

  TEST_CASE("dependencies: update, build, list and lock as helm has them") {
    const auto helm = need_peer("helm", "dependencies of charts");
    const auto registry_program = need_peer("registry", "dependencies of charts");
    if (!helm || !registry_program) return;
    const Both both(*helm);
    const WorkDirectory place;
    const Registry registry(place, false);
    gitopsctl::support::ChartServer server;
    for (const std::string version : {"1.0.0", "1.4.0", "2.0.0"}) {
      server.answer("/web-" + version + ".tgz", package(both, "web", version));
    }
    both.must({"repo", "index", "packed"});
    server.answer("/index.yaml", read(both.theirs_in.path() / "packed/index.yaml"));
    package(both, "side", "0.3.0");
    both.must({"push", "packed/side-0.3.0.tgz", "oci://" + registry.host() + "/charts", "--plain-http"});
    for (const auto* directory : {&both.theirs_in, &both.ours_in}) {
      write_chart(*directory, "near", "4.5.6");
      write_chart(*directory, "parent/charts/own", "0.1.0");
      directory->write("parent/charts/own/Chart.yaml", "apiVersion: v2\nname: own\nversion: 0.1.0\n");
      directory->write("parent/templates/p.yaml", "kind: Pod\nname: parent\n");
      directory->write("old/Chart.yaml", "apiVersion: v2\nname: old\nversion: 0.1.0\n");
    }
    const std::string head = "apiVersion: v2\nname: parent\nversion: 0.1.0\ndependencies:\n";
    const std::string dependencies =
        "- {name: web, version: '>=1.0.0 <2', repository: '" + server.url() +
        "', condition: 'web.on', tags: [a, b], alias: first}\n"
        "- {name: web, version: ^2, repository: '" +
        server.url() +
        "', import-values: [data, {child: x, parent: y}]}\n- {name: side, version: 0.3.0, repository: 'oci://" +
        registry.host() +
        "/charts'}\n- {name: near, version: '>=4', repository: 'file://../near'}\n"
        "- {name: own, version: '*', repository: ''}\n";
    both.write("parent/Chart.yaml", head + dependencies);

    const auto compare = [&](const std::vector<std::string>& theirs_words, const std::vector<std::string>& ours_words,
                             bool text = true) {
      CAPTURE(ours_words[1]);
      const auto theirs = both.run_helm(theirs_words);
      const auto ours = both.run_ours(ours_words);
      CHECK_MESSAGE((ours.exit_code == 0) == (theirs.exit_code == 0), (ours.err + theirs.err));
      if (text) CHECK(ours.out == theirs.out);
      CHECK(without_time(read(both.ours_in.path() / "parent/Chart.lock")) ==
            without_time(read(both.theirs_in.path() / "parent/Chart.lock")));
      std::vector<std::string> names;
      for (const auto* directory : {&both.theirs_in, &both.ours_in}) {
        std::string all;
        std::map<std::string, std::string> files;
        for (const auto& file : fs::directory_iterator(directory->path() / "parent/charts")) {
          const auto name = file.path().filename().string();
          files[name] = file.is_directory() || name.starts_with("near") ? "" : read(file.path());
        }
        for (const auto& [name, content] : files)
          all += name + " " + std::to_string(std::hash<std::string>{}(content)) + "\n";
        names.push_back(all);
      }
      CHECK(names[0] == names[1]);
      return std::pair(theirs, ours);
    };
    const auto list = [&] { compare({"dependency", "list", "parent"}, {"chart", "deps", "parent"}); };
    list();
    compare({"dependency", "update", "parent", "--plain-http"}, {"chart", "deps", "parent", "--update", "--plain-http"});
    list();
    // Nothing is written anew when nothing changed.
    const auto lock = read(both.ours_in.path() / "parent/Chart.lock");
    CHECK_FALSE(lock.empty());
    compare({"dependency", "update", "parent", "--plain-http"}, {"chart", "deps", "parent", "--update", "--plain-http"});
    CHECK(read(both.ours_in.path() / "parent/Chart.lock") == lock);
    // The rendered charts, with the packed directory in them, are the same.
    const auto theirs = both.run_helm({"template", "rel", "./parent"});
    const auto ours = both.run_ours({"helm", "template", "rel", "./parent", "--helm-compat"});
    CHECK(ours.out == theirs.out);

    both.write("parent/Chart.yaml", head + "- {name: web, version: ^1, repository: '" + server.url() +
                                        "'}\n- {name: own, version: '*', repository: ''}\n");
    const auto stale = compare({"dependency", "build", "parent", "--plain-http"},
                               {"chart", "deps", "parent", "--build", "--plain-http"}, false);
    CHECK(stale.second.err.find(
              "the lock file (Chart.lock) is out of sync with the dependencies file (Chart.yaml). Please update "
              "the dependencies with 'helm dependency update'") != std::string::npos);
    CHECK(stale.first.err.find("out of sync") != std::string::npos);
    compare({"dependency", "update", "parent", "--plain-http"}, {"chart", "deps", "parent", "--update", "--plain-http"});
    list();
    // The lock alone.
    const auto fresh = read(both.ours_in.path() / "parent/Chart.lock");
    fs::remove(both.ours_in.path() / "parent/Chart.lock");
    const auto charts = fs::last_write_time(both.ours_in.path() / "parent/charts");
    CHECK(both.run_ours({"chart", "lock", "parent"}).exit_code == 0);
    CHECK(without_time(read(both.ours_in.path() / "parent/Chart.lock")) == without_time(fresh));
    CHECK(fs::last_write_time(both.ours_in.path() / "parent/charts") == charts);

    for (const auto& wrong : {"- {name: web, version: ^9, repository: '" + server.url() + "'}\n",
                              std::string("- {name: x, version: 1.0.0, repository: '@mine'}\n"),
                              std::string("- {name: x, version: 1.0.0, repository: 'file://../nowhere'}\n"),
                              std::string("- {name: x, version: 'a b c', repository: 'file://../near'}\n"),
                              std::string("- {name: own, version: ^7, repository: ''}\n")}) {
      both.write("parent/Chart.yaml", head + wrong);
      const auto failed = compare({"dependency", "update", "parent", "--plain-http"},
                                  {"chart", "deps", "parent", "--update", "--plain-http"}, false);
      CHECK(failed.first.exit_code != 0);
      list();
    }
  }

  TEST_CASE("--dependency-update fetches what is missing, and prints what helm prints") {
    const auto helm = need_peer("helm", "--dependency-update");
    if (!helm) return;
    const Both both(*helm);
    gitopsctl::support::ChartServer server;
    server.answer("/web-1.0.0.tgz", package(both, "web", "1.0.0"));
    both.must({"repo", "index", "packed"});
    server.answer("/index.yaml", read(both.theirs_in.path() / "packed/index.yaml"));
    both.write("parent/Chart.yaml",
               "apiVersion: v2\nname: parent\nversion: 0.1.0\ndependencies:\n- {name: web, version: ^1, repository: '" +
                   server.url() + "'}\n");
    both.write("parent/templates/p.yaml", "kind: Pod\nname: parent\n");
    const auto lacking = both.run_helm({"template", "rel", "parent"});
    const auto lacking_here = both.run_ours({"helm", "template", "rel", "parent", "--helm-compat"});
    CHECK(lacking_here.exit_code == lacking.exit_code);
    for (int i = 0; i < 2; ++i) {
      const auto theirs = both.run_helm({"template", "rel", "parent", "--dependency-update"});
      const auto ours = both.run_ours({"helm", "template", "rel", "parent", "--dependency-update", "--helm-compat"});
      CHECK(ours.exit_code == 0);
      CHECK(ours.out == theirs.out);
      CHECK(ours.err == theirs.err);
    }
    CHECK(without_time(read(both.ours_in.path() / "parent/Chart.lock")) ==
          without_time(read(both.theirs_in.path() / "parent/Chart.lock")));
  }
}
