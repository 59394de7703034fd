#include <doctest/doctest.h>

#include <fstream>
#include <map>

#include "agent/kube/kubeconfig_namespace.hpp"
#include "tests/support/scratch.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;

TEST_SUITE("kubeconfig") {
  TEST_CASE("the namespace of a context is found without looking at its cluster") {
    const support::ScratchDir scratch;
    const auto write = [&](const std::string& name, const std::string& text) {
      std::ofstream(scratch.path() + "/" + name) << text;
      return scratch.path() + "/" + name;
    };
    const auto one = write("one", "current-context: b\ncontexts:\n- {name: a, context: {namespace: first}}\n");
    const auto two = write("two",
                           "current-context: a\ncontexts:\n- {name: a, context: {namespace: hidden}}\n"
                           "- {name: b, context: {namespace: second, cluster: none}}\n- {name: c, context: {}}\n");
    const auto broken = write("broken", "contexts: [\n");
    std::map<std::string, std::string> variables;
    KubeNamespaceOptions options;
    options.environment = [&](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
    CHECK(kubeconfig_namespace(options) == "default");
    variables["KUBECONFIG"] = one + "::" + broken + ":" + two;
    CHECK(kubeconfig_namespace(options) == "second");
    options.context = "a";
    CHECK(kubeconfig_namespace(options) == "first");
    options.context = "c";
    CHECK(kubeconfig_namespace(options) == "default");
    options.context = "nowhere";
    CHECK(kubeconfig_namespace(options) == "default");
    options.context = "a";
    options.kubeconfig = two;
    CHECK(kubeconfig_namespace(options) == "hidden");
    options.kubeconfig = broken;
    CHECK(kubeconfig_namespace(options) == "default");
  }

  TEST_CASE("a pod without a kubeconfig has its own namespace") {
    const support::ScratchDir scratch;
    std::ofstream(scratch.path() + "/namespace") << "apps";
    KubeNamespaceOptions options;
    options.service_account_directory = scratch.path();
    options.environment = [](const std::string& name) {
      return name == "KUBERNETES_SERVICE_HOST" ? std::optional<std::string>("10.0.0.1") : std::nullopt;
    };
    CHECK(kubeconfig_namespace(options) == "apps");
  }
}
