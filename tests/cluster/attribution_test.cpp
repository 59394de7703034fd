// Where each line of a live plan comes from, on a server with defaulting, a mutating policy, an autoscaler-like second
// manager and hands that edit: every line is labelled by who made it, and the plan must say the same.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/demo/demo_files.hpp"
#include "agent/reconcile/preview.hpp"
#include "base/crypto/digest.hpp"
#include "base/files/file_tree.hpp"
#include "base/json/json.hpp"
#include "channels/report/report.hpp"
#include "tests/cluster/cluster_fixture.hpp"
#include "tests/support/control_plane.hpp"
#include "tests/support/need_control_plane.hpp"
#include "tests/support/not_run.hpp"

namespace gitopsctl::tests {
namespace {

using namespace agent;
using channels::ChangeSet;

/// The plan that `gitopsctl diff --live` shows for a commit.
ChangeSet plan_of(ClusterChannel& channel, const channels::CommitId& commit) {
  const FileTreePtr tree = channel.trees.at(commit);
  const auto loaded = must(channels::load_channel(*tree, channel.key.channel));
  const std::string prefix = channel.key.installation + '/' + channel.key.repository + '/' + channel.key.channel + '/';
  std::vector<RenderState> states;
  for (const auto& release : loaded.releases) {
    states.push_back(render_with_notes(release, tree, channel.setup.installation_key, prefix + release.name));
  }
  return must(preview_live(channel.environment, channel.key, loaded, states, commit, {}, channel.setup.installation_key,
                           [&](const channels::CommitId& id) -> Result<FileTreePtr> { return channel.trees.at(id); }));
}

/// `Kind/name path` → `origin manager`, of every line that a plan has a cause for.
using Lines = std::map<std::string, std::string>;

Lines lines_of(const ChangeSet& changes) {
  Lines out;
  for (const auto& release : changes.releases) {
    for (const auto& change : release.changes) {
      for (const auto& cause : change.causes) {
        out[change.id.kind + '/' + change.id.name + ' ' + cause.path] =
            std::string(origin_name(cause.origin)) + (cause.manager.empty() ? "" : ' ' + cause.manager);
      }
    }
  }
  return out;
}

std::string messages_of(const ChangeSet& changes) {
  std::string out;
  for (const auto& release : changes.releases) {
    for (const auto& error : release.errors) out += release.release + ": " + error.to_string() + '\n';
  }
  return out;
}

/// What differs: objects, and what their lines say.
std::string differences_of(const ChangeSet& changes) {
  std::string out;
  for (const auto& release : changes.releases) {
    for (const auto& change : release.changes) {
      out += std::string(action_name(change.action)) + ' ' + change.id.to_string() + ": " + change.why + '\n';
      for (const auto& cause : change.causes) out += "  " + cause.path + ": " + cause.text() + '\n';
    }
  }
  return out + messages_of(changes);
}

constexpr int objects_of_each = 12;

std::string name_of(const std::string& prefix, int i) { return prefix + std::to_string(i); }

std::string deployment(const std::string& space, int i, bool second) {
  std::string out = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: " + name_of("web", i) +
                    "\n  namespace: " + space +
                    "\n  annotations: {note: ours}\n  labels: {tier: " + (second ? "gold" : "silver") +
                    "}\nspec:\n  replicas: 2\n  progressDeadlineSeconds: 60\n";
  if (!second) out += "  minReadySeconds: 5\n";
  out +=
      "  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      "
      "containers:\n";
  // The commit changes the image of every other one as well.
  out += std::string("      - {name: a, image: \"a:") + (second && i % 2 == 1 ? "2" : "1") +
         "\", env: [{name: ONE, value: one}, {name: TWO, value: two}], resources: {limits: {cpu: 1000m}}}\n";
  out += std::string("      - {name: b, image: \"b:") + (second ? "2" : "1") + "\"}\n";
  if (second) out += "      - {name: c, image: \"c:1\", ports: [{containerPort: 80}]}\n";
  return out;
}

std::string config_map(const std::string& space, int i, bool second) {
  return "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name_of("settings", i) + ", namespace: " + space +
         "}\ndata: {a: '1', b: '" + (second ? "2" : "1") + "', d: '1', e: '" + (second ? "2" : "1") + "', f: '" +
         (second ? "theirs" : "1") + "'" + (second ? "" : ", c: '1'") + "}\n";
}

std::string widget(const std::string& space, int i, bool second) {
  return "---\napiVersion: attribution.example/v1\nkind: Widget\nmetadata: {name: " + name_of("widget", i) +
         ", namespace: " + space + "}\nspec:\n  rows:\n  - {id: 1, value: one}\n  - {id: 2, value: two}\n" +
         (second ? "  - {id: 3, value: three}\n" : "");
}

// Lists with keys and defaults that only the schema tells.
constexpr std::string_view widget_definition = R"(apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.attribution.example}
spec:
  group: attribution.example
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              rows:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [id]
                items:
                  type: object
                  required: [id]
                  properties:
                    id: {type: integer}
                    value: {type: string}
                    weight: {type: integer, default: 5}
)";

std::string policy(const std::string& name, const std::string& group, const std::string& resource,
                   const std::string& expression) {
  const std::string head = "---\napiVersion: admissionregistration.k8s.io/v1\nmetadata: {name: " + name + "}\nkind: ";
  return head + "MutatingAdmissionPolicy\nspec:\n  matchConstraints: {namespaceSelector: {matchLabels: {attribution: " +
         name.substr(0, name.rfind('-')) + "}}, resourceRules: [{apiGroups: ['" + group +
         "'], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [" + resource +
         "]}]}\n  failurePolicy: Fail\n  reinvocationPolicy: Never\n  mutations:\n  - patchType: ApplyConfiguration\n    "
         "applyConfiguration: {expression: '" +
         expression + "'}\n" + head + "MutatingAdmissionPolicyBinding\nspec: {policyName: " + name + "}\n";
}

/// Who edits, with which manager.
class Hands {
 public:
  Hands(support::ControlPlane& plane, std::string space) : plane_(plane), space_(std::move(space)) {}

