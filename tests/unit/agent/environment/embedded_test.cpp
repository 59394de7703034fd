#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "agent/environment/environment.hpp"
#include "agent/environment/merge.hpp"
#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/log/redaction.hpp"
#include "base/yaml/yaml.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;

namespace {

namespace fs = std::filesystem;

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (fs::temp_directory_path() / "gitopsctl-env-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { fs::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] std::string file(const std::string& name = "env.db") const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TimePoint start() { return *parse_time("2026-11-21T12:00:00Z"); }

struct Fixture {
  TemporaryDirectory directory;
  ManualClock clock{start()};
  std::unique_ptr<Environment> environment = open();

  std::unique_ptr<Environment> open() {
    auto out = open_embedded_environment(directory.file(), clock);
    if (!out.ok()) FAIL(out.error().to_string());
    return std::move(out).value();
  }
};

Value yaml(std::string_view text) {
  auto value = parse_yaml(text);
  REQUIRE(value.ok());
  return *value;
}

render::Object object(std::string_view text) {
  render::Object out;
  out.body = yaml(text);
  out.api_version = out.body.string_at({"apiVersion"});
  const auto slash = out.api_version.find('/');
  out.id.group = slash == std::string::npos ? "" : out.api_version.substr(0, slash);
  out.id.kind = out.body.string_at({"kind"});
  out.id.namespace_ = out.body.string_at({"metadata", "namespace"});
  out.id.name = out.body.string_at({"metadata", "name"});
  return out;
}

render::Object config_map(const std::string& name, const std::string& data, const std::string& more = "") {
  return object("{apiVersion: v1, kind: ConfigMap, metadata: {name: " + name + ", namespace: web" + more +
                "}, data: " + data + "}");
}

render::Object secret(const std::string& data) {
  return object("{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: web}, " + data + "}");
}

LiveObject get(Environment& environment, const render::ObjectId& id) {
  const auto found = environment.get(id);
  REQUIRE(found.ok());
  REQUIRE(found->has_value());
  return **found;
}

std::string all_bytes(const std::string& directory) {
  std::string out;
  for (const auto& entry : fs::directory_iterator(directory)) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::stringstream content;
    content << file.rdbuf();
    out += content.str();
  }
  return out;
}

}  // namespace

TEST_SUITE("agent/environment merge") {
  TEST_CASE("fields of the old wish that the new one lacks go, others stay") {
    const Value live = yaml("{ours: 1, theirs: 2, map: {ours: 1, theirs: 2}, gone: {a: {b: 1}}, list: [1, 2, 3]}");
    const Value previous = yaml("{ours: 1, map: {ours: 1}, gone: {a: {b: 1}}, list: [1]}");
    const Value desired = yaml("{ours: 5, map: {new: 3}, list: [9], nothing: null}");
    CHECK(canonical_json(merge_three_way(live, previous, desired)) ==
          R"({"list":[9],"map":{"new":3,"theirs":2},"ours":5,"theirs":2})");
  }

  TEST_CASE("a map that others also wrote into is not removed whole") {
    CHECK(canonical_json(merge_three_way(yaml("{m: {ours: 1, theirs: 2}}"), yaml("{m: {ours: 1}}"), yaml("{}"))) ==
          R"({"m":{"theirs":2}})");
    CHECK(canonical_json(merge_three_way(yaml("{m: {ours: 1}}"), yaml("{m: {ours: 1}}"), yaml("{}"))) == "{}");
  }

  TEST_CASE("types that changed, and nothing before") {
    CHECK(canonical_json(merge_three_way(yaml("{m: [1]}"), yaml("{m: {a: 1}}"), yaml("{m: {b: 2}}"))) == R"({"m":{"b":2}})");
    CHECK(canonical_json(merge_three_way(yaml("{m: {a: 1}}"), Value(), yaml("{m: text}"))) == R"({"m":"text"})");
    CHECK(canonical_json(merge_three_way(Value(), Value(), yaml("{m: {a: null, b: 1}}"))) == R"({"m":{"b":1}})");
  }

  TEST_CASE("the arguments are not changed") {
    const Value live = yaml("{m: {a: 1, b: 2}}");
    const std::string before = canonical_json(live);
    static_cast<void>(merge_three_way(live, yaml("{m: {a: 1}}"), yaml("{m: {c: 3}}")));
    CHECK(canonical_json(live) == before);
  }
}

