#include "agent/kube/discovery.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "tests/unit/agent/kube/fake_api.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using gitopsctl::agent::test::FakeApi;

namespace {

/// A server without a network.
struct Served {
  std::map<std::string, std::string> bodies;  ///< by path
  std::map<std::string, std::string> etags;
  std::map<std::string, KubeErrorClass> failing;
  std::vector<DiscoveryRequest> asked;

  [[nodiscard]] Discovery::Fetch fetch() {
    return [this](const DiscoveryRequest& request, const Interrupt&) -> KubeResult<DiscoveryAnswer> {
      asked.push_back(request);
      if (const auto failure = failing.find(request.path); failure != failing.end()) {
        return KubeError(failure->second, Error(ErrorCode::unavailable, "service unavailable"));
      }
      const auto body = bodies.find(request.path);
      if (body == bodies.end())
        return KubeError(KubeErrorClass::no_match, Error(ErrorCode::invalid_input, "404 page not found"));
      const std::string etag = etags[request.path];
      if (!etag.empty() && etag == request.etag) return DiscoveryAnswer{304, etag, ""};
      return DiscoveryAnswer{200, etag, body->second};
    };
  }
};

Served aggregated(const std::string& apis) { return {{{"/api", FakeApi::core()}, {"/apis", apis}}, {}, {}, {}}; }

const std::string scale =
    R"({"resource":"deployments","responseKind":{"group":"","version":"","kind":"Deployment"},"scope":"Namespaced",)"
    R"("singularResource":"deployment","verbs":["get","patch"],"shortNames":["deploy"],"subresources":[{"subresource":"scale",)"
    R"("responseKind":{"group":"autoscaling","version":"v1","kind":"Scale"},"verbs":["get"]}]})";

}  // namespace

