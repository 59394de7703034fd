// 200 Deployments that are as they should be: how long a live diff and a reconcile take that find nothing to do, against
// kubectl with the same objects on the same server.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "tests/support/bench_agent.hpp"
#include "tests/support/peers.hpp"
#include "tests/support/process_usage.hpp"

namespace {

using namespace gitopsctl;
using support::BenchAgent;
using support::ControlPlane;
using support::MeasuredRun;
using support::median;

constexpr double diff_limit = 8;       // times faster than kubectl diff --server-side
constexpr double reconcile_limit = 5;  // times faster than kubectl apply --server-side
constexpr double processor_limit = 0.2;

int deployments = 200;
int rounds = 5;

std::string manifests(const std::string& space) {
  std::string text;
  for (int i = 0; i < deployments; ++i) {
    const std::string name = "app-" + std::to_string(1000 + i);
    text += "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + name + ", namespace: " + space +
            ", labels: {app: " + name + "}}\nspec:\n  paused: true\n  replicas: 2\n  selector: {matchLabels: {app: " + name +
            "}}\n  template:\n    metadata: {labels: {app: " + name +
            "}}\n    spec:\n      containers:\n        - name: main\n          image: registry.example.com/" + name +
            ":1.0\n          ports: [{name: http, containerPort: 8080}]\n          env:\n"
            "            - {name: LEVEL, value: info}\n            - {name: UPSTREAM, value: \"http://backend:8080\"}\n"
            "          readinessProbe: {httpGet: {path: /ready, port: http}}\n"
            "          resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 128Mi}}\n";
  }
  return text;
}

MeasuredRun expect(const char* what, const MeasuredRun& run) {
  if (run.exit_code != 0)
    throw std::runtime_error(std::string(what) + " ended with " + std::to_string(run.exit_code) + ":\n" + run.output);
  return run;
}

struct Pair {
  std::vector<double> ours_s, theirs_s, ours_cpu_s, theirs_cpu_s, faster, less;

  void add(const MeasuredRun& ours, const MeasuredRun& theirs) {
    ours_s.push_back(ours.wall_s);
    theirs_s.push_back(theirs.wall_s);
    ours_cpu_s.push_back(ours.processor_s);
    theirs_cpu_s.push_back(theirs.processor_s);
    faster.push_back(theirs.wall_s / ours.wall_s);
    less.push_back(ours.processor_s / theirs.processor_s);
  }
};

}  // namespace

int main(int count, char** words) try {
  int code = 0;
  if (support::lacks_control_plane("cluster_bench", code)) return code;
  if (count > 1) deployments = std::atoi(words[1]);
  if (count > 2) rounds = std::atoi(words[2]);
  support::ControlPlaneOptions options;
  options.api_server_gogc = "400";
  ControlPlane plane(options);
  support::install_gitopsctl(plane);
  plane.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: ours}\n");
  plane.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: theirs}\n");
  BenchAgent agent(plane, "bench");
  agent.make_key();
  agent.commit({{"apps/all.yaml", manifests("ours")},
                {".gitopsctl/channels/prod.yaml",
                 "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: prod\nreleases:\n"
                 "  - {name: apps, driver: manifests, namespace: ours, manifests: {path: apps}}\n"}});
  const support::ScratchDir scratch;
  const std::string file = scratch / "theirs.yaml";
  std::ofstream(file) << manifests("theirs");
  const auto kubectl = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {*tests::find_peer("kubectl"), "--kubeconfig=" + plane.kubeconfig_file(),
                                         "--cache-dir=" + (scratch / "cache")});
    arguments.push_back("--filename=" + file);
    return support::run_measured(arguments);
  };
  // Once, so that both have deployed and both have their caches.
  expect("gitopsctl apply", agent.run({"apply", "prod"}));
  expect("kubectl apply", kubectl({"apply", "--server-side"}));
  Pair diff, reconcile;
  for (int i = 0; i < rounds; ++i) {
    const auto theirs_diff = expect("kubectl diff", kubectl({"diff", "--server-side"}));
    diff.add(expect("gitopsctl diff", agent.run({"diff", "prod", "--live"})), theirs_diff);
    const auto theirs = expect("kubectl apply", kubectl({"apply", "--server-side"}));
    reconcile.add(expect("gitopsctl apply", agent.run({"apply", "prod"})), theirs);
  }
  const double faster_diff = median(diff.faster), faster = median(reconcile.faster), less = median(reconcile.less);
  std::printf(
      "bench cluster_diff deployments=%d rounds=%d ours_s=%.3f kubectl_s=%.3f faster=%.1f limit=%.0f %s ours_cpu_s=%.3f "
      "kubectl_cpu_s=%.3f\n",
      deployments, rounds, median(diff.ours_s), median(diff.theirs_s), faster_diff, diff_limit,
      support::met(faster_diff >= diff_limit), median(diff.ours_cpu_s), median(diff.theirs_cpu_s));
  std::printf(
      "bench cluster_reconcile deployments=%d rounds=%d ours_s=%.3f kubectl_s=%.3f faster=%.1f limit=%.0f %s "
      "ours_cpu_s=%.3f "
      "kubectl_cpu_s=%.3f cpu_share=%.2f limit=%.1f %s\n",
      deployments, rounds, median(reconcile.ours_s), median(reconcile.theirs_s), faster, reconcile_limit,
      support::met(faster >= reconcile_limit), median(reconcile.ours_cpu_s), median(reconcile.theirs_cpu_s), less,
      processor_limit, support::met(less <= processor_limit));
  return faster_diff >= diff_limit && faster >= reconcile_limit && less <= processor_limit ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "cluster_bench: %s\n", error.what());
  return 1;
}
