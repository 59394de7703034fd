#include "agent/kube/client.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <optional>
#include <thread>

#include "base/log/redaction.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/agent/kube/fake_api.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::agent::test;
using Class = KubeErrorClass;
using render::ObjectId;

namespace {

const std::string maps = "/api/v1/namespaces/web/configmaps";

struct Tools {
  ManualClock clock{*parse_time("2026-06-01T12:00:00Z")};
  KubeClientOptions options;
  Tools() {
    options.clock = &clock;
    options.random = [] { return 0.0; };
  }
  [[nodiscard]] KubeCall within(Millis span) const { return {{{}, Deadline(clock, span)}, false, {}}; }
};

Said unexpected(const Asked& asked) {
  MESSAGE("not expected: " << asked.method << " " << asked.path << "?" << asked.query);
  return {599, "", {}, "text/plain"};
}

Said absent(const std::string& name) {
  return {404, FakeApi::status(404, "NotFound", "configmaps \"" + name + "\" not found")};
}

ObjectId map_id(const std::string& name = "a") { return {"", "ConfigMap", "web", name}; }

Value map_object(const std::string& name = "a", const std::string& more = "{}") {
  return *parse_json(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name +
                     R"(","namespace":"web"},"data":)" + more + "}");
}

std::size_t count(const std::vector<Asked>& asked, const std::string& method) {
  return static_cast<std::size_t>(std::ranges::count(asked, method, &Asked::method));
}

template <class T>
std::string shown(const KubeResult<T>& result) {
  return result.ok() ? "good" : std::string(class_name(result.error().error_class())) + ": " + result.error().to_string();
}

