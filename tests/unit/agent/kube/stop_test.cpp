#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "agent/kube/client.hpp"
#include "tests/unit/agent/kube/fake_api.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::agent::test;
using render::ObjectId;

// A client that is told to stop, and connections behind which nobody is.

namespace {

Value map_object(const std::string& name) {
  return *parse_json(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name +
                     R"(","namespace":"web","resourceVersion":"1"}})");
}

/// Sends headers and never a body.
Said hang() { return {200, "", {}, "application/json", false, true, ""}; }

struct Stopped {
  std::stop_source stop;
  KubeClientOptions options;
  std::atomic<bool> asked{false};
  Stopped() {
    options.stop = stop.get_token();
    options.last_patience = Millis(300);
  }
  /// Stops once the server was asked.
  std::jthread stop_when_asked() {
    return std::jthread([this] {
      while (!asked) std::this_thread::sleep_for(Millis(2));
      stop.request_stop();
    });
  }
};

KubeCall last_word() {
  KubeCall call;
  call.last_word = true;
  return call;
}

Millis now() { return system_clock().monotonic(); }

}  // namespace

TEST_SUITE("kube/stop") {
  TEST_CASE("a read is broken off at once") {
    Stopped tools;
    FakeApi api([&](const Asked&) {
      tools.asked = true;
      return hang();
    });
    const KubeClient client(api.target(), tools.options);
    const auto stopper = tools.stop_when_asked();
    const Millis begin = now();
    const auto read = client.get({"", "ConfigMap", "web", "a"}, {}, {});
    CHECK(read.error().code() == ErrorCode::cancelled);
    CHECK(now() - begin < Millis(5'000));
  }

  TEST_CASE("a write that is under way is waited for, and its answer is believed") {
    Stopped tools;
    FakeApi api([&](const Asked&) {
      tools.asked = true;
      while (!tools.stop.stop_requested()) std::this_thread::sleep_for(Millis(2));
      std::this_thread::sleep_for(Millis(30));
      return Said{200, config_map("a", "2")};
    });
    const KubeClient client(api.target(), tools.options);
    const auto stopper = tools.stop_when_asked();
    const auto written = client.apply(map_object("a"), {}, {});
    REQUIRE_MESSAGE(written.ok(), written.error().to_string());
    // And nothing is begun any more.
    const auto next = client.apply(map_object("b"), {}, {});
    CHECK(next.error().code() == ErrorCode::cancelled);
    CHECK_FALSE(next.error().outcome_unknown());
    CHECK(api.asked().size() == 1);
  }

  TEST_CASE("a write that is never answered is let go, and nobody knows what became of it") {
    Stopped tools;
    FakeApi api([&](const Asked&) {
      tools.asked = true;
      return hang();
    });
    const KubeClient client(api.target(), tools.options);
    const auto stopper = tools.stop_when_asked();
    const Millis begin = now();
    const auto written = client.apply(map_object("a"), {}, {});
    CHECK(written.error().code() == ErrorCode::cancelled);
    CHECK(written.error().outcome_unknown());
    CHECK(now() - begin >= tools.options.last_patience);
    CHECK(now() - begin < Millis(5'000));
  }

  TEST_CASE("last words are sent, until one is not answered") {
    Stopped tools;
    FakeApi api([&](const Asked& asked) { return asked.path.ends_with("/a") ? Said{200, config_map("a", "2")} : hang(); });
    const KubeClient client(api.target(), tools.options);
    REQUIRE(client.put(map_object("a"), {}, {}).ok());  // what is known of the server is known before
    tools.stop.request_stop();
    CHECK(client.put(map_object("a"), {}, last_word()).ok());
    CHECK(client.put(map_object("a"), {}, {}).error().code() == ErrorCode::cancelled);
    const Millis begin = now();
    CHECK_FALSE(client.put(map_object("b"), {}, last_word()).ok());
    CHECK(now() - begin < Millis(5'000));
    const auto asked = api.asked().size();
    CHECK(client.put(map_object("a"), {}, last_word()).error().code() == ErrorCode::cancelled);
    CHECK(api.asked().size() == asked);
  }

  TEST_CASE("a pause before a repeat ends with the client") {
    Stopped tools;
    FakeApi api([&](const Asked&) {
      tools.asked = true;
      return Said{429, "slow down", {{"Retry-After", "20"}}, "text/plain"};
    });
    const KubeClient client(api.target(), tools.options);
    const auto stopper = tools.stop_when_asked();
    const Millis begin = now();
    CHECK(client.get({"", "ConfigMap", "web", "a"}, {}, {}).error().code() == ErrorCode::cancelled);
    CHECK(now() - begin < Millis(5'000));
  }

  TEST_CASE("a watch that says nothing for longer than bookmarks take is begun anew") {
    const std::string list = R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"5"},"items":[]})";
    const std::string mark =
        R"({"type":"BOOKMARK","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"7"}}})"
        "\n";
    bool marks = true;
    std::atomic<int> watches{0};
    std::atomic<int> lists{0};
    std::stop_source enough;
    FakeApi api([&](const Asked& asked) -> Said {
      if (asked.parameter("watch") != "1") {
        ++lists;
        return {200, list};
      }
      if (++watches == 3) enough.request_stop();
      return {200, marks && watches == 1 ? mark : "", {}, "application/json", false, true, ""};
    });
    struct Nobody final : KubeWatchSink {
      Result<void> replace(const KubeList& /*all*/) override { return {}; }
      Result<void> change(Event /*event*/, const Value& /*object*/) override { return {}; }
    } sink;
    KubeClientOptions options;
    options.watch_silence = Millis(150);
    const KubeClient client(api.target(), options);
    KubeCall call;
    call.interrupt.stop = enough.get_token();
    SUBCASE("from the last version, where the server sends bookmarks") {
      CHECK(client.watch({"", "", "ConfigMap"}, {}, sink, call).error().code() == ErrorCode::cancelled);
      CHECK(lists == 1);
      const auto asked = api.asked();
      CHECK(asked.back().parameter("resourceVersion") == "7");
    }
    SUBCASE("from a new list, and then for as long as was asked for, where it sends none") {
      marks = false;
      const std::jthread later([&] {
        std::this_thread::sleep_for(Millis(1'000));
        enough.request_stop();
      });
      CHECK(client.watch({"", "", "ConfigMap"}, {}, sink, call).error().code() == ErrorCode::cancelled);
      CHECK(lists == 2);
      CHECK(watches == 2);
    }
  }
}
