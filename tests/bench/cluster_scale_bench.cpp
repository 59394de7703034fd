// A channel of 1,000 releases with 5 objects each, a namespace for every release, on a real API server: the first sync
// against a client that does nothing but send the same objects, what the agent holds and spends when it is idle, and what a
// commit that touches one release costs. Ratios are against the raw client in the same round.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/json/json.hpp"
#include "tests/support/bench_agent.hpp"
#include "tests/support/raw_writer.hpp"

namespace {

using namespace gitopsctl;
using support::BenchAgent;
using support::ControlPlane;
using support::median;
using support::met;

constexpr std::size_t at_once = 16;
constexpr double limit_first_s = 20;  // of the agent's processor time
constexpr double limit_ratio = 1.5;   // first sync against raw writes
constexpr double limit_idle_mb = 60;
constexpr double limit_idle_percent = 1;
constexpr double limit_change_s = 1;

int releases = 1000;
int rounds = 3;

std::string number(int value) {
  std::string text = std::to_string(value);
  return std::string(4 - text.size(), '0') + text;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The templates of one chart, of objects that need nothing of a cluster but its API server: a Deployment that is paused.
constexpr const char* templates = R"(apiVersion: v1
kind: ServiceAccount
metadata: {name: {{ .Release.Name }}, labels: {app: {{ .Chart.Name | quote }}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}, labels: {app: {{ .Chart.Name | quote }}}}
data:
  level: info
  replicas: {{ .Values.replicas | quote }}
  settings.yaml: |
    listen: 8080
    upstream: http://backend.{{ .Release.Namespace }}.svc
---
apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}, labels: {app: {{ .Chart.Name | quote }}}}
stringData: {token: {{ printf "token-of-%s" .Release.Name }}}
---
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}, labels: {app: {{ .Chart.Name | quote }}}}
spec:
  clusterIP: None
  selector: {app: {{ .Chart.Name | quote }}}
  ports: [{name: http, port: 80, targetPort: http}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}, labels: {app: {{ .Chart.Name | quote }}}}
spec:
  paused: true
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Chart.Name | quote }}}}
  template:
    metadata: {labels: {app: {{ .Chart.Name | quote }}}}
    spec:
      serviceAccountName: {{ .Release.Name }}
      containers:
        - name: main
          image: registry.example.com/{{ .Chart.Name }}:1.0
          ports: [{name: http, containerPort: 8080}]
          env:
            - {name: LEVEL, valueFrom: {configMapKeyRef: {name: {{ .Release.Name }}, key: level}}}
            - {name: TOKEN, valueFrom: {secretKeyRef: {name: {{ .Release.Name }}, key: token}}}
          readinessProbe: {httpGet: {path: /ready, port: http}}
          resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 128Mi}}
)";

std::map<std::string, std::string> first_files() {
  std::map<std::string, std::string> files;
  std::string channel = "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: prod\nreleases:\n";
  for (int i = 0; i < releases; ++i) {
    const std::string name = "app-" + number(i);
    const std::string chart = "charts/" + name + "/";
    files[chart + "Chart.yaml"] = "apiVersion: v2\nname: " + name + "\nversion: 1.0.0\n";
    files[chart + "values.yaml"] = "replicas: 1\n";
    files[chart + "templates/all.yaml"] = templates;
    channel += "  - {name: " + name + ", driver: helm, namespace: " + name + ", helm: {chart: charts/" + name + "}}\n";
  }
  files[".gitopsctl/channels/prod.yaml"] = channel;
  return files;
}

std::string collection_of(const std::string& api_version, const std::string& kind, const std::string& space) {
  const std::map<std::string, std::string> plurals{{"ServiceAccount", "serviceaccounts"},
                                                   {"ConfigMap", "configmaps"},
                                                   {"Secret", "secrets"},
                                                   {"Service", "services"},
                                                   {"Deployment", "deployments"}};
  const std::string root = api_version == "v1" ? "/api/v1" : "/apis/" + api_version;
  return root + "/namespaces/" + space + '/' + plurals.at(kind);
}

/// What a first sync must write at the very least, as the agent applied it in a round before: namespaces, then objects.
struct RawWrites {
  std::vector<support::RawRequest> namespaces;
  std::vector<support::RawRequest> objects;
};

