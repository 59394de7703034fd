#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "base/json/json.hpp"
#include "tests/cluster/proxy_bench.hpp"
#include "tests/support/need_control_plane.hpp"

namespace gitopsctl::tests {
namespace {

using agent::demo::Wire;
using agent::demo::WireHead;
using support::Fault;
using Kind = Fault::Kind;

/// A watch of the config maps of a bench.
class Watch {
 public:
  explicit Watch(const ProxyBench& bench) : wire_(bench.open("GET", bench.config_maps("?watch=true"), {})) {
    REQUIRE(wire_->read_head(head_));
  }

  /// The next events as `TYPE NAME`, with blanks between; shorter when the stream ends before.
  std::string events(int count) {
    std::string out;
    while (count > 0 && more()) {
      for (auto end = text_.find('\n'); count > 0 && end != std::string::npos; end = text_.find('\n')) {
        const auto event = parse_json(text_.substr(0, end));
        REQUIRE(event.ok());
        const auto& metadata = *event->find("object")->find("metadata");
        out += (out.empty() ? "" : " ") + std::string(event->find("type")->as_string()) + "-" +
               std::string(metadata.find("name")->as_string());
        text_.erase(0, end + 1);
        --count;
      }
    }
    return out;
  }

  /// What comes until the stream ends; `whole` when it ended as it should.
  std::string rest(bool& whole) {
    whole = wire_->pass_body(head_, [this](std::string_view piece) {
      text_ += piece;
      return true;
    });
    return text_;
  }

 private:
  /// Takes one more piece.
  bool more() {
    bool came = false;
    (void)wire_->pass_body(head_, [&](std::string_view piece) {
      text_ += piece;
      came = true;
      return false;
    });
    return came;
  }

  std::unique_ptr<Wire> wire_;
  WireHead head_;
  std::string text_;
};

Fault of_watches(Kind kind) {
  Fault out;
  out.kind = kind;
  out.request_class = support::kube_class::watch;
  return out;
}

TEST_CASE("a watch is passed on as it comes") {
  auto* plane = need_control_plane("watches through a proxy");
  if (plane == nullptr) return;
  const ProxyBench unchanged(*plane);
  Watch watch(unchanged);
  REQUIRE(unchanged.create("one").status == 201);
  CHECK(watch.events(1) == "ADDED-one");
}

TEST_CASE("watches are cut off and shortened") {
  auto* plane = need_control_plane("watches that break off");
  if (plane == nullptr) return;
  ProxyBench bench(*plane);
  Watch watch(bench);
  REQUIRE(bench.create("one").status == 201);
  CHECK(watch.events(1) == "ADDED-one");
  bench.proxy.cut_watches();
  bool whole = true;
  CHECK(watch.rest(whole).empty());
  CHECK_FALSE(whole);

  Fault shortened = of_watches(Kind::truncate);
  shortened.bytes = 40;
  bench.proxy.set({shortened});
  CHECK(Watch(bench).rest(whole).size() == 40);
  CHECK(whole);
}

TEST_CASE("events of a watch are left out, repeated, swapped, changed and slow") {
  auto* plane = need_control_plane("events of watches that are falsified");
  if (plane == nullptr) return;
  ProxyBench bench(*plane);
  for (const auto* name : {"a", "b", "c"}) REQUIRE(bench.create(name).status == 201);
  const auto seen_with = [&](Fault fault, int count) {
    fault.event = 2;
    bench.proxy.set({std::move(fault)});
    return Watch(bench).events(count);
  };
  CHECK(seen_with(of_watches(Kind::none), 3) == "ADDED-a ADDED-b ADDED-c");
  CHECK(seen_with(of_watches(Kind::skip_event), 2) == "ADDED-a ADDED-c");
  CHECK(seen_with(of_watches(Kind::repeat_event), 4) == "ADDED-a ADDED-b ADDED-b ADDED-c");
  CHECK(seen_with(of_watches(Kind::swap_events), 3) == "ADDED-a ADDED-c ADDED-b");

  Fault changed = of_watches(Kind::edit);
  changed.edit = [](std::string& line) { line.replace(line.find("ADDED"), 5, "DELETED"); };
  CHECK(seen_with(changed, 3) == "DELETED-a DELETED-b DELETED-c");

  Fault slow = of_watches(Kind::drip);
  slow.bytes = 100;
  slow.wait = std::chrono::milliseconds{20};
  const auto begin = std::chrono::steady_clock::now();
  CHECK(seen_with(slow, 3) == "ADDED-a ADDED-b ADDED-c");
  // Three events of more than 200 bytes each.
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds{100});
}

TEST_CASE("a fault can meet the second watch and not the first") {
  auto* plane = need_control_plane("faults of the N-th watch");
  if (plane == nullptr) return;
  ProxyBench bench(*plane);
  REQUIRE(bench.create("one").status == 201);
  Fault gone = of_watches(Kind::answer);
  gone.status = 410;
  gone.at = 2;
  gone.times = 1;
  bench.proxy.set({gone});
  CHECK(Watch(bench).events(1) == "ADDED-one");
  CHECK(bench.ask("GET", bench.config_maps("?watch=true")).status == 410);
  CHECK(Watch(bench).events(1) == "ADDED-one");
  CHECK(bench.proxy.count(support::kube_class::watch) == 3);
}

}  // namespace
}  // namespace gitopsctl::tests
