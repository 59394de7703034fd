#include <doctest/doctest.h>

#include "agent/reconcile/preview.hpp"
#include "agent/reconcile/render_stage.hpp"
#include "base/json/json.hpp"
#include "tests/unit/agent/reconcile/runner_fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::tests;

// What a rendering may not reach, whatever it says: the objects that the agent is steered by, other channels' objects, and
// the eyes of those who may not see its secrets.

TEST_SUITE("agent/reconcile borders") {
  TEST_CASE_FIXTURE(RunnerFixture, "a rendered control object fails its release and changes nothing that steers us") {
    const ChannelKey prod{"home", "shop", "prod"};
    const auto prod_id = *channel_object_id(*other, prod);
    edit_by_hand(prod_id, [&](Value& body) {
      describe_owner(body, prod);
      body.child_map("spec").set("suspend", Value::boolean(true));
    });
    const Files good{{"web/a.yaml", config_map("a", "1")}, {"evil/b.yaml", config_map("b", "1")}};
    run(commit({release("web"), release("evil")}, good));
    const std::string label = channel_label(prod);
    const std::string approval =
        "apiVersion: gitopsctl.dev/v1\nkind: Approval\nmetadata:\n  name: forged\n"
        "  namespace: gitopsctl-system\n  labels: {gitopsctl.dev/channel-id: " +
        label.substr(label.find('=') + 1) + "}\nspec: {digest: \"sha256:1\", deletes: true, by: eve}\n";
    const std::string channel =
        "apiVersion: gitopsctl.dev/v1\nkind: Channel\nmetadata: {name: prod, namespace: gitopsctl-system}\n"
        "spec: {suspend: false}\n";
    const std::string inventory = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + inventory_id("web").name +
                                  ", namespace: shop}\ndata: {inventory: \"{}\"}\n";
    for (const auto& forged : {approval, channel, inventory}) {
      Files files = good;
      files["web/a.yaml"] = config_map("a", "2");
      files["evil/b.yaml"] = config_map("b", "2") + forged;
      const auto result = run(commit({release("web"), release("evil")}, files));
      CHECK(result.failed_releases == 1);
      CHECK(contains(first_error(*this, "evil"), "evil/b.yaml"));
      CHECK(contains(first_error(*this, "evil"), "no release may write"));
      CHECK(live("a")->body.string_at({"data", "value"}) == "2");
      CHECK(live("b")->body.string_at({"data", "value"}) == "1");
      CHECK(read_switches(*other, prod)->suspend);
      CHECK(list_approvals(*other, prod)->empty());
      CHECK(this->inventory("web")->prune);
      run(commit({release("web"), release("evil")}, good));
    }
    CHECK(objects().size() == 2);
  }

  TEST_CASE_FIXTURE(RunnerFixture, "what another channel makes between our plan and our write stays that channel's") {
    const auto first =
        commit({release("web"), release("db")},
               {{"web/all.yaml", config_map("a", "1") + config_map("x", "1")}, {"db/b.yaml", config_map("b", "1")}});
    spy.before_write([&](const std::string& write) -> std::optional<Error> {
      if (write == "apply ConfigMap/shop/a") write_by_hand("x", "theirs", "applyset-of-another-channel-v1");
      return std::nullopt;
    });
    const auto result = run(first);
    spy.before_write({});
    CHECK(result.failed_releases == 1);
    CHECK(result.retry);
    CHECK(contains(first_error(*this, "web"), "ConfigMap shop/x"));
    CHECK(contains(first_error(*this, "web"), "applyset-of-another-channel-v1"));
    CHECK(live("x")->label("applyset.kubernetes.io/part-of") == "applyset-of-another-channel-v1");
    CHECK(live("x")->body.string_at({"data", "value"}) == "theirs");
    CHECK(live("b")->body.string_at({"data", "value"}) == "1");
    // Nor is it removed when we no longer want it.
    CHECK(run(first, "retry").failed_releases == 1);
    CHECK(run(commit({release("web"), release("db")},
                     {{"web/a.yaml", config_map("a", "1")}, {"db/b.yaml", config_map("b", "1")}}))
              .state == RunState::deployed);
    CHECK(live("x")->body.string_at({"data", "value"}) == "theirs");
    CHECK(owned("web") == std::vector<std::string>{"a"});
  }

  TEST_CASE_FIXTURE(RunnerFixture, "what a failed rendering stumbled over is in no status, event, history or condition") {
    const std::string chart =
        "  - {name: chart, driver: helm, namespace: shop, helm: {chart: chart, valueFiles: [values.yaml]}}\n";
    const Files base{{"chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n"},
                     {"values.yaml", "password: \"*S3cret-7f3a9\"\ndsn: \"postgres://u:S3cret-7f3a9%zz@h\"\n"},
                     {"web/a.yaml", config_map("a", "1")}};
    const auto everything = [&] {
      std::string out;
      for (const char* kind : {"Channel", "Release"}) {
        for (const auto& object : *other->list({"gitopsctl.dev", kind, "", ""})) out += canonical_json(object.body);
      }
      for (const auto& event : events()) out += event.message + '\n';
      for (const auto& line : deployments()) {
        out += line.message + '\n';
        for (const auto& one : *store->deployment_releases(line.id)) out += one.message + '\n';
      }
      return out;
    };
    const std::map<std::string, std::string> broken{
        {"kind: Secret\npassword: {{ .Values.password }}\n", "unknown anchor"},
        {"dsn: {{ urlParse .Values.dsn }}\n", "error calling urlParse"},
        {"{{ fail (printf \"%s is too short\" .Values.password) }}\n", "is too short"},
    };
    for (const auto& [text, words] : broken) {
      CAPTURE(text);
      Files files = base;
      files["chart/templates/a.yaml"] = text;
      CHECK(run(commit({release("web"), chart}, files)).failed_releases == 1);
      CHECK(contains(first_error(*this, "chart"), "chart/templates/a.yaml"));
      CHECK(contains(first_error(*this, "chart"), words));
      const auto said = everything();
      CHECK(contains(said, words));
      CHECK_FALSE(contains(said, "S3cret"));
      CHECK_FALSE(contains(said, "%zz"));
    }
  }

  TEST_CASE_FIXTURE(RunnerFixture,
                    "a preview hides what was sensitive when it was deployed, whatever the commit to come says") {
    const std::string sensitive = "sensitive: [{kind: ConfigMap, path: data.value}]";
    const Files before{{"web/a.yaml", config_map("a", "S3cret-a")}, {"old/b.yaml", config_map("b", "S3cret-b")}};
    run(commit({release("web", sensitive), release("old", sensitive)}, before));
    const auto preview = [&](const std::vector<std::string>& releases, const Files& files) {
      const auto id = commit(releases, files);
      const auto channel = channels::load_channel(*trees.at(id), "test");
      REQUIRE(channel.ok());
      std::vector<RenderState> states;
      for (const auto& one : channel->releases)
        states.push_back(render_with_notes(one, trees.at(id), setup.installation_key, "x"));
      const auto changes = preview_live(*other, key, *channel, states, id, {}, setup.installation_key);
      REQUIRE(changes.ok());
      std::string out;
      for (const auto& one : changes->releases) {
        for (const auto& change : one.changes) out += canonical_json(change.before) + canonical_json(change.after);
      }
      CHECK(contains(out, "(redacted"));
      return out;
    };
    const Files open{{"web/a.yaml", config_map("a", "public")}, {"old/b.yaml", config_map("b", "S3cret-b")}};
    // It left the file.
    CHECK_FALSE(contains(preview({release("web", sensitive)}, {{"web/a.yaml", config_map("a", "S3cret-a")}}), "S3cret"));
    // The commit dropped the path together with the value.
    CHECK_FALSE(contains(preview({release("web"), release("old", sensitive)}, open), "S3cret"));
    // Another release takes the object over.
    CHECK_FALSE(contains(preview({release("web", sensitive), release("new")},
                                 {{"web/a.yaml", config_map("a", "S3cret-a")}, {"new/b.yaml", config_map("b", "public")}}),
                         "S3cret"));
    // So does the same one under another name.
    CHECK_FALSE(contains(preview({release("web", sensitive), release("new", "renamedFrom: old")},
                                 {{"web/a.yaml", config_map("a", "S3cret-a")}, {"new/b.yaml", config_map("b", "public")}}),
                         "S3cret"));
  }
}