bool holds(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

TEST_SUITE("kube/client: reading") {
  TEST_CASE("an object comes back, and only the server's own word is its absence") {
    Said said;
    FakeApi api([&](const Asked&) { return said; });
    const Tools tools;
    const KubeClient client(api.target(), tools.options);
    said = {200, config_map("a", "7")};
    const auto there = client.get(map_id(), {}, {});
    REQUIRE_MESSAGE(there.ok(), shown(there));
    CHECK(there->string_at({"metadata", "resourceVersion"}) == "7");
    CHECK(api.asked().back().path == maps + "/a");
    CHECK(api.asked().back().header("user-agent") == "gitopsctl");

    said = absent("a");
    CHECK(client.get(map_id(), {}, {}).error().is(Class::not_found));
    const auto nothing = client.find(map_id(), {}, {});
    REQUIRE(nothing.ok());
    CHECK_FALSE(nothing->has_value());

    const std::vector<Said> others{
        {404, "<html>no</html>", {}, "text/html"},
        {404, "404 page not found\n", {}, "text/plain"},
        {404, FakeApi::status(404, "", "hm")},
        {302, "", {{"Location", "/login"}}, "text/html"},
        {200, "<html>welcome</html>", {}, "text/html"},
        {200, ""},
        {200, config_map("b", "7")},
        {200, R"({"kind":"Secret","metadata":{"name":"a"}})"},
        {200, config_map("a", "7").substr(0, 40)},
        {403, FakeApi::status(403, "Forbidden", "no")},
        {410, FakeApi::status(410, "Expired", "old")},
    };
    for (const auto& other : others) {
      CAPTURE(other.body);
      said = other;
      const auto found = client.find(map_id(), {}, tools.within(Millis(100)));
      REQUIRE_FALSE(found.ok());
      CHECK_FALSE(found.error().is(Class::not_found));
      CHECK(found.error().code() != ErrorCode::not_found);
    }
  }

  TEST_CASE("only metadata is asked for in a form of its own, and has the real kind afterwards") {
    FakeApi api([](const Asked& asked) -> Said {
      const bool list = asked.path == maps;
      const std::string kind = list ? "PartialObjectMetadataList" : "PartialObjectMetadata";
      CHECK(asked.header("accept") == "application/json;as=" + kind + ";g=meta.k8s.io;v=v1,application/json");
      const std::string one = R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"a"}})";
      if (!list) return {200, one};
      return {
          200,
          R"({"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"5"},"items":[)" +
              one + "]}"};
    });
    const KubeClient client(api.target());
    const auto one = client.get(map_id(), {"", true}, {});
    REQUIRE_MESSAGE(one.ok(), shown(one));
    CHECK(one->string_at({"kind"}) == "ConfigMap");
    CHECK(one->string_at({"apiVersion"}) == "v1");
    const auto all = client.list({"", "", "ConfigMap"}, {"web", "", "", true}, {});
    REQUIRE_MESSAGE(all.ok(), shown(all));
    CHECK(all->items.at(0).string_at({"kind"}) == "ConfigMap");
  }

  TEST_CASE("a server that cannot leave out all but metadata is taken at its word, and the rest is left out here") {
    FakeApi api([](const Asked& asked) -> Said {
      if (asked.path != maps) return {200, config_map("a", "1", R"({"x":"1"})")};
      return {200, R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"5"},"items":[)" +
                       config_map("a", "1", R"({"x":"1"})") + "]}"};
    });
    const KubeClient client(api.target());
    const auto one = client.get(map_id(), {"", true}, {});
    REQUIRE_MESSAGE(one.ok(), shown(one));
    CHECK(one->find("data") == nullptr);
    CHECK(one->string_at({"metadata", "uid"}) == "u-a");
    const auto all = client.list({"", "", "ConfigMap"}, {"web", "", "", true}, {});
    REQUIRE_MESSAGE(all.ok(), shown(all));
    CHECK(all->items.at(0).find("data") == nullptr);
    CHECK(all->items.at(0).string_at({"metadata", "uid"}) == "u-a");
    // The other way round something was left out that was asked for.
    FakeApi partial([](const Asked&) -> Said {
      return {200, R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"a"}})"};
    });
    CHECK(KubeClient(partial.target()).get(map_id(), {}, {}).error().is(Class::foreign_answer));
  }

  TEST_CASE("a custom kind may have a list of another name, a built-in one may not") {
    const auto list = [](const std::string& version, const std::string& kind, const std::string& item) {
      return R"({"kind":")" + kind + R"(","apiVersion":")" + version + R"(","metadata":{"resourceVersion":"5"},"items":[)" +
             R"({"kind":")" + item + R"(","metadata":{"name":"a"}}]})";
    };
    Said said;
    FakeApi api([&](const Asked&) { return said; });
    api.set_apis(FakeApi::groups(FakeApi::group("x.io", "v1", FakeApi::resource("widgets", "Widget"))));
    const KubeClient client(api.target());
    const auto widgets = [&] { return client.list({"x.io", "", "Widget"}, {}, {}); };
    said = {200, list("x.io/v1", "Assortment", "Widget")};
    CHECK(widgets().ok());
    said = {200, list("x.io/v2", "Assortment", "Widget")};
    CHECK_FALSE(widgets().ok());
    said = {200, list("x.io/v1", "Assortment", "Gadget")};
    CHECK_FALSE(widgets().ok());
    said = {200, list("x.io/v1", "Widget", "Widget")};
    CHECK_FALSE(widgets().ok());
    said = {200, list("v1", "Assortment", "ConfigMap")};
    CHECK_FALSE(client.list({"", "", "ConfigMap"}, {}, {}).ok());
  }

  TEST_CASE("a list is read in pages, and anew from the start when the server forgets it") {
    int forget = 1;
    FakeApi api([&](const Asked& asked) -> Said {
      if (asked.path != "/api/v1/configmaps" || asked.parameter("limit") != "500") return unexpected(asked);
      CHECK(asked.parameter("resourceVersion").empty());
      CHECK(asked.parameter("labelSelector") == "a%3Db");
      const auto page = [](const std::string& name, const std::string& next) {
        return Said{200, R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"5","continue":")" +
                             next + R"("},"items":[{"metadata":{"name":")" + name + R"("}}]})"};
      };
      const auto token = asked.parameter("continue");
      if (token.empty()) return page("a", "t/1");
      if (token == "t%2F1") return page("b", "t2");
      if (token != "t2") return unexpected(asked);
      if (forget-- > 0) {
        return {
            410,
            R"({"kind":"Status","status":"Failure","code":410,"reason":"Expired","metadata":{"continue":"inconsistent"},"message":"old"})"};
      }
      return page("c", "");
    });
    const Tools tools;
    const KubeClient client(api.target(), tools.options);
    const auto all = client.list({"", "", "ConfigMap"}, {"", "a=b", "", false}, {});
    REQUIRE_MESSAGE(all.ok(), shown(all));
    REQUIRE(all->items.size() == 3);
    CHECK(all->items[2].string_at({"metadata", "name"}) == "c");
    CHECK(all->items[2].string_at({"apiVersion"}) == "v1");
    CHECK(all->items[2].string_at({"kind"}) == "ConfigMap");
    CHECK(all->resource_version == "5");
    CHECK(api.asked().size() == 6);

    forget = 1000;
    const auto never = client.list({"", "", "ConfigMap"}, {"", "a=b", "", false}, {});
    REQUIRE_FALSE(never.ok());
    CHECK(never.error().is(Class::expired));
  }

  TEST_CASE("a list that is cut short or is none is an error, never a shorter list") {
    Said said;
    FakeApi api([&](const Asked&) { return said; });
    const Tools tools;
    const KubeClient client(api.target(), tools.options);
    const auto listed = [&] { return client.list({"", "", "ConfigMap"}, {}, tools.within(Millis(100))); };
    said = {200, R"({"kind":"ConfigMapList","metadata":{"resourceVersion":"5"},"items":null})"};
    REQUIRE(listed().ok());
    CHECK(listed()->items.empty());
    for (
        const std::string& body :
        {std::string("{}"), std::string("[]"), std::string(""), std::string("<html>"),
         std::string(R"({"kind":"ConfigMapList","metadata":{"resourceVersion":"5"}})"),
         std::string(R"({"kind":"ConfigMapList","metadata":{},"items":[]})"),
         std::string(R"({"kind":"SecretList","metadata":{"resourceVersion":"5"},"items":[]})"),
         std::string(R"({"kind":"ConfigMapList","metadata":{"resourceVersion":"5"},"items":{}})"),
         std::string(R"({"kind":"ConfigMapList","metadata":{"resourceVersion":"5"},"items":[{}]})"),
         std::string(R"({"kind":"ConfigMapList","metadata":{"resourceVersion":"5","remainingItemCount":2},"items":[]})"),
         std::string(
             R"({"kind":"ConfigMapList","metadata":{"resourceVersion":"5"},"items":[{"kind":"Pod","metadata":{"name":"a"}}]})"),
         std::string(R"({"kind":"ConfigMapList","metadata":{"resourceVersion":"5"},"items":[{"metadata":{"name":"a"}})"),
         FakeApi::status(404, "NotFound", "x")}) {
      CAPTURE(body);
      said = {200, body};
      CHECK_FALSE(listed().ok());
    }
    for (const int code : {404, 410, 500, 503}) {
      said = {code, code == 404 ? "404 page not found\n" : "", {}, "text/plain"};
      CHECK_FALSE(listed().ok());
    }
    said = {200, R"({"kind":"ConfigMapList","metadata":{"resourceVersion":"5","continue":"same"},"items":[]})"};
    CHECK_FALSE(listed().ok());
  }

  TEST_CASE("an answer beyond its bound is given up") {
    FakeApi api(
        [](const Asked&) -> Said { return {200, config_map("a", "1", "{\"x\":\"" + std::string(9U << 20U, 'x') + "\"}")}; });
    const KubeClient client(api.target());
    const auto huge = client.get(map_id(), {}, {});
    REQUIRE_FALSE(huge.ok());
    CHECK(huge.error().code() == ErrorCode::too_large);
    CHECK(api.asked().size() == 1);
  }

  TEST_CASE("names that would lead elsewhere are refused before anything is sent") {
    FakeApi api(unexpected);
    const KubeClient client(api.target());
    for (const auto* name : {"", ".", "..", "a/b", "a%2Fb"}) {
      CHECK(client.get(map_id(name), {}, {}).error().code() == ErrorCode::invalid_input);
    }
    CHECK(client.get({"", "ConfigMap", "../../x", "a"}, {}, {}).error().code() == ErrorCode::invalid_input);
    CHECK(client.get({"", "ConfigMap", "", "a"}, {}, {}).error().code() == ErrorCode::invalid_input);
    CHECK(client.get({"", "Namespace", "web", "a"}, {}, {}).error().code() == ErrorCode::invalid_input);
    CHECK(api.asked().empty());
    FakeApi odd([](const Asked& asked) -> Said {
      CHECK(asked.path == maps + "/a%3Ab%20c%3Fd");
      return {200, config_map("a:b c?d", "1")};
    });
    CHECK(KubeClient(odd.target()).get(map_id("a:b c?d"), {}, {}).ok());
  }

  TEST_CASE("a path that the server does not know is looked up once more") {
    FakeApi api([&](const Asked& asked) -> Said {
      if (asked.path.starts_with("/apis/x.io/v1/")) return {404, "404 page not found\n", {}, "text/plain; charset=utf-8"};
      return {200, R"({"kind":"Widget","apiVersion":"x.io/v2","metadata":{"name":"a"}})"};
    });
    api.set_apis(FakeApi::groups(FakeApi::group("x.io", "v1", FakeApi::resource("widgets", "Widget"))));
    const KubeClient client(api.target());
    const ObjectId widget{"x.io", "Widget", "web", "a"};
    const auto gone = client.get(widget, {}, {});
    REQUIRE_FALSE(gone.ok());
    CHECK(gone.error().is(Class::no_match));
    CHECK(api.asked().size() == 2);
    CHECK(api.discoveries() == 4);
    api.set_apis(FakeApi::groups(FakeApi::group("x.io", "v2", FakeApi::resource("widgets", "Widget"))));
    CHECK(client.get(widget, {}, {}).ok());
  }
}