TEST_SUITE("agent/environment") {
  TEST_CASE_FIXTURE(Fixture, "apply: created, unchanged, configured; what others added stays, what we dropped goes") {
    ApplyOptions options;
    options.owner = "applyset-x-v1";
    const auto first = environment->apply(config_map("a", "{one: \"1\", two: \"2\"}"), options);
    REQUIRE(first.ok());
    CHECK(first->state == ApplyState::created);
    CHECK(first->object.label("applyset.kubernetes.io/part-of") == "applyset-x-v1");
    CHECK(first->object.uid.size() == 36);
    CHECK(first->object.body.string_at({"metadata", "uid"}) == first->object.uid);

    const std::uint64_t version = *environment->version();
    const auto again = environment->apply(config_map("a", "{one: \"1\", two: \"2\"}"), options);
    REQUIRE(again.ok());
    CHECK(again->state == ApplyState::unchanged);
    CHECK(again->object.resource_version == first->object.resource_version);
    CHECK(*environment->version() == version);

    // Somebody else adds a key and changes one of ours.
    auto live = get(*environment, first->object.id);
    render::Object edited = config_map("a", "{one: changed, two: \"2\", theirs: x}");
    edited.body = live.body.deep_copy();
    edited.body.child_map("data").set("one", Value::string("changed"));
    edited.body.child_map("data").set("theirs", Value::string("x"));
    REQUIRE(environment->put(edited, live.resource_version, {}).ok());

    const auto healed = environment->apply(config_map("a", "{one: \"1\"}"), options);
    REQUIRE(healed.ok());
    CHECK(healed->state == ApplyState::configured);
    CHECK(canonical_json(*healed->object.body.find("data")) == R"({"one":"1","theirs":"x"})");
    CHECK(healed->object.uid == first->object.uid);
    CHECK(healed->object.label("applyset.kubernetes.io/part-of") == "applyset-x-v1");
    live = get(*environment, first->object.id);
    CHECK(json_equal(live.body, healed->object.body));
    CHECK(canonical_json(*live.applied.find("data")) == R"({"one":"1"})");
  }

  TEST_CASE_FIXTURE(Fixture, "a dry run says what would be and changes nothing") {
    ApplyOptions dry;
    dry.dry_run = true;
    const auto planned = environment->apply(config_map("a", "{one: \"1\"}"), dry);
    REQUIRE(planned.ok());
    CHECK(planned->state == ApplyState::created);
    CHECK_FALSE(environment->get(planned->object.id)->has_value());
    REQUIRE(environment->apply(config_map("a", "{one: \"1\"}"), {}).ok());
    const std::uint64_t version = *environment->version();
    CHECK(environment->apply(config_map("a", "{one: \"2\"}"), dry)->state == ApplyState::configured);
    REQUIRE(environment->remove(planned->object.id, {}, dry).ok());
    CHECK(environment->put(config_map("b", "{}"), "", dry).ok());
    CHECK(*environment->version() == version);
    CHECK(get(*environment, planned->object.id).body.string_at({"data", "one"}) == "1");
  }

  TEST_CASE_FIXTURE(Fixture, "put is compare and swap") {
    const auto created = environment->put(config_map("a", "{}"), "", {});
    REQUIRE(created.ok());
    CHECK(environment->put(config_map("a", "{}"), "", {}).error().code() == ErrorCode::conflict);
    CHECK(environment->put(config_map("a", "{}"), "999", {}).error().code() == ErrorCode::conflict);
    CHECK(environment->put(config_map("b", "{}"), "1", {}).error().code() == ErrorCode::conflict);
    const auto changed = environment->put(config_map("a", "{x: \"1\"}"), created->resource_version, {});
    REQUIRE(changed.ok());
    CHECK(changed->resource_version != created->resource_version);
    CHECK(changed->uid == created->uid);
    CHECK(environment->put(config_map("a", "{x: \"2\"}"), created->resource_version, {}).error().code() ==
          ErrorCode::conflict);
  }

  TEST_CASE_FIXTURE(Fixture, "remove keeps to its preconditions, and what is gone is gone") {
    const auto made = environment->apply(config_map("a", "{}"), {});
    const render::ObjectId id = made->object.id;
    CHECK(environment->remove(id, {"another-uid", ""}, {}).error().code() == ErrorCode::conflict);
    CHECK(environment->remove(id, {made->object.uid, "999"}, {}).error().code() == ErrorCode::conflict);
    CHECK(environment->get(id)->has_value());
    CHECK(environment->remove(id, {made->object.uid, made->object.resource_version}, {}).ok());
    CHECK_FALSE(environment->get(id)->has_value());
    CHECK(environment->remove(id, {made->object.uid, ""}, {}).ok());
    const auto second = environment->apply(config_map("a", "{}"), {});
    CHECK(second->object.uid != made->object.uid);
  }

  TEST_CASE_FIXTURE(Fixture, "lists by kind, group, namespace and label") {
    ApplyOptions mine;
    mine.owner = "set-1";
    REQUIRE(environment->apply(config_map("a", "{}"), mine).ok());
    REQUIRE(environment->apply(config_map("b", "{}", ", labels: {app: x}"), mine).ok());
    REQUIRE(environment->apply(object("{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: web}}"), mine)
                .ok());
    REQUIRE(environment->apply(object("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: db}}"), {}).ok());
    const auto count = [&](const ListQuery& query) {
      const auto out = environment->list(query);
      const auto versions = environment->list_versions(query);
      REQUIRE(out.ok());
      REQUIRE(versions.ok());
      // The same objects, in the same order.
      CHECK(std::equal(out->begin(), out->end(), versions->begin(), versions->end(), [](const auto& a, const auto& b) {
        return a.id == b.id && a.resource_version == b.resource_version;
      }));
      return out->size();
    };
    CHECK(count({"", "ConfigMap", "", ""}) == 3);
    CHECK(count({"", "ConfigMap", "web", ""}) == 2);
    CHECK(count({"", "ConfigMap", "", "applyset.kubernetes.io/part-of=set-1"}) == 2);
    CHECK(count({"", "ConfigMap", "web", "app=x"}) == 1);
    CHECK(count({"apps", "Deployment", "", ""}) == 1);
    CHECK(count({"batch", "Deployment", "", ""}) == 0);
    CHECK_FALSE(environment->list({"", "ConfigMap", "", "nonsense"}).ok());
    CHECK_FALSE(environment->list_versions({"", "ConfigMap", "", "nonsense"}).ok());
    // A label that is gone is not found any more.
    REQUIRE(environment->apply(config_map("b", "{}"), mine).ok());
    CHECK(count({"", "ConfigMap", "web", "app=x"}) == 0);
    const auto many = environment->get_many({{"", "ConfigMap", "web", "b"}, {"", "ConfigMap", "web", "zzz"}});
    REQUIRE(many.ok());
    REQUIRE(many->size() == 2);
    CHECK((*many)[0]->id.name == "b");
    CHECK_FALSE((*many)[1].has_value());
  }

  TEST_CASE_FIXTURE(Fixture, "secret values are nowhere in the files, also not in annotations and after updates") {
    const auto first = environment->apply(secret("data: {password: Y2FuYXJ5LW9uZQ==}, stringData: {token: canary-two}"), {});
    REQUIRE(first.ok());
    const auto with_annotation = object(
        "{apiVersion: v1, kind: Secret, metadata: {name: t, namespace: web, annotations: "
        "{kubectl.kubernetes.io/last-applied-configuration: '{\"data\":\"canary-three\"}', plain: kept}}, "
        "stringData: {token: canary-two}}");
    REQUIRE(environment->apply(with_annotation, {}).ok());
    REQUIRE(environment->put(secret("stringData: {token: canary-four}"), first->object.resource_version, {}).ok());
    const std::string hash(first->object.body.string_at({"data", "password"}));
    CHECK(hash.starts_with("hmac:"));
    CHECK(hash.size() == 69);
    // Equal values in two places do not look equal.
    CHECK(first->object.body.string_at({"stringData", "token"}) !=
          get(*environment, with_annotation.id).body.string_at({"stringData", "token"}));
    CHECK(get(*environment, with_annotation.id).annotation("plain") == "kept");
    environment.reset();
    const std::string bytes = all_bytes(directory.path());
    CHECK(bytes.find("hmac:") != std::string::npos);
    CHECK(bytes.find("canary") == std::string::npos);
    CHECK(bytes.find("Y2FuYXJ5") == std::string::npos);
  }

  TEST_CASE_FIXTURE(Fixture, "values that a release marks as sensitive are kept as hashes, wherever they stand") {
    const std::vector<render::SensitivePath> sensitive{{"ConfigMap", "settings", {"data", "password"}},
                                                       {"", "", {"metadata", "annotations", "token"}}};
    const auto settings = [](const std::string& value) {
      return object(
          "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: web, annotations: {token: canary-a" +
          value + ", copy: \"x canary-b" + value + " y\"}}, data: {password: canary-b" + value + ", shown: plain}}");
    };
    ApplyOptions options;
    options.sensitive = &sensitive;
    const auto first = environment->apply(settings("one"), options);
    REQUIRE(first.ok());
    CHECK(first->object.body.string_at({"data", "shown"}) == "plain");
    const std::string hash(first->object.body.string_at({"data", "password"}));
    CHECK(hash.starts_with("(redacted, hmac "));
    CHECK(environment->apply(settings("one"), options)->state == ApplyState::unchanged);
    CHECK(environment->as_stored(settings("one"), sensitive).string_at({"data", "password"}) == hash);
    const auto second = environment->apply(settings("two"), options);
    CHECK(second->state == ApplyState::configured);
    CHECK(second->object.body.string_at({"data", "password"}) != hash);

    // A Secret with a marked annotation: its data are kept as in any other.
    render::Object both = secret("stringData: {token: canary-c}");
    const auto plain = environment->as_stored(both);
    both.body = both.body.deep_copy();
    both.body.child_map("metadata").child_map("annotations").set("token", Value::string("canary-d"));
    const auto kept = environment->apply(both, options);
    REQUIRE(kept.ok());
    CHECK(json_equal(*kept->object.body.find("stringData"), *plain.find("stringData")));
    CHECK(kept->object.annotation("token").starts_with("(redacted, hmac "));
    environment.reset();
    CHECK(all_bytes(directory.path()).find("canary-") == std::string::npos);
  }

  TEST_CASE_FIXTURE(Fixture, "secrets: equal values are unchanged, others are seen, and what was read can be written back") {
    const auto first = environment->apply(secret("stringData: {token: one}"), {});
    CHECK(environment->apply(secret("stringData: {token: one}"), {})->state == ApplyState::unchanged);
    CHECK(json_equal(*environment->as_stored(secret("stringData: {token: one}")).find("stringData"),
                     *first->object.body.find("stringData")));
    const auto second = environment->apply(secret("stringData: {token: two}"), {});
    CHECK(second->state == ApplyState::configured);
    render::Object back = secret("type: Opaque");
    back.body = second->object.body;
    const auto put = environment->put(back, second->object.resource_version, {});
    REQUIRE(put.ok());
    CHECK(put->resource_version == second->object.resource_version);
    // The key is the installation's: another process sees the same hashes.
    environment = open();
    CHECK(environment->apply(secret("stringData: {token: two}"), {})->state == ApplyState::unchanged);
    CHECK(environment->hashes_secrets());
  }

  TEST_CASE_FIXTURE(Fixture, "what an API server would refuse is refused, without showing values") {
    const auto refused = [&](const render::Object& bad) {
      const auto outcome = environment->apply(bad, {});
      REQUIRE_FALSE(outcome.ok());
      CHECK(outcome.error().message().find("canary") == std::string::npos);
      return outcome.error().code();
    };
    CHECK(refused(config_map("Bad_Name", "{}")) == ErrorCode::invalid_input);
    CHECK(refused(config_map("a", "{x: 1}")) == ErrorCode::invalid_input);
    CHECK(refused(config_map("a", "{}", ", labels: {version: 1.5}")) == ErrorCode::invalid_input);
    CHECK(refused(config_map("a", "{}", ", labels: {app: \"a b\"}")) == ErrorCode::invalid_input);
    CHECK(refused(config_map("a", "{}", ", labels: {\"a b\": c}")) == ErrorCode::invalid_input);
    CHECK(refused(config_map("a", "{}", ", annotations: {a: true}")) == ErrorCode::invalid_input);
    CHECK(refused(config_map("a", "{x: " + std::string(1'100'000, 'x') + "}")) == ErrorCode::too_large);
    CHECK(refused(secret("stringdata: {token: canary}")) == ErrorCode::invalid_input);
    CHECK(refused(secret("data: canary")) == ErrorCode::invalid_input);
    CHECK(refused(secret("data: {a: [canary]}")) == ErrorCode::invalid_input);
    CHECK(refused(object("{apiVersion: v1, kind: Namespace, metadata: {name: a.b}}")) == ErrorCode::invalid_input);
    CHECK(refused(object("{apiVersion: example.org/v1, kind: Big, metadata: {name: a}, spec: {x: " +
                         std::string(1'600'000, 'x') + "}}")) == ErrorCode::too_large);
    CHECK(environment
              ->apply(object("{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, "
                             "metadata: {name: \"system:thing\"}}"),
                      {})
              .ok());
    CHECK(environment->list({"", "ConfigMap", "", ""})->empty());
  }

  TEST_CASE_FIXTURE(Fixture, "an apply meets what its plan saw, or is refused; what came before it stays") {
    const auto one = config_map("a", "{}");
    const auto two = config_map("b", "{x: \"ours\"}");
    ApplyOptions ours;
    ours.owner = "applyset-ours-v1";
    ApplyOptions theirs;
    theirs.owner = "applyset-theirs-v1";
    std::vector<ApplyOutcome> outcomes;
    const auto code = [&](const std::optional<ApplyPreconditions>& seen) {
      const auto result = environment->apply_many({{&one, {}}, {&two, seen}}, ours, outcomes);
      CHECK(outcomes.size() == (result.ok() ? 2 : 1));
      return result.ok() ? std::string("ok") : std::string(code_name(result.error().code()));
    };
    const ApplyPreconditions nothing;
    const auto made = environment->apply(config_map("b", "{x: \"theirs\"}"), theirs);
    const std::string uid = made->object.uid;
    CHECK(code(nothing) == "Conflict");
    CHECK(code(ApplyPreconditions{uid, ""}) == "Conflict");
    CHECK(code(ApplyPreconditions{"another", theirs.owner}) == "Conflict");
    CHECK((*environment->get(two.id))->label("applyset.kubernetes.io/part-of") == theirs.owner);
    CHECK((*environment->get(two.id))->body.string_at({"data", "x"}) == "theirs");
    CHECK(environment->get(one.id)->has_value());
    CHECK(code(ApplyPreconditions{uid, theirs.owner}) == "ok");  // a hand-over
    CHECK(code(nothing) == "ok");                                // ours by now
    REQUIRE(environment->remove(two.id, {}, {}).ok());
    CHECK(code(ApplyPreconditions{uid, theirs.owner}) == "ok");  // gone meanwhile: nobody's
  }

  TEST_CASE_FIXTURE(Fixture, "apply_many stops at the first refused object and says which") {
    const auto one = config_map("a", "{}");
    const auto bad = config_map("b", "{x: 1}");
    const auto three = config_map("c", "{}");
    std::vector<ApplyOutcome> outcomes;
    const auto result = environment->apply_many({{&one, {}}, {&bad, {}}, {&three, {}}}, {}, outcomes);
    CHECK_FALSE(result.ok());
    CHECK(outcomes.size() == 1);
    CHECK(environment->get(one.id)->has_value());
    CHECK_FALSE(environment->get(three.id)->has_value());
  }

  TEST_CASE_FIXTURE(Fixture,
                    "status belongs to controllers, except of our own objects; server fields are the environment's") {
    const auto deployment =
        environment->apply(object("{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: "
                                  "web, uid: forged, resourceVersion: \"7\", creationTimestamp: null, "
                                  "managedFields: [{}]}, spec: {}, status: {ready: 1}}"),
                           {});
    REQUIRE(deployment.ok());
    CHECK(deployment->object.body.find("status") == nullptr);
    CHECK(deployment->object.uid != "forged");
    CHECK(deployment->object.body.find_path({"metadata", "managedFields"}) == nullptr);
    CHECK(deployment->object.body.string_at({"metadata", "creationTimestamp"}) == "2026-11-21T12:00:00Z");
    const auto channel = environment->put(
        object("{apiVersion: gitopsctl.dev/v1, kind: Channel, metadata: {name: prod}, status: {phase: x}}"), "", {});
    REQUIRE(channel.ok());
    CHECK(channel->body.string_at({"status", "phase"}) == "x");
    CHECK(environment->health(deployment->object).state == Health::State::ready);
  }

  TEST_CASE_FIXTURE(Fixture, "leases: one holder, a takeover raises the fence, an old fence cannot write") {
    const auto first = environment->acquire_lease("prod", "agent-1", Millis(30'000));
    REQUIRE(first.ok());
    CHECK(first->fence == 1);
    CHECK(environment->acquire_lease("prod", "agent-2", Millis(30'000)).error().code() == ErrorCode::conflict);
    CHECK(environment->acquire_lease("prod", "agent-1", Millis(30'000))->fence == 1);
    ApplyOptions options;
    options.lease = "prod";
    options.fence = first->fence;
    REQUIRE(environment->apply(config_map("a", "{}"), options).ok());
    clock.advance(Millis(30'001));
    const auto second = environment->acquire_lease("prod", "agent-2", Millis(30'000));
    REQUIRE(second.ok());
    CHECK(second->fence == 2);
    CHECK(environment->apply(config_map("a", "{x: \"1\"}"), options).error().code() == ErrorCode::conflict);
    CHECK(environment->put(config_map("z", "{}"), "", options).error().code() == ErrorCode::conflict);
    CHECK(environment->remove({"", "ConfigMap", "web", "a"}, {}, options).error().code() == ErrorCode::conflict);
    CHECK(environment->release_lease(*first).ok());  // not its own any more: nothing happens
    options.fence = second->fence;
    CHECK(environment->apply(config_map("a", "{x: \"2\"}"), options).ok());
    REQUIRE(environment->release_lease(*second).ok());
    CHECK(environment->apply(config_map("a", "{x: \"3\"}"), options).error().code() == ErrorCode::conflict);
    CHECK(environment->acquire_lease("prod", "agent-1", Millis(30'000))->fence == 3);
    options.lease = "unknown";
    CHECK(environment->apply(config_map("a", "{}"), options).error().code() == ErrorCode::conflict);
  }

  TEST_CASE_FIXTURE(Fixture, "waiting ends with a change of another connection, at the end of the span, and when told") {
    const std::uint64_t seen = *environment->version();
    CHECK(*environment->wait_for_change(seen, Millis(200), {}) == seen);
    auto real = open_embedded_environment(directory.file(), system_clock());
    REQUIRE(real.ok());
    std::thread writer([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      CHECK(environment->apply(config_map("a", "{}"), {}).ok());
    });
    CHECK(*(*real)->wait_for_change(seen, Millis(10'000), {}) > seen);
    writer.join();
    std::stop_source stop;
    stop.request_stop();
    const std::uint64_t now = *(*real)->version();
    const auto before = std::chrono::steady_clock::now();
    CHECK(*(*real)->wait_for_change(now, Millis(10'000), stop.get_token()) == now);
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(5));
    CHECK(environment->acquire_lease("l", "h", Millis(1000)).ok());
    CHECK(*(*real)->version() == now);  // a lease is not a change
  }

  TEST_CASE_FIXTURE(Fixture, "own writes are told from those of others") {
    const auto other = open();
    const auto map_named = [](const std::string& name) { return config_map(name, "{a: b}"); };
    const auto since = *environment->version();
    CHECK_FALSE(*environment->changed_by_others(since));
    REQUIRE(environment->apply(map_named("a"), {}).ok());
    REQUIRE(environment->put(map_named("b"), "", {}).ok());
    REQUIRE(environment->remove(map_named("a").id, {}, {}).ok());
    CHECK_FALSE(*environment->changed_by_others(since));
    CHECK(*other->changed_by_others(since));
    const auto between = *environment->version();
    REQUIRE(other->apply(map_named("c"), {}).ok());
    CHECK(*environment->changed_by_others(since));
    CHECK(*environment->changed_by_others(between));
    // Once somebody else wrote, own writes before and after do not hide it.
    REQUIRE(environment->apply(map_named("d"), {}).ok());
    CHECK(*environment->changed_by_others(between));
    CHECK_FALSE(*environment->changed_by_others(*environment->version() - 1));
    // A write that changes nothing is no change.
    REQUIRE(environment->apply(map_named("d"), {}).ok());
    CHECK_FALSE(*environment->changed_by_others(*environment->version()));
  }

  TEST_CASE_FIXTURE(Fixture, "several processes write at once and nothing is lost") {
    constexpr int processes = 4;
    constexpr int writes = 25;
    std::vector<pid_t> children;
    environment.reset();
    for (int p = 0; p < processes; ++p) {
      const pid_t child = ::fork();
      if (child == 0) {
        int failed = 0;
        auto own = open_embedded_environment(directory.file(), system_clock());
        for (int i = 0; own.ok() && i < writes; ++i) {
          const std::string name = "p" + std::to_string(p) + "-" + std::to_string(i);
          if (!(*own)->apply(config_map(name, "{}"), {}).ok()) ++failed;
        }
        ::_exit(own.ok() && failed == 0 ? 0 : 1);
      }
      children.push_back(child);
    }
    for (const pid_t child : children) {
      int status = 0;
      ::waitpid(child, &status, 0);
      CHECK(status == 0);
    }
    environment = open();
    CHECK(environment->list({"", "ConfigMap", "", ""})->size() == processes * writes);
    CHECK(*environment->version() == processes * writes);
  }

  TEST_CASE_FIXTURE(Fixture, "a newer schema is refused; a damaged file is an error and never an empty environment") {
    REQUIRE(environment->apply(config_map("a", "{}"), {}).ok());
    environment.reset();
    SUBCASE("newer") {
      sqlite3* handle = nullptr;
      REQUIRE(sqlite3_open(directory.file().c_str(), &handle) == SQLITE_OK);
      sqlite3_exec(handle, "INSERT INTO schema_steps VALUES ('environment', 99, 'future')", nullptr, nullptr, nullptr);
      sqlite3_close(handle);
      CHECK(open_embedded_environment(directory.file(), clock).error().code() == ErrorCode::newer_schema);
    }
    SUBCASE("damaged") {
      fs::remove(directory.file() + "-wal");
      std::ofstream(directory.file()) << std::string(20'000, 'x');
      const auto opened = open_embedded_environment(directory.file(), clock);
      REQUIRE_FALSE(opened.ok());
      CHECK_FALSE(opened.error().hint().empty());
      CHECK(fs::file_size(directory.file()) == 20'000);
    }
  }

  TEST_CASE_FIXTURE(Fixture, "figures: five objects in one call, five thousand objects in all") {
    std::vector<render::Object> objects;
    for (int i = 0; i < 5000; ++i) {
      objects.push_back(
          config_map("c" + std::to_string(i), "{a: b, text: " + std::string(300, 'x') + "}", ", labels: {app: web}"));
    }
    ApplyOptions options;
    options.owner = "applyset-x-v1";
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < objects.size(); i += 5) {
      std::vector<ApplyOutcome> outcomes;
      std::vector<PlannedApply> some;
      for (std::size_t k = i; k < i + 5; ++k) some.push_back({&objects[k], {}});
      REQUIRE(environment->apply_many(some, options, outcomes).ok());
    }
    const std::chrono::duration<double, std::milli> written = std::chrono::steady_clock::now() - begin;
    const auto list_begin = std::chrono::steady_clock::now();
    CHECK(environment->list({"", "ConfigMap", "", "applyset.kubernetes.io/part-of=applyset-x-v1"})->size() == 5000);
    const std::chrono::duration<double, std::milli> listed = std::chrono::steady_clock::now() - list_begin;
    MESSAGE("apply_many of 5: " << written.count() / 1000 << " ms; list of 5000 by label: " << listed.count() << " ms");
  }
}

TEST_SUITE("agent/environment key") {
  TEST_CASE("is made once, private, and the same for all") {
    const TemporaryDirectory directory;
    const std::string folder = directory.path() + "/new";
    std::vector<std::string> keys(8);
    std::vector<std::thread> threads;
    for (auto& key : keys) {
      threads.emplace_back([&key, &folder] { key = load_installation_key(folder).value_or(""); });
    }
    for (auto& thread : threads) thread.join();
    CHECK(keys.front().size() == 32);
    CHECK(log::redact("key " + hex_encode(keys.front())).find(hex_encode(keys.front())) == std::string::npos);
    log::forget_secrets();
    for (const auto& key : keys) CHECK(key == keys.front());
    struct stat info{};
    REQUIRE(::stat((folder + "/installation.key").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    CHECK(std::distance(fs::directory_iterator(folder), fs::directory_iterator()) == 1);
  }

  TEST_CASE("one that is gone is not made anew beside objects") {
    Fixture f;
    const std::string file = f.directory.path() + "/installation.key";
    f.environment.reset();
    fs::remove(file);
    f.environment = f.open();  // nothing was written yet: nothing depends on it
    REQUIRE(f.environment->apply(config_map("a", "{a: b}"), {}).ok());
    f.environment.reset();
    fs::remove(file);
    const auto opened = open_embedded_environment(f.directory.file(), f.clock);
    REQUIRE(!opened.ok());
    CHECK(opened.error().code() == ErrorCode::conflict);
    CHECK(opened.error().to_string().find(file) != std::string::npos);
    CHECK(!fs::exists(file));
    std::ofstream(file) << std::string(32, 'k');
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    CHECK(open_embedded_environment(f.directory.file(), f.clock).ok());
  }

  TEST_CASE("a wrong one is never replaced") {
    const TemporaryDirectory directory;
    const std::string file = directory.path() + "/installation.key";
    std::ofstream(file) << "short";
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    CHECK(load_installation_key(directory.path()).error().code() == ErrorCode::invalid_input);
    std::ofstream(file) << std::string(33, 'k');
    CHECK(load_installation_key(directory.path()).error().code() == ErrorCode::invalid_input);
    std::ofstream(file) << std::string(32, 'k');
    CHECK(*load_installation_key(directory.path()) == std::string(32, 'k'));
    fs::permissions(file, fs::perms::others_read, fs::perm_options::add);
    const auto open_key = load_installation_key(directory.path());
    CHECK(open_key.error().code() == ErrorCode::forbidden);
    CHECK(open_key.error().to_string().find("kkk") == std::string::npos);
  }
}
