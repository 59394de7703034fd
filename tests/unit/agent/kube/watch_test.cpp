#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "agent/kube/client.hpp"
#include "tests/unit/agent/kube/fake_api.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::agent::test;
using Class = KubeErrorClass;

namespace {

std::string listed(const std::string& version, const std::vector<std::string>& names) {
  std::string items;
  for (const auto& name : names)
    items += (items.empty() ? "" : ",") + std::string(R"({"metadata":{"name":")") + name + R"("}})";
  return R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":")" + version + R"("},"items":[)" +
         items + "]}";
}

std::string event(const std::string& type, const std::string& name, const std::string& version) {
  return R"({"type":")" + type + R"(","object":)" + config_map(name, version) + "}\n";
}

std::string bookmark(const std::string& version) {
  return R"({"type":"BOOKMARK","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":")" + version +
         "\"}}}\n";
}

std::string failed(int code, const std::string& reason) {
  return R"({"type":"ERROR","object":)" + FakeApi::status(code, reason, "too old resource version") + "}\n";
}

/// Writes down what it is told, and ends the watch with the `end`-th word.
struct Notes final : KubeWatchSink {
  explicit Notes(std::size_t end_at) : end(end_at) {}
  Result<void> note(std::string word) {
    words.push_back(std::move(word));
    if (words.size() >= end) return Error(ErrorCode::internal, "enough");
    return {};
  }
  Result<void> replace(const KubeList& all) override {
    std::string word = "list@" + all.resource_version;
    for (const auto& item : all.items) word += " " + std::string(item.string_at({"metadata", "name"}));
    return note(word);
  }
  Result<void> change(Event type, const Value& object) override {
    CHECK(object.string_at({"kind"}) == "ConfigMap");
    const std::string sign = type == Event::added ? "+" : type == Event::modified ? "~" : "-";
    return note(sign + std::string(object.string_at({"metadata", "name"})));
  }
  void progress(const std::string& version) override { bookmarks.push_back(version); }
  std::size_t end;
  std::vector<std::string> words;
  std::vector<std::string> bookmarks;
};

struct Tools {
  ManualClock clock{*parse_time("2026-06-01T12:00:00Z")};
  KubeClientOptions options;
  Tools() {
    options.clock = &clock;
    options.random = [] { return 0.0; };
  }
};

/// Answers the lists and the watches one after the other; beyond the last the last one again.
struct Script {
  std::vector<Said> lists;
  std::vector<Said> watches;
  std::atomic<std::size_t> list_at{0};
  std::atomic<std::size_t> watch_at{0};
  Said operator()(const Asked& asked) {
    const bool watch = asked.parameter("watch") == "1";
    auto& at = watch ? watch_at : list_at;
    const auto& from = watch ? watches : lists;
    return from.at(std::min(at.fetch_add(1), from.size() - 1));
  }
};

Said stream(const std::string& first, const std::string& rest) {
  return {200, first, {}, "application/json", false, true, rest};
}

std::vector<std::string> versions(const FakeApi& api) {
  std::vector<std::string> out;
  for (const auto& asked : api.asked()) {
    if (asked.parameter("watch") == "1") out.push_back(asked.parameter("resourceVersion"));
  }
  return out;
}

const KubeKind maps{"", "", "ConfigMap"};

}  // namespace

