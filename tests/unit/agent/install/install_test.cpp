#include "agent/install/install.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "agent/control/control.hpp"
#include "agent/install/install_files.hpp"
#include "base/yaml/yaml.hpp"
#include "tests/support/scratch.hpp"
#include "version_data.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::agent::install;

namespace {

using What = InstallStep::What;

constexpr const char* least =
    "repositories: [{name: shop, url: https://git.example.org/shop.git}]\n"
    "bindings: [{repository: shop, channel: prod}]\n";

Installation installation(const std::string& more = {}) {
  InstallRequest request;
  request.values = {{"least.yaml", least}, {"more.yaml", more}};
  auto out = render_installation(request);
  REQUIRE_MESSAGE(out.ok(), out.error().to_string());
  return *std::move(out);
}

/// A cluster as far as objects go, and what was told of it.
struct Fixture {
  support::ScratchDir directory;
  ManualClock clock{*parse_time("2026-11-21T12:00:00Z")};
  std::unique_ptr<Environment> environment = *open_embedded_environment(directory / "env.db", clock);
  std::map<std::string, What> told;
  InstallProgress progress = [this](const InstallStep& step) { told[step.id.to_string()] = step.what; };

  void apply(const Installation& which) {
    told.clear();
    const auto done = apply_installation(*environment, which, progress);
    REQUIRE_MESSAGE(done.ok(), done.error().to_string());
  }
  [[nodiscard]] bool there(const render::ObjectId& id) const { return environment->get(id)->has_value(); }
  /// Everything of every kind that the chart or the agent makes.
  [[nodiscard]] std::set<std::string> everything() const {
    std::set<std::string> out;
    for (const auto& [group, kind] :
         std::initializer_list<std::pair<const char*, const char*>>{{"", "Namespace"},
                                                                    {"", "ConfigMap"},
                                                                    {"", "Secret"},
                                                                    {"", "Service"},
                                                                    {"", "ServiceAccount"},
                                                                    {"apps", "Deployment"},
                                                                    {"rbac.authorization.k8s.io", "Role"},
                                                                    {"rbac.authorization.k8s.io", "RoleBinding"},
                                                                    {"rbac.authorization.k8s.io", "ClusterRole"},
                                                                    {"rbac.authorization.k8s.io", "ClusterRoleBinding"},
                                                                    {"networking.k8s.io", "NetworkPolicy"},
                                                                    {"policy", "PodDisruptionBudget"},
                                                                    {"apiextensions.k8s.io", "CustomResourceDefinition"},
                                                                    {"gitopsctl.dev", "Channel"},
                                                                    {"gitopsctl.dev", "Release"},
                                                                    {"gitopsctl.dev", "Approval"}}) {
      for (const auto& object : *environment->list({group, kind, "", ""})) out.insert(object.id.to_string());
    }
    return out;
  }
  /// Something that belongs to nobody here.
  void put(const render::ObjectId& id, const Value& labels, const Value& annotations = Value::map()) {
    Value metadata = make_map({{"name", Value::string(id.name)}, {"labels", labels}, {"annotations", annotations}});
    if (!id.namespace_.empty()) metadata.set("namespace", Value::string(id.namespace_));
    const std::string version = id.group.empty() ? "v1" : id.group + "/v1";
    const Value body =
        make_map({{"apiVersion", Value::string(version)}, {"kind", Value::string(id.kind)}, {"metadata", metadata}});
    const auto done = environment->put({id, version, body, "", 0}, "", {});
    REQUIRE_MESSAGE(done.ok(), done.error().to_string());
  }
};

const render::ObjectId cluster_role{"rbac.authorization.k8s.io", "ClusterRole", "", "gitopsctl-system:gitopsctl:releases"};
const render::ObjectId deployment{"apps", "Deployment", "gitopsctl-system", "gitopsctl"};

/// Whether a rule of any Role or ClusterRole has a star.
bool has_star(const Installation& which) {
  for (const auto& object : which.objects) {
    if (object.id.group != "rbac.authorization.k8s.io" || object.body.find("rules") == nullptr) continue;
    for (const auto& rule : object.body.find("rules")->as_list()) {
      for (const char* key : {"apiGroups", "resources", "verbs", "nonResourceURLs"}) {
        if (rule.find(key) == nullptr) continue;
        for (const auto& word : rule.find(key)->as_list()) {
          if (word.as_string().find('*') != std::string_view::npos) return true;
        }
      }
    }
  }
  return false;
}

}  // namespace

