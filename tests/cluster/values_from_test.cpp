// Values and lookups out of a real API server, with the rights of the binding's account and no others; and nothing of a
// Secret anywhere that people or logs see.

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "agent/reconcile/preview.hpp"
#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "channels/report/report.hpp"
#include "tests/cluster/cluster_fixture.hpp"
#include "tests/support/need_control_plane.hpp"
#include "tests/support/service_account.hpp"

namespace gitopsctl::tests {
namespace {

using namespace agent;
using support::ControlPlane;

const std::string canary = "CANARY-7f3a9c";

/// A channel of releases that are charts of one ConfigMap each.
class ValuesChannel {
 public:
  ValuesChannel(Environment& environment, std::string space)
      : channel(environment, space), space_(std::move(space)), number_('0') {}

  /// `helm` are further members of the release's helm section, `value` is what its template makes of `data.value`.
  struct Wanted {
    std::string name;
    std::string helm;
    std::string value;
  };
  channels::CommitId commit(const std::vector<Wanted>& releases) {
    std::string text = "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: " + channel.key.channel + "\nreleases:\n";
    auto tree = std::make_shared<MemoryTree>();
    for (const auto& [name, helm, value] : releases) {
      text += "  - {name: " + name + ", driver: helm, namespace: " + space_ + ", helm: {chart: " + name +
              (helm.empty() ? "" : ", " + helm) + "}}\n";
      tree->add(*TreePath::parse(name + "/Chart.yaml"), "apiVersion: v2\nname: " + name + "\nversion: 1.0.0\n");
      tree->add(*TreePath::parse(name + "/templates/a.yaml"),
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: out-" + name + "}\ndata: {value: " + value + "}\n");
    }
    tree->add(*TreePath::parse(".gitopsctl/channels/" + channel.key.channel + ".yaml"), text);
    const channels::CommitId id(40, ++number_);
    channel.trees[id] = tree;
    return id;
  }
  RunResult run(const std::vector<Wanted>& releases) { return channel.run(commit(releases)); }

  ClusterChannel channel;

