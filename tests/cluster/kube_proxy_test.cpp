#include "tests/support/kube_proxy.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "base/json/json.hpp"
#include "tests/cluster/proxy_bench.hpp"
#include "tests/support/need_control_plane.hpp"

namespace gitopsctl::tests {
namespace {

using support::Fault;
using support::Moment;
namespace kube_class = support::kube_class;
using Kind = Fault::Kind;

TEST_CASE("requests to an API server are told apart") {
  CHECK(support::kube_class_of("GET", "/api/v1/pods?limit=500") == kube_class::read);
  CHECK(support::kube_class_of("GET", "/api/v1/pods?limit=5&watch=true") == kube_class::watch);
  CHECK(support::kube_class_of("GET", "/api/v1/pods?labelSelector=watch=true%2Cx") == kube_class::read);
  CHECK(support::kube_class_of("PATCH", "/api/v1/namespaces/a/secrets/b?fieldManager=x") == kube_class::mutating);
  CHECK(support::kube_class_of("PATCH", "/api/v1/namespaces/a/secrets/b?dryRun=All&force=true") == kube_class::dry_run);
  CHECK(support::kube_class_of("DELETE", "/api/v1/namespaces/a") == kube_class::mutating);
  CHECK(support::kube_class_of("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews") == kube_class::review);
  CHECK(support::kube_class_of("POST", "/api/v1/namespaces/a/serviceaccounts/b/token") == kube_class::review);
  CHECK(support::kube_class_of("POST", "/api/v1/namespaces/a/configmaps") == kube_class::mutating);
}

TEST_CASE("what has no fault passes unchanged and is counted") {
  auto* plane = need_control_plane("a proxy in front of the API server");
  if (plane == nullptr) return;
  const ProxyBench bench(*plane);
  bench.kubectl({"create", "configmap", "one", "--from-literal=text=hello"});
  bench.kubectl({"create", "configmap", "two", "--dry-run=server"});
  CHECK(bench.kubectl({"get", "configmaps", "-o=jsonpath={.items[*].data.text}"}) == "hello");
  CHECK(bench.proxy.count(kube_class::mutating) == 1);
  CHECK(bench.proxy.count(kube_class::mutating, "/namespaces/" + bench.space + "/configmaps") == 1);
  CHECK(bench.proxy.count(kube_class::dry_run) == 1);
  CHECK(bench.proxy.count(kube_class::read, bench.config_maps()) == 1);
  CHECK(bench.names() == "one");
}

TEST_CASE("faults before forwarding keep the server as it was, those after do not") {
  auto* plane = need_control_plane("faults of requests");
  if (plane == nullptr) return;
  ProxyBench bench(*plane);
  const std::string writing(kube_class::mutating);

  bench.proxy.set({{.kind = Kind::drop, .request_class = writing, .at = 2, .times = 1}});
  CHECK(bench.create("first").status == 201);
  CHECK(bench.create("dropped").status == 0);
  CHECK(bench.create("third").status == 201);
  CHECK(bench.names() == "first third");

  bench.proxy.set({{.kind = Kind::lose, .path = "/configmaps", .method = "POST", .times = 1}});
  CHECK(bench.ask("GET", bench.config_maps()).status == 200);
  CHECK(bench.create("lost").status == 0);
  CHECK(bench.create("lost").status == 409);

  bench.proxy.set({{.kind = Kind::answer,
                    .request_class = writing,
                    .status = 429,
                    .headers = {{"retry-after", "7"}},
                    .body = "slow down",
                    .times = 1}});
  const Answer refused = bench.create("refused");
  CHECK(refused.status == 429);
  CHECK(refused.retry_after == "7");
  CHECK(refused.body == "slow down");
  CHECK(bench.names() == "first lost third");
}

TEST_CASE("a fault can choose its request by what stands in it, and the how-manieth") {
  auto* plane = need_control_plane("faults at a request of one's own choice");
  if (plane == nullptr) return;
  ProxyBench bench(*plane);
  const auto about_even = [](const support::SeenRequest& request, std::string_view body) {
    return request.method == "POST" && body.find("even") != std::string_view::npos;
  };
  bench.proxy.set({{.kind = Kind::drop, .when = about_even, .at = 2, .times = 1}});
  CHECK(bench.create("even-1").status == 201);
  CHECK(bench.create("odd-1").status == 201);
  CHECK(bench.create("even-2").status == 0);
  CHECK(bench.create("even-3").status == 201);
  CHECK(bench.names() == "even-1 even-3 odd-1");
}

TEST_CASE("answers are delayed, shortened, cut and falsified") {
  auto* plane = need_control_plane("faults of answers");
  if (plane == nullptr) return;
  ProxyBench bench(*plane);
  REQUIRE(bench.create("one").status == 201);
  const std::string whole = bench.ask("GET", bench.config_maps("/one")).body;
  REQUIRE(parse_json(whole).ok());

  const auto begin = std::chrono::steady_clock::now();
  bench.proxy.set({{.kind = Kind::delay, .wait = std::chrono::milliseconds{300}, .times = 1}});
  CHECK(bench.ask("GET", bench.config_maps("/one")).body == whole);
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds{300});

