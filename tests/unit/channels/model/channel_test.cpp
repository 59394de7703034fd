#include "channels/model/channel.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>

#include "base/json/json.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;

namespace {

TreePath path(std::string_view text) {
  auto parsed = TreePath::parse(text);
  REQUIRE(parsed.ok());
  return *parsed;
}

const TreePath& file() {
  static const TreePath out = path(".gitopsctl/channels/prod.yaml");
  return out;
}

Channel good(std::string_view text, std::string_view expected = {}) {
  auto channel = parse_channel(text, file(), expected);
  if (!channel.ok()) FAIL(channel.error().to_string());
  return std::move(channel).value();
}

std::vector<std::string> mistakes(std::string_view text, std::string_view expected = {}) {
  const auto channel = parse_channel(text, file(), expected);
  std::vector<std::string> out;
  if (channel.ok()) return out;
  for (const auto& error : channel.error().flatten()) out.push_back(error.to_string());
  return out;
}

std::vector<std::string> problems(const Channel& channel, std::string_view release) {
  std::vector<std::string> out;
  const Release* found = channel.find(release);
  REQUIRE(found != nullptr);
  for (const auto& error : found->problems) out.push_back(error.to_string());
  return out;
}

constexpr std::string_view head = "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: prod\n";

std::string with_head(std::string_view rest) { return std::string(head) + std::string(rest); }

constexpr std::string_view whole_file = R"(apiVersion: gitopsctl.dev/v1
kind: Channel
name: prod
prune: true
selfHeal: false
suspend: true
candidate:
  paths: [charts/web, "deploy/**", .gitopsctl]
  parent: test
guards:
  deletes: {percent: 12.5, atLeast: 3}
approvals: {required: 2}
freeze:
  - {from: 2026-12-20T00:00:00Z, to: 2027-01-03T00:00:00+01:00, reason: holidays}
  - {days: [Fri, Sat], from: "16:00", to: "08:00", utcOffset: "+01:30", reason: weekend}
  - {days: [Sun], reason: rest}
releases:
  - name: web
    driver: helm
    namespace: web-prod
    helm:
      chart: ./charts/web/
      releaseName: frontend
      valueFiles: [deploy/base.yaml, deploy/prod.yaml]
      values: {replicas: 3, image: {tag: "1.2"}, list: [1, 2.5]}
      profile: helm-4.3
    secrets: [web_db]
    prune: false
    allowEmpty: true
    allowDelete: [PersistentVolumeClaim]
    renamedFrom: frontend
    dependsOn: [base]
    timeout: 10m0s
    sensitive:
      - {kind: ConfigMap, name: settings, path: 'data.app\.password'}
  - name: base
    driver: manifests
    namespace: web-prod
    manifests: {path: deploy/base}
)";

}  // namespace

