// A channel of 1,000 releases with 5 objects each on the embedded environment: how long one commit that touches one chart
// takes to be applied, and how many renders it costs. Fails when it is not exactly one.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>

#include "agent/environment/environment.hpp"
#include "agent/reconcile/channel_runner.hpp"
#include "channels/git/mirror.hpp"
#include "tests/support/scratch.hpp"

namespace {

using namespace gitopsctl;

constexpr int releases = 1000;

std::string number(int value) {
  std::string text = std::to_string(value);
  return std::string(4 - text.size(), '0') + text;
}

std::map<std::string, std::string> first_files() {
  std::map<std::string, std::string> files;
  std::string channel = "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: prod\nreleases:\n";
  for (int i = 0; i < releases; ++i) {
    const std::string name = "app-" + number(i);
    const std::string chart = "charts/" + name + "/";
    files[chart + "Chart.yaml"] = "apiVersion: v2\nname: " + name + "\nversion: 1.0.0\n";
    files[chart + "values.yaml"] = "replicas: 1\n";
    std::string text;
    for (const auto* kind : {"ConfigMap", "ServiceAccount", "Service", "Deployment", "Secret"}) {
      const std::string version = std::string(kind) == "Deployment" ? "apps/v1" : "v1";
      text += "---\napiVersion: " + version + "\nkind: " + kind +
              "\nmetadata:\n  name: {{ .Release.Name }}\n  labels: {app: {{ .Chart.Name | quote }}}\n";
      if (version == "apps/v1") text += "spec:\n  replicas: {{ .Values.replicas }}\n";
      if (std::string(kind) == "ConfigMap") text += "data:\n  replicas: {{ .Values.replicas | quote }}\n";
    }
    files[chart + "templates/all.yaml"] = text;
    channel += "  - {name: " + name + ", driver: helm, namespace: " + name + ", helm: {chart: charts/" + name + "}}\n";
  }
  files[".gitopsctl/channels/prod.yaml"] = channel;
  return files;
}

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

/// The resident memory of this process in MB.
double resident() {
  std::ifstream status("/proc/self/statm");
  long pages = 0, resident_pages = 0;
  status >> pages >> resident_pages;
  return static_cast<double>(resident_pages) * 4096 / 1e6;
}

int fail(const Error& error) {
  std::fprintf(stderr, "releases_bench: %s\n", error.to_string().c_str());
  return 1;
}

}  // namespace

int main() {
  const support::ScratchDir scratch;
  const support::ScratchRepo repository(scratch / "origin.git");
  auto source = repository;
  source.commit("releases/prod", first_files());
  channels::RemoteConfig remote;
  remote.name = "bench";
  remote.url = repository.path();
  auto mirror = channels::Mirror::open(scratch / "mirror.git", remote);
  if (!mirror.ok()) return fail(mirror.error());
  auto environment = agent::open_embedded_environment(scratch / "environment.db", system_clock());
  if (!environment.ok()) return fail(environment.error());
  agent::ChannelRunner::Setup setup;
  setup.key = {"bench", "bench", "prod"};
  setup.environment_name = "bench";
  setup.installation_key = std::string(32, 'k');
  setup.holder = "bench";
  agent::ChannelRunner runner(setup, **environment, nullptr, system_clock(),
                              [&](const channels::CommitId& id) { return (*mirror)->tree(id); });
  // One tick as the agent makes it: list, fetch, run.
  double run_ms = 0;
  const auto tick = [&](const char* trigger) -> Result<agent::RunResult> {
    GITOPSCTL_TRY(const auto listing, (*mirror)->list_remote({}));
    GITOPSCTL_CHECK((*mirror)->fetch(listing, {}, {}));
    const std::string tip = (*mirror)->refs().at("refs/heads/releases/prod");
    GITOPSCTL_TRY(const auto tree, (*mirror)->tree(tip));
    const auto start = std::chrono::steady_clock::now();
    auto result = runner.run({tip, tree, trigger}, {});
    run_ms = milliseconds_since(start);
    return result;
  };
  const auto first = tick("start");
  if (!first.ok()) return fail(first.error());
  const double first_ms = run_ms;
  if (first->created != std::size_t{releases} * 5) {
    std::fprintf(stderr, "releases_bench: %zu objects were created: %s\n", first->created, first->message.c_str());
    return 1;
  }
  double best = 1e9, total = 0;
  std::uint64_t renders = 0;
  constexpr int rounds = 5;
  for (int i = 0; i < rounds; ++i) {
    source.commit("releases/prod",
                  {{"charts/app-" + number(100 * i) + "/values.yaml", "replicas: " + std::to_string(i + 2) + "\n"}});
    const std::uint64_t before = runner.renders();
    const auto start = std::chrono::steady_clock::now();
    const auto result = tick("poll");
    total = milliseconds_since(start);
    if (!result.ok()) return fail(result.error());
    renders = runner.renders() - before;
    if (renders != 1 || result->updated != 2 || result->created + result->removed != 0) {
      std::fprintf(stderr, "releases_bench: %llu renders, %zu changed, %zu created, %zu removed: %s\n",
                   static_cast<unsigned long long>(renders), result->updated, result->created, result->removed,
                   result->message.c_str());
      return 1;
    }
    best = std::min(best, run_ms);
  }
  std::printf(
      "bench releases releases=%d objects=%d first_ms=%.0f change_ms=%.1f with_fetch_ms=%.1f renders=%llu rss_mb=%.1f\n",
      releases, releases * 5, first_ms, best, total, static_cast<unsigned long long>(renders), resident());
  return 0;
}
