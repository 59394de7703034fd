// The Kubernetes client against the real API server: what it promises, and that the server still says what we read.

#include "agent/kube/client.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <sstream>
#include <thread>

#include "base/json/json.hpp"
#include "tests/cluster/kube_bench.hpp"
#include "tests/support/control_plane.hpp"
#include "tests/support/need_control_plane.hpp"

namespace gitopsctl::tests {
namespace {

using agent::FieldConflict;
using agent::KubeApplyOptions;
using agent::KubeCall;
using agent::KubeClient;
using agent::KubeClientOptions;
using agent::KubeDeleteOptions;
using agent::KubeErrorClass;
using render::ObjectId;

/// Notes names and versions; stops the watch when it has seen `wanted`.
struct Notes final : agent::KubeWatchSink {
  Result<void> replace(const agent::KubeList& all) override {
    ++lists;
    for (const auto& item : all.items) names.insert("list " + std::string(item.string_at({"metadata", "name"})));
    return check();
  }
  Result<void> change(Event event, const Value& object) override {
    const auto* sign = event == Event::added ? "+" : event == Event::modified ? "~" : "-";
    names.insert(sign + std::string(object.string_at({"metadata", "name"})));
    return check();
  }
  Result<void> check() {
    seen = names.size();
    if (std::ranges::includes(names, wanted)) return Error(ErrorCode::internal, "seen");
    return {};
  }
  std::set<std::string> names;
  std::set<std::string> wanted;
  std::atomic<std::size_t> seen{0};
  std::atomic<int> lists{0};
};

}  // namespace

TEST_SUITE("kube client") {
  TEST_CASE("discovery names every resource that kubectl lists, and costs two requests and two 304") {
    auto* plane = need_control_plane("discovery");
    if (plane == nullptr) return;
    const KubeClient client = admin(*plane);
    const auto table = client.discovery().table({});
    REQUIRE_MESSAGE(table.ok(), shown(table));
    std::set<std::string> ours;
    for (const auto& resource : table->table->resources()) {
      const bool preferred = table->table->find(resource.group, "", resource.kind) == &resource;
      if (preferred) ours.insert(resource.plural + (resource.group.empty() ? "" : "." + resource.group));
    }
    std::set<std::string> theirs;
    std::istringstream lines(plane->kubectl({"api-resources", "-o", "name"}));
    for (std::string line; std::getline(lines, line);) theirs.insert(line);
    CHECK(ours == theirs);
    const auto before = client.transport().counters(agent::KubeTraffic::discovery);
    CHECK(before.requests == 2);
    REQUIRE(client.discovery().refresh(table->generation, {}).ok());
    const auto after = client.transport().counters(agent::KubeTraffic::discovery);
    CHECK(after.requests == 4);
    CHECK(after.bytes_received - before.bytes_received < 4096);
    CHECK(table->table->stale_groups().empty());
  }

  TEST_CASE("an apply creates, changes, and leaves alone what is as it should be") {
    auto* plane = need_control_plane("server-side apply");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace();
    const KubeClient client = admin(*plane);
    KubeApplyOptions options = by("gitopsctl");
    options.dry_run = true;
    const auto dry = client.apply(config_map(space, "a"), options, {});
    REQUIRE_MESSAGE(dry.ok(), shown(dry));
    CHECK(dry->created);
    CHECK(version_of(dry->object).empty());
    const ObjectId id{"", "ConfigMap", space, "a"};
    CHECK_FALSE(client.find(id, {}, {})->has_value());

    options.dry_run = false;
    const auto created = client.apply(config_map(space, "a"), options, {});
    REQUIRE_MESSAGE(created.ok(), shown(created));
    CHECK(created->created);
    options.metadata_only = true;
    const auto same = client.apply(config_map(space, "a"), options, {});
    REQUIRE_MESSAGE(same.ok(), shown(same));
    CHECK_FALSE(same->created);
    CHECK(version_of(same->object) == version_of(created->object));
    CHECK(same->object.find("data") == nullptr);
    CHECK(same->object.string_at({"kind"}) == "ConfigMap");
    const auto changed = client.apply(config_map(space, "a", R"({"a":"2"})"), options, {});
    CHECK(version_of(changed->object) != version_of(created->object));
    const auto live = client.get(id, {}, {});
    CHECK(live->string_at({"data", "a"}) == "2");
    CHECK(client.get(id, {"", true}, {})->find("data") == nullptr);
  }

  TEST_CASE("a conflict names the manager, its operation and the field") {
    auto* plane = need_control_plane("conflicts");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace();
    const KubeClient client = admin(*plane);
    const std::string data = R"({"a":"1","b":"1","c":"1"})";
    REQUIRE(client.apply(config_map(space, "a", data), by("first"), {}).ok());
    const auto live = client.get({"", "ConfigMap", space, "a"}, {}, {});
    Value put = live->deep_copy();
    put.child_map("data").set("b", Value::string("2"));
    agent::KubeWriteOptions second;
    second.field_manager = "second";
    REQUIRE(client.put(put, second, {}).ok());
    const auto refused = client.apply(config_map(space, "a", R"({"a":"3","b":"3"})"), by("third"), {});
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().is(KubeErrorClass::field_conflict));
    CHECK(refused.error().conflicts() ==
          std::vector<FieldConflict>{{"first", "Apply", "", "", ".data.a"}, {"second", "Update", "", "v1", ".data.b"}});
    CHECK(client.apply(config_map(space, "a", R"({"a":"3","b":"3"})"), by("third", true), {}).ok());
  }