RawWrites raw_writes(const std::string& prefix) {
  RawWrites out;
  for (int i = 0; i < releases; ++i) {
    const std::string name = prefix + number(i);
    out.namespaces.push_back(support::raw_apply(
        "/api/v1/namespaces", name,
        R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":")" + name + R"(","annotations":{"bench":"raw"}}})",
        "raw"));
    const std::string head = R"("metadata":{"name":")" + name + R"(","namespace":")" + name + R"(","labels":{"app":")" +
                             name + R"(","applyset.kubernetes.io/part-of":"raw-0123456789012345678901234567890123456789"}})";
    const auto add = [&](const std::string& version, const std::string& kind, const std::string& rest) {
      out.objects.push_back(support::raw_apply(
          collection_of(version, kind, name), name,
          R"({"apiVersion":")" + version + R"(","kind":")" + kind + R"(",)" + head + (rest.empty() ? "" : "," + rest) + "}",
          "raw"));
    };
    add("v1", "ServiceAccount", "");
    add("v1", "ConfigMap",
        R"("data":{"level":"info","replicas":"1","settings.yaml":"listen: 8080\nupstream: http://backend.)" + name +
            R"(.svc\n"})");
    add("v1", "Secret", R"("data":{"token":"dG9rZW4tb2YtYXBwLTAwMDA="})");
    add("v1", "Service",
        R"("spec":{"clusterIP":"None","selector":{"app":")" + name +
            R"("},"ports":[{"name":"http","port":80,"targetPort":"http"}]})");
    add("apps/v1", "Deployment",
        R"("spec":{"paused":true,"replicas":1,"selector":{"matchLabels":{"app":")" + name +
            R"("}},"template":{"metadata":{"labels":{"app":")" + name + R"("}},"spec":{"serviceAccountName":")" + name +
            R"(","containers":[{"name":"main","image":"registry.example.com/)" + name +
            R"(:1.0","ports":[{"name":"http","containerPort":8080}],"env":[{"name":"LEVEL","valueFrom":{"configMapKeyRef":)" +
            R"({"name":")" + name + R"(","key":"level"}}},{"name":"TOKEN","valueFrom":{"secretKeyRef":{"name":")" + name +
            R"(","key":"token"}}}],"readinessProbe":{"httpGet":{"path":"/ready","port":"http"}},"resources":)" +
            R"({"requests":{"cpu":"100m","memory":"64Mi"},"limits":{"memory":"128Mi"}}}]}}})");
  }
  return out;
}

/// What the protocol writes besides: the inventory before and after, the Release object and its event.
struct RawProtocol {
  std::vector<support::RawRequest> before;
  std::vector<support::RawRequest> after;
};

RawProtocol raw_protocol(const std::string& prefix) {
  RawProtocol out;
  for (int i = 0; i < releases; ++i) {
    const std::string name = prefix + number(i);
    const auto inventory = [&](std::size_t bytes) {
      return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"gitopsctl-)" + name + R"(","namespace":")" + name +
             R"(","labels":{"app.kubernetes.io/managed-by":"raw","applyset.kubernetes.io/id":"raw"},"annotations":)" +
             R"({"applyset.kubernetes.io/contains-group-kinds":"ConfigMap,Deployment.apps,Secret,Service,ServiceAccount"}},)" +
             R"("data":{"inventory":")" + std::string(bytes, 'i') + R"("}})";
    };
    const std::string maps = "/api/v1/namespaces/" + name + "/configmaps";
    out.before.push_back({"POST", maps + "?fieldManager=raw", "application/json", inventory(1000)});
    out.after.push_back({"PUT", maps + "/gitopsctl-" + name + "?fieldManager=raw", "application/json", inventory(2200)});
    out.after.push_back(
        {"POST", "/apis/gitopsctl.dev/v1/namespaces/" + name + "/releases?fieldManager=raw", "application/json",
         R"({"apiVersion":"gitopsctl.dev/v1","kind":"Release","metadata":{"name":")" + name + R"(","namespace":")" + name +
             R"("},"spec":{"repository":"raw","channel":"raw","release":")" + name +
             R"("},"status":{"driver":"helm","state":"Deployed","errors":[],"warnings":[],"waitsFor":"","command":"",)" +
             R"("drifted":false,"revision":"0123456789012345678901234567890123456789","objects":5,"conditions":[)" +
             R"({"type":"Ready","status":"True","reason":"Deployed","message":"5 objects at 012345678901",)" +
             R"("lastTransitionTime":"2026-01-01T00:00:00Z"},{"type":"Healthy","status":"True","reason":"Deployed",)" +
             R"("message":"5 objects at 012345678901","lastTransitionTime":"2026-01-01T00:00:00Z"}]}})"});
    out.after.push_back(
        {"POST", "/api/v1/namespaces/" + name + "/events?fieldManager=raw", "application/json",
         R"({"apiVersion":"v1","kind":"Event","metadata":{"name":")" + name + R"(","namespace":")" + name +
             R"("},"type":"Normal","reason":"Deployed","message":"5 objects at 012345678901","involvedObject":{"apiVersion":)" +
             R"("gitopsctl.dev/v1","kind":"Release","name":")" + name + R"(","namespace":")" + name +
             R"("},"reportingComponent":"raw"})"});
  }
  return out;
}

