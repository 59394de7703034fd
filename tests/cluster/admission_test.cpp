#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <thread>

#include "tests/support/need_control_plane.hpp"

// That the control plane has what tests of admission need, as a server 1.36 has it without further flags.

namespace gitopsctl::tests {
namespace {

// Only config maps of namespaces with this label.
std::string policies(const std::string& name) {
  const std::string rules = "{namespaceSelector: {matchLabels: {policy: " + name +
                            "}}, resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE, UPDATE], "
                            "resources: [configmaps]}]}";
  const std::string head = "---\napiVersion: admissionregistration.k8s.io/v1\nmetadata: {name: " + name + "}\nkind: ";
  return head + "MutatingAdmissionPolicy\nspec:\n  matchConstraints: " + rules + R"yaml(
  failurePolicy: Fail
  reinvocationPolicy: Never
  mutations:
  - patchType: ApplyConfiguration
    applyConfiguration: {expression: 'Object{data: {"added": "by policy"}}'}
)yaml" + head +
         "MutatingAdmissionPolicyBinding\nspec: {policyName: " + name + "}\n" + head +
         "ValidatingAdmissionPolicy\nspec:\n  matchConstraints: " + rules + R"yaml(
  failurePolicy: Fail
  validations:
  - {expression: "!has(object.data) || !('bad' in object.data)", message: bad is not to be}
)yaml" + head +
         "ValidatingAdmissionPolicyBinding\nspec: {policyName: " + name + ", validationActions: [Deny]}\n";
}

/// Policies come into force a moment after they are written.
bool comes(const std::function<bool()>& done) {
  for (int i = 0; i < 300; ++i) {
    if (done()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
  }
  return false;
}

TEST_CASE("admission policies change and refuse what is written") {
  auto* plane = need_control_plane("admission policies");
  if (plane == nullptr) return;
  const std::string space = plane->fresh_namespace("admission");
  plane->kubectl({"label", "namespace", space, "policy=" + space});
  plane->apply(policies(space));
  const auto dry_run = [&](const std::string& key, const std::string& output) {
    return plane->kubectl(
        {"create", "configmap", "one", "-n", space, "--dry-run=server", "--from-literal=" + key + "=x", output});
  };
  CHECK(comes([&] { return dry_run("good", "-o=jsonpath={.data.added}") == "by policy"; }));
  CHECK(comes([&] {
    try {
      (void)dry_run("bad", "-o=name");
      return false;
    } catch (const std::exception& refused) {
      return std::string(refused.what()).find("bad is not to be") != std::string::npos;
    }
  }));
  plane->apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {good: x}}", space);
  CHECK(plane->kubectl({"get", "configmap", "one", "-n", space, "-o=jsonpath={.data}"}) ==
        R"({"added":"by policy","good":"x"})");
  plane->kubectl({"delete", "-f", "-"}, policies(space));
}

}  // namespace
}  // namespace gitopsctl::tests
