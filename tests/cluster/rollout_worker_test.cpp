// Rollouts that cannot finish, followed by the threads of an agent on a real repository: how soon the status says why, that
// the deadline holds, and that a commit which mends it does not wait for it. Real controllers make the pods, kwok lets them
// fail.

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "agent/reconcile/channel_worker.hpp"
#include "agent/reconcile/repository_watcher.hpp"
#include "tests/cluster/cluster_fixture.hpp"
#include "tests/support/control_plane.hpp"
#include "tests/support/need_control_plane.hpp"
#include "tests/support/pod_fates.hpp"
#include "tests/support/scratch.hpp"

namespace gitopsctl::tests {
namespace {

using namespace agent;
using std::chrono::steady_clock;
namespace pod_fate = support::pod_fate;

const ControlPlaneParts parts{{"serviceaccount-controller", "deployment-controller", "replicaset-controller",
                               "statefulset-controller", "resourcequota-controller"},
                              true};

/// Of a whole look at the world by a test: kubectl is a process.
constexpr auto pause = std::chrono::milliseconds(100);

/// Seconds until `there` is true; fails after `limit`.
double seconds_until(const std::string& what, double limit, const std::function<bool()>& there) {
  const auto begin = steady_clock::now();
  const auto passed = [&] { return std::chrono::duration<double>(steady_clock::now() - begin).count(); };
  while (!there()) {
    if (passed() > limit) FAIL(what << " did not come within " << limit << " s");
    std::this_thread::sleep_for(pause);
  }
  return passed();
}

/// A repository, a channel of it, and the threads that an agent has for them.
class WorkingAgent {
 public:
  WorkingAgent(support::ControlPlane& plane, std::string space) : plane_(plane), space_(std::move(space)) {
    RepositoryConfig config;
    config.name = space_;
    config.remote.name = space_;
    config.remote.url = repository_.path();
    config.candidates = false;
    config.poll.interval = Millis(300);
    const LogSink log = [](std::string_view, const std::string&) {};
    watcher_ = std::make_unique<RepositoryWatcher>(config, std::vector<BoundChannel>{{"test", ""}}, directory_.path(),
                                                   nullptr, system_clock(), log, [this](const SourceView& view) {
                                                     if (worker_) worker_->source_changed(view);
                                                   });
    ChannelWorker::Setup setup;
    setup.runner.key = {"home", space_, "test"};
    setup.runner.environment_name = "cluster";
    setup.runner.installation_key = std::string(32, 'k');
    setup.runner.holder = "agent-1";
    setup.remote = config.remote;
    worker_ = std::make_unique<ChannelWorker>(setup, *cluster_, nullptr, *watcher_, system_clock(), log);
  }
  void start() {
    work_ = std::jthread([this](const std::stop_token& stop) { worker_->run(stop); });
    watch_ = std::jthread([this](const std::stop_token& stop) { watcher_->run(stop); });
  }
  void push(const std::string& manifest, const std::string& timeout) {
    repository_.commit("releases/test",
                       {{".gitopsctl/channels/test.yaml",
                         "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: test\nreleases:\n  - name: web\n    driver: "
                         "manifests\n    namespace: " +
                             space_ + "\n    manifests: {path: web}\n    timeout: " + timeout + "\n"},
                        {"web/a.yaml", manifest}});
  }
  [[nodiscard]] std::string get(const std::string& what, const std::string& path) const {
    return plane_.kubectl({"get", what, "-n", space_, "-o", "jsonpath={" + path + "}", "--ignore-not-found"});
  }
  /// The whole status of the release, as text.
  [[nodiscard]] std::string told() const { return get("release.gitopsctl.dev/web", ".status"); }
  [[nodiscard]] bool ready() const {
    return get("release.gitopsctl.dev/web", ".status.conditions[?(@.type=='Ready')].status") == "True";
  }