  TEST_CASE("a put of an old version, and a delete of another object, do nothing") {
    auto* plane = need_control_plane("compare and swap");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace();
    const KubeClient client = admin(*plane);
    const auto made = client.create(config_map(space, "a"), {}, {});
    REQUIRE_MESSAGE(made.ok(), shown(made));
    CHECK(client.create(config_map(space, "a"), {}, {}).error().is(KubeErrorClass::already_exists));
    Value next = made->object.deep_copy();
    next.child_map("data").set("a", Value::string("2"));
    const auto second = client.put(next, {}, {});
    REQUIRE_MESSAGE(second.ok(), shown(second));
    const auto late = client.put(next, {}, {});
    CHECK_MESSAGE(late.error().is(KubeErrorClass::stale_write), shown(late));

    const ObjectId id{"", "ConfigMap", space, "a"};
    KubeDeleteOptions wrong;
    wrong.uid = "00000000-0000-0000-0000-000000000000";
    const auto other = client.remove(id, wrong, {});
    REQUIRE_FALSE(other.ok());
    CHECK_MESSAGE(other.error().is(KubeErrorClass::precondition), shown(other));
    wrong.uid = uid_of(made->object);
    wrong.resource_version = version_of(made->object);
    const auto old = client.remove(id, wrong, {});
    REQUIRE_FALSE(old.ok());
    CHECK_MESSAGE(old.error().is(KubeErrorClass::precondition), shown(old));
    CHECK(client.find(id, {}, {})->has_value());
    wrong.resource_version = version_of(second->object);
    const auto gone = client.remove(id, wrong, {});
    REQUIRE_MESSAGE(gone.ok(), shown(gone));
    CHECK(gone->gone);
    CHECK(client.remove(id, wrong, {})->was_absent);

    // An apply that names a uid asks for that very object.
    Value named = config_map(space, "a");
    named.child_map("metadata").set("uid", Value::string(uid_of(made->object)));
    const auto absent = client.apply(named, {}, {});
    CHECK_MESSAGE(absent.error().is(KubeErrorClass::precondition), shown(absent));
    REQUIRE(client.apply(config_map(space, "a"), {}, {}).ok());
    const auto another = client.apply(named, {}, {});
    CHECK_MESSAGE(another.error().is(KubeErrorClass::precondition), shown(another));
  }

