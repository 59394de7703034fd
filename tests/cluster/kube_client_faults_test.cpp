// The Kubernetes client on a bad day: the real API server behind a proxy that loses, cuts, delays and falsifies, and a
// server that has too much to do, forgets, or is not there.

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <set>
#include <thread>

#include "agent/kube/client.hpp"
#include "base/json/json.hpp"
#include "tests/cluster/kube_bench.hpp"
#include "tests/support/control_plane.hpp"
#include "tests/support/kube_proxy.hpp"
#include "tests/support/need_control_plane.hpp"

namespace gitopsctl::tests {
namespace {

using agent::KubeClient;
using agent::KubeClientOptions;
using agent::KubeDeleteOptions;
using agent::KubeErrorClass;
using agent::KubeListOptions;
using agent::KubeTraffic;
using support::ControlPlane;
using support::Fault;
using support::KubeProxy;
using Kind = Fault::Kind;
namespace kube_class = support::kube_class;

constexpr Millis patience{60'000};

KubeClientOptions hasty() {
  KubeClientOptions out;
  out.first_pause = Millis(20);
  out.longest_pause = Millis(200);
  out.attempt_limit = Millis(5'000);
  return out;
}

/// A namespace, and a client that knows the server already, behind a proxy of its own.
struct Bench {
  explicit Bench(ControlPlane& plane, const KubeClientOptions& options = hasty())
      : proxy(plane), client(target_of(proxy.kubeconfig()), options), space(plane.fresh_namespace("faults")) {
    REQUIRE(client.discovery().table({}).ok());
  }
  /// From now on; what came before is forgotten.
  void fault(Fault fault) {
    if (fault.path.empty()) fault.path = space;
    proxy.forget_seen();
    proxy.set({std::move(fault)});
  }
  [[nodiscard]] agent::KubeResult<agent::KubeWritten> apply(const std::string& name, const std::string& value = "1") const {
    return client.apply(config_map(space, name, R"({"a":")" + value + "\"}"), {}, within(patience));
  }
  [[nodiscard]] std::string value(const std::string& name) const {
    const auto live = client.find(map_id(space, name), {}, within(patience));
    REQUIRE_MESSAGE(live.ok(), shown(live));
    return live->has_value() ? std::string((*live)->string_at({"data", "a"})) : "absent";
  }
  [[nodiscard]] agent::KubeResult<agent::KubeList> list(std::uint32_t page_size = 500, Millis span = patience) const {
    return client.list({"", "", "ConfigMap"}, {space, "", "metadata.name!=kube-root-ca.crt", false, page_size},
                       within(span));
  }
  [[nodiscard]] std::size_t mutations() const { return proxy.count(kube_class::mutating); }

  KubeProxy proxy;
  KubeClient client;
  std::string space;
};

/// Notes names; ends the watch when it has seen `wanted`.
struct Notes final : agent::KubeWatchSink {
  explicit Notes(std::set<std::string> what) : wanted(std::move(what)) {}
  Result<void> replace(const agent::KubeList& all) override {
    std::set<std::string> now;
    for (const auto& item : all.items) now.insert(std::string(item.string_at({"metadata", "name"})));
    for (const auto& name : now) names.insert(name);
    ++lists;
    return check();
  }
  Result<void> change(Event, const Value& object) override {
    names.insert(std::string(object.string_at({"metadata", "name"})));
    return check();
  }
  Result<void> check() {
    seen = names.size();
    if (std::includes(names.begin(), names.end(), wanted.begin(), wanted.end())) return Error(ErrorCode::internal, "seen");
    return {};
  }
  std::set<std::string> names;
  std::set<std::string> wanted;
  std::atomic<std::size_t> seen{0};
  std::atomic<int> lists{0};
};

void wait_until(const std::function<bool()>& true_now) {
  for (int i = 0; i < 600 && !true_now(); ++i) system_clock().sleep(Millis(50), {});
}

std::string refusal(int code, const std::string& reason, const std::string& more = "{}") {
  return R"({"kind":"Status","apiVersion":"v1","metadata":)" + more + R"(,"status":"Failure","message":"x","reason":")" +
         reason + R"(","code":)" + std::to_string(code) + "}";
}

}  // namespace