 private:
  std::string space_;
  char number_;
};

std::string value_in(ControlPlane& plane, const std::string& space, const std::string& name) {
  return plane.kubectl({"get", "configmap", name, "-n", space, "--ignore-not-found", "-o", "jsonpath={.data.value}"});
}

void put_secret(ControlPlane& plane, const std::string& space, const std::string& name, const std::string& password) {
  plane.apply("apiVersion: v1\nkind: Secret\nmetadata: {name: " + name + ", namespace: " + space +
              "}\nstringData: {values.yaml: 'password: \"" + password + "\"', plain: \"" + password + "\"}\n");
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// What `gitopsctl diff` shows of the channel at `id`, in all its forms.
std::string difference(ValuesChannel& values, Environment& cluster, const channels::CommitId& id) {
  ClusterChannel& channel = values.channel;
  const auto tree = channel.trees.at(id);
  const auto file = must(channels::load_channel(*tree, channel.key.channel));
  std::vector<RenderState> states;
  for (const auto& release : file.releases) {
    states.push_back(render_with_notes(release, tree, channel.setup.installation_key,
                                       "home/shop/" + channel.key.channel + "/" + release.name, false, {}, {},
                                       sources_in(cluster, {})));
  }
  const auto changes = must(preview_live(cluster, channel.key, file, states, id, {}, channel.setup.installation_key));
  return channels::report_table(changes, {}) + channels::report_markdown(changes, {}) +
         canonical_json(channels::report_value(changes));
}

/// Everything that the channel writes about itself.
std::string told(ControlPlane& plane, const std::string& space) {
  std::string out =
      plane.kubectl({"get", "channels.gitopsctl.dev,configmaps,events", "-n", "gitopsctl-system", "-o", "yaml"});
  out += plane.kubectl({"get", "releases.gitopsctl.dev,events", "-n", space, "-o", "yaml"});
  return out + plane.kubectl({"get", "configmaps", "-n", space, "-l", "applyset.kubernetes.io/id", "-o", "yaml"});
}

}  // namespace

TEST_SUITE("cluster values") {
  TEST_CASE("values come from objects of the namespace as the account of the binding reads them") {
    auto* plane = need_control_plane("values of objects in a cluster");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("values");
    const support::ServiceAccount account(
        *plane, space, "deployer",
        {{R"({apiGroups: [""], resources: [configmaps], verbs: [get, list, watch, create, update, patch, delete]})",
          R"({apiGroups: [""], resources: [secrets], resourceNames: [db], verbs: [get]})"},
         {},
         {}});
    auto settings = admin_settings(*plane);
    settings.impersonate = space + "/deployer";
    settings.namespaces = {space};
    const auto cluster = open_cluster(settings);
    ValuesChannel values(*cluster, space);
    using Wanted = ValuesChannel::Wanted;
    plane->apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: " + space +
                 "}\ndata: {values.yaml: 'host: db.example.org'}\n");
    put_secret(*plane, space, "db", canary + "-1");
    put_secret(*plane, space, "hidden", canary + "-hidden");
    const std::string from = "valuesFrom: [{configMap: {name: settings}}, {secret: {name: db}}]";
    const Wanted web{"web", from, "'postgres://{{ .Values.password }}@{{ .Values.host }}'"};
    const auto other = [](const std::string& value) { return Wanted{"other", "", value}; };

    const auto first = values.commit({web, other("a")});
    CHECK(has(difference(values, *cluster, first), "out-web"));
    std::string shown_to_people = difference(values, *cluster, first);
    auto result = values.channel.run(first);
    REQUIRE_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(value_in(*plane, space, "out-web") == "postgres://" + canary + "-1@db.example.org");
    CHECK(values.channel.run(first).state == RunState::up_to_date);

    // A changed Secret is rendered anew, by the same process and by a new one.
    put_secret(*plane, space, "db", canary + "-2");
    const std::string between = difference(values, *cluster, first);
    CHECK(has(between, "(redacted"));
    shown_to_people += between;
    result = values.channel.run(first, "drift");
    CHECK_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(result.updated == 1);
    CHECK(value_in(*plane, space, "out-web") == "postgres://" + canary + "-2@db.example.org");
    put_secret(*plane, space, "db", canary + "-3");
    values.channel.restart();
    result = values.channel.run(first, "start");
    CHECK_MESSAGE(result.updated == 1, shown(result));
    CHECK(value_in(*plane, space, "out-web") == "postgres://" + canary + "-3@db.example.org");

    // What cannot be read stops its release; the others go on, and nothing of it changes.
    plane->kubectl({"delete", "configmap", "settings", "-n", space});
    const auto stops_alone = [&](const Wanted& wanted, const std::string& next, const std::string& why) {
      CAPTURE(why);
      result = values.run({wanted, other(next)});
      CHECK_MESSAGE(result.state == RunState::failed, shown(result));
      CHECK(result.failed_releases == 1);
      CHECK_MESSAGE(has(result.failures["web"], why), shown(result));
      CHECK(result.removed == 0);
      CHECK(value_in(*plane, space, "out-other") == next);
      CHECK(value_in(*plane, space, "out-web") == "postgres://" + canary + "-3@db.example.org");
      for (const auto& [name, error] : result.failures) shown_to_people += error;
    };
    stops_alone(web, "b", "ConfigMap " + space + "/settings does not exist");
    const auto reading = [&](const std::string& entry) { return Wanted{"web", "valuesFrom: [" + entry + "]", "x"}; };
    stops_alone(reading("{secret: {name: hidden}}"), "c", account.user());
    stops_alone(reading("{secret: {name: hidden, optional: true}}"), "d", account.user());
    stops_alone(reading("{secret: {name: db, namespace: kube-system}}"), "e", "from the release's own namespace");
    stops_alone(reading("{secret: {name: db, key: other}}"), "f", "has no key 'other'");
    stops_alone({"web", "valuesFrom: [{secret: {name: db}}]", "'{{ fail .Values.password }}'"}, "g", "(redacted)");

    // Without an account nobody's rights are lent.
    auto own = admin_settings(*plane);
    own.namespaces = {space};
    const auto unbound = open_cluster(own);
    ValuesChannel refused(*unbound, space);
    result = refused.run({reading("{secret: {name: db}}"), other("h")});
    CHECK_MESSAGE(has(result.failures["web"], "the channel's binding names no service account"), shown(result));
    CHECK(value_in(*plane, space, "out-other") == "h");

    shown_to_people += told(*plane, space);
    CHECK(shown_to_people.size() > 5'000);
    CHECK_FALSE(has(shown_to_people, canary));
    CHECK_FALSE(has(shown_to_people, base64_encode(canary).substr(0, 16)));
  }

  TEST_CASE("lookups see what the account of the binding sees") {
    auto* plane = need_control_plane("lookups in a cluster");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("lookup");
    const std::string away = plane->fresh_namespace("away");
    const support::ServiceAccount account(
        *plane, space, "deployer",
        {{R"({apiGroups: [""], resources: [configmaps, secrets], verbs: [get, list, watch, create, update, patch, delete]})"},
         {},
         {R"({apiGroups: [""], resources: [namespaces], verbs: [get]})"}});
    auto settings = admin_settings(*plane);
    settings.impersonate = space + "/deployer";
    settings.namespaces = {space};
    const auto cluster = open_cluster(settings);
    ValuesChannel values(*cluster, space);
    put_secret(*plane, space, "db", canary);
    put_secret(*plane, away, "db", canary);
    const auto run = [&](const std::string& value, const std::string& helm = "lookup: true") {
      return values.run({{"web", helm, value}, {"other", "", "x"}});
    };
    const auto made = [&] { return value_in(*plane, space, "out-web"); };
    const auto secret = [](const std::string& name_space, const std::string& name) {
      return "lookup \"v1\" \"Secret\" \"" + name_space + "\" \"" + name + "\"";
    };

    auto result = run("'{{ (" + secret(space, "db") + ").data.plain | b64dec }}'");
    REQUIRE_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(made() == canary);
    result = run("'{{ " + secret(space, "gone") + " | len }} {{ (" + secret(space, "") +
                 ").kind }} {{ (lookup \"v1\" \"Namespace\" \"\" \"" + space +
                 "\").metadata.name }} {{ lookup \"example.org/v1\" \"Thing\" \"x\" \"y\" | len }}'");
    REQUIRE_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(made() == "0 SecretList " + space + " 0");
    result = run("'{{ (" + secret(space, "db") + ").data }}'", "releaseName: web");
    REQUIRE_MESSAGE(result.state == RunState::deployed, shown(result));
    CHECK(made().empty());
    // Another namespace, all of them, a kind outside of them, also hidden in tpl.
    std::string errors;
    for (const auto& value :
         {"'{{ " + secret(away, "db") + " }}'", "'{{ " + secret("", "") + " }}'", "'{{ " + secret(away, "") + " }}'",
          std::string("'{{ lookup \"v1\" \"Node\" \"\" \"\" }}'"), "'{{ tpl `{{ " + secret(away, "db") + " }}` . }}'"}) {
      CAPTURE(value);
      result = run(value);
      CHECK(result.failed_releases == 1);
      CHECK_MESSAGE(has(result.failures["web"], account.user()), shown(result));
      errors += shown(result);
    }
    CHECK(made().empty());

    const auto unbound = open_cluster(admin_settings(*plane));
    ValuesChannel refused(*unbound, space);
    result = refused.run({{"web", "lookup: true", "'{{ " + secret(space, "db") + " }}'"}, {"other", "", "second"}});
    CHECK_MESSAGE(has(result.failures["web"], "names no service account"), shown(result));
    CHECK(value_in(*plane, space, "out-other") == "second");
    CHECK_FALSE(has(errors + told(*plane, space), canary));
    CHECK_FALSE(has(errors + told(*plane, space), base64_encode(canary).substr(0, 16)));
  }
}

}  // namespace gitopsctl::tests