TEST_SUITE("kube/watch") {
  TEST_CASE("a list and then every change, gone on from the last version after a close") {
    Script script;
    script.lists = {{200, listed("5", {"a", "b"})}};
    const std::string first = event("ADDED", "c", "6") + event("MODIFIED", "a", "7");
    // Cut anywhere, also within a line.
    script.watches = {stream(first.substr(0, 20), first.substr(20) + bookmark("9")),
                      stream(event("DELETED", "b", "11"), "\n")};
    FakeApi api(std::ref(script));
    const Tools tools;
    Notes notes(5);
    const auto ended = KubeClient(api.target(), tools.options).watch(maps, {"web", "x=y", "", false}, notes, {});
    REQUIRE_FALSE(ended.ok());
    CHECK(ended.error().message() == "enough");
    CHECK(notes.words == std::vector<std::string>{"list@5 a b", "+c", "~a", "-b", "-b"});
    CHECK(notes.bookmarks == std::vector<std::string>{"9"});
    CHECK(versions(api) == std::vector<std::string>{"5", "9", "11"});
    const auto watch = api.asked()[1];
    CHECK(watch.path == "/api/v1/namespaces/web/configmaps");
    CHECK(watch.parameter("allowWatchBookmarks") == "true");
    CHECK(watch.parameter("labelSelector") == "x%3Dy");
    CHECK(watch.parameter("timeoutSeconds") == "240");
    CHECK(api.asked().size() == 4);
  }

  TEST_CASE("a version that is too old means a new list, as an event and as an answer") {
    for (const auto& expired : {stream(failed(410, "Expired"), "\n"), Said{410, FakeApi::status(410, "Expired", "old")}}) {
      Script script;
      script.lists = {{200, listed("5", {"a", "b"})}, {200, listed("90", {"b"})}};
      script.watches = {expired, stream(event("ADDED", "c", "91"), "\n")};
      FakeApi api(std::ref(script));
      const Tools tools;
      Notes notes(3);
      (void)KubeClient(api.target(), tools.options).watch(maps, {}, notes, {});
      CHECK(notes.words == std::vector<std::string>{"list@5 a b", "list@90 b", "+c"});
      CHECK(versions(api) == std::vector<std::string>{"5", "90"});
    }
  }

  TEST_CASE("a server that always forgets is not asked without a pause") {
    Script script;
    script.lists = {{200, listed("5", {})}};
    script.watches = {stream(failed(410, "Expired"), "\n")};
    FakeApi api(std::ref(script));
    const Tools tools;
    Notes notes(20);
    const auto start = tools.clock.monotonic();
    (void)KubeClient(api.target(), tools.options).watch(maps, {}, notes, {});
    CHECK(tools.clock.monotonic() - start > Millis(30'000));
  }

  TEST_CASE("broken connections and failures that pass are gone on from") {
    Script script;
    script.lists = {{200, listed("5", {})}};
    script.watches = {{0, "", {}, "", true},
                      {503, "service unavailable\n", {}, "text/plain"},
                      stream(event("ADDED", "a", "6"), R"({"type":"ADDED","obj)"),
                      stream("<html>", "\n"),
                      stream(event("ADDED", "b", "7"), "\n")};
    FakeApi api(std::ref(script));
    const Tools tools;
    Notes notes(3);
    std::vector<std::string> told;
    KubeCall call;
    call.on_repeat = [&](const KubeError& error, Millis) { told.emplace_back(class_name(error.error_class())); };
    (void)KubeClient(api.target(), tools.options).watch(maps, {}, notes, call);
    CHECK(notes.words == std::vector<std::string>{"list@5", "+a", "+b"});
    CHECK(versions(api) == std::vector<std::string>{"5", "5", "5", "6", "6"});
    CHECK(told == std::vector<std::string>{"NoAnswer", "Unavailable", "NoAnswer", "ForeignAnswer"});
  }

  TEST_CASE("answers that are closed behind their first piece are not asked for without a pause") {
    for (const auto& last : {std::string("\n"), failed(410, "Expired")}) {
      CAPTURE(last);
      std::atomic<int> version{5};
      FakeApi api([&](const Asked& asked) -> Said {
        if (asked.parameter("watch") != "1") return {200, listed("5", {})};
        return stream(event("MODIFIED", "a", std::to_string(++version)), last);
      });
      const Tools tools;
      Notes notes(40);
      const auto start = tools.clock.monotonic();
      (void)KubeClient(api.target(), tools.options).watch(maps, {}, notes, {});
      CHECK(tools.clock.monotonic() - start > Millis(30'000));
    }
  }

  TEST_CASE("a server that asks to come back tomorrow is asked every minute") {
    Script script;
    script.lists = {{200, listed("5", {})}};
    script.watches = {{503, "", {{"Retry-After", "86400"}}, "text/plain"}, stream(event("ADDED", "a", "6"), "\n")};
    FakeApi api(std::ref(script));
    const Tools tools;
    Notes notes(2);
    const auto start = tools.clock.monotonic();
    (void)KubeClient(api.target(), tools.options).watch(maps, {}, notes, {});
    CHECK(notes.words == std::vector<std::string>{"list@5", "+a"});
    CHECK(tools.clock.monotonic() - start <= Millis(60'000));
  }

  TEST_CASE("events about another kind are none, and of whole objects only the metadata is told when that is asked for") {
    Script script;
    script.lists = {{200, R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"5"},"items":[]})"}};
    script.watches = {stream(R"({"type":"ADDED","object":{"kind":"Secret","metadata":{"name":"a","resourceVersion":"6"}}})"
                             "\n",
                             "\n"),
                      stream(event("ADDED", "b", "7"), "\n")};
    FakeApi api(std::ref(script));
    const Tools tools;
    struct Metadata final : KubeWatchSink {
      Result<void> replace(const KubeList&) override { return {}; }
      Result<void> change(Event, const Value& object) override {
        CHECK(object.string_at({"metadata", "name"}) == "b");
        CHECK(object.find("data") == nullptr);
        return Error(ErrorCode::internal, "enough");
      }
    } sink;
    const auto ended = KubeClient(api.target(), tools.options).watch(maps, {"", "", "", true}, sink, {});
    CHECK(ended.error().message() == "enough");
    CHECK(script.watch_at == 2);
  }

  TEST_CASE("after several failures in a row everything is listed again") {
    Script script;
    script.lists = {{200, listed("5", {})}, {200, listed("8", {})}};
    script.watches = {{503, "", {}, "text/plain"},
                      {503, "", {}, "text/plain"},
                      {503, "", {}, "text/plain"},
                      {503, "", {}, "text/plain"},
                      stream(event("ADDED", "b", "9"), "\n")};
    FakeApi api(std::ref(script));
    const Tools tools;
    Notes notes(3);
    (void)KubeClient(api.target(), tools.options).watch(maps, {}, notes, {});
    CHECK(notes.words == std::vector<std::string>{"list@5", "list@8", "+b"});
  }

  TEST_CASE("a full span without a sign of life is not trusted") {
    Tools tools;
    Script script;
    script.lists = {{200, listed("99", {"ghost"})}, {200, listed("5", {})}};
    script.watches = {stream("", "\n"), stream(event("ADDED", "b", "6"), "\n")};
    FakeApi api([&](const Asked& asked) {
      if (asked.parameter("resourceVersion") == "99") tools.clock.advance(Millis(240'000));
      return script(asked);
    });
    Notes notes(3);
    (void)KubeClient(api.target(), tools.options).watch(maps, {}, notes, {});
    CHECK(notes.words == std::vector<std::string>{"list@99 ghost", "list@5", "+b"});
  }

  TEST_CASE("what a retry cannot cure ends the watch") {
    Script script;
    script.lists = {{200, listed("5", {})}};
    script.watches = {{403, FakeApi::status(403, "Forbidden", "no")}};
    FakeApi api(std::ref(script));
    const Tools tools;
    Notes notes(100);
    const auto ended = KubeClient(api.target(), tools.options).watch(maps, {}, notes, {});
    REQUIRE_FALSE(ended.ok());
    CHECK(ended.error().is(Class::forbidden));
    script.lists = {{403, FakeApi::status(403, "Forbidden", "no")}};
    CHECK(KubeClient(api.target(), tools.options).watch(maps, {}, notes, {}).error().is(Class::forbidden));
    CHECK(notes.words.size() == 1);
  }

  TEST_CASE("a stop ends a watch that is silent") {
    Script script;
    script.lists = {{200, listed("5", {})}};
    script.watches = {stream(bookmark("6"), "")};
    FakeApi api(std::ref(script));
    std::stop_source stop;
    std::atomic<Millis> stopped{};
    std::jthread stopper([&] {
      while (script.watch_at == 0) system_clock().sleep(Millis(10), {});
      system_clock().sleep(Millis(100), {});
      stopped = system_clock().monotonic();
      stop.request_stop();
    });
    Notes notes(100);
    const auto start = system_clock().monotonic();
    const auto ended = KubeClient(api.target()).watch(maps, {}, notes, {{stop.get_token(), {}}, false, {}});
    REQUIRE_FALSE(ended.ok());
    CHECK(ended.error().code() == ErrorCode::cancelled);
    CHECK(system_clock().monotonic() - start < Millis(20'000));
    CHECK(system_clock().monotonic() - stopped.load() < Millis(1'000));
  }

  TEST_CASE("an event beyond its bound is given up") {
    Script script;
    script.lists = {{200, listed("5", {})}};
    script.watches = {stream(std::string(10U << 20U, ' '), "\n")};
    FakeApi api(std::ref(script));
    const Tools tools;
    Notes notes(100);
    const auto ended = KubeClient(api.target(), tools.options).watch(maps, {}, notes, {});
    REQUIRE_FALSE(ended.ok());
    CHECK(ended.error().code() == ErrorCode::too_large);
  }
}
