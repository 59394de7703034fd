#include "agent/reconcile/release_sources.hpp"

#include <doctest/doctest.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "agent/reconcile/render_stage.hpp"
#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/yaml/yaml.hpp"
#include "channels/report/report.hpp"
#include "tests/unit/agent/reconcile/runner_fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::tests;

namespace {

const std::string key(32, 'k');

/// A cluster of which somebody says what is in it.
struct Cluster {
  std::map<render::LookupQuestion, Result<Value>> answers;
  std::vector<std::string> asked;
  std::mutex mutex;

  void put(const std::string& kind, const std::string& name, const std::map<std::string, std::string>& data,
           const std::string& space = "shop") {
    Value members = Value::map();
    for (const auto& [at, text] : data) members.set(at, Value::string(kind == "Secret" ? base64_encode(text) : text));
    answers.insert_or_assign(
        {"v1", kind, space, name},
        make_map({{"apiVersion", Value::string("v1")},
                  {"kind", Value::string(kind)},
                  {"metadata", make_map({{"name", Value::string(name)}, {"namespace", Value::string(space)}})},
                  {"data", std::move(members)}}));
  }
  Result<Value> answer(const render::LookupQuestion& question) {
    const std::lock_guard lock(mutex);
    asked.push_back(question.to_string());
    const auto found = answers.find(question);
    return found == answers.end() ? Result<Value>(Value::map()) : found->second;
  }
  SourceAccess access() {
    return {[this](const render::LookupQuestion& question, const Interrupt&) { return answer(question); }, {}, {}};
  }
};

std::string chart_template(const std::string& value, const std::string& name = "out") {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\ndata:\n  value: " + value + "\n";
}

Files chart_files(const std::string& templ, const std::string& chart = "chart") {
  return {{chart + "/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n"},
          {chart + "/values.yaml", "a: chart\nb: chart\nc: chart\npassword: none\n"},
          {chart + "/templates/x.yaml", templ}};
}

FileTreePtr tree_of(const Files& files) {
  auto tree = std::make_shared<MemoryTree>();
  for (const auto& [path, text] : files) tree->add(*TreePath::parse(path), text);
  return tree;
}

channels::Release helm_release(const std::string& helm, const std::string& name = "web") {
  const std::string text = "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: test\nreleases:\n  - {name: " + name +
                           ", driver: helm, namespace: shop, helm: {chart: chart, " + helm + "}}\n";
  auto channel = channels::parse_channel(text, *TreePath::parse("c.yaml"), "test");
  REQUIRE_MESSAGE(channel.ok(), (channel.ok() ? "" : channel.error().to_string()));
  REQUIRE_MESSAGE(channel->releases[0].problems.empty(), channel->releases[0].problems.front().to_string());
  return channel->releases[0];
}

RenderState rendered(const channels::Release& release, const std::string& templ, const SourceAccess& access) {
  return render_with_notes(release, tree_of(chart_files(templ)), key, "i/" + release.name, false, {}, {}, access);
}

std::string value_of(const RenderState& state) {
  if (!state.errors.empty()) return "ERROR " + state.errors.front().to_string();
  return std::string(state.set->objects.front().body.string_at({"data", "value"}));
}

const std::string canary = "CANARY-7f3a9c";

}  // namespace

