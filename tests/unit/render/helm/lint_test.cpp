#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "render/helm/deprecated_apis.hpp"
#include "render/helm/lint.hpp"
#include "render/helm/lint_metadata.hpp"
#include "render/helm/object_name.hpp"
#include "tests/unit/render/helm/chart_tree.hpp"

using namespace gitopsctl;
using namespace gitopsctl::render;
using namespace gitopsctl::render::helm;

namespace {

std::vector<std::string> lines(const std::vector<LintMessage>& messages) {
  std::vector<std::string> out;
  for (const auto& message : messages) out.push_back(message.line());
  return out;
}

std::vector<std::string> of_metadata(const std::string& yaml, const std::string& profile = "helm-4.3") {
  return lines(lint_metadata("apiVersion: v2\nname: a\nicon: https://x.org/i\n" + yaml, find_profile(profile).value()));
}

}  // namespace

TEST_SUITE("helm lint") {
  TEST_CASE("mistakes in Chart.yaml have helm's words") {
    using Lines = std::vector<std::string>;
    CHECK(of_metadata("version: 1.2.3\n") == Lines{});
    CHECK(of_metadata("version: v1.2.3\n") == Lines{"[WARNING] Chart.yaml: version 'v1.2.3' is not a valid SemVerV2"});
    CHECK(of_metadata("version: v1.2.3\n", "helm-3.22") == Lines{});
    CHECK(of_metadata("version: 1.0.0\nmaintainers: [{name: a, email: nobody}]\n") ==
          Lines{"[ERROR] Chart.yaml: invalid email 'nobody' for maintainer 'a'"});
    CHECK(of_metadata("version: 1.0.0\nmaintainers: [{name: a, email: a.b+c@x.org, url: \"http://[::1]:80/p\"}]\n") ==
          Lines{});
    CHECK(of_metadata("version: 1.0.0\nmaintainers: [null]\n") == Lines{"[ERROR] Chart.yaml: a maintainer entry is empty"});
    CHECK(of_metadata("version: 1.0.0\nmaintainers: [{name: a, mail: b}]\n").front().ends_with("unknown field \"mail\""));
    CHECK(of_metadata("version: 1.0.0\nsources: [x.org]\n") == Lines{"[ERROR] Chart.yaml: invalid source URL 'x.org'"});
  }

  TEST_CASE("names of objects follow the rules of their kinds") {
    CHECK(object_name_mistakes("Pod", "a.b-1").empty());
    CHECK(object_name_mistakes("Pod", "a..b").size() == 1);
    CHECK(object_name_mistakes("Pod", std::string(254, 'A')).size() == 2);
    CHECK(object_name_mistakes("Service", "a.b").size() == 1);
    CHECK(object_name_mistakes("service", "a1").empty());
    CHECK(object_name_mistakes("Service", "1a").size() == 1);
    CHECK(object_name_mistakes("Namespace", "a.b") == std::vector<std::string>{"must not contain dots"});
    CHECK(object_name_mistakes("Role", "system:a.B_c").empty());
    CHECK(object_name_mistakes("ClusterRole", "..") == std::vector<std::string>{"may not be '..'"});
    CHECK(object_name_mistakes("CertificateSigningRequest", "").empty());
  }

  TEST_CASE("deprecated versions are those of the client library") {
    const auto newest = find_profile("helm-4.3").value();
    const auto at = [&](const char* version) { return parse_kube_version(version).value(); };
    CHECK(api_deprecation("policy/v1beta1", "PodDisruptionBudget", at("1.30"), newest) ==
          "policy/v1beta1 PodDisruptionBudget is deprecated in v1.21+, unavailable in v1.25+; use policy/v1 "
          "PodDisruptionBudget");
    CHECK(api_deprecation("policy/v1beta1", "PodDisruptionBudget", at("1.20"), newest).empty());
    CHECK(api_deprecation("apps/v1", "Deployment", at("1.37"), newest).empty());
    // The library of Kubernetes 1.36 has no such version any more.
    CHECK(api_deprecation("autoscaling/v2beta1", "HorizontalPodAutoscaler", at("1.30"), newest).empty());
    CHECK_FALSE(
        api_deprecation("autoscaling/v2beta1", "HorizontalPodAutoscaler", at("1.30"), find_profile("helm-3.20").value())
            .empty());
  }
}