TEST_SUITE("channels/model") {
  TEST_CASE("our form is read whole") {
    const Channel channel = good(whole_file, "prod");
    CHECK(channel.name == "prod");
    CHECK(channel.form == FileForm::own);
    CHECK(channel.policy.prune);
    CHECK_FALSE(channel.policy.self_heal);
    CHECK(channel.suspend);
    CHECK(channel.warnings.empty());
    REQUIRE(channel.candidate.has_value());
    CHECK(channel.candidate->paths == std::vector<std::string>{"charts/web", "deploy", ".gitopsctl"});
    CHECK(channel.candidate->parent == "test");
    CHECK(channel.policy.delete_percent == 12.5);
    CHECK(channel.policy.delete_at_least == 3);
    CHECK(channel.policy.approvals == 2);

    REQUIRE(channel.releases.size() == 2);
    const Release& web = channel.releases[0];
    CHECK(web.problems.empty());
    CHECK(web.driver == Driver::helm);
    CHECK(web.namespace_ == "web-prod");
    CHECK(web.chart == "charts/web");
    CHECK(web.helm_name == "frontend");
    CHECK(web.value_files == std::vector<std::string>{"deploy/base.yaml", "deploy/prod.yaml"});
    CHECK(web.profile == "helm-4.3");
    CHECK(web.prune == false);
    CHECK_FALSE(channel.prunes(web));
    CHECK(web.allow_empty);
    CHECK(web.allow_delete == std::vector<std::string>{"PersistentVolumeClaim"});
    CHECK(web.renamed_from == "frontend");
    CHECK(web.depends_on == std::vector<std::string>{"base"});
    CHECK(web.timeout == Millis(600'000));
    REQUIRE(web.sensitive.size() == 1);
    CHECK(web.sensitive[0].keys == std::vector<std::string>{"data", "app.password"});
    CHECK(web.where.line == 18);
    REQUIRE(web.warnings.size() == 1);
    CHECK(web.warnings[0] == "secrets web_db are not applied by this version: no secret provider is configured");
    CHECK(channel.releases[1].path == "deploy/base");
    CHECK(channel.releases[1].helm_name.empty());
    CHECK(channel.prunes(channel.releases[1]));
  }

  TEST_CASE("inline values are numbers as Helm reads them from a file") {
    const Channel channel = good(whole_file);
    const Value& values = channel.releases[0].values;
    CHECK(values.find("replicas")->is_float());
    CHECK(values.find("replicas")->as_double() == 3.0);
    CHECK(values.find("list")->as_list()[0].is_float());
    CHECK(values.string_at({"image", "tag"}) == "1.2");
    CHECK(channel.releases[1].values.is_null());
  }

  TEST_CASE("freeze windows") {
    const Channel channel = good(whole_file);
    REQUIRE(channel.policy.freeze.size() == 3);
    const auto& instants = channel.policy.freeze[0];
    REQUIRE(instants.from.has_value());
    REQUIRE(instants.to.has_value());
    CHECK(format_time(*instants.from) == "2026-12-20T00:00:00Z");
    CHECK(format_time(*instants.to) == "2027-01-02T23:00:00Z");
    CHECK(instants.reason == "holidays");
    const auto& weekly = channel.policy.freeze[1];
    CHECK(weekly.days == std::vector<int>{5, 6});
    CHECK(weekly.from_minute == 960);
    CHECK(weekly.to_minute == 480);
    CHECK(weekly.offset_minutes == 90);
    CHECK_FALSE(weekly.from.has_value());
    CHECK(channel.policy.freeze[2].days == std::vector<int>{0});
    CHECK(channel.policy.freeze[2].from_minute == 0);
    CHECK(channel.policy.freeze[2].to_minute == 1440);
    CHECK(channel.policy.freeze[2].where.line == 16);
  }

  TEST_CASE("freeze windows that mean nothing are mistakes of the file") {
    const auto one = [](std::string_view window) {
      return mistakes(with_head("freeze:\n  - " + std::string(window) + "\nreleases: []\n"));
    };
    CHECK(one("{from: 2026-01-02T00:00:00Z, to: 2026-01-01T00:00:00Z, reason: r}").size() == 1);
    CHECK(one("{from: tomorrow, to: 2026-01-01T00:00:00Z, reason: r}").size() == 1);
    CHECK(one("{from: 2026-01-01T00:00:00Z, reason: r}").size() == 1);
    CHECK(one("{days: [Mon], from: \"25:00\", reason: r}").size() == 1);
    CHECK(one("{days: [Mon], from: \"08:00\", to: \"08:00\", reason: r}").size() == 1);
    CHECK(one("{days: [Mon], utcOffset: \"+1\", reason: r}").size() == 1);
    CHECK(one("{days: [Monday], reason: r}").size() == 1);
    CHECK(one("{days: [], reason: r}").size() == 1);
    CHECK(one("{days: [Mon]}").size() == 1);
    CHECK(one("{days: [Mon], from: \"00:00\", to: \"24:00\", reason: r}").empty());
  }

  TEST_CASE("defaults: our form prunes, the historic one does not") {
    const Channel own = good(with_head("releases: []\n"));
    CHECK(own.policy.prune);
    CHECK(own.policy.self_heal);
    CHECK(own.policy.delete_percent == 30);
    CHECK(own.policy.delete_at_least == 10);
    CHECK_FALSE(own.candidate.has_value());
    CHECK_FALSE(good("calitp: {channel: prod, releases: []}\n").policy.prune);
  }

  TEST_CASE("the draft spelling is read with a word about it") {
    const Channel channel = good("apiVersion: gitopsctl/v1\nkind: Channel\nname: prod\nreleases: []\n");
    CHECK(channel.form == FileForm::own);
    CHECK(channel.warnings.size() == 1);
  }

  TEST_CASE("mistakes of the file are told all at once") {
    const auto all = mistakes(
        "apiVersion: gitopsctl.dev/v1\n"
        "kind: Chanel\n"
        "name: prod\n"
        "prun: true\n"
        "selfHeal: maybe\n"
        "releases:\n"
        "  - {name: a, driver: manifests, namespace: apps, manifests: {path: x}}\n"
        "  - {name: a, driver: manifests, namespace: apps, manifests: {path: x}}\n"
        "  - {driver: manifests, namespace: apps, manifests: {path: x}}\n",
        "test");
    REQUIRE(all.size() == 6);
    CHECK(all[0].starts_with(".gitopsctl/channels/prod.yaml:2:7: this is no channel file"));
    CHECK(all[1].starts_with(".gitopsctl/channels/prod.yaml:3:7: this file is of channel 'prod', not 'test'"));
    CHECK(all[2].starts_with(".gitopsctl/channels/prod.yaml:4:1: unknown key 'prun'"));
    CHECK(all[3].starts_with(".gitopsctl/channels/prod.yaml:5:11: 'selfHeal' must be true or false"));
    CHECK(all[4].starts_with(".gitopsctl/channels/prod.yaml:8:12: two releases are named 'a'"));
    CHECK(all[5].starts_with(".gitopsctl/channels/prod.yaml:9:5: missing key 'name'"));
  }

  TEST_CASE("what is no channel file at all") {
    CHECK(mistakes("").size() == 1);
    CHECK(mistakes("[]").size() == 1);
    CHECK(mistakes("a: b\n").size() == 1);
    CHECK(mistakes("a: [b\n").size() == 1);
    CHECK(mistakes("apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: prod\n").size() == 1);  // no releases
    CHECK(mistakes("apiVersion: gitopsctl.dev/v2\nkind: Channel\nname: prod\nreleases: []\n").size() == 1);
    CHECK(mistakes(with_head("releases: {}\n")).size() == 1);
    CHECK(mistakes(with_head("releases: [just a text]\n")).size() == 1);
    CHECK(mistakes(with_head("name: prod\nreleases: []\n")).size() == 1);  // a key twice
    CHECK(mistakes("calitp: 3\n").size() == 1);
    CHECK(mistakes("calitp: {}\n").size() == 2);
    const auto newer = parse_channel("apiVersion: gitopsctl.dev/v2\nkind: Channel\nname: prod\nreleases: []\n", file(), "");
    CHECK(newer.error().code() == ErrorCode::unsupported);
  }

  TEST_CASE("a YAML bomb and deep nesting are errors, quickly") {
    std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    for (int i = 1; i < 12; ++i) {
      const std::string below = "*a" + std::to_string(i - 1);
      bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below;
      for (int k = 0; k < 9; ++k) bomb += ", " + below;
      bomb += "]\n";
    }
    CHECK(mistakes(bomb).size() == 1);
    CHECK(mistakes(with_head("releases: " + std::string(5000, '[') + std::string(5000, ']') + "\n")).size() == 1);
    // Two bytes of text are some hundred of memory: the nodes are bounded, not only the bytes.
    std::string list = "a";
    for (int i = 0; i < 600'000; ++i) list += ",a";
    const auto refused = parse_channel(with_head("releases: []\nx: [" + list + "]\n"), file(), "");
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code() == ErrorCode::too_large);
    CHECK(refused.error().message() == "yaml: document has more than 500000 nodes");
    CHECK(parse_channel(with_head("releases: []\n# " + std::string(4U << 20U, 'x')), file(), "").error().code() ==
          ErrorCode::too_large);
  }

  TEST_CASE("mistakes inside a release are its problems and do not stop the others") {
    const Channel channel = good(with_head(R"(releases:
  - name: typo
    driver: helm
    namespace: apps
    helm: {chart: charts/a, valuesFiles: [a.yaml]}
  - name: outside
    driver: manifests
    namespace: apps
    manifests: {path: ../other}
  - name: unknown
    driver: jsonnet
    namespace: apps
  - name: wrong-section
    driver: helm
    namespace: apps
    manifests: {path: x}
  - name: fine
    driver: manifests
    namespace: apps
    manifests: {path: x}
)"));
    REQUIRE(channel.releases.size() == 5);
    REQUIRE(problems(channel, "typo").size() == 1);
    CHECK(problems(channel, "typo")[0] == ".gitopsctl/channels/prod.yaml:8:29: unknown key 'valuesFiles'");
    CHECK(channel.find("typo")->problems[0].hint() == "did you mean 'valueFiles'?");
    REQUIRE(problems(channel, "outside").size() == 1);
    CHECK(channel.find("outside")->problems[0].code() == ErrorCode::forbidden);
    REQUIRE(problems(channel, "unknown").size() == 1);
    CHECK(channel.find("unknown")->driver == Driver::unsupported);
    CHECK(channel.find("unknown")->driver_name == "jsonnet");
    CHECK(problems(channel, "wrong-section").size() == 2);
    CHECK(problems(channel, "fine").empty());
  }

  TEST_CASE("what this version cannot do is said at its place") {
    const Channel channel = good(with_head(R"(releases:
  - name: remote
    driver: helm
    namespace: apps
    helm: {chart: oci://registry.example.org/charts/a}
  - name: secret
    driver: helm
    namespace: apps
    helm: {chart: charts/a}
    secretValues: [a_values, b_values]
  - name: overlay
    driver: kustomize
    namespace: apps
    kustomize: {path: k}
)"));
    REQUIRE(problems(channel, "remote").size() == 1);
    CHECK(channel.find("remote")->problems[0].message() == "the version of the chart is missing");
    CHECK_FALSE(channel.find("remote")->problems[0].hint().empty());
    CHECK(problems(channel, "secret").size() == 2);
    CHECK(channel.find("secret")->problems[0].code() == ErrorCode::unsupported);
    REQUIRE(problems(channel, "overlay").size() == 1);
    CHECK(channel.find("overlay")->problems[0].code() == ErrorCode::unsupported);
    CHECK(channel.find("overlay")->path == "k");
  }

  TEST_CASE("values of objects in the release's namespace") {
    const Channel channel = good(with_head(R"(releases:
  - name: web
    driver: helm
    namespace: apps
    helm:
      chart: charts/web
      lookup: true
      valuesFrom:
        - configMap: {name: shared}
        - secret: {name: web.db, key: prod.yaml, optional: true}
        - secret: {name: web-db, key: password, targetPath: 'db.pass\.word'}
  - {name: plain, driver: helm, namespace: apps, helm: {chart: charts/web}}
)"));
    CHECK(problems(channel, "web").empty());
    const Release& web = *channel.find("web");
    CHECK(web.lookup);
    REQUIRE(web.values_from.size() == 3);
    CHECK(web.values_from[0].kind_name() == "ConfigMap");
    CHECK(web.values_from[0].name == "shared");
    CHECK(web.values_from[0].key == "values.yaml");
    CHECK_FALSE(web.values_from[0].optional);
    CHECK(web.values_from[0].where.line == 12);
    CHECK(web.values_from[1].is_secret());
    CHECK(web.values_from[1].key == "prod.yaml");
    CHECK(web.values_from[1].optional);
    CHECK(web.values_from[2].target_path == std::vector<std::string>{"db", "pass.word"});
    CHECK_FALSE(channel.find("plain")->lookup);
    CHECK(channel.find("plain")->values_from.empty());
  }

  TEST_CASE("values of objects elsewhere, of providers and of nothing are mistakes of the release") {
    const auto of = [](const std::string& entry) {
      const Channel channel =
          good(with_head("releases:\n  - {name: web, driver: helm, namespace: apps, helm: {chart: c, "
                         "valuesFrom: [" +
                         entry + "]}}\n"));
      const auto& found = channel.find("web")->problems;
      return found.empty() ? std::string("none") : found.front().message();
    };
    CHECK(of("{configMap: {name: a}}") == "none");
    CHECK(of("{secret: {name: a, namespace: kube-system}}") ==
          "values come from the release's own namespace and from no other one");
    CHECK(of("{provider: {name: vault}}") == "values of secret providers are not supported by this version");
    CHECK(of("{}") == "an entry names one source of values");
    CHECK(of("{secret: {name: a}, configMap: {name: b}}") == "an entry names one source of values");
    CHECK(of("{secret: {key: a}}") == "missing key 'name'");
    CHECK(of("{secret: {name: ../a}}") == "'../a' cannot be the name of an object");
    CHECK(of("{secret: {name: A}}") == "'A' cannot be the name of an object");
    CHECK(of("{secret: {name: a, key: b/c}}") == "'b/c' cannot be a key of its data");
    CHECK(of("{secret: {name: a, targetPath: a..b}}") == "the path has an empty key");
    CHECK(of("{secret: {name: a, foo: b}}") == "unknown key 'foo'");
    std::string many = "{secret: {name: a}}";
    for (int i = 0; i < 20; ++i) many += ", {secret: {name: a}}";
    CHECK(of(many) == "more than 20 entries");
  }

  TEST_CASE("charts in repositories and registries are one version of them") {
    const std::string digest = "sha256:" + std::string(64, 'a');
    const Channel channel = good(with_head(R"(releases:
  - {name: a, driver: helm, namespace: apps, helm: {chart: {repository: https://charts.example.org, name: web, version: 1.2.3}}}
  - {name: b, driver: helm, namespace: apps, helm: {chart: oci://registry.example.org/charts/web, version: 1.2.3+x}}
  - {name: c, driver: helm, namespace: apps, helm: {chart: 'oci://registry.example.org/charts/web:1.2.3', digest: ')" +
                                           digest + R"('}}
  - {name: d, driver: helm, namespace: apps, helm: {chart: 'oci://registry.example.org/charts/web@)" +
                                           digest + R"('}}
)"));
    for (const char* name : {"a", "b", "c", "d"}) {
      CHECK(problems(channel, name).empty());
      REQUIRE(channel.find(name)->remote);
      CHECK(channel.find(name)->chart.empty());
    }
    CHECK(*channel.find("a")->remote == RemoteChart{"https://charts.example.org", "web", "1.2.3", ""});
    CHECK(*channel.find("b")->remote == RemoteChart{"oci://registry.example.org/charts/web", "", "1.2.3+x", ""});
    CHECK(*channel.find("c")->remote == RemoteChart{"oci://registry.example.org/charts/web", "", "1.2.3", digest});
    CHECK(channel.find("d")->remote->digest == digest);
  }

  TEST_CASE("charts elsewhere that are not told whole are mistakes at their places") {
    const auto problem = [](const std::string& helm) {
      const Channel channel =
          good(with_head("releases:\n  - {name: a, driver: helm, namespace: apps, helm: {" + helm + "}}\n"));
      const auto found = problems(channel, "a");
      CHECK_MESSAGE(found.size() == 1, helm);
      CHECK_FALSE(channel.find("a")->problems.front().hint().empty());
      return found.empty() ? std::string() : found.front().substr(found.front().find(": ") + 2);
    };
    const std::string repository = "chart: {repository: https://charts.example.org, name: web";
    CHECK(problem(repository + "}") == "missing key 'version'");
    CHECK(problem(repository + ", version: ~1.2}") == "'~1.2' is not one version");
    CHECK(problem(repository + ", version: '1.2'}") == "'1.2' is not one version");
    CHECK(problem(repository + ", version: 1.2.3, digest: abc}") == "'abc' is no digest");
    CHECK(problem(repository + ", version: 1.2.3}, version: 1.2.3") == "'version' belongs into 'chart'");
    CHECK(problem("chart: https://charts.example.org") == "a chart repository needs the name of the chart, too");
    CHECK(problem("chart: charts/web, version: 1.2.3") == "'version' belongs to charts that are not in the repository");
    CHECK(problem("chart: 'oci://h/web:1.0.0', version: 1.0.1") == "'version' differs from what 'chart' says");
    CHECK(problem("chart: {repository: oci://h/charts, name: web, version: 1.0.0}") == "a registry is no chart repository");
    const auto secret = problem("chart: {repository: 'https://bot:hunter22@h/charts', name: web, version: 1.0.0}");
    CHECK(secret == "the repository's address holds a user or password");
  }

  TEST_CASE("names that Helm or the API server would refuse") {
    const Channel channel =
        good(with_head("releases:\n"
                       "  - {name: a, driver: helm, namespace: Web, helm: {chart: c}}\n"
                       "  - {name: b, driver: helm, namespace: apps, helm: {chart: c, releaseName: Bad_Name}}\n"
                       "  - {name: " +
                       std::string(60, 'c') + ", driver: helm, namespace: apps, helm: {chart: c}}\n"));
    CHECK(problems(channel, "a").size() == 1);
    CHECK(problems(channel, "b").size() == 1);
    CHECK(problems(channel, std::string(60, 'c')).size() == 1);
  }

  TEST_CASE("dependsOn: unknown names and circles") {
    const auto release = [](const std::string& name, const std::string& depends) {
      return "  - {name: " + name + ", driver: manifests, namespace: apps, manifests: {path: x}, dependsOn: [" + depends +
             "]}\n";
    };
    const Channel channel = good(with_head("releases:\n" + release("a", "b") + release("b", "c") + release("c", "a") +
                                           release("d", "a") + release("e", "dd") + release("self", "self")));
    CHECK(problems(channel, "a").size() == 1);
    CHECK(problems(channel, "b").size() == 1);
    CHECK(problems(channel, "c").size() == 1);
    CHECK(problems(channel, "d").empty());
    REQUIRE(problems(channel, "e").size() == 1);
    CHECK(channel.find("e")->problems[0].message() == "no release 'dd' in this file");
    CHECK(problems(channel, "self").size() == 1);
  }

  TEST_CASE("a long chain of dependsOn does not need a deep stack") {
    std::string text = with_head("releases:\n");
    for (int i = 0; i < 5000; ++i) {
      text += "  - {name: r" + std::to_string(i) +
              ", driver: manifests, namespace: apps, manifests: {path: x}, dependsOn: [r" + std::to_string((i + 1) % 5000) +
              "]}\n";
    }
    // All of them are in one circle; more mistakes than are kept make the file wrong as a whole.
    CHECK(mistakes(text).size() >= 1);
  }

  TEST_CASE("renamedFrom of a release that is still there") {
    const Channel channel =
        good(with_head("releases:\n"
                       "  - {name: a, driver: manifests, namespace: apps, manifests: {path: x}}\n"
                       "  - {name: b, driver: manifests, namespace: apps, manifests: {path: x}, "
                       "renamedFrom: a}\n"));
    CHECK(problems(channel, "a").empty());
    CHECK(problems(channel, "b").size() == 1);
  }

  TEST_CASE("candidate paths stay in the tree and are no patterns") {
    const auto one = [](std::string_view item) {
      return mistakes(with_head("candidate: {paths: [" + std::string(item) + "]}\nreleases: []\n"));
    };
    CHECK(one("a/**").empty());
    CHECK(one("../a").size() == 1);
    CHECK(one("\"a/*.yaml\"").size() == 1);
    CHECK(one("").size() == 1);
  }
}

TEST_SUITE("channels/model historic form") {
  TEST_CASE("is read with all its looseness") {
    const Channel channel = good(R"(calitp:
  channel: prod
  git_repo: .
  other: ignored
  releases:
    - name: web
      driver: helm
      namespace: web
      helm_name: web
      helm_chart: kubernetes/apps/charts/web
      helm_values: [kubernetes/apps/values/web.yaml]
      secrets: [web_db-password]
      timeout: 10m0s
    - {name: 42, driver: kustomize, kustomize_dir: kubernetes/apps/overlays/jobs}
    - name: web
      driver: helm
      namespace: 7
      helm_name: web2
      helm_chart: charts/web
      helm_nam: typo
      driver: helm
)",
                                 "prod");
    CHECK(channel.form == FileForm::calitp);
    REQUIRE(channel.releases.size() == 3);
    CHECK(channel.releases[0].problems.empty());
    CHECK(channel.releases[0].value_files == std::vector<std::string>{"kubernetes/apps/values/web.yaml"});
    CHECK(channel.releases[0].timeout == Millis(600'000));
    CHECK(channel.releases[1].name == "42");
    CHECK(channel.releases[1].driver == Driver::kustomize);
    CHECK(channel.releases[1].path == "kubernetes/apps/overlays/jobs");
    CHECK(channel.releases[1].namespace_.empty());
    CHECK(channel.releases[2].name == "web-2");
    CHECK(channel.releases[2].namespace_ == "7");
    CHECK(channel.releases[2].problems.empty());
    REQUIRE(channel.releases[2].warnings.size() == 2);
    CHECK(channel.releases[2].warnings[0] == "key 'helm_nam' is ignored: did you mean 'helm_name'?");
  }

  TEST_CASE("its first states: name, release_ before keys, colons between value files") {
    const Channel channel = good(R"(calitp:
  name: test
  releases:
    - name: backup
      release_driver: helm
      release_namespace: app-test
      release_helm_name: backup
      release_helm_chart: charts/backup
      release_helm_values: values/base.yaml:values/test.yaml
    - name: jobs
      driver: kustomize
      kustomize_dir: overlays/jobs
)",
                                 "test");
    REQUIRE(channel.releases.size() == 2);
    const Release& backup = channel.releases[0];
    CHECK(backup.problems.empty());
    CHECK(backup.warnings.empty());
    CHECK(backup.driver == Driver::helm);
    CHECK(backup.namespace_ == "app-test");
    CHECK(backup.chart == "charts/backup");
    CHECK(backup.value_files == std::vector<std::string>{"values/base.yaml", "values/test.yaml"});
  }

  TEST_CASE("repeated names become distinct without taking a written one") {
    const Channel channel = good(
        "calitp:\n  channel: prod\n  releases:\n"
        "  - {name: a, driver: kustomize, kustomize_dir: x}\n"
        "  - {name: a, driver: kustomize, kustomize_dir: x}\n"
        "  - {name: a-2, driver: kustomize, kustomize_dir: x}\n"
        "  - {name: a, driver: kustomize, kustomize_dir: x}\n");
    std::vector<std::string> names;
    for (const auto& release : channel.releases) names.push_back(release.name);
    CHECK(names == std::vector<std::string>{"a", "a-3", "a-2", "a-4"});
  }

  TEST_CASE("what is missing for a driver is a problem of that release") {
    const Channel channel = good(
        "calitp:\n  channel: prod\n  releases:\n"
        "  - {name: a, driver: helm, helm_chart: c}\n"
        "  - {name: b, driver: heml}\n"
        "  - {name: c}\n"
        "  - {name: d, driver: helm, namespace: apps, helm_name: d, helm_chart: /abs, timeout: 600,\n"
        "     secret_helm_values: [s]}\n"
        "  - {name: e/f, driver: helm, namespace: apps, helm_name: d, helm_chart: c}\n");
    CHECK(problems(channel, "a").size() == 2);
    REQUIRE(problems(channel, "b").size() == 1);
    CHECK(channel.find("b")->problems[0].hint() == "did you mean 'helm'?");
    CHECK(problems(channel, "c").size() == 1);
    CHECK(problems(channel, "d").size() == 3);
    CHECK(problems(channel, "e/f").size() == 1);
  }

  TEST_CASE("git_repo must not leave the repository") {
    CHECK(mistakes("calitp: {channel: prod, git_repo: ../../.., releases: []}\n").size() == 1);
    CHECK(mistakes("calitp: {channel: prod, git_repo: /srv/other, releases: []}\n").size() == 1);
    CHECK(mistakes("calitp: {channel: prod, git_repo: ../.., releases: []}\n").empty());
  }

  TEST_CASE("env files: one release per file") {
    const auto channel = parse_channel(
        "# a comment\nRELEASE_DRIVER=helm\nexport RELEASE_NAMESPACE='web'\nRELEASE_HELM_NAME=web\r\n"
        "RELEASE_HELM_CHART=charts/web\nRELEASE_HELM_VALUES=a.yaml:b.yaml\nOTHER=1\n",
        path("ci/vars/releases/prod-web.env"), "prod");
    REQUIRE(channel.ok());
    REQUIRE(channel->releases.size() == 1);
    CHECK(channel->name == "prod");
    CHECK(channel->form == FileForm::calitp);
    CHECK(channel->releases[0].name == "web");
    CHECK(channel->releases[0].namespace_ == "web");
    CHECK(channel->releases[0].problems.empty());
    CHECK(channel->releases[0].value_files == std::vector<std::string>{"a.yaml", "b.yaml"});
    CHECK_FALSE(parse_channel("RELEASE_DRIVER=helm\n", path("x/prod-web.env"), "test").ok());
    CHECK_FALSE(parse_channel("A=1\n", path("x/prod-web.env"), "prod").ok());
    const auto broken = parse_channel("RELEASE_DRIVER=helm\nnonsense\n", path("x/prod-web.env"), "prod");
    REQUIRE_FALSE(broken.ok());
    CHECK(broken.error().to_string() == "x/prod-web.env:2:1: this line is no NAME=value");
    const auto problem =
        parse_channel("RELEASE_DRIVER=kustomize\nRELEASE_KUSTOMIZE_DIR=/abs\n", path("x/prod-web.env"), "prod");
    REQUIRE(problem.ok());
    REQUIRE(problem->releases[0].problems.size() == 2);
    CHECK(problem->releases[0].problems[1].where().to_string() == "x/prod-web.env:2:23");
  }
}

namespace {

/// A tree of which one directory cannot be read at the moment.
class Unreadable final : public FileTree {
 protected:
  Result<FileInfo> do_stat(const TreePath& path) const override {
    if (path.is_root() || path.str() == "ci" || path.str() == "ci/vars" || path.str() == "ci/vars/releases") {
      return FileInfo{std::string(path.name()), FileType::directory, 0, false, {}};
    }
    return Error(ErrorCode::not_found, "not there");
  }
  Result<std::string> do_read(const TreePath& /*path*/, std::uint64_t /*max_bytes*/) const override { return gone(); }
  Result<std::vector<FileInfo>> do_list(const TreePath& /*path*/) const override { return gone(); }
  Result<std::string> do_read_link(const TreePath& /*path*/) const override { return gone(); }

 private:
  static Error gone() { return {ErrorCode::unavailable, "the local copy is damaged"}; }
};

}  // namespace

TEST_SUITE("channels/model in a tree") {
  TEST_CASE("a directory that cannot be read is not a channel that is not there") {
    const auto found = find_channel_file(Unreadable(), "prod");
    REQUIRE_FALSE(found.ok());
    CHECK(found.error().code() == ErrorCode::unavailable);
    CHECK(load_channel(Unreadable(), "prod").error().code() == ErrorCode::unavailable);
    MemoryTree file_in_its_place;
    file_in_its_place.add(path("ci/vars/releases"), "");
    CHECK(find_channel_file(file_in_its_place, "prod").error().code() == ErrorCode::not_found);
  }

  TEST_CASE("files are found in their places, ours first") {
    MemoryTree tree;
    tree.add(path("ci/channels/prod.yaml"), "calitp: {channel: prod, releases: []}\n");
    tree.add(path("ci/channels/test.yaml"), "calitp: {channel: test, releases: []}\n");
    tree.add(path("ci/channels/README.md"), "");
    tree.add(path(".gitopsctl/channels/prod.yaml"), with_head("releases: []\n"));
    tree.add(path("elsewhere.yaml"), with_head("releases: []\n"));
    CHECK(list_channels(tree) == std::vector<std::string>{"prod", "test"});
    CHECK(find_channel_file(tree, "prod")->str() == ".gitopsctl/channels/prod.yaml");
    CHECK(find_channel_file(tree, "test")->str() == "ci/channels/test.yaml");
    CHECK(find_channel_file(tree, "prod", "elsewhere.yaml")->str() == "elsewhere.yaml");
    CHECK(load_channel(tree, "prod")->form == FileForm::own);
    CHECK(load_channel(tree, "test")->form == FileForm::calitp);
    const auto missing = find_channel_file(tree, "tets");
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().code() == ErrorCode::not_found);
    CHECK(missing.error().message() ==
          "no file for channel 'tets': .gitopsctl/channels/tets.yaml or ci/channels/tets.yaml is not there");
    CHECK(missing.error().hint() == "did you mean 'test'?");
    CHECK(find_channel_file(tree, "../x").error().code() == ErrorCode::invalid_input);
    CHECK(find_channel_file(tree, "prod", "../x").error().code() == ErrorCode::forbidden);
    CHECK(find_channel_file(tree, "prod", "gone.yaml").error().code() == ErrorCode::not_found);
  }

  TEST_CASE("a channel of env files") {
    MemoryTree tree;
    const std::string helm = "RELEASE_DRIVER=helm\nRELEASE_NAMESPACE=n\nRELEASE_HELM_NAME=x\nRELEASE_HELM_CHART=c\n";
    tree.add(path("ci/vars/releases/prod-web.env"), helm);
    tree.add(path("ci/vars/releases/web-prod.env"), helm + "RELEASE_HELM_VALUES=old.yaml\n");
    tree.add(path("ci/vars/releases/db-prod.env"), helm);
    tree.add(path("ci/vars/releases/test-web.env"), helm);
    const auto channel = load_channel(tree, "prod");
    REQUIRE(channel.ok());
    REQUIRE(channel->releases.size() == 2);
    CHECK(channel->releases[0].name == "db");
    CHECK(channel->releases[1].name == "web");
    CHECK(channel->releases[1].value_files.empty());
    CHECK_FALSE(load_channel(tree, "staging").ok());
  }

  TEST_CASE("check: five mistakes, five located errors") {
    MemoryTree tree;
    tree.add(path("charts/a/Chart.yaml"), "name: a\n");
    const std::string text = with_head(R"(prnue: true
releases:
  - name: a
    driver: helm
    namespace: apps
    helm: {chart: charts/a, valueFiles: [gone.yaml]}
    timeout: 5
  - name: b
    driver: manifests
    namespace: Apps
    manifests: {path: /etc}
)");
    const auto errors = check_channel(tree, text, file(), "prod");
    std::vector<std::string> lines;
    for (const auto& error : errors) lines.push_back(error.to_string());
    REQUIRE(lines.size() == 5);
    CHECK(lines[0] == ".gitopsctl/channels/prod.yaml:4:1: unknown key 'prnue'");
    CHECK(lines[1] == ".gitopsctl/channels/prod.yaml:9:42: release a: 'gone.yaml' is not in the repository");
    CHECK(lines[2] == ".gitopsctl/channels/prod.yaml:10:14: release a: 'timeout' must be a duration, not a number");
    CHECK(lines[3] == ".gitopsctl/channels/prod.yaml:13:16: release b: 'Apps' cannot be a namespace");
    CHECK(lines[4] == ".gitopsctl/channels/prod.yaml:14:23: release b: path '/etc' is absolute");
  }

  TEST_CASE("check: what is at a path must be of use") {
    MemoryTree tree;
    tree.add(path("charts/a/Chart.yaml"), "name: a\n");
    tree.add(path("charts/b.tgz"), "");
    tree.add(path("charts/empty/x"), "");
    tree.add_link(path("out"), "../../etc");
    const auto errors = [&](const std::string& chart) {
      return check_channel(
          tree, with_head("releases:\n- {name: a, driver: helm, namespace: apps, helm: {chart: " + chart + "}}\n"), file(),
          "prod");
    };
    CHECK(errors("charts/a").empty());
    CHECK(errors("charts/b.tgz").empty());
    CHECK(errors("charts/empty").size() == 1);
    CHECK(errors("charts/a/Chart.yaml").size() == 1);
    REQUIRE(errors("out").size() == 1);
    CHECK(errors("out")[0].code() == ErrorCode::forbidden);
    CHECK(check_channel(tree, "a: [", file(), "prod").size() == 1);
    CHECK(check_channel(tree, with_head("candidate: {paths: [gone]}\nreleases: []\n"), file(), "").size() == 1);
  }
}

TEST_SUITE("channels/model identity") {
  TEST_CASE("object names are readable, valid and distinct") {
    const ReleaseIdentity one{"default", "shop", "prod", "web"};
    CHECK(one.to_string() == "default/shop/prod/web");
    CHECK(one.object_name().starts_with("gitopsctl-prod-web-"));
    CHECK(one.object_name().size() == std::string("gitopsctl-prod-web-").size() + 8);
    CHECK(one.object_name() == ReleaseIdentity(one).object_name());
    CHECK(one.object_name() != ReleaseIdentity{"other", "shop", "prod", "web"}.object_name());
    // The parts cannot run into each other.
    CHECK(ReleaseIdentity{"a", "bc", "d", "e"}.object_name() != ReleaseIdentity{"ab", "c", "d", "e"}.object_name());
    const ReleaseIdentity odd{"default", "shop", "prod", "Web / \xC3\xA4 (old)"};
    CHECK(odd.object_name().starts_with("gitopsctl-prod-web-old-"));
    const ReleaseIdentity strange{"default", "shop", "prod", "\xC3\xA4"};
    CHECK(strange.object_name().starts_with("gitopsctl-prod-"));
    const ReleaseIdentity longest{"default", "shop", std::string(63, 'c'), std::string(400, 'r')};
    CHECK(longest.object_name().size() == 253);
  }

  TEST_CASE("the ApplySet id is that of KEP-3659") {
    // applyset-BASE64URL(SHA256("NAME.NAMESPACE.ConfigMap."))-v1, checked with sha256sum and basenc.
    const ReleaseIdentity one{"default", "shop", "prod", "web"};
    const std::string id = one.apply_set_id("web");
    CHECK(id.starts_with("applyset-"));
    CHECK(id.ends_with("-v1"));
    CHECK(id.size() == 9 + 43 + 3);
    CHECK(id.find_first_of("+/=") == std::string::npos);
    CHECK(id != one.apply_set_id("other"));
  }

  TEST_CASE("the schema is JSON and knows the keys") {
    const auto schema = parse_json(channel_schema());
    REQUIRE(schema.ok());
    CHECK(schema->find_path({"properties", "releases", "items", "properties", "helm", "properties", "valueFiles"}) !=
          nullptr);
    const Value* from = schema->find_path({"properties", "releases", "items", "properties", "helm", "properties",
                                           "valuesFrom", "items", "properties", "secret", "properties", "key", "default"});
    REQUIRE(from != nullptr);
    CHECK(from->as_string() == "values.yaml");
  }
}