 private:
  support::ControlPlane& plane_;
  std::string space_;
  support::ScratchDir directory_;
  support::ScratchRepo repository_{directory_ / "shop.git"};
  std::unique_ptr<Environment> cluster_ = open_cluster(plane_);
  std::unique_ptr<RepositoryWatcher> watcher_;
  std::unique_ptr<ChannelWorker> worker_;
  std::jthread work_;
  std::jthread watch_;  // ends first: it tells the worker
};

std::string workload(const std::string& kind, const std::string& space, std::string_view fate, const std::string& image) {
  const std::string labels = fate.empty() ? "{app: web}" : "{app: web, fate: " + std::string(fate) + "}";
  return "apiVersion: apps/v1\nkind: " + kind + "\nmetadata: {name: web, namespace: " + space + "}\nspec:\n  replicas: 1\n" +
         (kind == "StatefulSet" ? "  serviceName: web\n" : "") +
         "  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: " + labels +
         "}\n    spec: {containers: [{name: web, image: '" + image + "'}]}\n";
}

struct Trouble {
  std::string name;
  std::string kind;
  std::string_view fate;
  std::string path;  ///< where the server says it, of pods or of the workload
  std::string says;  ///< there, and then in our status
};

}  // namespace

TEST_SUITE("cluster rollout") {
  TEST_CASE("a rollout that cannot finish: the status says why within ten seconds, and a commit that mends it goes first") {
    auto* plane = need_control_plane("rollouts that cannot finish", parts);
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string waiting = ".items[*].status.containerStatuses[*].state.waiting.reason";
    for (const Trouble& trouble : {Trouble{"image pull", "Deployment", pod_fate::image_pull, waiting, "ImagePullBackOff"},
                                   {"crash loop", "Deployment", pod_fate::crash_loop, waiting, "CrashLoopBackOff"},
                                   {"quota", "Deployment", "", "", "exceeded quota"},
                                   {"quota, told by events alone", "StatefulSet", "", "", "exceeded quota"}}) {
      CAPTURE(trouble.name);
      const std::string space = plane->fresh_namespace("finish");
      const bool quota = trouble.says == "exceeded quota";
      if (quota) {
        plane->apply("{apiVersion: v1, kind: ResourceQuota, metadata: {name: none}, spec: {hard: {count/pods: '0'}}}",
                     space);
        plane->kubectl({"wait", "resourcequota/none", "-n", space, "--for=jsonpath={.status.hard}", "--timeout=60s"});
      }
      WorkingAgent agent(*plane, space);
      agent.push(workload(trouble.kind, space, trouble.fate, "i:1"), "5m");
      agent.start();
      const auto known = [&] {
        return quota ? agent.get("events", ".items[*].message").find(trouble.says) != std::string::npos
                     : agent.get("pods", trouble.path).find(trouble.says) != std::string::npos;
      };
      seconds_until("what the server knows", 60, known);
      const double said =
          seconds_until("the reason", 60, [&] { return agent.told().find(trouble.says) != std::string::npos; });
      CHECK(said <= 10);
      CHECK_FALSE(agent.ready());
      // Long before the deadline of five minutes, and before anything has failed for good where that takes longer.
      if (quota) plane->kubectl({"delete", "resourcequota", "none", "-n", space});
      agent.push(workload(trouble.kind, space, "", "i:2"), "5m");
      const double applied = seconds_until("the commit that mends it", 30, [&] {
        return agent.get(trouble.kind + "/web", ".spec.template.spec.containers[0].image") == "i:2";
      });
      CHECK(applied <= 5);
      // A StatefulSet keeps its broken pod; here there was none.
      const double mended = seconds_until("readiness", 90, [&] { return agent.ready(); });
      MESSAGE(trouble.name << ": said after " << said << " s, mending commit applied after " << applied << " s, ready after "
                           << mended << " s more");
    }
  }

  TEST_CASE("the deadline of a release holds") {
    auto* plane = need_control_plane("the deadline of a rollout", parts);
    if (plane == nullptr) return;
    install_kinds(*plane);
    const std::string space = plane->fresh_namespace("deadline");
    WorkingAgent agent(*plane, space);
    agent.push(workload("Deployment", space, pod_fate::never_ready, "i:1"), "8s");
    agent.start();
    seconds_until("the apply", 60, [&] { return !agent.get("deployment/web", ".metadata.uid").empty(); });
    const double failed =
        seconds_until("the deadline", 60, [&] { return agent.told().find("is not ready after 8s") != std::string::npos; });
    MESSAGE("a deadline of 8 s: told " << failed << " s after the apply");
    CHECK(failed >= 6);
    CHECK(failed <= 12);
    CHECK_FALSE(agent.ready());
  }
}

}  // namespace gitopsctl::tests