  void edit(const std::string& manager, const std::string& kind, const std::string& name, const std::string& patch,
            const std::string& type = "merge", const std::string& subresource = {}) const {
    std::vector<std::string> arguments{"patch", kind, name, "-n", space_, "--type=" + type, "--field-manager=" + manager,
                                       "-p",    patch};
    if (!subresource.empty()) arguments.push_back("--subresource=" + subresource);
    plane_.kubectl(arguments);
  }

 private:
  support::ControlPlane& plane_;
  std::string space_;
};

/// Edits the Deployment, and labels each line that a plan of the second commit has for it.
void edit_deployment(const Hands& hands, int i, Lines& labels) {
  const std::string name = name_of("web", i);
  const auto label = [&](const std::string& path, const std::string& actor) {
    labels["Deployment/" + name + ' ' + path] = actor;
  };
  const std::string containers = "spec.template.spec.containers";
  hands.edit("kubectl-edit", "deployment", name,
             R"({"spec":{"template":{"spec":{"containers":[{"name":"a","image":"a:hand"}]}}}})", "strategic");
  label(containers + "[name=a].image", i % 2 == 1 ? "commitOverDrift kubectl-edit" : "drift kubectl-edit");
  hands.edit("k9s", "deployment", name,
             R"({"spec":{"template":{"spec":{"containers":[{"name":"a","env":[{"name":"ONE","value":"hand"}]}]}}}})",
             "strategic");
  label(containers + "[name=a].env[name=ONE].value", "drift k9s");
  hands.edit("kubectl-edit", "deployment", name,
             R"({"spec":{"template":{"spec":{"containers":[{"name":"a","env":[{"name":"TWO","$patch":"delete"}]}]}}}})",
             "strategic");
  label(containers + "[name=a].env[name=TWO].name", "drift");
  label(containers + "[name=a].env[name=TWO].value", "drift");
  hands.edit("Lens", "deployment", name, R"({"metadata":{"annotations":{"note":"theirs"}}})");
  label("metadata.annotations.note", "drift Lens");
  hands.edit("web-autoscaler", "deployment", name, R"({"spec":{"replicas":5}})", "merge", "scale");
  label("spec.replicas", "leftToOwner web-autoscaler");
  label("metadata.labels.tier", "commit");
  label("spec.minReadySeconds", "removal");
  label(containers + "[name=b].image", "commit");
  for (const char* field : {"name", "image", "ports[containerPort=80].containerPort"}) {
    label(containers + "[name=c]." + field, "commit");
  }
  for (const char* field : {"imagePullPolicy", "resources", "terminationMessagePath", "terminationMessagePolicy",
                            "ports[containerPort=80].protocol"}) {
    label(containers + "[name=c]." + field, "default");
  }
  label("spec.template.metadata.annotations.injected", "admission");
  label("spec.progressDeadlineSeconds", "overridden");
}

void edit_config_map(const Hands& hands, int i, Lines& labels) {
  const std::string name = name_of("settings", i);
  const auto label = [&](const std::string& path, const std::string& actor) {
    labels["ConfigMap/" + name + " data." + path] = actor;
  };
  hands.edit("kubectl-edit", "configmap", name, R"({"data":{"a":"hand","d":null}})");
  hands.edit("dashboard", "configmap", name, R"({"data":{"e":"hand"}})");
  hands.edit("kubectl-patch", "configmap", name, R"({"data":{"f":"theirs","extra":"not ours"}})");
  label("a", "drift kubectl-edit");
  label("b", "commit");
  label("c", "removal");
  label("d", "drift");
  label("e", "commitOverDrift dashboard");
  label("f", "converged");
  // What kubectl added becomes ours with what else it owned, and goes.
  label("extra", "drift kubectl-patch");
  label("added", "admission");
}

void edit_widget(const Hands& hands, int i, Lines& labels) {
  const std::string name = name_of("widget", i);
  const auto label = [&](const std::string& path, const std::string& actor) {
    labels["Widget/" + name + " spec.rows" + path] = actor;
  };
  hands.edit("kubectl-edit", "widget", name, R"([{"op":"replace","path":"/spec/rows/1/value","value":"hand"}])", "json");
  label("[id=2].value", "drift kubectl-edit");
  label("[id=3].id", "commit");
  label("[id=3].value", "commit");
  label("[id=3].weight", "default");
}

/// Policies come into force a moment after they are written.
bool comes_into_force(support::ControlPlane& plane, const std::string& space) {
  const auto answers = [&](const std::string& kind, const std::string& name, const std::string& path) {
    return plane.kubectl(
        {"annotate", kind, name, "-n", space, "probe=1", "--overwrite", "--dry-run=server", "-o=jsonpath={" + path + "}"});
  };
  const Deadline deadline(system_clock(), Millis(60'000));
  while (!deadline.passed()) {
    if (answers("configmap", "settings0", ".data.added") == "by policy" &&
        answers("deployment", "web0", ".spec.progressDeadlineSeconds") == "77") {
      return true;
    }
    system_clock().sleep(Millis(200), {});
  }
  return false;
}

/// Every one of them, and nothing but them, as labelled.
void check_lines(const Lines& labels, const Lines& found) {
  std::size_t right = 0;
  std::string wrong;
  for (const auto& [line, actor] : labels) {
    const auto at = found.find(line);
    const std::string said = at == found.end() ? "nothing" : at->second;
    if (said == actor) {
      ++right;
    } else {
      wrong += line + ": was " + actor + ", is said to be " + said + '\n';
    }
  }
  for (const auto& [line, actor] : found) {
    if (!labels.contains(line)) wrong += line + ": was nobody, is said to be " + actor + '\n';
  }
  const std::size_t all = std::max(labels.size(), found.size());
  std::cout << "cluster attribution: " << right << " of " << all << " lines are attributed rightly\n" << wrong;
  CHECK(all >= 200);
  CHECK_MESSAGE(static_cast<double>(right) >= 0.99 * static_cast<double>(all), wrong);
}

/// A directory of a disk tree, with what is in it, below `to`.
void copy_tree(const FileTree& from, const TreePath& at, const std::string& to, Files& out) {
  for (const auto& entry : must(from.list(at))) {
    const TreePath path = at.child(entry.name);
    if (entry.type == FileType::directory) {
      copy_tree(from, path, to + '/' + entry.name, out);
    } else {
      out[to + '/' + entry.name] = must(from.read(path));
    }
  }
}

/// Commits helm releases, one per chart, into `space`.
channels::CommitId commit_charts(ClusterChannel& channel, const std::string& space, const std::vector<std::string>& charts,
                                 Files files, const std::string& text) {
  const auto commit = channel.commit({}, {}, "", "");
  auto tree = std::make_shared<MemoryTree>();
  std::string releases;
  for (const auto& chart : charts) {
    releases += "  - name: " + chart + "\n    driver: helm\n    namespace: " + space +
                "\n    timeout: 1s\n    helm: {chart: charts/" + chart + "}\n";
  }
  files[".gitopsctl/channels/" + channel.key.channel + ".yaml"] =
      text + "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: " + channel.key.channel + "\nreleases:\n" + releases;
  for (const auto& [path, content] : files) tree->add(*TreePath::parse(path), content);
  channel.trees[commit] = tree;
  return commit;
}

/// What the server would change although the commit is applied: each object is really asked about, where a plan trusts
/// hashes.
std::string dry_run_differences(ClusterChannel& channel, const channels::CommitId& commit) {
  const FileTreePtr tree = channel.trees.at(commit);
  const auto loaded = must(channels::load_channel(*tree, channel.key.channel));
  const std::string prefix = channel.key.installation + '/' + channel.key.repository + '/' + channel.key.channel + '/';
  std::string out;
  for (const auto& release : loaded.releases) {
    const auto state = render_with_notes(release, tree, channel.setup.installation_key, prefix + release.name);
    REQUIRE(state.set != nullptr);
    for (const auto& object : state.set->objects) {
      const auto live = must(channel.environment.get(object.id));
      REQUIRE_MESSAGE(live.has_value(), object.id.to_string());
      ApplyOptions options;
      options.owner = std::string(live->label("applyset.kubernetes.io/part-of"));
      const auto predicted = must(channel.environment.predict({&object}, options)).front();
      if (!predicted.body) {
        out += object.id.to_string() + ": is refused\n";
      } else if (!json_equal(render::canonical_value(live->body), render::canonical_value(*predicted.body))) {
        out += object.id.to_string() + ": differs\n";
      }
    }
  }
  return out;
}

/// Applies the charts, which need not become ready, and plans the same commit again.
ChangeSet plan_again(ClusterChannel& channel, const channels::CommitId& commit) {
  const auto first = channel.run(commit);
  INFO(shown(first));
  channel.run(commit, "retry");
  return plan_of(channel, commit);
}

}  // namespace

TEST_SUITE("cluster attribution") {
  TEST_CASE("every line of a plan is attributed to who made it") {
    auto* plane = need_control_plane("attribution of lines");
    if (plane == nullptr) return;
    install_kinds(*plane);
    plane->apply(std::string(widget_definition));
    plane->kubectl({"wait", "--for=condition=established", "crd/widgets.attribution.example", "--timeout=30s"});
    const std::string space = plane->fresh_namespace("attribution");
    plane->kubectl({"label", "namespace", space, "attribution=" + space});
    const auto cluster = open_cluster(*plane);
    ClusterChannel channel(*cluster, space);
    const auto commit = [&](bool second) {
      std::string text;
      for (int i = 0; i < objects_of_each; ++i) {
        text += deployment(space, i, second) + config_map(space, i, second) + widget(space, i, second);
      }
      return channel.commit({{"web", space}}, {{"web/all.yaml", text}}, "", "    timeout: 1s\n");
    };
    const auto first = commit(false);
    const auto deployed = channel.run(first);
    const auto again = plan_of(channel, first);
    REQUIRE_MESSAGE(differences_of(again).empty(), shown(deployed) << differences_of(again));

    Lines labels;
    const Hands hands(*plane, space);
    for (int i = 0; i < objects_of_each; ++i) {
      edit_deployment(hands, i, labels);
      edit_config_map(hands, i, labels);
      edit_widget(hands, i, labels);
    }
    const std::string policies =
        policy(space + "-maps", "", "configmaps", R"(Object{data: {"added": "by policy"}})") +
        policy(space + "-apps", "apps", "deployments",
               R"(Object{spec: Object.spec{progressDeadlineSeconds: 77, template: Object.spec.template{metadata: )"
               R"(Object.spec.template.metadata{annotations: {"injected": "yes"}}}}})");
    plane->apply(policies);
    REQUIRE(comes_into_force(*plane, space));

    const auto second = commit(true);
    const auto plan = plan_of(channel, second);
    REQUIRE_MESSAGE(!plan.has_errors(), messages_of(plan));
    check_lines(labels, lines_of(plan));
    // As people see it.
    const auto table = channels::report_table(plan, {});
    CHECK(table.find("metadata.annotations.note: drift: changed by Lens (Update), at 20") != std::string::npos);
    CHECK(table.find("data.added: a policy or webhook of the server: perhaps MutatingAdmissionPolicy " + space + "-maps") !=
          std::string::npos);
    INFO(table.substr(table.find("update apps/Deployment"), 4000));
    CHECK(table.find("spec.replicas: left to web-autoscaler (Update of scale)") != std::string::npos);
    const auto json = canonical_json(channels::report_value(plan));
    CHECK(json.find(R"("manager":"k9s")") != std::string::npos);

    // Once applied, the same commit is no difference, with policies in force and a field that they override.
    const auto run = channel.run(second);
    INFO(shown(run));
    const auto after = plan_of(channel, second);
    CHECK_MESSAGE(!after.counts().any_change(), differences_of(after));
    plane->kubectl({"delete", "-f", "-"}, policies);
  }

  TEST_CASE("the status and the event of healed drift say who and what") {
    auto* plane = need_control_plane("drift told in status and events");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("who");
    const auto cluster = open_cluster(*plane);
    ClusterChannel channel(*cluster, space);
    const Files files{{"web/all.yaml", config_map_yaml(space, "web", "1")}};
    const auto healing = channel.commit({{"web", space}}, files);
    const auto watching = channel.commit({{"web", space}}, files, "selfHeal: false\n");
    CHECK(channel.run(healing).state == RunState::deployed);
    const Hands hands(*plane, space);
    hands.edit("kubectl-edit", "configmap", "web", R"({"data":{"value":"hand"}})");
    channel.run(healing, "drift");
    const auto events = plane->kubectl({"get", "events", "-n", space, "-o", "jsonpath={.items[*].message}"});
    CHECK_MESSAGE(
        events.find("ConfigMap " + space + "/web: data.value by kubectl-edit (Update), at 20") != std::string::npos, events);
    channel.run(watching);
    hands.edit("k9s", "configmap", "web", R"({"data":{"value":"again"}})");
    channel.run(watching, "drift");
    const auto status = plane->kubectl({"get", "release.gitopsctl.dev", "web", "-n", space, "-o", "jsonpath={.status}"});
    CHECK_MESSAGE(status.find("data.value by k9s (Update), at 20") != std::string::npos, status);
    CHECK(plane->kubectl({"get", "configmap", "web", "-n", space, "-o", "jsonpath={.data.value}"}) == "again");
  }

  TEST_CASE("what the server overrides is told when it is written, and is no drift") {
    auto* plane = need_control_plane("overridden fields");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("overridden");
    plane->kubectl({"label", "namespace", space, "attribution=" + space});
    const auto cluster = open_cluster(*plane);
    ClusterChannel channel(*cluster, space);
    const auto commit = [&](const std::string& value) {
      return channel.commit({{"web", space}}, {{"web/all.yaml", config_map_yaml(space, "web", value)}});
    };
    CHECK(channel.run(commit("first")).state == RunState::deployed);
    const std::string policies = policy(space + "-maps", "", "configmaps", R"(Object{data: {"value": "policy"}})");
    plane->apply(policies);
    const auto in_force = [&] {
      return plane->kubectl({"annotate", "configmap", "web", "-n", space, "probe=1", "--overwrite", "--dry-run=server",
                             "-o=jsonpath={.data.value}"}) == "policy";
    };
    const Deadline deadline(system_clock(), Millis(60'000));
    while (!in_force() && !deadline.passed()) system_clock().sleep(Millis(200), {});
    const auto second = commit("second");
    CHECK(channel.run(second).state == RunState::deployed);
    const auto warnings =
        plane->kubectl({"get", "release.gitopsctl.dev", "web", "-n", space, "-o", "jsonpath={.status.warnings}"});
    CHECK_MESSAGE(warnings.find("data.value is overridden by the server: perhaps MutatingAdmissionPolicy " + space) !=
                      std::string::npos,
                  warnings);
    CHECK(plane->kubectl({"get", "configmap", "web", "-n", space, "-o", "jsonpath={.data.value}"}) == "policy");
    CHECK_MESSAGE(differences_of(plan_of(channel, second)).empty(), differences_of(plan_of(channel, second)));
    CHECK(channel.run(second, "drift").state == RunState::up_to_date);
    plane->kubectl({"delete", "-f", "-"}, policies);
  }

  TEST_CASE("no value of a secret gets out through plans, causes or copies in annotations") {
    auto* plane = need_control_plane("secrets in plans");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("canary");
    const std::vector<std::string> canaries{"c4nary-0ne-x7!q", "c4nary-tw0-y8?r", "c4nary-thr33-z9&s"};
    const auto secret = [&](const std::string& value) {
      return "---\napiVersion: v1\nkind: Secret\nmetadata: {name: login, namespace: " + space +
             "}\nstringData: {password: '" + value + "'}\n";
    };
    const auto settings = [&](const std::string& value) {
      return "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: " + space + "}\ndata: {token: '" +
             value + "', open: 'yes'}\n";
    };
    // By an older protocol, with a copy of everything in an annotation.
    plane->kubectl({"apply", "-f", "-"}, secret(canaries[0]) + settings(canaries[0]));
    const auto cluster = open_cluster(*plane);
    ClusterChannel channel(*cluster, space);
    const std::string sensitive = "    sensitive: [{kind: ConfigMap, path: data.token}]\n";
    const auto commit = [&](const std::string& value) {
      return channel.commit({{"web", space}}, {{"web/all.yaml", secret(value) + settings(value)}}, "", sensitive);
    };
    const auto all_of = [&](const ChangeSet& plan) {
      std::string out = channels::report_table(plan, {}) + canonical_json(channels::report_value(plan)) +
                        channels::report_markdown(plan, {}) + differences_of(plan);
      return out;
    };
    std::string said = all_of(plan_of(channel, commit(canaries[1])));  // adopts
    CHECK(said.find("adopt") != std::string::npos);
    const auto run = channel.run(commit(canaries[1]));
    said += shown(run);
    const Hands hands(*plane, space);
    hands.edit("kubectl-edit", "secret", "login", R"({"stringData":{"password":")" + canaries[2] + R"("}})");
    hands.edit("kubectl-edit", "configmap", "settings", R"({"data":{"token":")" + canaries[2] + R"("}})");
    const auto drifted = plan_of(channel, commit(canaries[1]));
    said += all_of(drifted) + all_of(plan_of(channel, commit(canaries[0])));
    CHECK(lines_of(drifted) == Lines{{"Secret/login data.password", "drift kubectl-edit"},
                                     {"ConfigMap/settings data.token", "drift kubectl-edit"}});
    said += shown(channel.run(commit(canaries[1]), "drift"));
    said += plane->kubectl({"get", "events", "-n", space, "-o", "yaml"});
    said += plane->kubectl({"get", "channels.gitopsctl.dev,releases.gitopsctl.dev", "-A", "-o", "yaml"});
    said += plane->kubectl({"get", "configmaps", "-n", space, "-l", "applyset.kubernetes.io/id", "-o", "yaml"});
    for (const auto& canary : canaries) {
      for (std::size_t shift = 0; shift < 3; ++shift) {
        // What of the base64 does not depend on the bytes around it.
        const auto encoded = base64_encode(std::string(shift, 'x') + canary).substr(shift == 0 ? 0 : 4, 16);
        CHECK_MESSAGE(said.find(encoded) == std::string::npos, "base64 of " << canary);
      }
      CHECK_MESSAGE(said.find(canary) == std::string::npos, canary);
      const auto quoted = canonical_json(Value::string(canary));
      CHECK(said.find(quoted.substr(1, quoted.size() - 2)) == std::string::npos);
    }
  }

  TEST_CASE("what a new object would be refused for is known before anything is written") {
    auto* plane = need_control_plane("trials of new objects");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("trial");
    const auto cluster = open_cluster(*plane);
    ClusterChannel channel(*cluster, space);
    const std::string broken = "---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: " + space +
                               "}\nspec: {ports: [{port: 99999}]}\n";
    const auto bad = channel.commit({{"web", space}}, {{"web/all.yaml", config_map_yaml(space, "web", "1") + broken}});
    const auto refused = channel.run(bad);
    CHECK(refused.failures.contains("web"));
    CHECK_MESSAGE(shown(refused).find("spec.ports[0].port") != std::string::npos, shown(refused));
    CHECK(plane->kubectl({"get", "configmap", "web", "-n", space, "--ignore-not-found"}).empty());
    // A namespace and a kind of the same run are no errors.
    const std::string other = space + "-made";
    const std::string definition =
        "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things." + space +
        ".example}\nspec:\n  group: " + space +
        ".example\n  scope: Namespaced\n  names: {plural: things, singular: thing, kind: Thing, listKind: ThingList}\n  "
        "versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, "
        "x-kubernetes-preserve-unknown-fields: true}}}]\n";
    const std::string thing = "---\napiVersion: " + space +
                              ".example/v1\nkind: Thing\nmetadata: {name: one, namespace: " + other + "}\nspec: {a: 1}\n";
    const auto good = channel.commit(
        {{"web", other}}, {{"web/all.yaml", "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: " + other + "}\n" +
                                                definition + thing + "---\n" + config_map_yaml(other, "web", "1")}});
    const auto plan = plan_of(channel, good);
    CHECK_MESSAGE(!plan.has_errors(), messages_of(plan));
    CHECK(differences_of(plan).find("not validated yet") != std::string::npos);
    const auto made = channel.run(good);
    CHECK_MESSAGE(made.state == RunState::deployed, shown(made));
    // A kind that nothing defines.
    const auto unknown = channel.commit(
        {{"web", other}}, {{"web/all.yaml", "apiVersion: nobody.example/v1\nkind: Thing\nmetadata: {name: x}\nspec: {}\n"}});
    CHECK(plan_of(channel, unknown).has_errors());
    plane->kubectl({"delete", "crd", "things." + space + ".example", "--wait=false"});
  }

  TEST_CASE("an unchanged commit is no difference: the demo's releases") {
    auto* plane = need_control_plane("the demo without differences");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("nothing");
    const auto cluster = open_cluster(*plane);
    ClusterChannel channel(*cluster, space);
    Files files;
    std::set<std::string> charts;
    for (const auto& file : demo::demo_files()) {
      const std::string path(file.path);
      const auto slash = path.find('/');
      if (slash == std::string::npos) continue;
      files["charts/" + path] = std::string(file.content);
      if (path.substr(slash + 1) == "Chart.yaml") charts.insert(path.substr(0, slash));
    }
    REQUIRE_FALSE(charts.empty());
    const auto commit = commit_charts(channel, space, {charts.begin(), charts.end()}, files, "");
    const auto plan = plan_again(channel, commit);
    CHECK_MESSAGE(differences_of(plan).empty(), differences_of(plan));
    CHECK(plan.counts().unchanged > 0);
    CHECK(dry_run_differences(channel, commit).empty());
  }

  TEST_CASE("an unchanged commit is no difference: public charts") {
    const char* directory = std::getenv("GITOPSCTL_PUBLIC_CHARTS");
    if (directory == nullptr || *directory == '\0') {
      // Not ours to keep copies of, and nothing here may fetch them: said, and no failure.
      std::cout << "NOT RUN: plans of public charts: $GITOPSCTL_PUBLIC_CHARTS names no directory of charts" << std::endl;
      return;
    }
    auto* plane = need_control_plane("plans of public charts");
    if (plane == nullptr) return;
    install_kinds(*plane);
    const auto tree = must(open_disk_tree(directory));
    const auto cluster = open_cluster(*plane);
    std::size_t charts = 0;
    std::size_t objects = 0;
    for (const auto& entry : must(tree->list(*TreePath::parse("")))) {
      if (entry.type != FileType::directory || !tree->exists(*TreePath::parse(entry.name + "/Chart.yaml"))) continue;
      const std::string space = plane->fresh_namespace("chart");
      ClusterChannel channel(*cluster, space);
      Files files;
      copy_tree(*tree, *TreePath::parse(entry.name), "charts/" + entry.name, files);
      const auto commit = commit_charts(channel, space, {entry.name}, files, "");
      const auto plan = plan_again(channel, commit);
      if (plan.has_errors()) {
        // It wants values that it has no defaults for, or more than this server gives.
        std::cout << "public chart " << entry.name << " cannot be applied as it stands: " << messages_of(plan);
        continue;
      }
      const auto differences = differences_of(plan) + dry_run_differences(channel, commit);
      std::cout << "public chart " << entry.name << ": " << plan.counts().unchanged << " objects unchanged"
                << (differences.empty() ? "" : ", and differences:\n" + differences) << '\n';
      CHECK_MESSAGE(differences.empty(), entry.name);
      CHECK(plan.counts().unchanged > 0);
      ++charts;
      objects += plan.counts().unchanged;
    }
    // Services of the API and webhooks that nothing stands behind keep the server from deleting namespaces and taking
    // writes.
    plane->kubectl({"delete", "apiservices", "--selector=!kube-aggregator.kubernetes.io/automanaged", "--ignore-not-found"});
    plane->kubectl({"delete", "validatingwebhookconfigurations,mutatingwebhookconfigurations", "--all"});
    std::cout << "public charts without a difference after they were applied: " << charts << ", with " << objects
              << " objects\n";
    CHECK(charts >= 20);
  }
}

}  // namespace gitopsctl::tests
