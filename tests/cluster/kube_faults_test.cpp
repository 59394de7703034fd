#include "tests/support/kube_faults.hpp"

#include <doctest/doctest.h>

#include <map>

#include "base/json/json.hpp"
#include "tests/cluster/proxy_bench.hpp"
#include "tests/support/need_control_plane.hpp"

namespace gitopsctl::tests {
namespace {

using support::Fault;

const std::string writing(support::kube_class::mutating);

/// The fault for writes alone.
Fault of_writes(Fault fault, int times = -1) {
  fault.request_class = writing;
  fault.times = times;
  return fault;
}

TEST_CASE("every refusal comes as an API server sends it, and nothing is written") {
  auto* plane = need_control_plane("refusals of requests");
  if (plane == nullptr) return;
  ProxyBench bench(*plane);
  for (const auto& [name, fault] : support::kube_refusals()) {
    CAPTURE(name);
    bench.proxy.set({of_writes(fault, 1)});
    const Answer refused = bench.create("refused");
    CHECK(refused.status == fault.status);
    CHECK(refused.whole);
    CHECK(refused.retry_after == (name.ends_with("Retry-After") ? "1" : ""));
    const bool text = refused.content_type != "application/json";
    CHECK(text == (name == "404 as text" || name.starts_with("429")));
    if (!text) {
      const auto status = parse_json(refused.body);
      REQUIRE(status.ok());
      CHECK(status->find("kind")->as_string() == "Status");
      CHECK(status->find("code")->as_int() == fault.status);
    }
    CHECK(bench.create("refused").status == 201);
    CHECK(bench.ask("DELETE", bench.config_maps("/refused")).status == 200);
  }
  CHECK(bench.names().empty());
}

TEST_CASE("kubectl takes refusals for what they are") {
  auto* plane = need_control_plane("refusals as kubectl reads them");
  if (plane == nullptr) return;
  ProxyBench bench(*plane);
  REQUIRE(bench.create("kept").status == 201);
  const std::map<std::string, std::string> reasons{
      {"403", "(Forbidden)"},     {"404", "(NotFound)"},           {"409", "(Conflict)"},
      {"410", "(Expired)"},       {"422", "is invalid"},           {"429", "(TooManyRequests)"},
      {"500", "(InternalError)"}, {"503", "(ServiceUnavailable)"}, {"504", "(Timeout)"}};
  for (const auto& [name, fault] : support::kube_refusals()) {
    const auto reason = reasons.find(name);
    if (reason == reasons.end()) continue;
    CAPTURE(name);
    bench.proxy.set({of_writes(fault)});
    CHECK_THROWS_WITH(bench.kubectl({"delete", "configmap", "kept"}), doctest::Contains(reason->second.c_str()));
  }
  bench.proxy.forget_seen();
  // With Retry-After it tries again by itself.
  bench.proxy.set({of_writes(support::text_answer(429, "Too many requests, please try again later.", 1), 1)});
  bench.kubectl({"create", "configmap", "late"});
  CHECK(bench.proxy.count(support::kube_class::mutating) == 2);
  CHECK(bench.names() == "kept late");
}

TEST_CASE("connections break in every way, and the write was done or was not") {
  auto* plane = need_control_plane("connections that break");
  if (plane == nullptr) return;
  ProxyBench bench(*plane);
  for (const auto& [name, fault] : support::broken_connections()) {
    if (fault.kind == Fault::Kind::hang || fault.kind == Fault::Kind::stop_mid) continue;
    CAPTURE(name);
    bench.proxy.set({of_writes(fault, 1)});
    const Answer answer = bench.create("one");
    const bool late = fault.kind == Fault::Kind::delay || fault.kind == Fault::Kind::drip;
    CHECK((answer.whole && parse_json(answer.body).ok()) == late);
    const bool done = fault.kind != Fault::Kind::drop;
    CHECK(bench.names() == (done ? "one" : ""));
    if (done) CHECK(bench.ask("DELETE", bench.config_maps("/one")).status == 200);
  }
}

TEST_CASE("who waits for an answer that never comes has to let go") {
  auto* plane = need_control_plane("connections that hang");
  if (plane == nullptr) return;
  ProxyBench bench(*plane);
  for (const auto& [name, fault] : support::broken_connections()) {
    const bool in_body = fault.kind == Fault::Kind::stop_mid;
    if (fault.kind != Fault::Kind::hang && !in_body) continue;
    CAPTURE(name);
    bench.proxy.set({of_writes(fault, 1)});
    CHECK_THROWS_WITH(bench.kubectl({"create", "configmap", "one", "--request-timeout=2s"}), doctest::Contains("imeout"));
    CHECK(bench.names() == (in_body ? "one" : ""));
    // The one that still hangs is let go.
    bench.proxy.clear();
  }
}

}  // namespace
}  // namespace gitopsctl::tests