TEST_SUITE("kube/discovery") {
  TEST_CASE("two requests give every kind, with the server's preferred version first") {
    auto served = aggregated(FakeApi::groups(
        FakeApi::group("apps", "v1", scale) +
        R"(,{"metadata":{"name":"autoscaling"},"versions":[{"version":"v2","freshness":"Current","resources":[)" +
        FakeApi::resource("horizontalpodautoscalers", "HorizontalPodAutoscaler") +
        R"(]},{"version":"v1","freshness":"Current","resources":[)" +
        FakeApi::resource("horizontalpodautoscalers", "HorizontalPodAutoscaler") + "]}]}"));
    Discovery discovery(served.fetch());
    const auto deployment = discovery.map("apps", "", "Deployment", {});
    REQUIRE_MESSAGE(deployment.ok(), deployment.error().to_string());
    CHECK(*deployment ==
          ApiResource{"apps", "v1", "Deployment", "deployments", true, {"get", "patch"}, {"deploy"}, {"scale"}});
    CHECK(deployment->can("patch"));
    CHECK_FALSE(deployment->can("delete"));
    CHECK(discovery.map("", "v1", "Namespace", {})->namespaced == false);
    CHECK(discovery.map("", "", "ConfigMap", {})->api_version() == "v1");
    CHECK(discovery.map("autoscaling", "", "HorizontalPodAutoscaler", {})->api_version() == "autoscaling/v2");
    CHECK(discovery.map("autoscaling", "v1", "HorizontalPodAutoscaler", {})->api_version() == "autoscaling/v1");
    REQUIRE(served.asked.size() == 2);
    CHECK(served.asked[0].accept.starts_with("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"));
  }

  TEST_CASE("what is missing is asked for once more, and what is unchanged costs a 304") {
    auto served = aggregated(FakeApi::apps());
    served.etags = {{"/api", "\"a\""}, {"/apis", "\"b\""}};
    Discovery discovery(served.fetch());
    REQUIRE(discovery.map("apps", "v1", "Deployment", {}).ok());
    const auto missing = discovery.map("x.io", "v1", "Widget", {});
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().is(KubeErrorClass::no_match));
    REQUIRE(served.asked.size() == 4);
    CHECK(served.asked[2].etag == "\"a\"");
    CHECK(served.asked[3].etag == "\"b\"");
    // Nothing new is not read a second time.
    const auto known = discovery.table({});
    const auto same = discovery.refresh(known->generation, {});
    CHECK(same->generation > known->generation);
    CHECK(same->table == known->table);
    CHECK(served.asked.size() == 6);
    // One answer that changed counts, also when the other one comes only later.
    served.bodies["/api"] = FakeApi::groups(
        R"({"metadata":{},"versions":[{"version":"v1","freshness":"Current","resources":[)" +
        FakeApi::resource("namespaces", "Namespace", "Cluster") + "," + FakeApi::resource("pods", "Pod") + "]}]}");
    served.etags["/api"] = "\"a2\"";
    served.failing = {{"/apis", KubeErrorClass::unavailable}};
    CHECK_FALSE(discovery.refresh(same->generation, {}).ok());
    CHECK(discovery.table({})->table->find("", "v1", "Pod") == nullptr);
    served.failing.clear();
    CHECK(discovery.map("", "v1", "Pod", {}).ok());
    served.asked.clear();
    served.bodies["/apis"] = FakeApi::groups(FakeApi::group("x.io", "v1", FakeApi::resource("widgets", "Widget")));
    served.etags["/apis"] = "\"c\"";
    CHECK(discovery.map("x.io", "v1", "Widget", {})->plural == "widgets");
    CHECK(served.asked.size() == 2);
    const auto other = discovery.map("x.io", "v2", "Widget", {});
    CHECK(other.error().hint() == "it has x.io/v1");
  }

  TEST_CASE("a stale group is never read as absent") {
    auto served = aggregated(FakeApi::groups(FakeApi::group("metrics.k8s.io", "v1", "", "Stale")));
    Discovery discovery(served.fetch());
    const auto unknown = discovery.map("metrics.k8s.io", "v1", "PodMetrics", {});
    REQUIRE_FALSE(unknown.ok());
    CHECK(unknown.error().is(KubeErrorClass::unavailable));
    CHECK(unknown.error().transient());
    const auto snapshot = discovery.table({});
    CHECK(snapshot->table->stale("metrics.k8s.io"));
    CHECK_FALSE(snapshot->table->stale("apps"));
    // One version that is known does not make the others known.
    served.bodies["/apis"] =
        FakeApi::groups(R"({"metadata":{"name":"x.io"},"versions":[{"version":"v1","freshness":"Current","resources":[)" +
                        FakeApi::resource("widgets", "Widget") + R"(]},{"version":"v2","freshness":"Stale"}]})");
    CHECK(discovery.map("x.io", "v1", "Widget", {}).ok());
    CHECK(discovery.map("x.io", "v2", "Gadget", {}).error().is(KubeErrorClass::unavailable));
  }

  TEST_CASE("a stale group is not kept because somebody says that nothing changed") {
    auto served = aggregated(FakeApi::groups(FakeApi::group("x.io", "v1", "", "Stale")));
    served.etags = {{"/api", "\"a\""}, {"/apis", "\"b\""}};
    Discovery discovery(served.fetch());
    CHECK(discovery.map("x.io", "v1", "Widget", {}).error().is(KubeErrorClass::unavailable));
    served.bodies["/apis"] = FakeApi::groups(FakeApi::group("x.io", "v1", FakeApi::resource("widgets", "Widget")));
    CHECK(discovery.map("x.io", "v1", "Widget", {}).ok());
    // From then on tags are good again.
    served.asked.clear();
    const auto known = discovery.table({});
    REQUIRE(discovery.refresh(known->generation, {}).ok());
    REQUIRE(served.asked.size() == 2);
    CHECK(served.asked[1].etag == "\"b\"");
  }

  TEST_CASE("an old server is asked group by group") {
    Served served;
    served.bodies = {
        {"/api", R"({"kind":"APIVersions","versions":["v1"]})"},
        {"/apis",
         R"({"kind":"APIGroupList","apiVersion":"v1","groups":[{"name":"apps","versions":[{"groupVersion":"apps/v1beta1",)"
         R"("version":"v1beta1"},{"groupVersion":"apps/v1","version":"v1"}],"preferredVersion":{"groupVersion":"apps/v1",)"
         R"("version":"v1"}},{"name":"gone.io","versions":[{"groupVersion":"gone.io/v1","version":"v1"}]}]})"},
        {"/api/v1",
         R"({"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"namespaces","namespaced":false,)"
         R"("kind":"Namespace","verbs":["get"]},{"name":"namespaces/status","namespaced":false,"kind":"Namespace",)"
         R"("verbs":["get"]}]})"},
        {"/apis/apps/v1", R"({"kind":"APIResourceList","groupVersion":"apps/v1","resources":[{"name":"deployments",)"
                          R"("namespaced":true,"kind":"Deployment","verbs":["get"]},{"name":"deployments/scale",)"
                          R"("namespaced":true,"group":"autoscaling","version":"v1","kind":"Scale","verbs":["get"]}]})"},
        {"/apis/apps/v1beta1",
         R"({"kind":"APIResourceList","groupVersion":"apps/v1beta1","resources":[{"name":"deployments",)"
         R"("namespaced":true,"kind":"Deployment","verbs":["get"]}]})"},
    };
    served.failing = {{"/apis/gone.io/v1", KubeErrorClass::unavailable}};
    Discovery discovery(served.fetch());
    const auto deployment = discovery.map("apps", "", "Deployment", {});
    REQUIRE_MESSAGE(deployment.ok(), deployment.error().to_string());
    CHECK(deployment->version == "v1");
    CHECK(deployment->subresources == std::vector<std::string>{"scale"});
    CHECK(discovery.map("apps", "v1beta1", "Deployment", {}).ok());
    CHECK_FALSE(discovery.map("", "v1", "Namespace", {})->namespaced);
    CHECK(discovery.map("gone.io", "v1", "Thing", {}).error().is(KubeErrorClass::unavailable));
    CHECK(discovery.map("never.io", "v1", "Thing", {}).error().is(KubeErrorClass::no_match));
  }

  TEST_CASE("what is no discovery is an error, and what was known stays") {
    for (const std::string& body : {std::string("<html>"), std::string("{}"), std::string(R"({"kind":"Status"})"),
                                    FakeApi::groups(""), std::string(R"({"kind":"APIVersions","versions":[]})"),
                                    FakeApi::groups(R"({"versions":[{"version":"..","resources":[)" +
                                                    FakeApi::resource("namespaces", "Namespace") + "]}]}")}) {
      CAPTURE(body);
      Served served{{{"/api", body}, {"/apis", FakeApi::apps()}}, {}, {}, {}};
      Discovery discovery(served.fetch());
      CHECK_FALSE(discovery.table({}).ok());
      served.bodies["/api"] = FakeApi::core();
      const auto good = discovery.table({});
      REQUIRE(good.ok());
      served.bodies["/api"] = body;
      CHECK_FALSE(discovery.refresh(good->generation, {}).ok());
      CHECK(discovery.map("apps", "v1", "Deployment", {}).ok());
    }
  }
}

TEST_SUITE("concurrency: kube/discovery") {
  TEST_CASE("many threads that miss the same kind ask once") {
    std::atomic<int> asked{0};
    Discovery discovery([&](const DiscoveryRequest& request, const Interrupt&) -> KubeResult<DiscoveryAnswer> {
      ++asked;
      system_clock().sleep(Millis(20), {});
      return DiscoveryAnswer{200, "", request.path == "/api" ? FakeApi::core() : FakeApi::apps()};
    });
    std::atomic<int> good{0};
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
          if (discovery.map("apps", "v1", "Deployment", {}).ok()) ++good;
        });
      }
    }
    CHECK(good == 8);
    CHECK(asked == 2);
  }
}
