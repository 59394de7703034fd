#include "tests/support/service_account.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/need_control_plane.hpp"
#include "tests/support/scratch.hpp"

namespace gitopsctl::tests {
namespace {

const std::string config_maps = R"({apiGroups: [""], resources: [configmaps], verbs: [get, create]})";

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_CASE("a service account may do what its roles say, there and nowhere else") {
  auto* plane = need_control_plane("rights of a service account");
  if (plane == nullptr) return;
  const std::string home = plane->fresh_namespace();
  const std::string work = plane->fresh_namespace();
  const std::string elsewhere = plane->fresh_namespace();
  const support::ServiceAccount account(*plane, home, "agent-of-" + home,
                                        {.rules = {config_maps},
                                         .namespaces = {work},
                                         .cluster_rules = {R"({apiGroups: [""], resources: [namespaces], verbs: [list]})"}});
  const std::string config = account.kubeconfig();
  const auto as_account = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "--kubeconfig=/dev/stdin");
    return plane->kubectl(arguments, config);
  };
  CHECK(as_account({"auth", "whoami", "-o=jsonpath={.status.userInfo.username}"}) == account.user());
  CHECK(as_account({"config", "view", "--minify", "-o=jsonpath={.contexts[0].context.namespace}"}) == home);
  as_account({"create", "configmap", "one", "-n", work});
  CHECK(as_account({"get", "namespaces", "-o=name"}).find(elsewhere) != std::string::npos);
  const auto refused = [&](const std::vector<std::string>& arguments) {
    CHECK_THROWS_WITH(as_account(arguments), doctest::Contains(("is forbidden: User \"" + account.user()).c_str()));
  };
  refused({"delete", "configmap", "one", "-n", work});
  refused({"create", "configmap", "one", "-n", elsewhere});
  refused({"create", "configmap", "one", "-n", home});
  refused({"create", "secret", "generic", "one", "-n", work});
  refused({"create", "namespace", "other"});
  plane->kubectl({"delete", "clusterrole,clusterrolebinding", "agent-of-" + home});
}

TEST_CASE("a service account is mounted as into a pod, and its token rotates") {
  auto* plane = need_control_plane("tokens of a service account");
  if (plane == nullptr) return;
  const std::string space = plane->fresh_namespace();
  const support::ServiceAccount account(*plane, space, "agent", {.rules = {config_maps}});
  const support::ScratchDir scratch;
  account.mount(scratch / "serviceaccount");
  const std::string first = content(scratch / "serviceaccount/token");
  CHECK(content(scratch / "serviceaccount/ca.crt") == plane->ca_pem());
  CHECK(content(scratch / "serviceaccount/namespace") == space);
  plane->kubectl({"create", "configmap", "one", "-n", space, "--kubeconfig=/dev/stdin"},
                 plane->kubeconfig({.token = first}));
  account.mount(scratch / "serviceaccount");
  const std::string second = content(scratch / "serviceaccount/token");
  CHECK(second != first);
  const auto whoami = plane->kubectl({"auth", "whoami", "--kubeconfig=/dev/stdin"}, plane->kubeconfig({.token = second}));
  CHECK(whoami.find(account.user()) != std::string::npos);
}

}  // namespace
}  // namespace gitopsctl::tests
