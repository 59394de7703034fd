// The first apply of 1,000 ConfigMaps in one release on a real API server, against clients that do nothing but send them:
// as many connections as requests at once, the same over HTTP/2, and one HTTP/2 connection for all. The fastest counts.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <string>
#include <vector>

#include "tests/support/bench_agent.hpp"
#include "tests/support/raw_writer.hpp"

namespace {

using namespace gitopsctl;
using support::BenchAgent;
using support::ControlPlane;
using support::median;
using support::RawWire;

constexpr std::size_t at_once = 16;
constexpr double limit = 1.3;

int maps = 1000;
int rounds = 5;

std::string name_of(int i) { return "settings-" + std::to_string(10'000 + i); }

std::map<std::string, std::string> files() {
  std::string text;
  for (int i = 0; i < maps; ++i) {
    text += "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name_of(i) +
            ", namespace: ours, labels: {app: bench}}\ndata: {level: info, number: \"" + std::to_string(i) +
            "\", text: \"the quick brown fox jumps over the lazy dog\"}\n";
  }
  return {{"maps/all.yaml", text},
          {".gitopsctl/channels/prod.yaml",
           "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: prod\nreleases:\n"
           "  - {name: maps, driver: manifests, namespace: ours, manifests: {path: maps}}\n"}};
}

std::vector<support::RawRequest> raw_requests(const std::string& space) {
  std::vector<support::RawRequest> out;
  for (int i = 0; i < maps; ++i) {
    const std::string name = name_of(i);
    out.push_back(support::raw_apply(
        "/api/v1/namespaces/" + space + "/configmaps", name,
        R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + R"(","namespace":")" + space +
            R"(","labels":{"app":"bench","applyset.kubernetes.io/part-of":"raw-0123456789012345678901234567890123456789"}},)" +
            R"("data":{"level":"info","number":")" + std::to_string(i) +
            R"(","text":"the quick brown fox jumps over the lazy dog"}})",
        "raw"));
  }
  return out;
}

struct Figures {
  std::map<RawWire, std::vector<double>> raw_s, raw_cpu_s, raw_server_s;
  std::vector<double> ours_s, ours_cpu_s, ours_server_s, ratio;
};

void one_round(Figures& figures) {
  support::ControlPlaneOptions options;
  options.api_server_gogc = "400";
  ControlPlane plane(options);
  support::install_gitopsctl(plane);
  plane.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: ours}\n");
  BenchAgent agent(plane, "bench");
  agent.make_key();
  agent.commit(files());
  double fastest = 0;
  for (const RawWire wire : {RawWire::http1, RawWire::http2, RawWire::http2_one_wire}) {
    const std::string space(std::string("raw-") + std::to_string(static_cast<int>(wire)));
    plane.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: " + space + "}\n");
    const double before = support::server_processor_s();
    const auto result = support::write_raw(plane, raw_requests(space), at_once, wire);
    if (result.failed > 0) throw std::runtime_error("raw: " + result.first_failure);
    figures.raw_s[wire].push_back(result.wall_s);
    figures.raw_cpu_s[wire].push_back(result.processor_s);
    figures.raw_server_s[wire].push_back(support::server_processor_s() - before);
    if (fastest == 0 || result.wall_s < fastest) fastest = result.wall_s;
  }
  const double before = support::server_processor_s();
  const auto ours = agent.run({"apply", "prod"});
  if (ours.exit_code != 0) throw std::runtime_error("gitopsctl apply: " + ours.output);
  figures.ours_s.push_back(ours.wall_s);
  figures.ours_cpu_s.push_back(ours.processor_s);
  figures.ours_server_s.push_back(support::server_processor_s() - before);
  figures.ratio.push_back(ours.wall_s / fastest);
}

}  // namespace

int main(int count, char** words) try {
  int code = 0;
  if (support::lacks_control_plane("cluster_apply_bench", code)) return code;
  if (count > 1) maps = std::atoi(words[1]);
  if (count > 2) rounds = std::atoi(words[2]);
  Figures figures;
  for (int i = 0; i < rounds; ++i) one_round(figures);
  for (const auto& [wire, walls] : figures.raw_s) {
    std::printf("bench cluster_raw wire=%s maps=%d wall_s=%.3f client_cpu_s=%.3f server_cpu_s=%.3f\n",
                std::string(support::wire_name(wire)).c_str(), maps, median(walls), median(figures.raw_cpu_s[wire]),
                median(figures.raw_server_s[wire]));
  }
  const double ratio = median(figures.ratio);
  std::printf(
      "bench cluster_apply maps=%d rounds=%d wall_s=%.3f client_cpu_s=%.3f server_cpu_s=%.3f ratio_to_fastest=%.2f "
      "limit=%.1f %s\n",
      maps, rounds, median(figures.ours_s), median(figures.ours_cpu_s), median(figures.ours_server_s), ratio, limit,
      support::met(ratio <= limit));
  return ratio <= limit ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "cluster_apply_bench: %s\n", error.what());
  return 1;
}