TEST_SUITE("agent/install") {
  TEST_CASE("the chart has the version of the program that carries it") {
    const auto files = install_files();
    const auto chart = std::find_if(files.begin(), files.end(), [](const auto& file) { return file.path == "Chart.yaml"; });
    REQUIRE(chart != files.end());
    const auto value = parse_yaml(chart->content, {}, "Chart.yaml");
    REQUIRE(value.ok());
    const std::string version(value->string_at({"appVersion"}));
    CHECK(std::string_view(GITOPSCTL_VERSION).starts_with(version));
    CHECK(value->string_at({"version"}) == version);
  }

  TEST_CASE("two renders are equal, and hold no key") {
    const auto one = installation();
    CHECK(one.text == installation().text);
    CHECK(one.installation == "default");
    CHECK(std::none_of(one.objects.begin(), one.objects.end(), [](const auto& object) { return object.is_secret(); }));
  }

  TEST_CASE("the pod may do nothing that it needs not") {
    const auto all = installation("secretFiles: [git]\n");
    const auto found =
        std::find_if(all.objects.begin(), all.objects.end(), [](const auto& object) { return object.id == deployment; });
    REQUIRE(found != all.objects.end());
    const Value* pod = found->body.find_path({"spec", "template", "spec"});
    REQUIRE(pod != nullptr);
    CHECK(pod->find_path({"securityContext", "runAsNonRoot"})->as_bool());
    CHECK(pod->string_at({"securityContext", "seccompProfile", "type"}) == "RuntimeDefault");
    const Value& container = pod->find("containers")->as_list().front();
    CHECK(container.find_path({"securityContext", "readOnlyRootFilesystem"})->as_bool());
    CHECK_FALSE(container.find_path({"securityContext", "allowPrivilegeEscalation"})->as_bool());
    CHECK(container.find_path({"securityContext", "capabilities", "drop"})->as_list().front().as_string() == "ALL");
    // Go reads 0440 as octal; a mode of 440 would let everybody write.
    for (const auto& volume : pod->find("volumes")->as_list()) {
      if (const Value* mode = volume.find_path({"secret", "defaultMode"}); mode != nullptr) CHECK(mode->as_int() == 0440);
    }
  }

  TEST_CASE("beside namespaces there is no rule with a star and nothing that holds in the whole cluster") {
    const auto some = installation("namespaces: [web, db]\nrbac: {escalate: true, bind: true}\n");
    CHECK_FALSE(has_star(some));
    for (const auto& object : some.objects) {
      if (object.id.group == "rbac.authorization.k8s.io")
        CHECK_MESSAGE(!object.id.namespace_.empty(), object.id.to_string());
    }
    CHECK(has_star(installation()));
  }

  TEST_CASE("a right to become more is there only where it was asked for") {
    const auto verbs = [](const std::string& values) {
      std::set<std::string> out;
      for (const auto& object : installation(values).objects) {
        const Value* rules = object.body.find("rules");
        if (object.id.group != "rbac.authorization.k8s.io" || rules == nullptr) continue;
        for (const auto& rule : rules->as_list()) {
          for (const auto& verb : rule.find("verbs")->as_list()) out.emplace(verb.as_string());
        }
      }
      return out;
    };
    const std::set<std::string> plain{"create", "delete", "get", "list", "patch", "update", "watch"};
    CHECK(verbs("") == plain);
    CHECK(verbs("namespaces: [web]\n") == plain);
    CHECK(verbs("rbac: {escalate: true}\n").contains("escalate"));
    CHECK_FALSE(verbs("rbac: {escalate: true}\n").contains("bind"));
    CHECK(verbs("bindings: [{repository: shop, channel: prod, serviceAccount: web/deployer}]\n").contains("impersonate"));
  }

  TEST_CASE("mistakes in values are said with what is wrong") {
    InstallRequest request;
    CHECK_FALSE(render_installation(request).ok());
    request.values = {{"a.yaml", least}, {"b.yaml", "replica: 2\n"}};
    const auto unknown = render_installation(request);
    REQUIRE_FALSE(unknown.ok());
    CHECK(unknown.error().to_string().find("there is no such value") != std::string::npos);
    request.values = {{"a.yaml", least}, {"dir/a.yaml", "a: [\n"}};
    CHECK_FALSE(render_installation(request).ok());
    request.values = {{"a.yaml", least}};
    request.namespace_ = "Not A Name";
    CHECK_FALSE(render_installation(request).ok());
  }

  TEST_CASE("what the agent would refuse in its file is found before anything is applied") {
    InstallRequest request;
    request.values = {{"least.yaml", least}, {"more.yaml", "config: {drift: {interval: soon}}\n"}};
    auto bad = render_installation(request);
    REQUIRE_FALSE(bad.ok());
    CHECK(bad.error().to_string().find("the agent's file that the values make") != std::string::npos);
    CHECK(bad.error().to_string().find("interval") != std::string::npos);
    request.values[1].text = "bindings: [{repository: shop, channel: prod}, {repository: shopp, channel: test}]\n";
    bad = render_installation(request);
    REQUIRE_FALSE(bad.ok());
    CHECK(bad.error().to_string().find("no repository is named 'shopp'") != std::string::npos);
  }

  TEST_CASE_FIXTURE(Fixture, "an installation is applied once, and a second time nothing changes") {
    const auto first = installation();
    apply(first);
    CHECK(told.at("Namespace gitopsctl-system") == What::created);
    CHECK(told.at(deployment.to_string()) == What::created);
    apply(first);
    for (const auto& [id, what] : told) CHECK_MESSAGE((what == What::unchanged || what == What::kept), id);
  }

  TEST_CASE_FIXTURE(Fixture, "rights that an upgrade no longer has are taken away") {
    apply(installation());
    REQUIRE(there(cluster_role));
    apply(installation("namespaces: [web]\n"));
    CHECK_FALSE(there(cluster_role));
    CHECK(told.at(cluster_role.to_string()) == What::removed);
    CHECK(there({"rbac.authorization.k8s.io", "Role", "web", "gitopsctl-system:gitopsctl:releases"}));
    CHECK(there(deployment));
  }

  TEST_CASE_FIXTURE(Fixture, "what is somebody else's stops the installation before anything is written") {
    put({"", "Namespace", "", "gitopsctl-system"}, Value::map());
    put(cluster_role, make_map({{"app.kubernetes.io/name", Value::string("other")}}));
    put(deployment, make_map({{"app.kubernetes.io/name", Value::string("gitopsctl")}}),
        make_map({{"meta.helm.sh/release-name", Value::string("gitopsctl")}}));
    const auto before = everything();
    const auto refused = apply_installation(*environment, installation(), progress);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().to_string().find("ClusterRole") != std::string::npos);
    REQUIRE(refused.error().others().size() == 1);
    CHECK(refused.error().others().front().to_string().find("helm release") != std::string::npos);
    CHECK(everything() == before);
  }

  TEST_CASE_FIXTURE(Fixture, "the name of an installation does not change") {
    apply(installation());
    CHECK_FALSE(apply_installation(*environment, installation("installation: blue\n"), progress).ok());
  }

  TEST_CASE_FIXTURE(Fixture, "a deploy key is made once") {
    const auto which = installation();
    apply(which);
    const auto first = make_deploy_key(which, "shop");
    const auto second = make_deploy_key(which, "shop");
    REQUIRE(first.ok());
    REQUIRE(second.ok());
    REQUIRE(first->public_text != second->public_text);
    CHECK(*apply_deploy_key(*environment, *first, progress) == first->public_text);
    CHECK(*apply_deploy_key(*environment, *second, progress) == first->public_text);
    CHECK_FALSE(make_deploy_key(which, "../shop").ok());
  }

  TEST_CASE_FIXTURE(Fixture, "uninstalling wants the name said, and leaves what a new installation needs") {
    const ChannelKey key{"default", "shop", "prod"};
    apply(installation());
    const auto id = *channel_object_id(*environment, key);
    REQUIRE(update_object(*environment, id, [&](Value& body) { describe_owner(body, key); }).ok());
    put({"", "Secret", "gitopsctl-system", "gitopsctl-key-default"}, Value::map());

    UninstallRequest request;
    CHECK_FALSE(uninstall(*environment, request, progress).ok());
    CHECK(there(deployment));
    request.confirm = "default";
    told.clear();
    REQUIRE(uninstall(*environment, request, progress).ok());
    CHECK_FALSE(there(deployment));
    CHECK_FALSE(there(cluster_role));
    CHECK(there(id));
    CHECK(there({"", "Secret", "gitopsctl-system", "gitopsctl-key-default"}));
    CHECK(there({"apiextensions.k8s.io", "CustomResourceDefinition", "", "channels.gitopsctl.dev"}));
    CHECK(uninstall(*environment, request, progress).ok());
    apply(installation());
    CHECK(there(deployment));
    // What stayed can go later.
    REQUIRE(uninstall(*environment, request, progress).ok());
    request.purge = true;
    REQUIRE(uninstall(*environment, request, progress).ok());
    CHECK(everything() == std::set<std::string>{});
    CHECK_FALSE(uninstall(*environment, request, progress).ok());
  }

  TEST_CASE_FIXTURE(Fixture, "what helm installed beside it keeps the definitions and the home namespace") {
    apply(installation());
    put({"", "Secret", "gitopsctl-system", "gitopsctl-key-blue"}, Value::map());
    UninstallRequest request;
    request.confirm = "default";
    request.purge = true;
    REQUIRE(uninstall(*environment, request, progress).ok());
    CHECK(there({"", "Namespace", "", "gitopsctl-system"}));
    CHECK(there({"apiextensions.k8s.io", "CustomResourceDefinition", "", "channels.gitopsctl.dev"}));
    CHECK_FALSE(there(deployment));
  }

  TEST_CASE_FIXTURE(Fixture, "a purge leaves nothing, and nobody else's object goes") {
    put({"", "ConfigMap", "web", "bystander"}, make_map({{"app.kubernetes.io/name", Value::string("gitopsctl")}}));
    const auto before = everything();
    const auto which = installation("namespaces: [web]\n");
    apply(which);
    REQUIRE(apply_deploy_key(*environment, *make_deploy_key(which, "shop"), progress).ok());
    for (const char* name : {"default", "other"}) {
      const ChannelKey key{name, "shop", std::string("prod-") + name};
      const auto id = *channel_object_id(*environment, key);
      REQUIRE(update_object(*environment, id, [&](Value& body) { describe_owner(body, key); }).ok());
      Approval approval;
      approval.digest = "sha256:0";
      approval.by = "somebody";
      REQUIRE(write_approval(*environment, key, approval).ok());
    }
    put({"", "Secret", "gitopsctl-system", "gitopsctl-key-default"}, Value::map());
    UninstallRequest request;
    request.confirm = "default";
    request.purge = true;
    const auto done = uninstall(*environment, request, progress);
    REQUIRE_MESSAGE(done.ok(), done.error().to_string());
    auto left = everything();
    for (const auto& object : before) CHECK_MESSAGE(left.erase(object) == 1, object);
    // What is left is what the other installation needs.
    std::erase_if(left, [](const std::string& object) {
      return object.find("CustomResourceDefinition") != std::string::npos || object == "Namespace gitopsctl-system";
    });
    CHECK(std::all_of(left.begin(), left.end(),
                      [](const std::string& object) { return object.find("prod-other") != std::string::npos; }));
    CHECK(left.size() == 2);
  }

  TEST_CASE_FIXTURE(Fixture, "a purge waits until nothing is deployed") {
    apply(installation());
    put({"", "ConfigMap", "web", "gitopsctl-prod-web-0123abcd"},
        make_map({{"app.kubernetes.io/managed-by", Value::string("gitopsctl")},
                  {"applyset.kubernetes.io/id", Value::string("applyset-x-v1")}}),
        make_map({{"gitopsctl.dev/identity", Value::string("default/shop/prod/web")}}));
    const auto before = everything();
    UninstallRequest request;
    request.confirm = "default";
    request.purge = true;
    const auto refused = uninstall(*environment, request, progress);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().to_string().find("default/shop/prod/web") != std::string::npos);
    CHECK(everything() == before);
  }

  TEST_CASE_FIXTURE(Fixture, "definitions stay while another installation needs them") {
    apply(installation());
    InstallRequest request;
    request.namespace_ = "blue";
    request.values = {{"least.yaml", least}, {"blue.yaml", "installation: blue\n"}};
    const auto second = render_installation(request);
    REQUIRE(second.ok());
    apply(*second);
    UninstallRequest first;
    first.confirm = "default";
    first.purge = true;
    REQUIRE(uninstall(*environment, first, progress).ok());
    CHECK(there({"apiextensions.k8s.io", "CustomResourceDefinition", "", "channels.gitopsctl.dev"}));
    CHECK(there({"apps", "Deployment", "blue", "gitopsctl"}));
  }
}
