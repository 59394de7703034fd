#include "tests/fault_cluster/rows.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>

#include "base/json/json.hpp"
#include "tests/fault_cluster/cells.hpp"

namespace gitopsctl::fault {

using agent::RunResult;
using agent::RunState;
using support::Fault;
using support::SeenRequest;
using Kind = Fault::Kind;

namespace {

constexpr auto goal = Commit::second;
const std::string extra_file = "deploy/web/extra.yaml";

/// The fault where it meets this class of requests. `meanwhile` happens at the first of them, before it goes on its way.
Fault at(Stage& stage, std::string_view name, Fault fault, std::function<void(const SeenRequest&)> meanwhile = {}) {
  const auto once = std::make_shared<std::atomic<bool>>(false);
  fault.when = [names = stage.names(), fits = request_class(name).fits, once, call = std::move(meanwhile)](
                   const SeenRequest& request, std::string_view body) {
    if (!fits(names, request, body)) return false;
    if (call && !once->exchange(true)) call(request);
    return true;
  };
  return fault;
}

Problems deployed(const RunResult& result) {
  if (result.state == RunState::deployed) return {};
  return {"it should be deployed: " + shown(result)};
}

void expect(Problems& problems, bool holds, const std::string& what) {
  if (!holds) problems.push_back(what);
}

bool says(const RunResult& result, const std::string& what) { return shown(result).find(what) != std::string::npos; }

/// Release web fails and says so, the others go on, and nothing is lost.
Problems web_fails(Stage& stage, const RunResult& result, Phase phase = Phase::before_pruning) {
  const World left = stage.look();
  Problems problems = judge_failed_release(stage, left, result, goal, phase);
  crash::add(problems, stage.judge_remains(goal));
  return problems;
}

/// A fault on the way to the second commit, and what comes after it.
Problems on_the_way(Stage& stage, std::string_view where, Fault fault, bool fails) {
  stage.renew();
  stage.proxy().set({at(stage, where, std::move(fault))});
  const auto result = stage.run(goal);
  Problems problems = fails ? web_fails(stage, result, request_class(where).phase) : stage.judge_remains(goal);
  stage.proxy().clear();
  crash::add(problems, stage.converge(goal));
  return problems;
}

Fault refusal(int code, const std::string& reason) { return support::status_answer(code, reason, "refused by a test"); }

/// Waits for what comes by itself.
void wait_for(const std::string& what, const std::function<bool()>& done) {
  for (int i = 0; i < 300; ++i) {
    if (done()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  throw std::runtime_error(what + " does not come");
}

std::string inventory_of_web(const Stage& stage) {
  for (const auto& [name, object] : stage.look().objects) {
    if (name.starts_with("ConfigMap/@-web/") &&
        object.identity == stage.names().prefix + "/shop/" + stage.names().channel() + "/web") {
      return stage.names().fill(name.substr(name.rfind('/') + 1));
    }
  }
  throw std::runtime_error("web has no inventory");
}

std::string lease_of(const Stage& stage) {
  const std::string all = stage.plane().kubectl({"get", "leases", "-n", "gitopsctl-system", "-o", "name"});
  const std::string start = "gitopsctl-" + stage.names().channel() + '-';
  // Of the three channels of this name it is the one that the agent of this installation and repository holds.
  for (std::size_t from = 0; from < all.size();) {
    const auto end = std::min(all.find('\n', from), all.size());
    const std::string name = all.substr(from, end - from);
    from = end + 1;
    if (name.find(start) == std::string::npos) continue;
    const std::string holder =
        stage.plane().kubectl({"get", name, "-n", "gitopsctl-system", "-o", "jsonpath={.spec.holderIdentity}"});
    if (!holder.empty()) return name;
  }
  throw std::runtime_error("nobody holds a lease now");
}

std::string config_map(const std::string& space, const std::string& name, const std::string& labels = "{}") {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + ", namespace: @-" + space + ", labels: " + labels +
         "}\ndata: {value: x}\n";
}

std::string patched(Stage& stage, const std::string& kind, const std::string& name, const std::string& patch) {
  return stage.kubectl("web", {"patch", kind, name, "--type=merge", "--patch=" + patch});
}

std::string uid_of(const World& world, const std::string& name) {
  const auto found = world.objects.find(name);
  return found == world.objects.end() ? "" : found->second.uid;
}

// ---- what the catalogue numbers

Problems row_newer_commit(Stage& stage) {
  // Half of it is there when the branch goes on, here: back.
  stage.renew();
  stage.proxy().set({at(stage, "apply", refusal(500, "InternalError"))});
  Problems problems = web_fails(stage, stage.run(goal));
  stage.proxy().clear();
  const World left = stage.look();
  Expected expected;
  // Only what came with the second commit goes again; what it would have removed is still there.
  for (const auto& name : stage.removed_by(Commit::first)) {
    if (!left.objects.contains(name)) expected.stays.push_back(name);
  }
  for (const auto& name : stage.removed_by(goal)) expect(problems, left.objects.contains(name), name + " is gone already");
  crash::add(problems, stage.converge(Commit::first, expected));
  return problems;
}

Problems row_mid_wave(Stage& stage) {
  stage.renew();
  Fault fault = refusal(403, "Forbidden");
  fault.at = 3;
  stage.proxy().set({at(stage, "apply", fault)});
  Problems problems = web_fails(stage, stage.run(goal));
  stage.proxy().clear();
  const World left = stage.look();
  crash::add(problems, stage.converge(goal));
  const World now = stage.look();
  std::size_t done = 0;
  for (const auto& [name, wanted] : crash::objects_at(stage.names(), goal)) {
    const auto before = left.objects.find(name);
    if (wanted.release != "web" || before == left.objects.end()) continue;
    // Written in the first run: applied again, and nothing changed.
    const bool was_there = stage.measure().prepared.objects.contains(name);
    if (was_there && stage.measure().prepared.objects.at(name).version == before->second.version) continue;
    ++done;
    expect(problems, now.objects.at(name).version == before->second.version, name + " was written twice");
  }
  expect(problems, done >= 1, "nothing was applied before the third");
  return problems;
}

Problems row_apply_on_deleting(Stage& stage) {
  patched(stage, "configmap", "settings", R"({"metadata":{"finalizers":["example.org/held"]}})");
  stage.kubectl("web", {"delete", "configmap", "settings", "--wait=false"});
  const auto result = stage.run(goal);
  Problems problems = web_fails(stage, result);
  expect(problems, says(result, "is being deleted"), "it does not say what it waits for: " + shown(result));
  patched(stage, "configmap", "settings", R"({"metadata":{"finalizers":null}})");
  crash::add(problems, stage.converge(goal, {.anew = {"ConfigMap/@-web/settings"}}));
  return problems;
}

Problems row_deleted_not_applied(Stage& stage) {
  stage.kubectl("web", {"delete", "configmap", "settings"});
  stage.kubectl("web", {"delete", "secret", "same"});
  return stage.converge(goal, {.anew = {"ConfigMap/@-web/settings", "Secret/@-web/same"}});
}

Problems row_terminating(Stage& stage) {
  const std::string space = stage.names().space("term");
  const auto& plane = stage.plane();
  plane.apply(
      stage.names().fill("apiVersion: v1\nkind: Namespace\nmetadata: {name: @-term}\n---\n" + config_map("term", "held")));
  plane.kubectl({"patch", "configmap", "held", "-n", space, "--type=merge", "-p",
                 R"({"metadata":{"finalizers":["example.org/held"]}})"});
  plane.kubectl({"delete", "namespace", space, "--wait=false"});
  stage.begin_measure();
  const std::map<std::string, std::string> files{{extra_file, stage.names().fill(config_map("term", "x"))}};
  stage.proxy().forget_seen();
  const auto result = stage.run_files(goal, files);
  Problems problems = web_fails(stage, result);
  expect(problems, says(result, "erminat") || says(result, "finalizers"), "it does not say why: " + shown(result));
  expect(problems, stage.proxy().count("mutating", "/namespaces/" + space) <= 2, "a storm of tries");
  plane.kubectl({"patch", "configmap", "held", "-n", space, "--type=merge", "-p", R"({"metadata":{"finalizers":null}})"});
  wait_for("the end of a namespace",
           [&] { return plane.kubectl({"get", "namespace", space, "--ignore-not-found", "-o", "name"}).empty(); });
  plane.kubectl({"create", "namespace", space});
  crash::add(problems, deployed(stage.run_files(goal, files, "retry")));
  crash::add(problems, stage.converge(goal, {.removed = {"ConfigMap/@-term/x"}}));
  plane.kubectl({"delete", "namespace", space, "--wait=false"});
  return problems;
}

Problems row_new_definition(Stage& stage) {
  const std::string group = stage.names().prefix + ".example.org";
  const std::string text =
      "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things." + group +
      "}\nspec:\n  group: " + group +
      "\n  names: {kind: Thing, plural: things, singular: thing, listKind: ThingList}\n  scope: Namespaced\n"
      "  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, "
      "properties: {spec: {type: object, properties: {size: {type: integer}}}}}}}]\n---\napiVersion: " +
      group + "/v1\nkind: Thing\nmetadata: {name: t, namespace: " + stage.names().space("web") + "}\nspec: {size: 3}\n";
  // Discovery does not know of it the first times.
  Fault stale{.kind = Kind::edit, .times = 4};
  stale.edit = [group](std::string& body) {
    auto list = parse_json(body);
    if (!list.ok() || list->find("items") == nullptr) return;
    Value::List groups;
    for (const auto& one : list->find("items")->as_list()) {
      if (one.string_at({"metadata", "name"}) != group) groups.push_back(one);
    }
    list->set("items", Value::list(std::move(groups)));
    body = canonical_json(*list);
  };
  stage.renew();
  stage.proxy().set({at(stage, "discovery", stale)});
  Problems problems = deployed(stage.run_files(goal, {{extra_file, text}}));
  stage.proxy().clear();
  crash::add(problems,
             stage.converge(goal, {.removed = {"CustomResourceDefinition//things.@.example.org", "Thing/@-web/t"}}));
  return problems;
}

Problems row_webhook_down(Stage& stage) {
  const std::string name = stage.names().prefix + ".example.org";
  const std::string configuration =
      "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: " + name +
      "}\nwebhooks:\n- name: w." + name +
      "\n  clientConfig: {url: \"https://127.0.0.1:1/\"}\n  failurePolicy: Fail\n  sideEffects: None\n  timeoutSeconds: 2\n"
      "  admissionReviewVersions: [v1]\n  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: " +
      stage.names().space("web") +
      "}}\n  rules: [{apiGroups: [\"\"], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [secrets]}]\n";
  stage.plane().apply(configuration);
  wait_for("the webhook", [&] {
    try {
      stage.kubectl("web", {"create", "secret", "generic", "probe", "--dry-run=server"});
      return false;
    } catch (const std::exception&) {
      return true;
    }
  });
  const auto result = stage.run(goal);
  Problems problems = web_fails(stage, result);
  expect(problems, says(result, "w." + name), "the webhook is not named: " + shown(result));
  stage.plane().kubectl({"delete", "validatingwebhookconfiguration", name});
  wait_for("the end of the webhook", [&] {
    try {
      stage.kubectl("web", {"create", "secret", "generic", "probe", "--dry-run=server"});
      return true;
    } catch (const std::exception&) {
      return false;
    }
  });
  crash::add(problems, stage.converge(goal));
  return problems;
}

Problems row_webhook_changes(Stage& stage) {
  const std::string name = stage.names().prefix + "-policy";
  const std::string head = "---\napiVersion: admissionregistration.k8s.io/v1\nmetadata: {name: " + name + "}\nkind: ";
  const std::string policy =
      head +
      "MutatingAdmissionPolicy\nspec:\n  matchConstraints: {namespaceSelector: {matchLabels: "
      "{kubernetes.io/metadata.name: " +
      stage.names().space("web") +
      "}}, resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}]}\n"
      "  matchConditions: [{name: one, expression: \"object.metadata.name == 'settings'\"}]\n"
      "  failurePolicy: Fail\n  reinvocationPolicy: Never\n  mutations:\n  - patchType: ApplyConfiguration\n"
      "    applyConfiguration: {expression: 'Object{data: {\"value\": \"by policy\"}}'}\n" +
      head + "MutatingAdmissionPolicyBinding\nspec: {policyName: " + name + "}\n";
  const auto in_force = [&] {
    const auto value = stage.kubectl("web", {"patch", "configmap", "settings", "--type=merge", "--dry-run=server", "--patch",
                                             R"({"data":{"value":"probe"}})", "--output=jsonpath={.data.value}"});
    return value == "by policy";
  };
  stage.plane().apply(policy);
  wait_for("the policy", in_force);
  const auto result = stage.run(goal);
  Problems problems = deployed(result);
  expect(problems, stage.kubectl("web", {"get", "configmap", "settings", "-o", "jsonpath={.data.value}"}) == "by policy",
         "the policy had no effect");
  // The same wrong value every time is no difference.
  for (const char* trigger : {"drift", "start"}) {
    if (std::string_view(trigger) == "start") stage.renew();
    const auto again = stage.run(goal, trigger);
    expect(problems, again.state == RunState::up_to_date, "it is written again and again: " + shown(again));
  }
  stage.plane().kubectl({"delete", "--filename=-"}, policy);
  wait_for("the end of the policy", [&] { return !in_force(); });
  // The server says now what it would make of the object, which was what was wanted all the time.
  stage.kubectl("web", {"patch", "configmap", "settings", "--type=merge", "--patch={\"data\":{\"value\":\"2\"}}"});
  stage.run(goal, "drift");
  crash::add(problems, stage.converge(goal));
  return problems;
}

Problems row_quota(Stage& stage) {
  const auto& plane = stage.plane();
  const std::string space = stage.names().space("web");
  plane.apply("apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: few, namespace: " + space +
              "}\nspec: {hard: {count/secrets: 3}}\n");
  plane.kubectl({"patch", "resourcequota", "few", "-n", space, "--subresource=status", "--type=merge", "-p",
                 R"({"status":{"hard":{"count/secrets":"3"},"used":{"count/secrets":"3"}}})"});
  wait_for("the quota", [&] {
    try {
      stage.kubectl("web", {"create", "secret", "generic", "probe", "--dry-run=server"});
      return false;
    } catch (const std::exception&) {
      return true;
    }
  });
  const auto result = stage.run(goal);
  Problems problems = web_fails(stage, result);
  expect(problems, says(result, "exceeded quota"), "the quota is not named: " + shown(result));
  plane.kubectl({"delete", "resourcequota", "few", "-n", space});
  crash::add(problems, stage.converge(goal));
  return problems;
}

Problems row_not_ready(Stage& stage) {
  const std::string deployment =
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: slow, namespace: " + stage.names().space("web") +
      "}\nspec: {replicas: 1, selector: {matchLabels: {app: slow}}, template: {metadata: {labels: {app: slow, fate: "
      "ready-when-told}}, spec: {containers: [{name: c, image: \"example.org/slow:1\"}]}}}\n";
  const std::string channel_file = ".gitopsctl/channels/" + stage.names().channel() + ".yaml";
  std::string channel = crash::files_of(stage.names(), goal).at(channel_file);
  for (std::size_t from = 0; (from = channel.find("timeout: 15m", from)) != std::string::npos;)
    channel.replace(from, 12, "timeout: 1s");
  const std::map<std::string, std::string> files{{extra_file, deployment}, {channel_file, channel}};
  auto result = stage.run_files(goal, files);
  const World left = stage.look();
  Problems problems = judge_failed_release(stage, left, result, goal);
  crash::add(problems, stage.judge_remains(goal, {"Deployment/@-web/slow"}));
  // The union of what was and what comes is known while it waits, so what came with it is no commit's of the two.
  std::erase_if(problems, [](const std::string& problem) { return problem.find("Deployment/@-web/slow is ours") == 0; });
  expect(problems, says(result, "is not ready after"), "it does not say what it waited for: " + shown(result));
  for (const auto& name : stage.removed_by(goal)) expect(problems, left.objects.contains(name), name + " was pruned");
  const std::string generation =
      stage.kubectl("web", {"get", "deployment", "slow", "-o", "jsonpath={.metadata.generation}"});
  stage.proxy().forget_seen();
  stage.kubectl("web", {"label", "pods", "-l", "app=slow", "told=yes"});
  wait_for("a pod that is ready", [&] {
    return stage.kubectl("web", {"get", "deployment", "slow", "-o", "jsonpath={.status.readyReplicas}"}) == "1";
  });
  result = stage.run_files(goal, files, "retry");
  crash::add(problems, deployed(result));
  expect(problems, stage.proxy().count("mutating", "/deployments/slow") == 0, "it was applied again for nothing");
  expect(problems,
         generation == stage.kubectl("web", {"get", "deployment", "slow", "-o", "jsonpath={.metadata.generation}"}),
         "it was changed");
  crash::add(problems, stage.converge(goal, {.removed = {"Deployment/@-web/slow"}}));
  return problems;
}

Problems row_recreated_by_another(Stage& stage) {
  std::string uid;
  const auto other_one = [&](const SeenRequest& request) {
    if (request.target.find("/configmaps/gone") == std::string::npos) return;
    stage.kubectl("web", {"delete", "configmap", "gone"});
    uid =
        stage.kubectl("web", {"create", "configmap", "gone", "--from-literal=whose=mine", "-o", "jsonpath={.metadata.uid}"});
  };
  stage.renew();
  // Every delete is asked; one of them is that of the object.
  Fault none{.kind = Kind::none};
  none.when = [names = stage.names(), &other_one, done = std::make_shared<std::atomic<bool>>(false)](
                  const SeenRequest& request, std::string_view body) {
    if (!request_class("delete").fits(names, request, body) ||
        request.target.find("/configmaps/gone") == std::string::npos) {
      return false;
    }
    if (!done->exchange(true)) other_one(request);
    return true;
  };
  stage.proxy().set({none});
  const auto result = stage.run(goal);
  stage.proxy().clear();
  stage.measure().made_anew["ConfigMap/@-web/gone"] = uid;
  Problems problems = deployed(result);
  expect(problems, !uid.empty(), "nothing was deleted");
  crash::add(problems, stage.converge(goal));
  return problems;
}

Problems row_moved(Stage& stage) {
  auto files = crash::files_of(stage.names(), goal);
  std::string db = files.at("deploy/db/all.yaml");
  const auto from = db.find("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings");
  const auto end = db.find("---\n", from);
  if (from == std::string::npos || end == std::string::npos) throw std::runtime_error("db has no settings");
  const std::string moved = db.substr(from, end - from);
  db.erase(from, end + 4 - from);
  const std::string uid = uid_of(stage.look(), "ConfigMap/@-db/settings");
  const auto result = stage.run_files(goal, {{"deploy/db/all.yaml", db}, {extra_file, moved}});
  Problems problems = deployed(result);
  const World now = stage.look();
  expect(problems, uid_of(now, "ConfigMap/@-db/settings") == uid, "it was deleted and made anew");
  expect(problems, now.objects.at("ConfigMap/@-db/settings").owner == crash::owner_of(stage.names(), "web"),
         "it did not move");
  crash::add(problems, stage.converge(goal));
  return problems;
}

Problems row_inventory_deleted(Stage& stage) {
  stage.kubectl("web", {"delete", "configmap", inventory_of_web(stage)});
  const auto result = stage.run(Commit::first, "drift");
  Problems problems;
  expect(problems, result.failed_releases == 0, "it cannot do without: " + shown(result));
  expect(problems, !inventory_of_web(stage).empty(), "it was not made anew");
  bool told = false;
  for (const auto& event : stage.look().events) told = told || event.find("InventoryMissing") != std::string::npos;
  expect(problems, told, "nobody was told");
  crash::add(problems, stage.converge(goal));
  return problems;
}

Problems row_inventory_damaged(Stage& stage) {
  const std::string name = inventory_of_web(stage);
  const std::string before = stage.kubectl("web", {"get", "configmap", name, "-o", "jsonpath={.data.inventory}"});
  patched(stage, "configmap", name, R"({"data":{"inventory":"{\"schema\":1,\"entries\":["}})");
  const auto result = stage.run(goal, "drift");
  Problems problems = judge_failed_release(stage, stage.look(), result, goal);
  const World left = stage.look();
  for (const auto& gone : stage.removed_by(goal)) expect(problems, left.objects.contains(gone), gone + " was pruned");
  Value patch = Value::map();
  patch.child_map("data").set("inventory", Value::string(before));
  patched(stage, "configmap", name, canonical_json(patch));
  crash::add(problems, stage.converge(goal));
  return problems;
}

Problems row_inventory_edited(Stage& stage) {
  // Somebody writes an object into it that is not ours: it is no reason to delete it.
  const std::string name = inventory_of_web(stage);
  auto content = parse_json(stage.kubectl("web", {"get", "configmap", name, "-o", "jsonpath={.data.inventory}"}));
  if (!content.ok()) throw std::runtime_error("an inventory that is no JSON");
  Value::List entries(content->find("entries")->as_list().begin(), content->find("entries")->as_list().end());
  entries.push_back(make_map({{"g", Value::string("")},
                              {"k", Value::string("ConfigMap")},
                              {"v", Value::string("v1")},
                              {"ns", Value::string(stage.names().space("web"))},
                              {"n", Value::string("by-hand")},
                              {"uid", Value::string(uid_of(stage.look(), "ConfigMap/@-web/by-hand"))},
                              {"st", Value::string("applied")}}));
  content->set("entries", Value::list(std::move(entries)));
  Value patch = Value::map();
  patch.child_map("data").set("inventory", Value::string(canonical_json(*content)));
  patched(stage, "configmap", name, canonical_json(patch));
  return stage.converge(goal);
}

Problems row_other_writer(Stage& stage) {
  const std::string name = inventory_of_web(stage);
  stage.renew();
  stage.proxy().set({at(stage, "inventory", {.kind = Kind::none}, [&](const SeenRequest&) {
    stage.kubectl("web", {"annotate", "configmap", name, "somebody=else"});
  })});
  const auto result = stage.run(goal);
  stage.proxy().clear();
  Problems problems = web_fails(stage, result);
  crash::add(problems, stage.converge(goal));
  return problems;
}

/// Another agent takes the channel in the middle of a run.
Problems row_lease_stolen(Stage& stage) {
  stage.renew();
  const auto writes = std::make_shared<std::atomic<int>>(0);
  Fault steal = at(stage, "inventory", {.kind = Kind::none}, [&](const SeenRequest&) {
    const std::string lease = lease_of(stage);
    stage.plane().kubectl({"patch", lease, "-n", "gitopsctl-system", "--type=merge", "-p",
                           R"({"spec":{"holderIdentity":"thief","leaseTransitions":77,"leaseDurationSeconds":1}})"});
  });
  Fault count = at(stage, "apply", {.kind = Kind::none}, {});
  count.when = [inner = count.when, writes](const SeenRequest& request, std::string_view body) {
    if (!inner(request, body)) return false;
    writes->fetch_add(1);
    return false;
  };
  stage.proxy().set({count, steal});
  const auto result = stage.run(goal);
  stage.proxy().clear();
  Problems problems = stage.judge_remains(goal);
  expect(problems, result.state != RunState::deployed && result.state != RunState::up_to_date,
         "it went on: " + shown(result));
  expect(problems, writes->load() == 0, std::to_string(writes->load()) + " objects were applied without the lease");
  // The thief is not heard of again; its lease ends.
  wait_for("the end of a lease", [&] { return !says(stage.run(goal, "retry"), "held by"); });
  crash::add(problems, stage.converge(goal));
  return problems;
}

/// The process stands still for longer than its lease.
Problems row_pause(Stage& stage) {
  stage.renew();
  const auto writes = std::make_shared<std::atomic<int>>(0);
  stage.proxy().set(
      {at(stage, "inventory", {.kind = Kind::none}, [&](const SeenRequest&) { stage.clock().pause(Millis(60'000)); })});
  stage.run(goal);
  stage.proxy().clear();
  Problems problems = stage.judge_remains(goal);
  crash::add(problems, stage.converge(goal));
  return problems;
}

Problems row_clock_turned(Stage& stage) {
  Problems problems;
  for (const std::int64_t hours : {30 * 24, -60 * 24}) {
    stage.renew();
    stage.proxy().set({at(stage, "inventory", {.kind = Kind::none},
                          [&](const SeenRequest&) { stage.clock().turn(Millis(std::int64_t{3'600'000} * hours)); })});
    const Commit to = other(stage.at());
    const auto result = stage.run(to);
    stage.proxy().clear();
    crash::add(problems, deployed(result));
    crash::add(problems, stage.judge_remains(to));
    crash::add(problems, stage.converge(to));
    stage.begin_measure();
  }
  return problems;
}

Problems row_empty_set(Stage& stage) {
  std::map<std::string, std::string> files{{"deploy/web/all.yaml", ""}, {"deploy/web/readme.yaml", "# nothing\n"}};
  const auto result = stage.run_files(goal, files);
  Problems problems = web_fails(stage, result);
  for (const auto& [name, wanted] : crash::objects_at(stage.names(), Commit::first)) {
    expect(problems, stage.look().objects.contains(name), name + " is gone");
  }
  crash::add(problems, stage.converge(goal));
  return problems;
}

Problems row_stale_group(Stage& stage) {
  Fault stale{.kind = Kind::edit};
  stale.edit = [](std::string& body) {
    auto list = parse_json(body);
    if (!list.ok() || list->find("items") == nullptr) return;
    Value::List groups;
    for (const auto& one : list->find("items")->as_list()) {
      Value group = one.deep_copy();
      if (group.string_at({"metadata", "name"}) == "batch") {
        group.set("versions", Value::list({make_map({{"version", Value::string("v1")},
                                                     {"resources", Value::list({})},
                                                     {"freshness", Value::string("Stale")}})}));
      }
      groups.push_back(std::move(group));
    }
    list->set("items", Value::list(std::move(groups)));
    body = canonical_json(*list);
  };
  return on_the_way(stage, "discovery", stale, true);
}

Problems row_list_forgotten(Stage& stage) {
  Fault edited{.kind = Kind::edit, .times = 1};
  edited.edit = [](std::string& body) {
    auto list = parse_json(body);
    if (!list.ok() || list->find("items") == nullptr) return;
    // A page that is none: what it has comes on the next, of which the server knows nothing any more.
    list->set("items", Value::list({}));
    list->child_map("metadata").set("continue", Value::string("next"));
    body = canonical_json(*list);
  };
  stage.renew();
  Fault gone = support::status_answer(410, "Expired", "The provided continue parameter is too old");
  gone.path = "continue=next";
  Fault first = at(stage, "list", edited);
  stage.proxy().set({gone, first});
  const auto result = stage.run(goal);
  Problems problems = deployed(result);
  stage.proxy().clear();
  crash::add(problems, stage.judge_remains(goal));
  crash::add(problems, stage.converge(goal));
  return problems;
}

Problems row_token_expired(Stage& stage) {
  stage.renew();
  // From the first apply on nothing is accepted any more.
  const auto begun = std::make_shared<std::atomic<bool>>(false);
  Fault expired = support::status_answer(401, "Unauthorized", "Unauthorized");
  expired.when = [begun, names = stage.names(), fits = request_class("apply").fits](const SeenRequest& request,
                                                                                    std::string_view body) {
    if (fits(names, request, body)) *begun = true;
    return begun->load();
  };
  stage.proxy().set({expired});
  const auto result = stage.run(goal);
  Problems problems = stage.judge_remains(goal);
  expect(problems, result.state == RunState::failed && result.retry, "it should fail, and try again: " + shown(result));
  expect(problems, says(result, "Unauthorized"), "it does not say why: " + shown(result));
  stage.proxy().clear();
  crash::add(problems, stage.converge(goal));
  return problems;
}

Problems row_restored(Stage& stage) {
  // The same objects with other uids, and a server that is older than what was seen.
  for (const char* name : {"configmap/more-1", "secret/same"}) {
    auto body = parse_json(stage.kubectl("web", {"get", name, "-o", "json"}));
    if (!body.ok()) throw std::runtime_error("no JSON");
    for (const char* field : {"uid", "resourceVersion", "creationTimestamp", "managedFields"})
      body->child_map("metadata").erase(field);
    stage.kubectl("web", {"delete", name});
    stage.kubectl("web", {"create", "--filename=-"}, canonical_json(*body));
  }
  Fault older{.kind = Kind::answer, .status = 504, .headers = {{"content-type", "application/json"}}, .times = 1};
  older.body =
      R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Timeout: Too large resource version",)"
      R"("reason":"Timeout","details":{"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}],)"
      R"("retryAfterSeconds":1},"code":504})";
  stage.proxy().set({at(stage, "get", older), at(stage, "list", older)});
  stage.run(Commit::first, "drift");
  stage.proxy().clear();
  return stage.converge(goal, {.anew = {"ConfigMap/@-web/more-1", "Secret/@-web/same"}});
}

Problems row_immutable(Stage& stage) {
  auto files = crash::files_of(stage.names(), goal);
  std::string web = files.at("deploy/web/all.yaml");
  const auto from = web.find("kind: Secret\nmetadata:\n  name: same");
  web.insert(from, "type: example.org/other\n");
  const World before = stage.look();
  const auto result = stage.run_files(goal, {{"deploy/web/all.yaml", web}});
  Problems problems = web_fails(stage, result);
  expect(problems, says(result, "immutable"), "it does not say why: " + shown(result));
  const World now = stage.look();
  // Everything was tried before the first write: nothing of the release was written.
  for (const auto& [name, wanted] : crash::objects_at(stage.names(), Commit::first)) {
    if (wanted.release != "web") continue;
    const auto live = now.objects.find(name);
    expect(problems, live != now.objects.end() && live->second.version == before.objects.at(name).version,
           name + " was written");
  }
  crash::add(problems, stage.converge(goal));
  return problems;
}

Problems row_stopped(Stage& stage) {
  stage.renew();
  std::stop_source stop;
  Fault ask{.kind = Kind::none, .at = 2};
  stage.proxy().set({at(stage, "apply", ask, [&](const SeenRequest&) { stop.request_stop(); })});
  const auto result = stage.run(goal, "poll", {stop.get_token(), {}});
  stage.proxy().clear();
  Problems problems = stage.judge_remains(goal);
  expect(problems, result.state == RunState::preempted, "it did not stop: " + shown(result));
  // Given back: who comes next does not wait for its end.
  stage.renew();
  const auto next = stage.run(goal, "start");
  crash::add(problems, deployed(next));
  crash::add(problems, stage.converge(goal));
  return problems;
}

// ---- what has no number there

Problems row_foreign_object(Stage& stage) {
  stage.plane().kubectl(
      {"create", "--filename=-"},
      stage.names().fill(config_map("web", "fresh", "{applyset.kubernetes.io/part-of: applyset-somebody-v1}")));
  const std::string uid = uid_of(stage.look(), "ConfigMap/@-web/fresh");
  const auto result = stage.run(goal);
  Problems problems = web_fails(stage, result);
  expect(problems, says(result, "fresh"), "it is not named: " + shown(result));
  expect(problems, uid_of(stage.look(), "ConfigMap/@-web/fresh") == uid, "it was touched");
  stage.kubectl("web", {"delete", "configmap", "fresh"});
  crash::add(problems, stage.converge(goal));
  return problems;
}

Problems row_foreign_field(Stage& stage) {
  stage.plane().kubectl({"apply", "--server-side", "--force-conflicts", "--field-manager=argocd-controller", "--filename=-"},
                        stage.names().fill("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: @-web}\n"
                                           "data: {value: theirs}\n"));
  const auto result = stage.run(goal);
  Problems problems = web_fails(stage, result);
  expect(problems, says(result, "argocd-controller") && says(result, ".data.value"), "nobody is named: " + shown(result));
  // They give it up.
  stage.plane().kubectl(
      {"apply", "--server-side", "--field-manager=argocd-controller", "--filename=-"},
      stage.names().fill("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: @-web}\n"));
  crash::add(problems, stage.converge(goal));
  return problems;
}

Problems row_finalizer_stays(Stage& stage) {
  patched(stage, "configmap", "gone", R"({"metadata":{"finalizers":["example.org/held"]}})");
  const auto result = stage.run(goal);
  Problems problems = deployed(result);
  const World left = stage.look();
  const std::string warnings = canonical_json(left.objects.at("Release/@-web/web").body);
  expect(problems, warnings.find("example.org/held") != std::string::npos, "the finalizer is not named");
  const std::string listed =
      stage.kubectl("web", {"get", "configmap", inventory_of_web(stage), "-o", "jsonpath={.data.inventory}"});
  expect(problems, listed.find("\"gone\"") != std::string::npos, "nobody knows of it any more");
  patched(stage, "configmap", "gone", R"({"metadata":{"finalizers":null}})");
  crash::add(problems, stage.converge(goal));
  return problems;
}

Problems row_server_gone(Stage& stage) {
  // Nobody answers at all, from some write on.
  stage.renew();
  const auto begun = std::make_shared<std::atomic<bool>>(false);
  Fault gone{.kind = Kind::drop};
  gone.when = [begun, names = stage.names(), fits = request_class("apply").fits](const SeenRequest& request,
                                                                                 std::string_view body) {
    if (fits(names, request, body)) *begun = true;
    return begun->load();
  };
  stage.proxy().set({gone});
  const auto result = stage.run(goal);
  Problems problems = stage.judge_remains(goal);
  expect(problems, result.state == RunState::failed && result.retry, "it should fail, and try again: " + shown(result));
  stage.proxy().clear();
  crash::add(problems, stage.converge(goal));
  return problems;
}

Problems row_other_channel_goes_on(Stage& stage) {
  stage.renew();
  stage.proxy().set({at(stage, "lease", refusal(403, "Forbidden"))});
  Problems problems;
  const auto ours = stage.run(goal);
  const auto theirs = stage.run_neighbour();
  expect(problems, ours.state == RunState::failed, "without a lease it went on: " + shown(ours));
  expect(problems, theirs.state == RunState::deployed || theirs.state == RunState::up_to_date,
         "the other channel: " + shown(theirs));
  stage.proxy().clear();
  crash::add(problems, stage.converge(goal));
  return problems;
}

}  // namespace

std::vector<Row> every_row() {
  const auto way = [](std::string_view where, Fault fault, bool fails) {
    return [where, fault = std::move(fault), fails](Stage& stage) { return on_the_way(stage, where, fault, fails); };
  };
  Fault late_refusal = refusal(503, "ServiceUnavailable");
  late_refusal.at = 4;  // after union, flush and the mark of what is pruned: the last word
  return {
      {1, "the answer to the union is lost", way("inventory", {.kind = Kind::lose, .times = 1}, false)},
      {2, "the branch goes on after half of it", row_newer_commit},
      {3, "it ends in the middle of a group", row_mid_wave},
      {6, "the answer to an apply is lost", way("apply", {.kind = Kind::lose, .times = 1}, false)},
      {7, "what is applied is being deleted", row_apply_on_deleting},
      {8, "deleted, and not yet applied", row_deleted_not_applied},
      {9, "a namespace that does not go", row_terminating},
      {10, "discovery does not know a new definition", row_new_definition},
      {11, "the backend of a webhook is away", row_webhook_down},
      {12, "a policy writes another value every time", row_webhook_changes},
      {13, "a quota is exceeded in the middle", row_quota},
      {14, "it does not become ready in time", row_not_ready},
      {15, "it ends before anything is pruned", way("delete", refusal(503, "ServiceUnavailable"), true)},
      {16, "the answers to deletes are lost", way("delete", {.kind = Kind::lose}, true)},
      {17, "somebody else makes it anew", row_recreated_by_another},
      {18, "an object moves to another release", row_moved},
      {19, "it ends before the inventory shrinks", way("inventory", late_refusal, false)},
      {20, "the inventory is deleted", row_inventory_deleted},
      {20, "the inventory is damaged", row_inventory_damaged},
      {20, "the inventory is edited", row_inventory_edited},
      {21, "somebody else writes the inventory", row_other_writer},
      {22, "another agent takes the lease", row_lease_stolen},
      {22, "the process stands still for a minute", row_pause},
      {22, "the clock is turned by months", row_clock_turned},
      {23, "nothing is rendered", row_empty_set},
      {24, "a group whose service does not answer", row_stale_group},
      {25, "a list is forgotten between two pages", row_list_forgotten},
      {30, "the token expires on the way", row_token_expired},
      {31, "the server was restored from a backup", row_restored},
      {32, "a field that cannot be changed", row_immutable},
      {33, "it is asked to stop", row_stopped},
      {0, "an object of the same name belongs to somebody else", row_foreign_object},
      {0, "a field belongs to another tool", row_foreign_field},
      {0, "a finalizer that never goes", row_finalizer_stays},
      {0, "the server is gone from some moment on", row_server_gone},
      {0, "another channel goes on", row_other_channel_goes_on},
  };
}

}  // namespace gitopsctl::fault