struct Figures {
  std::vector<double> all_s, all_ratio, raw_s, first_s, ratio, agent_cpu_s, peak_mb, idle_mb, idle_own_mb, idle_percent,
      change_s, change_run_s, change_cpu_ms, renders, requests;
};

void tell_requests(const std::map<std::string, double>& before, const std::map<std::string, double>& after) {
  for (const auto& [what, count] : after) {
    const auto known = before.find(what);
    const double more = count - (known == before.end() ? 0 : known->second);
    if (more >= releases / 20.0)
      std::printf("  requests %-40s %8.0f  %5.2f per release\n", what.c_str(), more, more / releases);
  }
}

double sum(const std::map<std::string, double>& of) {
  double out = 0;
  for (const auto& [what, count] : of) out += count;
  return out;
}

void one_round(Figures& figures, double idle_span) {
  support::ControlPlaneOptions options;
  options.api_server_gogc = "400";
  ControlPlane plane(options);
  support::install_gitopsctl(plane);
  BenchAgent agent(plane, "bench", "15s");  // as often as it looks by default
  const std::string commit = agent.commit(first_files());

  const auto write_all = [&](const std::vector<std::vector<support::RawRequest>>& parts) {
    double seconds = 0;
    for (const auto& part : parts) {
      const auto result = support::write_raw(plane, part, at_once, support::RawWire::http1);
      if (result.failed > 0) throw std::runtime_error("raw: " + result.first_failure);
      seconds += result.wall_s;
    }
    return seconds;
  };
  const double server_before = support::server_processor_s();
  const RawWrites raw = raw_writes("raw-");
  const double raw_s = write_all({raw.namespaces, raw.objects});
  const double server_raw = support::server_processor_s() - server_before;
  const RawWrites again = raw_writes("all-");
  const RawProtocol protocol = raw_protocol("all-");
  const double all_s = write_all({again.namespaces, protocol.before, again.objects, protocol.after});
  const double server_all = support::server_processor_s() - server_before - server_raw;

  const auto before = support::server_requests(plane);
  const double server_at_start = support::server_processor_s();
  auto start = std::chrono::steady_clock::now();
  agent.start();
  agent.wait_for(commit, 600);
  const double first_s = seconds_since(start);
  const double server_first = support::server_processor_s() - server_at_start;
  const auto after = support::server_requests(plane);
  const auto peak = support::usage_of(agent.pid());
  std::printf(
      "  round raw_s=%.2f raw_server_cpu_s=%.2f all_s=%.2f all_server_cpu_s=%.2f first_s=%.2f first_cpu_s=%.2f "
      "first_server_cpu_s=%.2f ratio=%.2f ratio_to_all=%.2f rss_mb=%.1f\n",
      raw_s, server_raw, all_s, server_all, first_s, peak.processor_s, server_first, first_s / raw_s, first_s / all_s,
      peak.resident_mb);
  tell_requests(before, after);
  std::fflush(stdout);
  figures.raw_s.push_back(raw_s);
  figures.all_s.push_back(all_s);
  figures.all_ratio.push_back(first_s / all_s);
  figures.first_s.push_back(first_s);
  figures.ratio.push_back(first_s / raw_s);
  figures.agent_cpu_s.push_back(peak.processor_s);
  figures.peak_mb.push_back(peak.resident_mb);
  figures.requests.push_back((sum(after) - sum(before)) / releases);

  std::this_thread::sleep_for(std::chrono::seconds(5));
  for (int i = 0; i < 3; ++i) {
    const auto used = support::usage_of(agent.pid()).processor_s;
    const double renders = agent.metric("gitopsctl_renders_total");
    const std::string next = agent.commit(
        {{"charts/app-" + number(i * 7 % releases) + "/values.yaml", "replicas: " + std::to_string(i + 2) + "\n"}});
    start = std::chrono::steady_clock::now();
    // From asking on; what of it is the run is told apart.
    if (const auto asked = agent.run({"sync", "prod"}); asked.exit_code != 0) throw std::runtime_error(asked.output);
    agent.wait_for(next, 60);
    figures.change_s.push_back(seconds_since(start));
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    figures.change_run_s.push_back(agent.metric("gitopsctl_reconcile_last_duration_seconds"));
    figures.change_cpu_ms.push_back((support::usage_of(agent.pid()).processor_s - used) * 1000);
    figures.renders.push_back(agent.metric("gitopsctl_renders_total") - renders);
  }
  std::printf("  change total_s=%.2f run_s=%.2f cpu_ms=%.0f renders=%.0f\n", median(figures.change_s),
              median(figures.change_run_s), median(figures.change_cpu_ms), median(figures.renders));
  std::fflush(stdout);
  if (idle_span <= 0) return;
  std::this_thread::sleep_for(std::chrono::seconds(5));
  const auto idle_before = support::usage_of(agent.pid());
  const auto requests_before = support::server_requests(plane);
  start = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(idle_span));
  const auto idle_after = support::usage_of(agent.pid());
  const auto requests_after = support::server_requests(plane);
  figures.idle_percent.push_back((idle_after.processor_s - idle_before.processor_s) / seconds_since(start) * 100);
  figures.idle_mb.push_back(idle_after.resident_mb);
  figures.idle_own_mb.push_back(idle_after.own_mb);
  std::printf("  idle rss_mb=%.1f own_mb=%.1f cpu_percent=%.2f requests=%.0f in %.0f s\n", idle_after.resident_mb,
              idle_after.own_mb, figures.idle_percent.back(), sum(requests_after) - sum(requests_before), idle_span);
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** words) try {
  int code = 0;
  if (support::lacks_control_plane("cluster_scale_bench", code)) return code;
  if (count > 1) releases = static_cast<int>(std::strtol(words[1], nullptr, 10));
  double idle_span = std::max(60.0, 2 * 0.050 * 5 * releases) + 10;  // two of the regular looks for drift
  if (count > 2) rounds = static_cast<int>(std::strtol(words[2], nullptr, 10));
  if (count > 3) idle_span = std::strtod(words[3], nullptr);
  Figures figures;
  for (int i = 0; i < rounds; ++i) one_round(figures, i + 1 == rounds ? idle_span : 0);
  const double cpu = median(figures.agent_cpu_s), ratio = median(figures.ratio), idle = median(figures.idle_mb);
  const double percent = median(figures.idle_percent), change = median(figures.change_run_s),
               renders = median(figures.renders);
  std::printf(
      "bench cluster_scale releases=%d rounds=%d raw_s=%.2f all_writes_s=%.2f first_s=%.2f ratio_to_all_writes=%.2f "
      "ratio_to_objects_alone=%.2f limit=%.1f %s first_cpu_s=%.2f limit=%.0f %s requests_per_release=%.1f peak_mb=%.1f\n",
      releases, rounds, median(figures.raw_s), median(figures.all_s), median(figures.first_s), median(figures.all_ratio),
      ratio, limit_ratio, met(ratio <= limit_ratio), cpu, limit_first_s, met(cpu <= limit_first_s), median(figures.requests),
      median(figures.peak_mb));
  std::printf("bench cluster_idle rss_mb=%.1f limit=%.0f %s own_mb=%.1f cpu_percent=%.2f limit=%.0f %s\n", idle,
              limit_idle_mb, met(idle <= limit_idle_mb), median(figures.idle_own_mb), percent, limit_idle_percent,
              met(percent <= limit_idle_percent));
  std::printf("bench cluster_change run_s=%.3f limit=%.0f %s renders=%.0f limit=1 %s total_s=%.2f cpu_ms=%.0f\n", change,
              limit_change_s, met(change <= limit_change_s), renders, met(renders == 1), median(figures.change_s),
              median(figures.change_cpu_ms));
  const bool good = cpu <= limit_first_s && ratio <= limit_ratio && idle <= limit_idle_mb && percent <= limit_idle_percent &&
                    change <= limit_change_s && renders == 1;
  return good ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "cluster_scale_bench: %s\n", error.what());
  return 1;
}
