#include <doctest/doctest.h>

#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/parity/helm_peer.hpp"
#include "tests/support/not_run.hpp"

// charts/gitopsctl, which people install with helm or with `gitopsctl install`: the same bytes either way.

using namespace gitopsctl::tests;

namespace {

struct AgentValues {
  std::string_view name;
  std::string_view yaml;
  bool renders = true;
  std::string release = "gitopsctl";
  std::string name_space = "gitopsctl-system";
};

constexpr std::string_view least = R"(
repositories: [{name: shop, url: https://git.example.org/shop.git}]
bindings: [{repository: shop, channel: prod}]
)";

std::vector<AgentValues> all_values() {
  return {
      {"the least", ""},
      {"another release in another namespace", "installation: blue\n", true, "agents-blue", "blue"},
      {"kept to namespaces", "namespaces: [web, db]\nreplicas: 3\n"},
      {"namespaces with kinds of their own",
       "namespaces: [web]\nrbac:\n  rules: [{apiGroups: [apps], resources: [deployments]}]\n"
       "  extraRules: [{apiGroups: [cert-manager.io], resources: [certificates], verbs: [get]}]\n"},
      {"the whole cluster with more rights", "rbac: {escalate: true, bind: true}\n"},
      {"the rights of others alone",
       "rbac: {rules: []}\nbindings:\n- {repository: shop, channel: prod, serviceAccount: web/deployer, namespaces: [web]}\n"
       "- {repository: shop, channel: test, serviceAccount: web/deployer}\n"},
      {"secrets, several repositories",
       "repositories:\n- name: shop\n  url: https://git.example.org/shop.git\n"
       "  credentials: {username: bot, passwordFile: /var/run/secrets/gitopsctl/shop/password}\n"
       "- {name: infra, url: 'https://git.example.org/infra.git', poll: {interval: 30s, jitter: 0.2}, candidates: false}\n"
       "secretFiles: [shop, a.secret.with-a-rather-long-name-of-more-than-forty-letters]\n"
       "config: {log: {format: json, level: debug}, drift: {interval: 1m0s}, limits: {renderThreads: 4}}\n"},
      {"a volume", "state: {persistent: true, size: 10Gi, storageClass: fast}\n"},
      {"a volume that is there", "state: {existingClaim: mirrors}\n"},
      {"nothing that can be left out",
       "metrics: {service: false}\nnetworkPolicy: {enabled: false}\npodDisruptionBudget: {enabled: false}\n"
       "rbac: {create: false}\nserviceAccount: {create: false, name: mine}\nresources: null\n"},
      {"everything about the pod",
       "image: {repository: registry.example.org/tools/gitopsctl, digest: 'sha256:0123', pullPolicy: Always}\n"
       "imagePullSecrets: [{name: registry}]\npodAnnotations: {a.example.org/b: 'true'}\npodLabels: {team: platform}\n"
       "nodeSelector: {kubernetes.io/arch: amd64}\ntolerations: [{key: only, operator: Exists}]\n"
       "affinity: {nodeAffinity: {}}\npriorityClassName: high\nterminationGracePeriodSeconds: 5\nport: 9090\n"
       "topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]\n"
       "extraArgs: [--listen, ':9090']\nextraEnv: [{name: HTTPS_PROXY, value: 'http://proxy:3128'}]\n"
       "extraVolumes: [{name: ca, configMap: {name: ca}}]\nextraVolumeMounts: [{name: ca, mountPath: /ca}]\n"
       "serviceAccount: {annotations: {iam: 'arn:x'}}\nmetrics: {annotations: {prometheus.io/scrape: 'true'}}\n"},
      {"who may reach it, and where it may go",
       "networkPolicy:\n  from: [{namespaceSelector: {matchLabels: {name: monitoring}}}]\n"
       "  egress: [{ports: [{port: 443}]}]\n"},
      {"a key that somebody else makes", "key: {create: false}\n"},
      {"no repositories", "repositories: []\n", false},
      {"no bindings", "bindings: []\n", false},
      {"a value that is not there", "replica: 2\n", false},
      {"a value that is not there, further down", "rbac: {escalat: true}\n", false},
      {"a rule with a star beside namespaces",
       "namespaces: [web]\nrbac: {extraRules: [{apiGroups: ['*'], resources: [things]}]}\n", false},
      {"the home namespace for releases", "namespaces: [gitopsctl-system]\n", false},
      {"several replicas on one volume", "replicas: 2\nstate: {persistent: true}\n", false},
      {"an installation that cannot be a name", "installation: Blue_1\n", false},
      {"an account without a name", "serviceAccount: {create: false}\n", false},
  };
}

}  // namespace

TEST_SUITE("parity/agent_chart") {
  TEST_CASE("our own chart renders as helm renders it, definitions included") {
    const auto program = need_peer("helm", "parity of charts/gitopsctl");
    if (!program) return;
    const HelmPeer helm(*program);
    const WorkDirectory directory;
    std::filesystem::copy(std::filesystem::path(GITOPSCTL_SOURCE_DIR) / "charts/gitopsctl", directory.path() / "gitopsctl",
                          std::filesystem::copy_options::recursive);
    directory.write("least.yaml", least);
    int renders = 0;
    int errors = 0;
    for (const auto& values : all_values()) {
      CAPTURE(values.name);
      directory.write("values.yaml", values.yaml);
      RenderCase one;
      one.chart = "gitopsctl";
      one.release = values.release;
      one.name_space = values.name_space;
      one.value_files = {"least.yaml", "values.yaml"};
      const auto theirs = helm.render(directory, one);
      const auto ours = render_with_ours(directory, one);
      CHECK_MESSAGE(theirs.ok == values.renders, theirs.text);
      CHECK_MESSAGE(ours.ok == theirs.ok, ours.text);
      CHECK_MESSAGE(ours.text == theirs.text, first_difference(ours.text, theirs.text));
      // Nothing of a render may be left to chance: an upgrade would replace what people rely on.
      if (theirs.ok) CHECK(helm.render(directory, one).text == theirs.text);
      ++(theirs.ok ? renders : errors);
    }
    std::cout << "parity with helm: charts/gitopsctl: " << renders << " renders compared byte by byte, and " << errors
              << " error texts\n";
  }
}