TEST_SUITE("kube client: faults") {
  TEST_CASE("a write that is cut off is carried out once, or its fate is said to be unknown") {
    auto* plane = need_control_plane("cut connections");
    if (plane == nullptr) return;
    Bench bench(*plane);
    const KubeClient& client = bench.client;
    const std::string& space = bench.space;
    for (const bool forwarded : {false, true}) {
      CAPTURE(forwarded);
      const std::string mark = forwarded ? "after" : "before";
      const std::size_t sent = forwarded ? 1 : 2;
      const auto cut = [&] {
        bench.fault(
            {.kind = forwarded ? Kind::lose : Kind::drop, .request_class = std::string(kube_class::mutating), .times = 1});
      };
      cut();
      const auto applied = bench.apply("apply-" + mark);
      CHECK_MESSAGE(applied.ok(), shown(applied));
      CHECK(bench.mutations() == 2);

      cut();
      const auto created = client.create(config_map(space, "create-" + mark), {}, within(patience));
      CHECK_MESSAGE(created.ok(), shown(created));
      CHECK(created->created);
      CHECK(bench.mutations() == sent);

      Value next = created->object.deep_copy();
      next.child_map("data").set("a", Value::string("2"));
      cut();
      const auto put = client.put(next, {}, within(patience));
      CHECK_MESSAGE(put.ok(), shown(put));
      CHECK(bench.value("create-" + mark) == "2");
      CHECK(bench.mutations() == sent);

      cut();
      const auto patched =
          client.patch(map_id(space, "create-" + mark), *parse_json(R"([{"op":"replace","path":"/data/a","value":"3"}])"),
                       {}, within(patience));
      REQUIRE_FALSE(patched.ok());
      CHECK(patched.error().outcome_unknown());
      CHECK(patched.error().is(KubeErrorClass::no_answer));
      CHECK(bench.value("create-" + mark) == (forwarded ? "3" : "2"));
      CHECK(bench.mutations() == 1);

      cut();
      const auto removed = client.remove(map_id(space, "create-" + mark), {}, within(patience));
      REQUIRE_FALSE(removed.ok());
      CHECK(removed.error().outcome_unknown());
      CHECK(bench.value("create-" + mark) == (forwarded ? "absent" : "2"));
      CHECK(bench.mutations() == 1);

      KubeDeleteOptions named;
      named.uid = uid_of(applied->object);
      cut();
      const auto gone = client.remove(map_id(space, "apply-" + mark), named, within(patience));
      REQUIRE_MESSAGE(gone.ok(), shown(gone));
      CHECK(gone->gone);
      CHECK(gone->was_absent == forwarded);
      CHECK(bench.mutations() == 2);

      cut();
      const auto generated = client.create(
          *parse_json(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"g-","namespace":")" + space +
                      "\"}}"),
          {}, within(patience));
      REQUIRE_FALSE(generated.ok());
      CHECK(generated.error().outcome_unknown());
      CHECK(bench.mutations() == 1);
      std::size_t generated_now = 0;
      const auto all = bench.list();
      REQUIRE_MESSAGE(all.ok(), shown(all));
      for (const auto& item : all->items) {
        generated_now += item.string_at({"metadata", "name"}).starts_with("g-") ? 1 : 0;
      }
      CHECK(generated_now == (forwarded ? 1 : 0));
    }
  }

  TEST_CASE("a create that meets somebody else's object behind a lost answer does not take it for its own") {
    auto* plane = need_control_plane("lost creates");
    if (plane == nullptr) return;
    Bench bench(*plane);
    bench.fault({.kind = Kind::drop, .request_class = std::string(kube_class::mutating), .times = 1});
    // Somebody is quicker, between our two attempts.
    agent::KubeCall call = within(patience);
    const KubeClient other = admin(*plane);
    call.on_repeat = [&](const agent::KubeError& why, Millis) {
      CHECK(why.outcome_unknown());
      REQUIRE(other.apply(config_map(bench.space, "a"), by("gitopsctl"), {}).ok());
    };
    const auto created = bench.client.create(config_map(bench.space, "a"), {}, call);
    REQUIRE_FALSE(created.ok());
    CHECK_MESSAGE(created.error().is(KubeErrorClass::already_exists), shown(created));
    CHECK(created.error().outcome_unknown());
  }

  TEST_CASE("a list that comes broken is read again or is an error, and never shorter") {
    auto* plane = need_control_plane("broken answers");
    if (plane == nullptr) return;
    KubeClientOptions options = hasty();
    options.attempt_limit = Millis(1'000);
    Bench bench(*plane, options);
    constexpr std::size_t objects = 30;
    for (std::size_t i = 0; i < objects; ++i) REQUIRE(bench.apply("m-" + std::to_string(i)).ok());
    struct Case {
      const char* name;
      Fault fault;
      bool repeated;
    };
    const std::vector<Case> cases{
        {"no answer", {.kind = Kind::drop, .times = 1}, true},
        {"an answer that is cut", {.kind = Kind::cut, .bytes = 2000, .times = 1}, true},
        {"an answer that stops", {.kind = Kind::stop_mid, .bytes = 2000, .times = 1}, true},
        {"no answer for a long time", {.kind = Kind::hang, .times = 1}, true},
        {"a slow answer", {.kind = Kind::drip, .bytes = 1000, .wait = Millis(2), .times = 1}, true},
        {"a part that is called the whole", {.kind = Kind::truncate, .bytes = 2000, .times = 1}, false},
        {"nothing that is called the whole", {.kind = Kind::truncate, .bytes = 0, .times = 1}, false},
        {"a wrong first byte", {.kind = Kind::flip, .bytes = 0, .times = 1}, false},
        {"a wrong last byte", {.kind = Kind::flip, .bytes = -2, .times = 1}, false},
        {"a gateway's page", {.kind = Kind::answer, .status = 502, .body = "<html>", .times = 1}, true},
        {"a portal's page", {.kind = Kind::answer, .status = 200, .body = "<html>", .times = 1}, false},
        {"a redirect",
         {.kind = Kind::answer, .status = 302, .headers = {{"Location", "/"}}, .body = "<html>", .times = 1},
         false},
        {"a page that says 404", {.kind = Kind::answer, .status = 404, .body = "<html>", .times = 1}, false},
    };
    for (const auto& test : cases) {
      CAPTURE(test.name);
      bench.fault(test.fault);
      const auto all = bench.list();
      CHECK_MESSAGE(all.ok() == test.repeated, shown(all));
      if (all.ok()) CHECK(all->items.size() == objects);
      bench.fault(test.fault);
      const auto one = bench.client.find(map_id(bench.space, "m-1"), {}, within(patience));
      // A single object may be short enough to come whole through some of them.
      if (one.ok()) CHECK(one->has_value());
      if (one.ok() && one->has_value()) CHECK((*one)->string_at({"data", "a"}) == "1");
      CHECK((one.ok() || !test.repeated));
    }
    bench.proxy.clear();
  }

  TEST_CASE("a list that the server forgets between two pages is read again from its start") {
    auto* plane = need_control_plane("expired pages");
    if (plane == nullptr) return;
    Bench bench(*plane);
    for (int i = 0; i < 30; ++i) REQUIRE(bench.apply("m-" + std::to_string(i)).ok());
    bench.fault({.kind = Kind::answer,
                 .path = "continue=",
                 .at = 2,
                 .status = 410,
                 .headers = {{"Content-Type", "application/json"}},
                 .body = refusal(410, "Expired", R"({"continue":"inconsistent"})"),
                 .times = 1});
    const auto all = bench.list(10);
    REQUIRE_MESSAGE(all.ok(), shown(all));
    CHECK(all->items.size() == 30);
    CHECK(bench.proxy.count(kube_class::read, "limit=10") == 6);
    CHECK(bench.proxy.count(kube_class::read, "inconsistent") == 0);
  }

  TEST_CASE("a server whose past is short: pages and watches begin anew, and nothing is missed") {
    if (need_control_plane("compaction") == nullptr) return;
    support::ControlPlaneOptions short_memory;
    short_memory.api_server_flags = {"--watch-cache=false", "--etcd-compaction-interval=1s"};
    ControlPlane forgetful(short_memory);
    KubeClientOptions slow = hasty();
    slow.attempt_limit = Millis(60'000);
    Bench bench(forgetful, slow);
    const KubeClient writer = admin(forgetful);
    for (int i = 0; i < 30; ++i) REQUIRE(bench.apply("m-" + std::to_string(i)).ok());
    std::atomic<int> written{0};
    const auto write_on = [&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        const std::string value = std::to_string(++written);
        (void)writer.apply(config_map(bench.space, "m-0", R"({"a":")" + value + "\"}"), {}, within(patience));
        system_clock().sleep(Millis(50), stop);
      }
    };
    {
      const std::jthread writing(write_on);
      bench.fault({.kind = Kind::hold, .path = "continue=", .wait = Millis(8'000), .times = 1});
      KubeListOptions options{bench.space, "", "metadata.name!=kube-root-ca.crt", false, 10};
      const auto all = bench.client.list({"", "", "ConfigMap"}, options, within(patience * 2));
      REQUIRE_MESSAGE(all.ok(), shown(all));
      std::set<std::string> names;
      for (const auto& item : all->items) names.insert(std::string(item.string_at({"metadata", "name"})));
      CHECK(names.size() == 30);
      CHECK(all->items.size() == 30);
      CHECK(bench.proxy.count(kube_class::read, "limit=10") == 5);
      bool gone = false;
      for (const auto& request : bench.proxy.seen()) gone = gone || request.status == 410;
      CHECK(gone);
    }
    {
      const std::jthread writing(write_on);
      bench.fault({.kind = Kind::hold, .request_class = std::string(kube_class::watch), .wait = Millis(8'000), .times = 1});
      Notes notes({"m-1", "new"});
      const std::jthread later([&] {
        wait_until([&] { return notes.lists == 2; });
        (void)writer.apply(config_map(bench.space, "new"), {}, within(patience));
      });
      const auto ended =
          bench.client.watch({"", "", "ConfigMap"}, {bench.space, "", "", false, 500}, notes, within(patience * 2));
      CHECK_MESSAGE(ended.error().message() == "seen", shown(ended));
      CHECK(notes.lists == 2);
    }
  }

  TEST_CASE("a watch that is cut or falsified goes on from where it was, and misses nothing") {
    auto* plane = need_control_plane("cut watches");
    if (plane == nullptr) return;
    Bench bench(*plane);
    const KubeClient writer = admin(*plane);
    Notes notes({"m-0", "m-1", "m-2", "m-3", "m-4", "m-5", "m-6", "m-7", "m-8", "m-9"});
    const auto write = [&](int i) {
      const auto written = writer.apply(config_map(bench.space, "m-" + std::to_string(i)), {}, within(patience));
      CHECK_MESSAGE(written.ok(), shown(written));
    };
    std::vector<std::string> told;
    std::jthread writing([&] {
      wait_until([&] { return notes.lists == 1 && bench.proxy.count(kube_class::watch) == 1; });
      for (int i = 0; i < 5; ++i) {
        write(2 * i);
        if (i == 2) {
          // The next connection turns one letter of each event.
          bench.proxy.set({{.kind = Kind::edit,
                            .request_class = std::string(kube_class::watch),
                            .times = 1,
                            .edit = [](std::string& body) { body[0] = '<'; }}});
        }
        bench.proxy.cut_watches();
        write(2 * i + 1);
        wait_until([&] { return notes.seen >= static_cast<std::size_t>(2 * i + 2); });
      }
    });
    agent::KubeCall call = within(patience);
    call.on_repeat = [&](const agent::KubeError& why, Millis) { told.emplace_back(class_name(why.error_class())); };
    const auto ended = bench.client.watch({"", "", "ConfigMap"},
                                          {bench.space, "", "metadata.name!=kube-root-ca.crt", false, 500}, notes, call);
    CHECK_MESSAGE(ended.error().message() == "seen", shown(ended));
    CHECK(std::count(told.begin(), told.end(), "NoAnswer") >= 1);
    CHECK(std::count(told.begin(), told.end(), "ForeignAnswer") == 1);
    CHECK(notes.names.size() == 10);
  }

  TEST_CASE("a server that says 'too many' is given time and fewer requests, until it is well again") {
    auto* plane = need_control_plane("429");
    if (plane == nullptr) return;
    Bench bench(*plane);
    const auto& pool = bench.client.transport().connections();
    const auto load = [&](int each) {
      std::atomic<int> good{0};
      {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 16; ++i) {
          threads.emplace_back([&, i] {
            for (int k = 0; k < each; ++k) good += bench.apply("m-" + std::to_string(i)).ok() ? 1 : 0;
          });
        }
      }
      return good.load();
    };
    bench.fault({.kind = Kind::answer,
                 .request_class = std::string(kube_class::mutating),
                 .status = 429,
                 .headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"Retry-After", "1"}},
                 .body = "Too many requests, please try again later.\n",
                 .times = 8});
    CHECK(pool.limit() == 16);
    const Millis begin = system_clock().monotonic();
    CHECK(load(1) == 16);
    CHECK(system_clock().monotonic() - begin >= Millis(1'000));
    CHECK(pool.limit() < 16);
    CHECK(bench.client.transport().counters(KubeTraffic::apply).repeats == 8);
    CHECK(load(20) == 320);
    CHECK(pool.limit() == 16);
  }

  TEST_CASE("the real server's own 'too many' is waited out") {
    auto* plane = need_control_plane("priority and fairness");
    if (plane == nullptr) return;
    plane->apply(R"yaml(
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: narrow}
spec:
  type: Limited
  limited: {nominalConcurrencyShares: 1, lendablePercent: 0, borrowingLimitPercent: 0, limitResponse: {type: Reject}}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: narrow}
spec:
  priorityLevelConfiguration: {name: narrow}
  matchingPrecedence: 2
  rules:
  - subjects: [{kind: User, user: {name: busy}}]
    resourceRules: [{verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: busy}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: busy}]
)yaml");
    const std::string space = plane->fresh_namespace("busy");
    const KubeClient base = admin(*plane, hasty());
    REQUIRE(base.discovery().table({}).ok());
    agent::Impersonation busy;
    busy.user = "busy";
    const KubeClient client = base.as(busy);
    const std::string filling(200'000, 'x');
    for (int i = 0; i < 20; ++i) {
      REQUIRE(base.apply(config_map(space, "m-" + std::to_string(i), R"({"a":")" + filling + "\"}"), {}, {}).ok());
    }
    wait_until([&] { return client.get({"", "Namespace", "", space}, {}, within(Millis(1'000))).ok(); });
    std::atomic<int> good{0};
    for (int round = 0; round < 20 && client.transport().counters(KubeTraffic::list).refused == 0; ++round) {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 16; ++i) {
        threads.emplace_back([&] {
          const auto all = client.list({"", "", "ConfigMap"}, {space, "", "", false, 500}, within(patience));
          CHECK_MESSAGE(all.ok(), shown(all));
          good += all.ok() ? 1 : -1'000'000;
        });
      }
    }
    CHECK(good > 0);
    CHECK(client.transport().counters(KubeTraffic::list).refused > 0);
    CHECK(client.transport().counters(KubeTraffic::list).repeats > 0);
    MESSAGE("connections at the end: " << client.transport().connections().limit());
    plane->kubectl({"delete", "flowschema,prioritylevelconfiguration", "narrow"});
  }

  TEST_CASE("what an API service has that does not answer is unknown, and not absent") {
    auto* plane = need_control_plane("stale groups");
    if (plane == nullptr) return;
    struct Cleanup {
      ControlPlane& plane;
      ~Cleanup() { (void)plane.kubectl({"delete", "apiservice", "v1.stale.example.org"}); }
    };
    const KubeClient client = admin(*plane, hasty());
    const render::ObjectId id{"stale.example.org", "Widget", "default", "a"};
    CHECK(client.find(id, {}, within(patience)).error().is(KubeErrorClass::no_match));
    {
      plane->apply(R"yaml(
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.stale.example.org}
spec:
  group: stale.example.org
  version: v1
  service: {name: nobody, namespace: default}
  insecureSkipTLSVerify: true
  groupPriorityMinimum: 100
  versionPriority: 10
)yaml");
      const Cleanup cleanup{*plane};
      wait_until([&] {
        const auto now = client.discovery().table({});
        const auto next = client.discovery().refresh(now->generation, {});
        return next.ok() && next->table->stale("stale.example.org");
      });
      CHECK(client.discovery().table({})->table->stale("stale.example.org"));
      for (const auto* version : {"", "v1"}) {
        const auto found = client.find(id, {version, false}, within(Millis(2'000)));
        REQUIRE_FALSE(found.ok());
        CHECK_MESSAGE(found.error().is(KubeErrorClass::unavailable), shown(found));
        CHECK(found.error().hint().find("APIService") != std::string::npos);
      }
      const auto all = client.list({"stale.example.org", "", "Widget"}, {}, within(Millis(2'000)));
      REQUIRE_FALSE(all.ok());
      CHECK(all.error().is(KubeErrorClass::unavailable));
      const auto removed = client.remove(id, {}, within(Millis(2'000)));
      CHECK_FALSE(removed.ok());
      // All others are as they were.
      CHECK(client.get({"", "Namespace", "", "default"}, {}, {}).ok());
    }
    wait_until([&] { return client.find(id, {}, within(patience)).error().is(KubeErrorClass::no_match); });
    CHECK(client.find(id, {}, within(patience)).error().is(KubeErrorClass::no_match));
  }

  TEST_CASE("a stop ends everything within a second, whatever it waits for") {
    auto* plane = need_control_plane("stops");
    if (plane == nullptr) return;
    KubeClientOptions options = hasty();
    options.max_connections = 1;
    options.attempt_limit = Millis(60'000);
    options.longest_pause = options.first_pause = Millis(30'000);
    Bench bench(*plane, options);
    const auto measure = [&](const char* name, const auto& work) {
      CAPTURE(name);
      std::stop_source stop;
      std::atomic<Millis> stopped{Millis(0)};
      std::jthread stopper([&] {
        system_clock().sleep(Millis(400), {});
        stopped = system_clock().monotonic();
        stop.request_stop();
      });
      agent::KubeCall call;
      call.interrupt.stop = stop.get_token();
      const KubeErrorClass which = work(call);
      CHECK(which == KubeErrorClass::local);
      CHECK(stopped.load() > Millis(0));
      CHECK(system_clock().monotonic() - stopped.load() < Millis(1'000));
    };
    const auto get = [&](const agent::KubeCall& call) {
      return bench.client.get(map_id(bench.space, "a"), {}, call).error().error_class();
    };
    bench.fault({.kind = Kind::hang});
    measure("a server that hangs", get);
    std::stop_source other;
    {
      std::jthread occupied([&] { (void)get({{other.get_token(), {}}, false, {}}); });
      wait_until([&] { return bench.client.transport().connections().running() == 1; });
      measure("a connection that is not free", get);
      other.request_stop();
    }
    bench.fault({.kind = Kind::answer, .status = 503, .body = "busy"});
    measure("the pause before a repeat", get);
    measure("the pause of a watch", [&](const agent::KubeCall& call) {
      Notes notes({"nothing"});
      return bench.client.watch({"", "", "ConfigMap"}, {bench.space, "", "", false, 500}, notes, call).error().error_class();
    });
    bench.proxy.clear();
    measure("a watch", [&](const agent::KubeCall& call) {
      Notes notes({"nothing"});
      return bench.client.watch({"", "", "ConfigMap"}, {bench.space, "", "", false, 500}, notes, call).error().error_class();
    });
  }

  TEST_CASE("a server that is started again is waited for") {
    auto* plane = need_control_plane("restarts");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace();
    const KubeClient client = admin(*plane, hasty());
    REQUIRE(client.apply(config_map(space, "a"), {}, {}).ok());
    plane->stop_api_server(true);
    std::atomic<bool> waited{false};
    std::jthread caller([&] {
      agent::KubeCall call = within(Millis(120'000));
      call.on_repeat = [&](const agent::KubeError& why, Millis) {
        waited = true;
        CHECK(why.transient());
      };
      // While it starts, rights may not be known yet.
      auto live = client.find(map_id(space, "a"), {}, call);
      for (int i = 0; i < 100 && !live.ok() && live.error().is(KubeErrorClass::forbidden); ++i) {
        system_clock().sleep(Millis(100), {});
        live = client.find(map_id(space, "a"), {}, call);
      }
      CHECK_MESSAGE((live.ok() && live->has_value()), shown(live));
    });
    wait_until([&] { return waited.load(); });
    plane->start_api_server();
    caller.join();
    CHECK(waited);
  }
}

}  // namespace gitopsctl::tests