TEST_SUITE("kube/client: writing") {
  TEST_CASE("an apply says who, how strictly, and whether by force") {
    FakeApi api([](const Asked& asked) -> Said {
      if (asked.method != "PATCH" || asked.path != maps + "/a") return unexpected(asked);
      CHECK(asked.header("content-type") == "application/apply-patch+yaml");
      const bool dry = asked.parameter("dryRun") == "All";
      return {
          dry ? 200 : 201, config_map("a", "7"), {{"Warning", "299 - \"say \\\"no\\\"\""}, {"Warning", "299 - \"twice\""}}};
    });
    const KubeClient client(api.target());
    KubeApplyOptions options;
    auto written = client.apply(map_object("a", R"({"x":"<&>"})"), options, {});
    REQUIRE_MESSAGE(written.ok(), shown(written));
    CHECK(written->created);
    CHECK(written->warnings == std::vector<std::string>{"say \"no\"", "twice"});
    CHECK(api.asked().back().query == "fieldManager=gitopsctl&fieldValidation=Strict");
    CHECK(holds(api.asked().back().body, R"("x":"<&>")"));
    options.force = true;
    options.dry_run = true;
    options.field_manager = "team a";
    written = client.apply(map_object(), options, {});
    REQUIRE(written.ok());
    CHECK_FALSE(written->created);
    CHECK(api.asked().back().query == "fieldManager=team%20a&fieldValidation=Strict&force=true&dryRun=All");
    CHECK(client.transport().counters(KubeTraffic::apply).requests == 1);
    CHECK(client.transport().counters(KubeTraffic::dry_run).requests == 1);
    CHECK(client.transport().counters(KubeTraffic::apply).bytes_sent > 100);
    CHECK(client.transport().counters(KubeTraffic::apply).bytes_received > 100);
  }

  TEST_CASE("what cannot be written is refused before anything is sent") {
    FakeApi api(unexpected);
    const KubeClient client(api.target());
    KubeApplyOptions options;
    for (const std::string& manager :
         {std::string(), std::string("kubectl"), std::string("kubectl-x"), std::string(129, 'a'), std::string("a\nb")}) {
      options.field_manager = manager;
      CHECK(client.apply(map_object(), options, {}).error().code() == ErrorCode::invalid_input);
    }
    CHECK_FALSE(client.apply(Value::map(), {}, {}).ok());
    CHECK_FALSE(
        client
            .apply(
                *parse_json(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"a-","namespace":"web"}})"),
                {}, {})
            .ok());
    CHECK_FALSE(client.put(map_object(), {}, {}).ok());
    CHECK(client.apply(map_object("a", "{\"x\":\"" + std::string(9U << 20U, 'x') + "\"}"), {}, {}).error().code() ==
          ErrorCode::too_large);
    CHECK(api.asked().empty());
  }

  TEST_CASE("conflicts of fields come with their owners") {
    FakeApi api([](const Asked&) -> Said {
      return {
          409,
          R"({"kind":"Status","status":"Failure","code":409,"reason":"Conflict","message":"Apply failed with 1 conflict",)"
          R"("details":{"causes":[{"reason":"FieldManagerConflict","message":"conflict with \"hpa\" using apps/v1",)"
          R"("field":".spec.replicas"}]}})"};
    });
    const KubeClient client(api.target());
    const auto written = client.apply(map_object(), {}, {});
    REQUIRE_FALSE(written.ok());
    REQUIRE(written.error().is(Class::field_conflict));
    CHECK(written.error().conflicts() == std::vector<FieldConflict>{{"hpa", "Update", "", "apps/v1", ".spec.replicas"}});
    CHECK(written.error().to_string() == "apply of ConfigMap web/a: another manager owns .spec.replicas (hpa, by update)");
    CHECK(api.asked().size() == 1);
  }

  TEST_CASE("a refusal of a Secret shows nothing of it") {
    FakeApi api([](const Asked&) -> Said { return {400, FakeApi::status(400, "BadRequest", "cannot read c4n4ry")}; });
    const KubeClient client(api.target());
    const auto secret = *parse_json(
        R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"a","namespace":"web"},"data":{"a":"c4n4ry"}})");
    const auto refused = client.apply(secret, {}, {});
    REQUIRE_FALSE(refused.ok());
    CHECK_FALSE(holds(refused.error().to_string() + refused.error().status().message, "c4n4ry"));
    const auto map = client.apply(map_object(), {}, {});
    CHECK(holds(map.error().to_string(), "c4n4ry"));
    const auto marked = client.apply(map_object(), {}, {{}, true, {}});
    CHECK_FALSE(holds(marked.error().to_string(), "c4n4ry"));
  }

  TEST_CASE("a create whose answer is lost is found out by reading") {
    const auto live = [](const std::string& data, const std::string& manager = "gitopsctl",
                         const std::string& operation = "Update") {
      Value object = *parse_json(config_map("a", "2", data));
      const auto owner = [](const std::string& who, const std::string& how, const std::string& of) {
        return make_map(
            {{"manager", Value::string(who)}, {"operation", Value::string(how)}, {"subresource", Value::string(of)}});
      };
      object.child_map("metadata")
          .set("managedFields", Value::list({owner(manager, operation, ""), owner("controller", "Update", "status")}));
      object.set("status", make_map({{"seen", Value::boolean(true)}}));
      return *to_json(object);
    };
    struct Case {
      const char* name;
      std::string live;  ///< of the reads; empty: absent
      bool created_late;
      Class expected;
      std::size_t posts;
      bool good;
    };
    for (const auto& test :
         {Case{"was created", live(R"({"x":"1"})"), false, Class::local, 1, true},
          Case{"was not created", "", false, Class::local, 2, true},
          Case{"somebody else's", live(R"({"x":"2"})"), false, Class::already_exists, 1, false},
          Case{"somebody else's with more in it", live(R"({"x":"1","y":"2"})"), false, Class::already_exists, 1, false},
          Case{"the same by another manager", live(R"({"x":"1"})", "kubectl"), false, Class::already_exists, 1, false},
          Case{"the same by an apply", live(R"({"x":"1"})", "gitopsctl", "Apply"), false, Class::already_exists, 1, false},
          Case{"nobody knows whose", config_map("a", "1", R"({"x":"1"})"), false, Class::already_exists, 1, false},
          Case{"arrived after all", "", true, Class::local, 2, true}}) {
      CAPTURE(test.name);
      int posts = 0;
      FakeApi api([&](const Asked& asked) -> Said {
        if (asked.method == "POST" && asked.path == maps) {
          if (++posts == 1) return {0, "", {}, "", true};
          if (test.created_late) return {409, FakeApi::status(409, "AlreadyExists", "configmaps \"a\" already exists")};
          return {201, config_map("a", "2", R"({"x":"1"})")};
        }
        if (asked.method != "GET" || asked.path != maps + "/a") return unexpected(asked);
        if (posts == 2) return {200, live(R"({"x":"1"})")};
        return test.live.empty() ? absent("a") : Said{200, test.live};
      });
      const Tools tools;
      const KubeClient client(api.target(), tools.options);
      const auto written = client.create(map_object("a", R"({"x":"1"})"), {}, {});
      CAPTURE(shown(written));
      CHECK(written.ok() == test.good);
      if (!written) CHECK(written.error().is(test.expected));
      CHECK((written.ok() || written.error().outcome_unknown()));
      CHECK(count(api.asked(), "POST") == test.posts);
    }
  }

  TEST_CASE("a create with a name of the server's is never sent twice") {
    FakeApi api([](const Asked&) -> Said { return {0, "", {}, "", true}; });
    const Tools tools;
    const KubeClient client(api.target(), tools.options);
    const auto written = client.create(
        *parse_json(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"a-","namespace":"web"}})"), {}, {});
    REQUIRE_FALSE(written.ok());
    CHECK(written.error().outcome_unknown());
    CHECK(api.asked().size() == 1);
  }

  TEST_CASE("a create that exists is one conflict, without a read") {
    FakeApi api([](const Asked&) -> Said {
      return {409, FakeApi::status(409, "AlreadyExists", "configmaps \"a\" already exists")};
    });
    const KubeClient client(api.target());
    CHECK(client.create(map_object(), {}, {}).error().is(Class::already_exists));
    CHECK(api.asked().size() == 1);
  }

  TEST_CASE("a put whose answer is lost is found out by reading") {
    struct Case {
      const char* name;
      std::string live;
      std::size_t puts;
      bool good;
    };
    for (const auto& test : {Case{"was written", config_map("a", "8", R"({"x":"1"})"), 1, true},
                             Case{"was not written", config_map("a", "7", R"({"x":"0"})"), 2, true},
                             Case{"somebody else was quicker", config_map("a", "8", R"({"x":"2"})"), 1, false},
                             Case{"somebody else says more", config_map("a", "8", R"({"x":"1","y":"2"})"), 1, false}}) {
      CAPTURE(test.name);
      int puts = 0;
      FakeApi api([&](const Asked& asked) -> Said {
        if (asked.method == "PUT" && asked.path == maps + "/a") {
          // A gateway that gave up says nothing about the write.
          if (++puts == 1) return {504, "upstream timeout", {}, "text/plain"};
          return {200, config_map("a", "9", R"({"x":"1"})")};
        }
        if (asked.method != "GET") return unexpected(asked);
        return {200, test.live};
      });
      const Tools tools;
      const KubeClient client(api.target(), tools.options);
      Value object = *parse_json(config_map("a", "7", R"({"x":"1"})"));
      const auto written = client.put(object, {}, {});
      CAPTURE(shown(written));
      CHECK(written.ok() == test.good);
      if (!written) CHECK(written.error().is(Class::stale_write));
      CHECK(count(api.asked(), "PUT") == test.puts);
    }
  }

  TEST_CASE("a put of a status whose answer is lost is told by the status") {
    for (const std::string phase : {"done", "other"}) {
      int puts = 0;
      FakeApi api([&](const Asked& asked) -> Said {
        if (asked.method == "PUT" && ++puts == 1 && asked.path == maps + "/a/status") return {0, "", {}, "", true};
        Value live = *parse_json(config_map("a", "8"));
        live.set("status", make_map({{"phase", Value::string(phase)}}));
        return asked.method == "GET" && asked.path == maps + "/a" ? Said{200, *to_json(live)} : unexpected(asked);
      });
      const Tools tools;
      const KubeClient client(api.target(), tools.options);
      Value object = *parse_json(config_map("a", "7"));
      object.set("status", make_map({{"phase", Value::string("done")}}));
      KubeWriteOptions options;
      options.subresource = "status";
      const auto written = client.put(object, options, {});
      CAPTURE(shown(written));
      CHECK(written.ok() == (phase == "done"));
      if (!written) CHECK(written.error().is(Class::stale_write));
      CHECK(puts == 1);
      options.subresource = "../x";
      CHECK(client.put(object, options, {}).error().code() == ErrorCode::invalid_input);
      options.subresource = "status";
      CHECK(client.create(map_object(), options, {}).error().code() == ErrorCode::invalid_input);
    }
  }

  TEST_CASE("what a later attempt is told does not hide that an earlier one may have been carried out") {
    const std::vector<Said> later{{403, FakeApi::status(403, "Forbidden", "no")},
                                  {422, FakeApi::status(422, "Invalid", "no")},
                                  {503, FakeApi::status(503, "ServiceUnavailable", "no")}};
    for (const auto& said : later) {
      CAPTURE(said.status);
      int answers = 0;
      FakeApi api([&](const Asked&) -> Said { return ++answers == 1 ? Said{502, "", {}, "text/html"} : said; });
      const Tools tools;
      const KubeClient client(api.target(), tools.options);
      const auto written = client.apply(map_object(), {}, {});
      REQUIRE_FALSE(written.ok());
      CHECK(written.error().outcome_unknown());
      answers = 0;
      KubeDeleteOptions options;
      options.uid = "u-a";
      CHECK(client.remove(map_id(), options, {}).error().outcome_unknown());
      // Nothing is changed by these, whatever becomes of them.
      answers = 0;
      CHECK_FALSE(client.get(map_id(), {}, {}).error().outcome_unknown());
      answers = 0;
      KubeApplyOptions dry;
      dry.dry_run = true;
      CHECK_FALSE(client.apply(map_object(), dry, {}).error().outcome_unknown());
    }
    // Given up during the pause behind the lost answer.
    FakeApi silent([](const Asked&) -> Said { return {0, "", {}, "", true}; });
    std::stop_source stop;
    KubeCall call;
    call.interrupt.stop = stop.get_token();
    call.on_repeat = [&](const KubeError&, Millis) { stop.request_stop(); };
    const auto given_up = KubeClient(silent.target()).apply(map_object(), {}, call);
    REQUIRE_FALSE(given_up.ok());
    CHECK(given_up.error().code() == ErrorCode::cancelled);
    CHECK(given_up.error().outcome_unknown());
  }

  TEST_CASE("a question is asked without a name, and what is kept is none") {
    FakeApi api([](const Asked& asked) -> Said {
      if (asked.method != "POST" || asked.path != "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews") {
        return unexpected(asked);
      }
      return {201, R"({"kind":"SelfSubjectAccessReview","metadata":{},"status":{"allowed":true}})"};
    });
    api.set_apis(FakeApi::groups(FakeApi::group(
        "authorization.k8s.io", "v1",
        R"({"resource":"selfsubjectaccessreviews","responseKind":{"group":"","version":"","kind":"SelfSubjectAccessReview"},)"
        R"("scope":"Cluster","verbs":["create"]})")));
    const KubeClient client(api.target());
    const auto answer = client.ask(
        *parse_json(R"({"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{}})"), {});
    REQUIRE_MESSAGE(answer.ok(), shown(answer));
    CHECK(answer->find_path({"status", "allowed"})->as_bool());
    CHECK(client.ask(map_object(), {}).error().code() == ErrorCode::invalid_input);
    CHECK(api.asked().size() == 1);
  }

  TEST_CASE("warnings about a Secret are told without their words") {
    FakeApi api([](const Asked& asked) -> Said {
      const bool secret = asked.path.find("secrets") != std::string::npos;
      return {200,
              secret ? R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}})" : config_map("a", "1"),
              {{"Warning", "299 - \"policy dislikes c4n4ry\""}}};
    });
    const KubeClient client(api.target());
    const auto secret = client.apply(
        *parse_json(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"a","namespace":"web"}})"), {}, {});
    REQUIRE_MESSAGE(secret.ok(), shown(secret));
    REQUIRE(secret->warnings.size() == 1);
    CHECK_FALSE(holds(secret->warnings[0], "c4n4ry"));
    CHECK(holds(client.apply(map_object(), {}, {})->warnings.at(0), "c4n4ry"));
  }

  TEST_CASE("a lost put that cannot be looked into says that its outcome is unknown") {
    FakeApi api([](const Asked& asked) -> Said {
      if (asked.method == "PUT") return {0, "", {}, "", true};
      return {403, FakeApi::status(403, "Forbidden", "no")};
    });
    const Tools tools;
    const KubeClient client(api.target(), tools.options);
    const auto written = client.put(*parse_json(config_map("a", "7")), {}, {});
    REQUIRE_FALSE(written.ok());
    CHECK(written.error().outcome_unknown());
    CHECK(count(api.asked(), "PUT") == 1);
  }

  TEST_CASE("a JSON patch is not sent twice, unless it cannot have been carried out") {
    std::atomic<int> busy{1};
    FakeApi api([&](const Asked& asked) -> Said {
      CHECK(asked.header("content-type") == "application/json-patch+json");
      if (busy-- > 0) return {429, "Too many requests\n", {{"Retry-After", "1"}}, "text/plain"};
      return {0, "", {}, "", true};
    });
    const Tools tools;
    const KubeClient client(api.target(), tools.options);
    const auto patched = client.patch(map_id(), *parse_json("[]"), {}, {});
    REQUIRE_FALSE(patched.ok());
    CHECK(patched.error().outcome_unknown());
    CHECK(api.asked().size() == 2);
  }

  TEST_CASE("a delete names what it means, and is repeated only then") {
    int answers = 0;
    FakeApi api([&](const Asked& asked) -> Said {
      if (asked.method != "DELETE") return unexpected(asked);
      if (++answers == 1) return {0, "", {}, "", true};
      return absent("a");
    });
    const Tools tools;
    const KubeClient client(api.target(), tools.options);
    KubeDeleteOptions options;
    options.uid = "u-a";
    options.resource_version = "7";
    options.propagation = KubeDeleteOptions::Propagation::foreground;
    const auto gone = client.remove(map_id(), options, {});
    REQUIRE_MESSAGE(gone.ok(), shown(gone));
    CHECK(gone->gone);
    CHECK(gone->was_absent);
    CHECK(api.asked().size() == 2);
    CHECK(api.asked()[0].body ==
          R"({"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"resourceVersion":"7","uid":"u-a"},)"
          R"("propagationPolicy":"Foreground"})");
    answers = 0;
    const auto unknown = client.remove(map_id(), {}, {});
    REQUIRE_FALSE(unknown.ok());
    CHECK(unknown.error().outcome_unknown());
    CHECK(answers == 1);
  }

  TEST_CASE("a delete is done when the server says so, and not when finalizers remain") {
    Said said;
    FakeApi api([&](const Asked&) { return said; });
    const KubeClient client(api.target());
    said = {
        200,
        R"({"kind":"Status","apiVersion":"v1","status":"Success","details":{"name":"a","kind":"configmaps","uid":"u"}})"};
    CHECK(client.remove(map_id(), {}, {})->gone);
    said = {200, config_map("a", "8")};
    const auto remains = client.remove(map_id(), {}, {});
    CHECK_FALSE(remains->gone);
    CHECK(remains->object.string_at({"metadata", "resourceVersion"}) == "8");
    said = {200, R"({"kind":"Status","status":"Failure"})"};
    CHECK_FALSE(client.remove(map_id(), {}, {}).ok());
    said = {409, FakeApi::status(409, "Conflict",
                                 "Operation cannot be fulfilled on ConfigMap \"a\": the UID in the precondition (x) does "
                                 "not match the UID in record (y)")};
    KubeDeleteOptions other;
    other.uid = "x";
    CHECK(client.remove(map_id(), other, {}).error().is(Class::precondition));
    said = {404, "404 page not found\n", {}, "text/plain"};
    CHECK_FALSE(client.remove(map_id(), {}, {}).ok());
  }
}