  TEST_CASE("a status is written where it stands, and nothing else with it") {
    auto* plane = need_control_plane("status");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace();
    const KubeClient client = admin(*plane);
    const auto service = [&](const std::string& more) {
      return *parse_json(R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"s","namespace":")" + space + "\"}," +
                         more + "}");
    };
    const std::string status = R"("status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}})";
    REQUIRE(client.apply(service(R"("spec":{"type":"LoadBalancer","ports":[{"port":80}]},)" + status), {}, {}).ok());
    const ObjectId id{"", "Service", space, "s"};
    const std::initializer_list<std::string_view> phase{"status", "loadBalancer", "ingress"};
    CHECK(client.get(id, {}, {})->find_path(phase) == nullptr);
    KubeApplyOptions options;
    options.subresource = "status";
    const auto told = client.apply(service(status), options, {});
    REQUIRE_MESSAGE(told.ok(), shown(told));
    const auto live = client.get(id, {}, {});
    REQUIRE(live->find_path(phase) != nullptr);
    CHECK(live->find_path({"spec", "ports"})->size() == 1);
    Value next = live->deep_copy();
    next.set("status", Value::map());
    next.child_map("spec").set("type", Value::string("ClusterIP"));
    agent::KubeWriteOptions put;
    put.subresource = "status";
    REQUIRE(client.put(next, put, {}).ok());
    CHECK(client.get(id, {}, {})->find_path(phase) == nullptr);
    CHECK(client.get(id, {}, {})->string_at({"spec", "type"}) == "LoadBalancer");
  }

  TEST_CASE("a dry run of a delete deletes nothing") {
    auto* plane = need_control_plane("dry deletes");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace();
    const KubeClient client = admin(*plane);
    const auto made = client.apply(config_map(space, "a"), {}, {});
    REQUIRE_MESSAGE(made.ok(), shown(made));
    KubeDeleteOptions options;
    options.dry_run = true;
    const auto dry = client.remove(map_id(space, "a"), options, {});
    REQUIRE_MESSAGE(dry.ok(), shown(dry));
    CHECK(uid_of(*client.get(map_id(space, "a"), {}, {})) == uid_of(made->object));
    options.uid = "another";
    CHECK(client.remove(map_id(space, "a"), options, {}).error().is(KubeErrorClass::precondition));
  }

  TEST_CASE("finalizers keep what was deleted") {
    auto* plane = need_control_plane("finalizers");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace();
    const KubeClient client = admin(*plane);
    Value object = config_map(space, "a");
    object.child_map("metadata").set("finalizers", Value::list({Value::string("gitopsctl.dev/test")}));
    const auto made = client.apply(object, {}, {});
    REQUIRE_MESSAGE(made.ok(), shown(made));
    const ObjectId id{"", "ConfigMap", space, "a"};
    KubeDeleteOptions options;
    options.uid = uid_of(made->object);
    const auto kept = client.remove(id, options, {});
    REQUIRE_MESSAGE(kept.ok(), shown(kept));
    CHECK_FALSE(kept->gone);
    CHECK_FALSE(kept->object.string_at({"metadata", "deletionTimestamp"}).empty());
    const auto patched = client.patch(
        id,
        *parse_json(
            R"([{"op":"remove","path":"/metadata/finalizers"},{"op":"replace","path":"/metadata/resourceVersion","value":")" +
            version_of(kept->object) + "\"}]"),
        {}, {});
    REQUIRE_MESSAGE(patched.ok(), shown(patched));
    CHECK_FALSE(client.find(id, {}, {})->has_value());
  }

  TEST_CASE("a patch of an old version is told from one that does not fit") {
    auto* plane = need_control_plane("JSON patches");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace();
    const KubeClient client = admin(*plane);
    const auto made = client.apply(config_map(space, "a"), {}, {});
    REQUIRE(made.ok());
    const ObjectId id{"", "ConfigMap", space, "a"};
    const auto patch = [&](const std::string& version) {
      return client.patch(
          id,
          *parse_json(
              R"([{"op":"replace","path":"/data/a","value":"9"},{"op":"replace","path":"/metadata/resourceVersion","value":")" +
              version + "\"}]"),
          {}, {});
    };
    const auto good = patch(version_of(made->object));
    REQUIRE_MESSAGE(good.ok(), shown(good));
    const auto stale = patch(version_of(made->object));
    CHECK_MESSAGE(stale.error().is(KubeErrorClass::stale_write), shown(stale));
    const auto test = client.patch(id, *parse_json(R"([{"op":"test","path":"/data/a","value":"no"}])"), {}, {});
    CHECK_MESSAGE(test.error().is(KubeErrorClass::invalid), shown(test));
  }

  TEST_CASE("1,200 objects are listed in pages, whole and once each") {
    auto* plane = need_control_plane("paging");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace();
    const KubeClient client = admin(*plane);
    constexpr int objects = 1200;
    std::atomic<int> next{0};
    std::atomic<int> good{0};
    {
      std::vector<std::jthread> writers;
      for (int i = 0; i < 8; ++i) {
        writers.emplace_back([&] {
          KubeApplyOptions options;
          options.metadata_only = true;
          for (int k = next++; k < objects; k = next++) {
            good += client.apply(config_map(space, "m-" + std::to_string(k)), options, {}).ok() ? 1 : 0;
          }
        });
      }
    }
    REQUIRE(good == objects);
    for (const bool metadata_only : {false, true}) {
      agent::KubeListOptions options;
      options.namespace_ = space;
      options.metadata_only = metadata_only;
      const auto before = client.transport().counters(agent::KubeTraffic::list);
      const auto all = client.list({"", "", "ConfigMap"}, options, {});
      REQUIRE_MESSAGE(all.ok(), shown(all));
      std::set<std::string> names;
      for (const auto& item : all->items) {
        CHECK(item.string_at({"kind"}) == "ConfigMap");
        if (item.string_at({"metadata", "name"}).starts_with("m-"))
          names.insert(std::string(item.string_at({"metadata", "name"})));
      }
      CHECK(names.size() == objects);
      CHECK(all->items.size() >= objects);
      CHECK(all->items.size() <= objects + 1);  // the authority of the namespace may be there
      CHECK(client.transport().counters(agent::KubeTraffic::list).requests - before.requests == 3);
      CHECK((all->items.front().find("data") == nullptr) == metadata_only);
    }
    MESSAGE("most connections at once: " << client.transport().connections().peak());
  }

  TEST_CASE("a watch tells every change, and goes on after the server was started again") {
    auto* plane = need_control_plane("watches");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace();
    const KubeClient client = admin(*plane);
    REQUIRE(client.apply(config_map(space, "a"), {}, {}).ok());
    Notes notes;
    notes.wanted = {"list a", "+b", "~a", "-b", "+c"};
    agent::KubeListOptions options;
    options.namespace_ = space;
    options.field_selector = "metadata.name!=kube-root-ca.crt";
    const KubeCall call{{{}, Deadline(system_clock(), Millis(120'000))}, false, {}};
    std::jthread writer([&] {
      while (notes.lists == 0) system_clock().sleep(Millis(20), {});
      (void)client.apply(config_map(space, "b"), {}, call);
      (void)client.apply(config_map(space, "a", R"({"a":"2"})"), {}, call);
      (void)client.remove({"", "ConfigMap", space, "b"}, {}, call);
      while (notes.seen < 4) system_clock().sleep(Millis(20), {});
    });
    std::jthread restarter([&] {
      while (notes.seen < 4) system_clock().sleep(Millis(20), {});
      (void)client.apply(config_map(space, "c"), {}, call);
    });
    const auto ended = client.watch({"", "", "ConfigMap"}, options, notes, call);
    CHECK_MESSAGE(ended.error().message() == "seen", shown(ended));
    CHECK(notes.lists == 1);
    writer.join();
    restarter.join();

    // A restart breaks the connection; the watch goes on from where it was, or lists anew, and misses nothing.
    Notes again;
    again.wanted = {"list a", "list c", "+d"};
    std::jthread watcher([&] {
      const auto over = client.watch({"", "", "ConfigMap"}, options, again, call);
      CHECK_MESSAGE(over.error().message() == "seen", shown(over));
    });
    while (again.lists == 0) system_clock().sleep(Millis(20), {});
    plane->stop_api_server(true);
    plane->start_api_server();
    CHECK(client.apply(config_map(space, "d"), {}, call).ok());
  }

  TEST_CASE("a version that the server has forgotten, or a kind that it does not have, is said so") {
    auto* plane = need_control_plane("unknown kinds");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace();
    const KubeClient client = admin(*plane);
    const auto widget = client.get({"example.org", "Widget", space, "a"}, {}, {});
    REQUIRE_FALSE(widget.ok());
    CHECK_MESSAGE(widget.error().is(KubeErrorClass::no_match), shown(widget));
    plane->kubectl({"apply", "-f", "-"}, R"yaml(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.org}
spec:
  group: example.org
  names: {kind: Widget, plural: widgets}
  scope: Namespaced
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {count: {type: integer}}}}}}}]
)yaml");
    plane->kubectl({"wait", "--for=condition=Established", "crd/widgets.example.org"});
    const auto object = [&](const std::string& spec) {
      return *parse_json(R"({"apiVersion":"example.org/v1","kind":"Widget","metadata":{"name":"a","namespace":")" + space +
                         R"("},"spec":)" + spec + "}");
    };
    const auto made = client.apply(object(R"({"count":1})"), {}, {});
    CHECK_MESSAGE(made.ok(), shown(made));
    const auto schema = client.apply(object(R"({"cuont":1})"), {}, {});
    REQUIRE_FALSE(schema.ok());
    CHECK_MESSAGE(schema.error().is(KubeErrorClass::schema), shown(schema));
    // Its list may have any name.
    plane->kubectl(
        {"patch", "crd", "widgets.example.org", "--type=merge", "-p", R"({"spec":{"names":{"listKind":"Assortment"}}})"});
    for (int i = 0;
         i < 100 && plane->kubectl({"get", "--raw", "/apis/example.org/v1/widgets"}).find("Assortment") == std::string::npos;
         ++i) {
      system_clock().sleep(Millis(100), {});
    }
    const auto assortment = client.list({"example.org", "", "Widget"}, {space, "", "", false, 500}, {});
    REQUIRE_MESSAGE(assortment.ok(), shown(assortment));
    REQUIRE(assortment->items.size() == 1);
    CHECK(assortment->items[0].string_at({"kind"}) == "Widget");
    // The definition goes: what was known of it is forgotten by the text 404.
    plane->kubectl({"delete", "crd", "widgets.example.org"});
    const auto gone = client.get({"example.org", "Widget", space, "a"}, {}, {});
    REQUIRE_FALSE(gone.ok());
    CHECK_MESSAGE(gone.error().is(KubeErrorClass::no_match), shown(gone));
  }

  TEST_CASE("refusals of the real server have their classes") {
    auto* plane = need_control_plane("refusals");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace();
    const KubeClient client = admin(*plane);
    const auto apply = [&](const std::string& json) { return client.apply(*parse_json(json), {}, {}); };
    const auto expect = [&](const auto& result, KubeErrorClass which) {
      REQUIRE_FALSE(result.ok());
      CHECK_MESSAGE(result.error().is(which), shown(result));
    };
    expect(client.apply(config_map("nowhere", "a"), {}, {}), KubeErrorClass::namespace_missing);
    expect(client.get({"", "Namespace", "", "nowhere"}, {}, {}), KubeErrorClass::not_found);
    expect(apply(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"A_b","namespace":")" + space + "\"}}"),
           KubeErrorClass::invalid);
    expect(
        apply(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":")" + space + R"("},"dta":{}})"),
        KubeErrorClass::schema);
    expect(client.create(*parse_json(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":")" +
                                     space + R"("},"dta":{}})"),
                         {}, {}),
           KubeErrorClass::bad_request);
    expect(apply(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":")" + space +
                 R"(","managedFields":[]}})"),
           KubeErrorClass::bad_request);
    expect(client.apply(config_map(space, "a", R"({"x":")" + std::string(1'100'000, 'x') + "\"}"), {}, {}),
           KubeErrorClass::invalid);
    expect(client.apply(config_map(space, "a", R"({"x":")" + std::string(3'500'000, 'x') + "\"}"), {}, {}),
           KubeErrorClass::too_large);
    // What must not change, in the words that §1.5 tells immutable fields by.
    const auto fixed = [&](const std::string& data) {
      return apply(R"({"apiVersion":"v1","kind":"ConfigMap","immutable":true,"metadata":{"name":"fixed","namespace":")" +
                   space + R"("},"data":)" + data + "}");
    };
    REQUIRE(fixed(R"({"a":"1"})").ok());
    const auto immutable = fixed(R"({"a":"2"})");
    expect(immutable, KubeErrorClass::invalid);
    REQUIRE(immutable.error().status().causes.size() == 1);
    CHECK(immutable.error().status().causes[0].field == "data");
    CHECK(immutable.error().status().causes[0].message.find("immutable") != std::string::npos);
    const auto typed = [&](const std::string& type) {
      return apply(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"typed","namespace":")" + space +
                   R"("},"type":")" + type + "\"}");
    };
    REQUIRE(typed("example.org/one").ok());
    const auto retyped = typed("example.org/two");
    expect(retyped, KubeErrorClass::invalid);
    CHECK(retyped.error().status().causes.at(0).field == "type");
    // No word of a secret's content comes back in an error.
    const std::string canary = "c4n4ry-in-a-secret";
    for (const std::string& body :
         {R"("data":{"a":")" + canary + "\"}", R"("data":{"a":{"b":")" + canary + "\"}}", R"("dta":{"a":")" + canary + "\"}",
          R"("type":")" + canary + R"(!","data":{"!":"")" + "}"}) {
      const auto refused =
          apply(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","namespace":")" + space + "\"}," + body + "}");
      REQUIRE_FALSE(refused.ok());
      CHECK(shown(refused).find(canary) == std::string::npos);
    }
  }

  TEST_CASE("quotas, dying namespaces, policies and webhooks are told apart") {
    auto* plane = need_control_plane("refusals by admission", {{"resourcequota-controller"}, false});
    if (plane == nullptr) return;
    const KubeClient client = admin(*plane);
    const auto until = [&](const auto& work, KubeErrorClass which) {
      agent::KubeResult<agent::KubeWritten> last = work();
      for (int i = 0; i < 150 && (last.ok() || !last.error().is(which)); ++i) {
        system_clock().sleep(Millis(100), {});
        last = work();
      }
      CHECK_MESSAGE((!last.ok() && last.error().is(which)), shown(last));
      return last;
    };
    KubeCall brief;
    brief.interrupt.deadline = Deadline(system_clock(), Millis(60'000));

    const std::string small = plane->fresh_namespace("small");
    plane->kubectl({"create", "quota", "small", "--hard=configmaps=1", "-n", small});
    plane->kubectl({"wait", "quota/small", "--for=jsonpath={.status.hard}", "-n", small, "--timeout=30s"});
    int next = 0;
    (void)until([&] { return client.apply(config_map(small, "q" + std::to_string(next++)), {}, brief); },
                KubeErrorClass::quota);

    // Without its controller a namespace never ends.
    const std::string dying = plane->fresh_namespace("dying");
    KubeDeleteOptions options;
    const auto deleted = client.remove({"", "Namespace", "", dying}, options, brief);
    REQUIRE_MESSAGE(deleted.ok(), shown(deleted));
    CHECK_FALSE(deleted->gone);
    const auto late = client.apply(config_map(dying, "a"), {}, brief);
    REQUIRE_FALSE(late.ok());
    CHECK_MESSAGE(late.error().is(KubeErrorClass::terminating), shown(late));

    const std::string guarded = plane->fresh_namespace("guarded");
    const std::string selector = "{matchLabels: {kubernetes.io/metadata.name: " + guarded + "}}";
    plane->apply(R"yaml(
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-luck}
spec:
  failurePolicy: Fail
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps, secrets]}]}
  validations: [{expression: "false", message: no such luck}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: no-luck}