TEST_SUITE("agent/reconcile release sources") {
  TEST_CASE("values lie over those of the chart and under the inline ones, in order") {
    Cluster cluster;
    cluster.put("ConfigMap", "one", {{"values.yaml", "a: one\nb: one\nc: one\n"}});
    cluster.put("Secret", "two", {{"prod.yaml", "b: two\nc: two\n"}, {"pw", "0123"}});
    const auto release = helm_release(
        "valuesFrom: [{configMap: {name: one}}, {secret: {name: two, key: prod.yaml}}, "
        "{secret: {name: two, key: pw, targetPath: password}}], values: {c: inline}");
    const auto state = rendered(
        release, chart_template("{{ .Values.a }}-{{ .Values.b }}-{{ .Values.c }}-{{ .Values.password }}"), cluster.access());
    CHECK(value_of(state) == "one-two-inline-0123");
    // Each object once.
    CHECK(cluster.asked == std::vector<std::string>{"ConfigMap shop/one", "Secret shop/two"});
    const auto records = records_of(state.reads);
    REQUIRE(records.size() == 3);
    CHECK(records[1].source == "Secret shop/two prod.yaml");
    CHECK(records[1].digest.starts_with("hmac:"));
    CHECK(records[1].digest != "hmac:" + hmac_sha256_hex("", "b: two\nc: two\n"));
    CHECK(state.sensitive.size() == 1);
    CHECK(state.sensitive[0].keys == std::vector<std::string>{"data", "value"});
  }

  TEST_CASE("what is missing, refused, unreadable, too large or nobody's to read is an error of the release") {
    Cluster cluster;
    const auto error_with = [&](const std::string& entry) {
      const auto state = rendered(helm_release("valuesFrom: [" + entry + "]"), chart_template("x"), cluster.access());
      CHECK(state.set == nullptr);
      REQUIRE(state.errors.size() == 1);
      CHECK(state.errors[0].where().line == 5);
      CHECK_FALSE(contains(state.errors[0].to_string() + state.errors[0].hint(), canary));
      return state.errors[0].message();
    };
    const std::string db = "{secret: {name: db}}";
    const std::string maybe = "{secret: {name: db, optional: true}}";
    CHECK(contains(error_with(db), "Secret shop/db does not exist"));
    CHECK(value_of(rendered(helm_release("valuesFrom: [" + maybe + "]"), chart_template("x"), cluster.access())) == "x");
    cluster.put("Secret", "db", {{"other", canary}});
    CHECK(contains(error_with(db), "Secret shop/db has no key 'values.yaml'"));
    CHECK(value_of(rendered(helm_release("valuesFrom: [" + maybe + "]"), chart_template("x"), cluster.access())) == "x");
    // Only that it is not there is ever taken for nothing.
    for (const auto& code : {ErrorCode::forbidden, ErrorCode::unavailable, ErrorCode::timeout}) {
      cluster.answers.insert_or_assign({"v1", "Secret", "shop", "db"}, Error(code, "the server says no"));
      CHECK(contains(error_with(maybe), "the server says no"));
    }
    for (const auto* bad : {"[%]", "%", "a: {%", "a: b\n  c: %", "%: a: b"}) {
      std::string text = bad;
      text.replace(text.find('%'), 1, canary);
      cluster.put("Secret", "db", {{"values.yaml", text}});
      CHECK(contains(error_with(maybe), "failed to parse Secret shop/db, key values.yaml"));
    }
    cluster.put("Secret", "db", {{"values.yaml", "a: " + std::string(ReleaseSources::max_value_bytes, 'x')}});
    CHECK(contains(error_with(maybe), "more than 1 MiB"));
    cluster.answers.insert_or_assign(
        {"v1", "Secret", "shop", "db"},
        make_map({{"kind", Value::string("Secret")}, {"data", make_map({{"values.yaml", Value::string("!" + canary)}})}}));
    CHECK(contains(error_with(maybe), "is not in base64"));

    auto access = cluster.access();
    access.namespaces = {"web"};
    cluster.put("Secret", "db", {{"values.yaml", "a: b"}});
    auto state = rendered(helm_release("valuesFrom: [" + db + "]"), chart_template("x"), access);
    CHECK(contains(state.errors.at(0).message(), "namespace 'shop', which the binding does not allow"));
    state = rendered(helm_release("valuesFrom: [" + db + "]"), chart_template("x"), {});
    CHECK(state.errors.at(0).code() == ErrorCode::needs_source);
    CHECK(contains(state.errors.at(0).hint(), "--lookup-snapshot"));
  }

  TEST_CASE("lookups are found in rounds, each object once") {
    Cluster cluster;
    cluster.put("ConfigMap", "one", {{"next", "two"}});
    cluster.put("ConfigMap", "two", {{"next", "three"}});
    cluster.put("ConfigMap", "three", {{"next", "end"}});
    const std::string templ = chart_template(
        "{{ $n := \"one\" }}{{ range until 3 }}{{ $n = dig \"data\" \"next\" \"none\" (lookup \"v1\" \"ConfigMap\" \"shop\" "
        "$n) }}"
        "{{ end }}{{ $n }}");
    const auto on = helm_release("lookup: true");
    const auto state = rendered(on, templ, cluster.access());
    CHECK(value_of(state) == "end");
    // `none` was asked for while the answers lacked, and has no part in what came out.
    CHECK(cluster.asked.size() == 4);
    REQUIRE(state.reads.size() == 3);
    CHECK(records_of(state.reads)[0].source == "lookup v1 ConfigMap shop/one");
    cluster.asked.clear();
    CHECK(value_of(rendered(helm_release("releaseName: web"), templ, cluster.access())) == "none");
    CHECK(cluster.asked.empty());
    const auto offline = rendered(on, templ, {});
    CHECK(value_of(offline) == "none");
    REQUIRE(offline.warnings.size() == 1);
    CHECK(contains(offline.warnings[0], "lookup finds nothing"));
  }

  TEST_CASE("a lookup that is refused or not answered is an error, never nothing") {
    Cluster cluster;
    const auto on = helm_release("lookup: true");
    const std::string templ = chart_template("'{{ lookup \"v1\" \"Secret\" \"kube-system\" \"x\" | len }}'");
    CHECK(value_of(rendered(on, templ, cluster.access())) == "0");
    for (const auto& code : {ErrorCode::forbidden, ErrorCode::unavailable, ErrorCode::timeout}) {
      cluster.answers.insert_or_assign({"v1", "Secret", "kube-system", "x"}, Error(code, "no").with_hint("ask somebody"));
      const auto state = rendered(on, templ, cluster.access());
      REQUIRE(state.errors.size() == 1);
      CHECK(state.errors[0].code() == code);
      CHECK(contains(state.errors[0].to_string(), "lookup of Secret kube-system/x: no"));
      CHECK(state.errors[0].hint() == "ask somebody");
      CHECK(state.errors[0].where().line == 5);
    }
    // Asked for only because another answer lacked: what it says is of no interest.
    cluster.answers.insert_or_assign({"v1", "Secret", "kube-system", "x"}, Error(ErrorCode::forbidden, "no"));
    cluster.put("ConfigMap", "there", {});
    CHECK(value_of(rendered(on,
                            chart_template("{{ if not (lookup \"v1\" \"ConfigMap\" \"shop\" \"there\") }}"
                                           "{{ lookup \"v1\" \"Secret\" \"kube-system\" \"x\" }}{{ end }}fine"),
                            cluster.access())) == "fine");
  }

  TEST_CASE("lookups are bounded in number, in rounds and in what they answer") {
    Cluster cluster;
    const auto on = helm_release("lookup: true");
    const auto error_of = [&](const std::string& templ) {
      const auto state = rendered(on, templ, cluster.access());
      REQUIRE(state.errors.size() == 1);
      CHECK(state.errors[0].code() == ErrorCode::too_large);
      return state.errors[0].to_string();
    };
    CHECK(contains(
        error_of(chart_template("{{ range until 101 }}{{ lookup \"v1\" \"Pod\" \"a\" (toString .) | len }}{{ end }}")),
        "lookup"));
    CHECK(cluster.asked.size() <= 100);
    for (int i = 0; i < 20; ++i) cluster.put("ConfigMap", "c" + std::to_string(i), {{"next", "c" + std::to_string(i + 1)}});
    CHECK(contains(
        error_of(chart_template("{{ $n := \"c0\" }}{{ range until 20 }}{{ if $n }}{{ $n = (lookup \"v1\" \"ConfigMap\" "
                                "\"shop\" $n).data.next | default \"\" }}{{ end }}{{ end }}x")),
        "rounds of lookups"));
    cluster.put("ConfigMap", "c0", {{"a", std::string(ReleaseSources::max_lookup_bytes, 'x')}});
    CHECK(contains(error_of(chart_template("{{ lookup \"v1\" \"ConfigMap\" \"shop\" \"c0\" | len }}")),
                   "answer more than 4 MiB"));
  }

  TEST_CASE("where values of Secrets go is hidden, and what quotes them is scrubbed") {
    Cluster cluster;
    cluster.put("Secret", "db", {{"values.yaml", "password: " + canary + "\nopen: opensesame\n"}});
    const auto release = helm_release("lookup: true, valuesFrom: [{secret: {name: db}}]");
    auto state = rendered(release, chart_template("'postgres://{{ .Values.password }}@db'"), cluster.access());
    REQUIRE(state.errors.empty());
    REQUIRE(state.sensitive.size() == 1);
    const auto before = state.render_digest;
    const auto seal = state.seal_digest;
    cluster.put("Secret", "db", {{"values.yaml", "password: changed-pass1\nopen: opensesame\n"}});
    state = rendered(release, chart_template("'postgres://{{ .Values.password }}@db'"), cluster.access());
    CHECK(state.render_digest == before);
    CHECK(state.seal_digest != seal);

    cluster.put("Secret", "db", {{"values.yaml", "password: " + canary + "\nopen: opensesame\n"}});
    for (const char* templ :
         {"{{ fail .Values.password }}", "{{ fail .Values.open }}", "{{ int .Values.password | required \"x\" }}",
          "{{ fail (b64enc .Values.password) }}", "{{ .Values.password.x.y }}", "{{ .Values.password }}: [",
          "{{ index (lookup \"v1\" \"Secret\" \"shop\" \"db\").data \"values.yaml\" | b64dec | fail }}"}) {
      CAPTURE(templ);
      state = rendered(release, chart_template(templ), cluster.access());
      std::string all;
      for (const auto& error : state.errors) all += error.to_string() + error.hint();
      for (const auto& warning : state.warnings) all += warning;
      CHECK_FALSE(contains(all, canary));
      CHECK_FALSE(contains(all, "opensesame"));
      CHECK_FALSE(contains(all, base64_encode(canary)));
    }
    state =
        rendered(release, chart_template("x", "{{ .Values.password | lower }}-{{ .Values.password }}"), cluster.access());
    REQUIRE(state.errors.size() == 1);
    CHECK(contains(state.errors[0].message(), "a value of a Secret would stand in the name"));
    CHECK(state.set == nullptr);
  }

  TEST_CASE("what is called as a secret is looked up, and not told") {
    Cluster cluster;
    cluster.put("Secret", "db", {{"values.yaml", "password: s3cret-pass1\n"}});
    const auto state =
        rendered(helm_release("lookup: true, valuesFrom: [{secret: {name: db}}]"),
                 chart_template("'{{ lookup \"v1\" \"Pod\" \"shop\" .Values.password | len }}'"), cluster.access());
    CHECK(value_of(state) == "0");
    const auto records = records_of(state.reads);
    REQUIRE(records.size() == 2);
    CHECK(records[1].source == "lookup v1 Pod shop/(redacted)");
    CHECK(records[1].digest == "absent");
  }

  TEST_CASE("the same sources render once, changed ones anew") {
    Cluster cluster;
    cluster.put("Secret", "db", {{"values.yaml", "password: first-pass1"}, {"unused", "a"}});
    channels::Channel channel;
    channel.releases.push_back(helm_release("lookup: true, valuesFrom: [{secret: {name: db}}]"));
    const auto shared = std::make_shared<const channels::Channel>(channel);
    const auto tree = tree_of(chart_files(chart_template(
        "{{ .Values.password }}-{{ dig \"data\" \"a\" \"none\" (lookup \"v1\" \"ConfigMap\" \"shop\" \"c\") }}")));
    RenderStage stage({key, "x/", 2, {}, {}, cluster.access()});
    const auto update = [&] {
      CHECK(stage.update(shared, tree, {}).ok());
      return stage.state("web").key;
    };
    const auto first = update();
    CHECK(stage.renders() == 1);
    CHECK(update() == first);
    cluster.put("Secret", "db", {{"values.yaml", "password: first-pass1"}, {"unused", "b"}});
    CHECK(update() == first);
    CHECK(stage.renders() == 1);
    cluster.put("Secret", "db", {{"values.yaml", "password: second-pass1"}});
    const auto second = update();
    CHECK(second != first);
    CHECK(stage.renders() == 2);
    cluster.put("ConfigMap", "c", {{"a", "there"}});
    CHECK(update() != second);
    CHECK(value_of(stage.state("web")) == "second-pass1-there");
    cluster.answers.insert_or_assign({"v1", "ConfigMap", "shop", "c"}, Error(ErrorCode::unavailable, "gone"));
    update();
    CHECK(contains(value_of(stage.state("web")), "gone"));
    cluster.put("ConfigMap", "c", {{"a", "there"}});
    update();
    CHECK(value_of(stage.state("web")) == "second-pass1-there");
    // Between a look and what it is used for.
    stage.release_memory();
    cluster.put("Secret", "db", {{"values.yaml", "password: third-pass1"}});
    const auto again = stage.materialise(channel.releases[0], tree);
    REQUIRE(!again.ok());
    CHECK(again.error().code() == ErrorCode::unavailable);
    CHECK(contains(again.error().message(), "changed meanwhile"));
  }

  TEST_CASE_FIXTURE(RunnerFixture,
                    "a source that is missing stops its release alone; no value of a Secret is told anywhere") {
    Cluster cluster;
    cluster.put("Secret", "db", {{"values.yaml", "password: " + canary + "\n"}});
    spy.answer_look_up = [&](const render::LookupQuestion& question) { return cluster.answer(question); };
    const auto with = [&](const std::string& secret, const std::string& templ) {
      Files files = chart_files(templ);
      for (const auto& [path, text] : chart_files(chart_template("plain", "plain"), "other")) files[path] = text;
      return commit({"  - {name: web, driver: helm, namespace: shop, helm: {chart: chart, valuesFrom: [{secret: {name: " +
                         secret + "}}]}}\n",
                     "  - {name: other, driver: helm, namespace: shop, helm: {chart: other}}\n"},
                    files);
    };
    auto result = run(with("gone", chart_template("x")));
    CHECK(result.state == RunState::failed);
    CHECK(result.failed_releases == 1);
    CHECK(result.retry);
    CHECK(contains(first_error(*this, "web"), "Secret shop/gone does not exist"));
    CHECK(objects().size() == 1);

    const auto good = with("db", chart_template("'url {{ .Values.password }} x'"));
    result = run(good);
    CHECK_MESSAGE(result.state == RunState::deployed, result.message);
    CHECK(objects().size() == 2);
    const auto stored = inventory("web");
    REQUIRE(stored);
    REQUIRE(stored->sources.size() == 1);
    CHECK(stored->sources[0].source == "Secret shop/db values.yaml");
    REQUIRE(stored->sensitive.size() == 1);
    CHECK(run(good).state == RunState::up_to_date);
    cluster.put("Secret", "db", {{"values.yaml", "password: " + canary + "-2\n"}});
    result = run(good, "drift");
    CHECK(result.state == RunState::deployed);
    CHECK(result.updated == 1);
    // A server that quotes, a chart that tells, and a name.
    result = run(with("db", chart_template("{{ fail .Values.password }}")));
    CHECK(result.state == RunState::failed);
    result = run(with("db", chart_template("x", "{{ .Values.password }}")));
    CHECK(contains(first_error(*this, "web"), "a value of a Secret"));
    cluster.answers.insert_or_assign({"v1", "Secret", "shop", "db"}, Error(ErrorCode::forbidden, "no right to read it"));
    result = run(good, "retry");
    CHECK(contains(first_error(*this, "web"), "no right to read it"));
    CHECK(objects().size() == 2);

    std::string all;
    for (const char* kind : {"ConfigMap", "Channel", "Release"}) {
      const auto listed = environment->list({kind == std::string("ConfigMap") ? "" : "gitopsctl.dev", kind, "", ""});
      REQUIRE(listed.ok());
      for (const auto& object : *listed) all += canonical_json(object.body) + canonical_json(object.applied);
    }
    for (const auto& event : events()) all += event.reason + event.message;
    for (const auto& line : deployments()) all += line.message + line.outcome;
    CHECK(all.size() > 1000);
    CHECK_FALSE(contains(all, canary));
    CHECK_FALSE(contains(all, base64_encode(canary)));
  }

  TEST_CASE_FIXTURE(RunnerFixture, "the embedded environment says that it has no values to give") {
    const auto result = run(commit(
        {"  - {name: web, driver: helm, namespace: shop, helm: {chart: chart, valuesFrom: [{configMap: {name: a}}]}}\n"},
        chart_files(chart_template("x"))));
    CHECK(result.failed_releases == 1);
    CHECK(contains(first_error(*this, "web"), "the embedded environment keeps no values"));
  }
}