TEST_SUITE("kube/client: repeats") {
  TEST_CASE("failures that pass are repeated with growing pauses, others are not") {
    struct Case {
      Said said;
      bool repeated;
    };
    const std::vector<Case> cases{
        {{429, "Too many requests\n", {{"Retry-After", "2"}}, "text/plain"}, true},
        {{500, FakeApi::status(500, "InternalError", "etcdserver: leader changed")}, true},
        {{503, "service unavailable\n", {}, "text/plain"}, true},
        {{502, "<html>", {}, "text/html"}, true},
        {{0, "", {}, "", true}, true},
        {{500,
          R"({"kind":"Status","code":500,"status":"Failure","message":"failed to create typed patch object (a): .x: field not declared in schema"})"},
         false},
        {{403, FakeApi::status(403, "Forbidden", "no")}, false},
        {{422, FakeApi::status(422, "Invalid", "no")}, false},
        {{401, FakeApi::status(401, "Unauthorized", "Unauthorized")}, false},
    };
    for (const auto& test : cases) {
      CAPTURE(test.said.status);
      CAPTURE(test.said.body);
      int left = 3;
      FakeApi api([&](const Asked&) -> Said { return left-- > 0 ? test.said : Said{200, config_map("a", "1")}; });
      Tools tools;
      std::vector<std::int64_t> pauses;
      KubeCall call;
      call.on_repeat = [&](const KubeError&, Millis pause) { pauses.push_back(pause.count()); };
      const KubeClient client(api.target(), tools.options);
      const auto written = client.apply(map_object(), {}, call);
      CHECK(written.ok() == test.repeated);
      CHECK(api.asked().size() == (test.repeated ? 4 : 1));
      if (test.said.status == 429) {
        CHECK(pauses == std::vector<std::int64_t>{2000, 2000, 2000});
      } else if (test.said.cut) {
        // The first one is on the connection that discovery left open: a closed one of those is nothing to wait for.
        CHECK(pauses == std::vector<std::int64_t>{125, 250});
      } else if (test.repeated) {
        CHECK(pauses == std::vector<std::int64_t>{125, 250, 500});
      }
      CHECK(client.transport().counters(KubeTraffic::apply).repeats == pauses.size());
    }
  }

  TEST_CASE("a deadline ends the repeats, with what the server said") {
    FakeApi api([](const Asked&) -> Said { return {503, FakeApi::status(503, "ServiceUnavailable", "shutting down")}; });
    const Tools tools;
    const KubeClient client(api.target(), tools.options);
    (void)client.discovery().table({});
    const auto start = tools.clock.monotonic();
    const auto got = client.get(map_id(), {}, tools.within(Millis(3'000)));
    REQUIRE_FALSE(got.ok());
    CHECK(got.error().is(Class::unavailable));
    CHECK(holds(got.error().to_string(), "shutting down"));
    CHECK(tools.clock.monotonic() - start < Millis(3'000));
    const auto later = tools.clock.monotonic();
    CHECK_FALSE(client.get(map_id(), {}, {}).ok());
    CHECK(tools.clock.monotonic() - later <= Millis(60'000));
    CHECK(tools.clock.monotonic() - later > Millis(30'000));
  }

  TEST_CASE("a server that was never reached is waited for as long as the options say") {
    Tools tools;
    const auto patience = [&](const KubeClient& client) {
      const auto start = tools.clock.monotonic();
      const auto got = client.get(map_id(), {}, {});
      REQUIRE_FALSE(got.ok());
      CHECK_MESSAGE(got.error().is(Class::no_answer), shown(got));
      CHECK_FALSE(got.error().hint().empty());
      return tools.clock.monotonic() - start;
    };
    std::optional<FakeApi> api(std::in_place, [](const Asked&) -> Said { return {200, config_map("a", "1")}; });
    const KubeTarget target = api->target();
    tools.options.reach_for = reach_for_command;
    const KubeClient reached(target, tools.options);
    REQUIRE(reached.get(map_id(), {}, {}).ok());
    api.reset();
    CHECK(patience(KubeClient(target, tools.options)) <= reach_for_command);
    // Who was there before comes back, most likely.
    CHECK(patience(reached) > Millis(30'000));
    tools.options.reach_for = Millis(0);
    CHECK(patience(KubeClient(target, tools.options)) > Millis(30'000));
  }

  TEST_CASE("a deadline that ends a request says what to look at") {
    FakeApi api([](const Asked&) -> Said { return {200, "", {}, "application/json", false, true}; });
    const KubeClient client(api.target());
    KubeCall call;
    call.interrupt.deadline = Deadline(system_clock(), Millis(200));
    const auto got = client.get(map_id(), {}, call);
    REQUIRE_FALSE(got.ok());
    CHECK(got.error().code() == ErrorCode::timeout);
    CHECK(got.error().hint() == class_hint(Class::no_answer));
  }

  TEST_CASE("a stop ends everything") {
    FakeApi api([](const Asked&) -> Said { return {200, "", {}, "application/json", false, true}; });
    const KubeClient client(api.target());
    std::stop_source stop;
    std::jthread stopper([&] {
      system_clock().sleep(Millis(200), {});
      stop.request_stop();
    });
    const auto start = system_clock().monotonic();
    const auto got = client.get(map_id(), {}, {{stop.get_token(), {}}, false, {}});
    REQUIRE_FALSE(got.ok());
    CHECK(got.error().code() == ErrorCode::cancelled);
    CHECK(system_clock().monotonic() - start < Millis(1'200));
  }

  TEST_CASE("an attempt that hangs is given up and repeated") {
    std::atomic<int> hanging{1};
    FakeApi api([&](const Asked&) -> Said {
      if (hanging-- > 0) return {200, "", {}, "application/json", false, true};
      return {200, config_map("a", "1")};
    });
    KubeClientOptions options;
    options.attempt_limit = Millis(300);
    options.first_pause = Millis(10);
    const KubeClient client(api.target(), options);
    const auto got = client.get(map_id(), {}, {});
    REQUIRE_MESSAGE(got.ok(), shown(got));
    CHECK(api.asked().size() == 2);
  }

  TEST_CASE("a 401 renews the token and repeats once") {
    const support::ScratchDir directory;
    const auto write = [&](const std::string& token) { std::ofstream(directory / "token") << token; };
    std::string accepted = "token-two";
    FakeApi api([&](const Asked& asked) -> Said {
      if (asked.header("authorization") != "Bearer " + accepted)
        return {401, FakeApi::status(401, "Unauthorized", "Unauthorized")};
      return {200, config_map("a", "1")};
    });
    KubeTarget target = api.target();
    target.login.token_file = directory / "token";
    write("token-one");
    const Tools tools;
    const KubeClient client(target, tools.options);
    CHECK(client.get(map_id(), {}, {}).error().is(Class::unauthorized));
    CHECK(api.asked().size() == 1);
    write("token-two");
    CHECK(client.get(map_id(), {}, {}).ok());
    CHECK(api.asked().size() == 3);
    accepted = "nobody";
    write("token-three");
    const auto refused = client.get(map_id(), {}, {});
    REQUIRE_FALSE(refused.ok());
    CHECK_FALSE(holds(refused.error().to_string(), "token-"));
    CHECK(api.asked().size() == 5);
    log::forget_secrets();
  }

  TEST_CASE("somebody else's rights are asked for in every request, and never left out") {
    FakeApi api([](const Asked&) -> Said { return {200, config_map("a", "1")}; });
    const KubeClient own(api.target());
    REQUIRE(own.get(map_id(), {}, {}).ok());
    CHECK(api.asked().back().header("impersonate-user").empty());
    Impersonation account = Impersonation::service_account("web", "deployer");
    account.groups = {"one", "two", "three"};
    const KubeClient limited = own.as(account);
    REQUIRE(limited.get(map_id(), {}, {}).ok());
    CHECK(api.asked().back().header("impersonate-user") == "system:serviceaccount:web:deployer");
    CHECK(count(api.asked(), "GET") == 2);
    std::size_t groups = 0;
    const Asked last = api.asked().back();
    for (const auto& [name, value] : last.headers) groups += name == "impersonate-group" ? 1 : 0;
    CHECK(groups == 3);
    // What HTTP would leave out, cut off or break, and rights without somebody who has them.
    const std::vector<Impersonation> wrong{{"joe\r\nX: y", "", {}, {}}, {" joe", "", {}, {}},
                                           {"joe ", "", {}, {}},        {"joe\t", "", {}, {}},
                                           {"joe", "", {""}, {}},       {"", "", {"system:masters"}, {}},
                                           {"", "7", {}, {}},           {"joe", "", {}, {{"", {"x"}}}}};
    for (const auto& who : wrong) {
      CAPTURE(who.user);
      CHECK(own.as(who).get(map_id(), {}, {}).error().code() == ErrorCode::invalid_input);
      struct Nothing final : KubeWatchSink {
        Result<void> replace(const KubeList&) override { return {}; }
        Result<void> change(Event, const Value&) override { return {}; }
      } nothing;
      CHECK(own.as(who).watch({"", "", "ConfigMap"}, {}, nothing, {}).error().code() == ErrorCode::invalid_input);
    }
    CHECK(api.asked().size() == 2);
  }

  TEST_CASE("warnings are read from every form of their header") {
    const auto read = [](const std::string& value) { return read_warnings({{"warning", value}}); };
    CHECK(read(R"(299 - "a \"b\" \\c")") == std::vector<std::string>{"a \"b\" \\c"});
    CHECK(read(R"(299 - "a", 299 - "b")") == std::vector<std::string>{"a", "b"});
    CHECK(read(R"(299 - "a" "Wed, 21 Oct 2026 07:28:00 GMT")").front() == "a");
    CHECK(read("299 - \"open").front() == "open");
    CHECK(read("nothing").empty());
  }
}

TEST_SUITE("concurrency: kube/client") {
  TEST_CASE("never more requests at once than there are connections") {
    std::atomic<int> now{0};
    std::atomic<int> most{0};
    FakeApi api([&](const Asked&) -> Said {
      const int mine = ++now;
      for (int seen = most; mine > seen && !most.compare_exchange_weak(seen, mine);) {
      }
      system_clock().sleep(Millis(10), {});
      --now;
      return {200, config_map("a", "1")};
    });
    KubeClientOptions options;
    options.max_connections = 4;
    const KubeClient client(api.target(), options);
    std::atomic<int> good{0};
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 16; ++i) {
        threads.emplace_back([&] {
          for (int k = 0; k < 5; ++k) good += client.get(map_id(), {}, {}).ok() ? 1 : 0;
        });
      }
    }
    CHECK(good == 80);
    CHECK(most <= 4);
    CHECK(client.transport().connections().peak() == 4);
    CHECK(client.transport().connections().running() == 0);
    CHECK(api.discoveries() == 2);
  }

  TEST_CASE("the server's 'too many' halves them, once for those under way together, and they grow slowly") {
    ConnectionPool pool(16);
    const auto connect = [] { return std::make_unique<channels::HttpClient>(channels::HttpOrigin{}); };
    const auto take = [&] { return pool.acquire(1, connect, {}); };
    {
      std::vector<ConnectionPool::Lease> together;
      for (int i = 0; i < 8; ++i) together.push_back(take().value());
      for (auto& lease : together) lease.was_too_much();
    }
    CHECK(pool.limit() == 8);
    for (int i = 0; i < 10; ++i) take().value().was_too_much();
    CHECK(pool.limit() == 1);
    take().value().went_well();
    CHECK(pool.limit() == 2);
    take().value().went_well();
    CHECK(pool.limit() == 2);
    take().value().went_well();
    CHECK(pool.limit() == 3);
    for (int i = 0; i < 200; ++i) take().value().went_well();
    CHECK(pool.limit() == 16);
    CHECK(pool.running() == 0);
    // A full pool waits no longer than it may.
    std::vector<ConnectionPool::Lease> all;
    for (int i = 0; i < 16; ++i) all.push_back(take().value());
    const auto late = pool.acquire(1, connect, {{}, Deadline(system_clock(), Millis(50))});
    REQUIRE_FALSE(late.ok());
    CHECK(late.error().code() == ErrorCode::timeout);
  }

  TEST_CASE("slow answers shrink them to a quarter, and no further") {
    ConnectionPool pool(16);
    const auto take = [&] {
      return pool.acquire(1, [] { return std::make_unique<channels::HttpClient>(channels::HttpOrigin{}); }, {});
    };
    for (int i = 0; i < 10; ++i) take().value().was_slow();
    CHECK(pool.limit() == 4);
    take().value().was_too_much();
    CHECK(pool.limit() == 2);
    take().value().was_slow();
    CHECK(pool.limit() == 2);
    for (int i = 0; i < 200; ++i) take().value().went_well();
    CHECK(pool.limit() == 16);
    ConnectionPool single(1);
    single.acquire(1, [] { return std::make_unique<channels::HttpClient>(channels::HttpOrigin{}); }, {})->was_slow();
    CHECK(single.limit() == 1);
  }

  TEST_CASE("a busy server gets half as many requests at once, and all of them when it is well again") {
    std::atomic<bool> busy{false};
    std::atomic<int> now{0};
    std::atomic<int> most{0};
    FakeApi api([&](const Asked&) -> Said {
      const int mine = ++now;
      for (int seen = most; mine > seen && !most.compare_exchange_weak(seen, mine);) {
      }
      system_clock().sleep(Millis(5), {});
      --now;
      if (busy) return {429, "Too many requests\n", {}, "text/plain"};
      return {200, config_map("a", "1")};
    });
    const Tools tools;
    const KubeClient client(api.target(), tools.options);
    const auto& pool = client.transport().connections();
    const auto load = [&](int each) {
      std::atomic<int> good{0};
      most = 0;
      {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 24; ++i) {
          threads.emplace_back([&] {
            for (int k = 0; k < each; ++k) good += client.get(map_id(), {}, {}).ok() ? 1 : 0;
          });
        }
      }
      return good.load();
    };
    CHECK(load(4) == 96);
    CHECK(pool.limit() == 16);
    busy = true;
    REQUIRE_FALSE(client.get(map_id(), {}, tools.within(Millis(500))).ok());
    CHECK(pool.limit() == 8);
    busy = false;
    // Fewer at once from now on: eight, and one more for each round that goes well.
    CHECK(load(1) == 24);
    CHECK(most <= 11);
    CHECK(load(20) == 480);
    CHECK(pool.limit() == 16);
  }

  TEST_CASE("connections that nobody uses are closed") {
    ManualClock clock(*parse_time("2026-06-01T12:00:00Z"));
    ConnectionPool pool(4, clock);
    int made = 0;
    const auto take = [&] {
      return pool.acquire(1,
                          [&] {
                            ++made;
                            return std::make_unique<channels::HttpClient>(channels::HttpOrigin{});
                          },
                          {});
    };
    {
      std::vector<ConnectionPool::Lease> all;
      for (int i = 0; i < 4; ++i) all.push_back(take().value());
    }
    CHECK(pool.idle() == 4);
    clock.advance(Millis(100'000));
    (void)take();
    clock.advance(Millis(50'000));
    (void)take();
    CHECK(pool.idle() == 1);
    CHECK(made == 4);
    clock.advance(Millis(200'000));
    (void)take();
    CHECK(made == 5);
    CHECK(pool.idle() == 1);
  }

  TEST_CASE("connections are kept, and made anew for other certificates") {
    ConnectionPool pool(2);
    int made = 0;
    const auto connect = [&] {
      ++made;
      return std::make_unique<channels::HttpClient>(channels::HttpOrigin{});
    };
    (void)pool.acquire(1, connect, {});
    (void)pool.acquire(1, connect, {});
    CHECK(made == 1);
    (void)pool.acquire(2, connect, {});
    CHECK(made == 2);
    {
      auto lease = pool.acquire(2, connect, {});
      lease->drop();
    }
    (void)pool.acquire(2, connect, {});
    CHECK(made == 3);
  }
}
