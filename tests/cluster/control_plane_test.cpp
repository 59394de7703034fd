#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

#include "base/json/json.hpp"
#include "tests/support/need_control_plane.hpp"

namespace gitopsctl::tests {
namespace {

constexpr const char* config_map = R"yaml(
apiVersion: v1
kind: ConfigMap
metadata: {name: greeting}
data: {text: hello}
)yaml";

TEST_CASE("the control plane is the pinned Kubernetes and takes what kubectl applies") {
  auto* plane = need_control_plane("a control plane comes up");
  if (plane == nullptr) return;
  const auto version = parse_json(plane->kubectl({"get", "--raw=/version"}));
  REQUIRE(version.ok());
  CHECK(version->find("gitVersion")->as_string() == "v1.36.3");
  CHECK(version->find("minor")->as_string() == "36");

  const std::string space = plane->fresh_namespace();
  plane->apply(config_map, space);
  CHECK(plane->kubectl({"get", "configmap", "greeting", "-n", space, "-o=jsonpath={.data.text}"}) == "hello");
  CHECK(plane->kubectl({"get", "configmap", "greeting", "-n", space, "-o=jsonpath={.metadata.managedFields[*].manager}"}) ==
        "test");
  CHECK(plane->fresh_namespace() != space);
  CHECK_THROWS_WITH(plane->kubectl({"get", "configmap", "nobody", "-n", space}), doctest::Contains("NotFound"));
}

TEST_CASE("who is asked for gets in and nobody else") {
  auto* plane = need_control_plane("credentials of the control plane");
  if (plane == nullptr) return;
  const std::string space = plane->fresh_namespace();
  const auto who = [&](const support::KubeconfigOptions& options) {
    return plane->kubectl({"--kubeconfig=/dev/stdin", "auth", "whoami", "-o=jsonpath={.status.userInfo.username}"},
                          plane->kubeconfig(options));
  };
  CHECK(who({}) == "admin");
  CHECK(who({.client = plane->client("ada", "builders")}) == "ada");
  plane->kubectl({"create", "serviceaccount", "robot", "-n", space});
  CHECK(who({.token = plane->service_account_token(space, "robot")}) == "system:serviceaccount:" + space + ":robot");
  CHECK_THROWS_WITH(who({.token = "nobody"}), doctest::Contains("Unauthorized"));
  CHECK_THROWS_WITH(who({.other_ca = support::make_test_certificates().ca_pem}), doctest::Contains("certificate"));
}

TEST_CASE("what was written is there after the API server was started again") {
  auto* plane = need_control_plane("restart of the API server");
  if (plane == nullptr) return;
  const std::string space = plane->fresh_namespace();
  plane->apply(config_map, space);
  const std::string url = plane->url();
  for (const bool kill : {false, true}) {
    plane->stop_api_server(kill);
    CHECK_THROWS(plane->kubectl({"get", "--raw=/readyz"}));
    plane->start_api_server();
    CHECK(plane->url() == url);
    CHECK(plane->kubectl({"get", "configmap", "greeting", "-n", space, "-o=jsonpath={.data.text}"}) == "hello");
  }
}

}  // namespace
}  // namespace gitopsctl::tests