spec: {policyName: no-luck, validationActions: [Deny], matchResources: {namespaceSelector: )yaml" +
                 selector + "}}\n");
    const auto denied = until([&] { return client.apply(config_map(guarded, "a"), {}, brief); }, KubeErrorClass::denied);
    CHECK(denied.error().status().webhook == "no-luck");
    CHECK(denied.error().message().find("no such luck") != std::string::npos);
    plane->kubectl({"delete", "validatingadmissionpolicybinding", "no-luck"});

    plane->apply(R"yaml(
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: away}
webhooks:
- name: away.example.org
  failurePolicy: Fail
  sideEffects: None
  timeoutSeconds: 1
  admissionReviewVersions: [v1]
  clientConfig: {url: "https://127.0.0.1:1/validate"}
  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
  namespaceSelector: )yaml" +
                 selector + "\n");
    int made = 0;
    KubeCall patient = brief;
    patient.interrupt.deadline = Deadline(system_clock(), Millis(120'000));
    bool told = false;
    // It is repeated, since it may pass, and says so meanwhile.
    patient.on_repeat = [&](const agent::KubeError& why, Millis) {
      CHECK(why.is(KubeErrorClass::webhook));
      CHECK(why.status().webhook == "away.example.org");
      if (!told) plane->kubectl({"delete", "validatingwebhookconfiguration", "away"});
      told = true;
    };
    for (; made < 600 && !told; ++made) {
      const auto written = client.apply(config_map(guarded, "w" + std::to_string(made)), {}, patient);
      // The policy may say its last word after it was taken away.
      if (!written.ok()) CHECK_MESSAGE(written.error().is(KubeErrorClass::denied), shown(written));
      if (!told) system_clock().sleep(Millis(50), {});
    }
    CHECK(told);
  }

  TEST_CASE("HTTP/2 is spoken, and without it everything works as well") {
    auto* plane = need_control_plane("HTTP versions");
    if (plane == nullptr) return;
    for (const bool http2 : {true, false}) {
      channels::HttpOrigin origin;
      origin.ca_pem = plane->ca_pem();
      origin.http2 = http2;
      channels::HttpClient http(origin);
      channels::HttpRequest request;
      request.url = plane->url() + "/readyz";
      const auto answer = http.send(request, {});
      REQUIRE(answer.ok());
      CHECK(answer->version == (http2 ? 20 : 11));
      CHECK(http.sent());
      KubeClientOptions options;
      options.http2 = options.http2_requests = http2;
      CHECK(admin(*plane, options).get({"", "Namespace", "", "default"}, {}, {}).ok());
    }
  }
}

}  // namespace gitopsctl::tests