  const auto slow = std::chrono::steady_clock::now();
  bench.proxy.set({{.kind = Kind::drip, .bytes = 100, .wait = std::chrono::milliseconds{50}, .times = 1}});
  CHECK(bench.ask("GET", bench.config_maps("/one")).body == whole);
  CHECK(std::chrono::steady_clock::now() - slow >=
        std::chrono::milliseconds{50} * static_cast<int>((whole.size() - 1) / 100));

  bench.proxy.set({{.kind = Kind::truncate, .bytes = 20, .times = 1}, {.kind = Kind::cut, .bytes = 30, .times = 1}});
  const Answer shortened = bench.ask("GET", bench.config_maps("/one"));
  CHECK(shortened.whole);
  CHECK(shortened.body == whole.substr(0, 20));
  const Answer cut = bench.ask("GET", bench.config_maps("/one"));
  CHECK_FALSE(cut.whole);
  CHECK(cut.body == whole.substr(0, 30));

  bench.proxy.set({{.kind = Kind::edit, .edit = [](std::string& body) { body.replace(body.find("hello"), 5, "other"); }}});
  CHECK(bench.ask("GET", bench.config_maps("/one")).body.find("\"text\":\"other\"") != std::string::npos);
}

TEST_CASE("a request that is held is overtaken") {
  auto* plane = need_control_plane("reordered requests");
  if (plane == nullptr) return;
  ProxyBench bench(*plane);
  bench.proxy.set({{.kind = Kind::hold, .method = "POST", .wait = std::chrono::milliseconds{500}, .times = 1}});
  std::jthread slow([&] { (void)bench.create("same"); });
  std::this_thread::sleep_for(std::chrono::milliseconds{200});
  CHECK(bench.create("same").status == 201);
  slow.join();
  const auto seen = bench.proxy.seen();
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].ordinal == 2);
  CHECK(seen[1].ordinal == 1);
  CHECK(seen[1].status == 409);
}

TEST_CASE("a runner is asked at every mutating request, before and after") {
  auto* plane = need_control_plane("a callback at every write");
  if (plane == nullptr) return;
  std::mutex mutex;
  std::vector<std::string> moments;
  std::atomic<std::uint64_t> cut_before{0};
  std::atomic<std::uint64_t> cut_after{0};
  ProxyBench bench(*plane, [&](const support::SeenRequest& request, std::string_view body, Moment moment) {
    const bool before = moment == Moment::before_forwarding;
    CHECK(body.find("hello") != std::string_view::npos);
    CHECK((request.status == 201) == !before);
    const std::lock_guard lock(mutex);
    moments.push_back(std::to_string(request.ordinal) + (before ? " before" : " after"));
    return request.ordinal != (before ? cut_before : cut_after);
  });
  cut_before = 2;
  cut_after = 3;
  CHECK(bench.create("one").status == 201);
  CHECK(bench.ask("GET", bench.config_maps()).status == 200);
  CHECK(bench.create("two").status == 0);
  CHECK(bench.create("three").status == 0);
  CHECK(bench.names() == "one three");
  const std::lock_guard lock(mutex);
  CHECK(moments == std::vector<std::string>{"1 before", "1 after", "2 before", "3 before", "3 after"});
}

}  // namespace
}  // namespace gitopsctl::tests
