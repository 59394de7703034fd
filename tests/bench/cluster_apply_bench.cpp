// The first apply of 1,000 ConfigMaps in one release on a real API server, against clients that do nothing but send them:
// as many connections as requests at once, the same over HTTP/2, and one HTTP/2 connection for all. The fastest counts: the
// one with the smallest median.
// Every third second or so the server collects its garbage, which takes half a second of its processors. So all take
// turns on one server, each as often first, second, third and last. What is next to each other is compared, because a
// shared machine is faster in one minute than in another: the ratio is the median of those of every round.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <stdexcept>
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
int rounds = 12;  ///< turns of each

std::string name_of(int i) { return "settings-" + std::to_string(10'000 + i); }

std::map<std::string, std::string> files(const std::string& space) {
  std::string text;
  for (int i = 0; i < maps; ++i) {
    text += "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name_of(i) + ", namespace: " + space +
            ", labels: {app: bench}}\ndata: {level: info, number: \"" + std::to_string(i) +
            "\", text: \"the quick brown fox jumps over the lazy dog\"}\n";
  }
  return {{"maps/all.yaml", text},
          {".gitopsctl/channels/prod.yaml",
           "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: prod\nreleases:\n"
           "  - {name: maps, driver: manifests, namespace: " +
               space + ", manifests: {path: maps}}\n"}};
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
  std::vector<double> wall_s, cpu_s, server_s;
};

constexpr std::array wires{RawWire::http1, RawWire::http2, RawWire::http2_one_wire};

/// What took its turn, by its place among the others: ours, then the raw clients as in `wires`.
using AllFigures = std::array<Figures, 1 + wires.size()>;

void make_namespace(ControlPlane& plane, const std::string& name) {
  plane.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: " + name + "}\n");
}

support::RawResult write_raw(const ControlPlane& plane, const std::string& space, RawWire wire) {
  const auto result = support::write_raw(plane, raw_requests(space), at_once, wire);
  if (result.failed > 0) throw std::runtime_error("raw: " + result.first_failure);
  return result;
}

void one_turn(ControlPlane& plane, AllFigures& figures, std::size_t who, const std::string& space) {
  Figures& mine = figures.at(who);
  double before = 0;
  make_namespace(plane, space);
  if (who == 0) {
    BenchAgent agent(plane, space);
    agent.make_key();
    agent.commit(files(space));
    before = support::server_processor_s();
    const auto ours = agent.run({"apply", "prod"});
    if (ours.exit_code != 0) throw std::runtime_error("gitopsctl apply: " + ours.output);
    mine.wall_s.push_back(ours.wall_s);
    mine.cpu_s.push_back(ours.processor_s);
  } else {
    before = support::server_processor_s();
    const auto raw = write_raw(plane, space, wires.at(who - 1));
    mine.wall_s.push_back(raw.wall_s);
    mine.cpu_s.push_back(raw.processor_s);
  }
  mine.server_s.push_back(support::server_processor_s() - before);
}

/// The median of what ours took for what that one did, each in its round.
double ratio_to(const Figures& raw, const Figures& ours) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < ours.wall_s.size(); ++i) ratios.push_back(ours.wall_s[i] / raw.wall_s.at(i));
  return median(ratios);
}

}  // namespace

int main(int count, char** words) try {
  int code = 0;
  if (support::lacks_control_plane("cluster_apply_bench", code)) return code;
  if (count > 1) maps = static_cast<int>(std::strtol(words[1], nullptr, 10));
  if (count > 2) rounds = static_cast<int>(std::strtol(words[2], nullptr, 10));
  AllFigures figures;
  // A server that holds many thousands of objects is another one: a new one after everybody was in every place.
  for (int done = 0; done < rounds;) {
    support::ControlPlaneOptions options;
    options.api_server_gogc = "2000";
    ControlPlane plane(options);
    support::install_gitopsctl(plane);
    make_namespace(plane, "warm-up");
    write_raw(plane, "warm-up", RawWire::http1);
    for (std::size_t shift = 0; shift < figures.size() && done < rounds; ++shift, ++done) {
      for (std::size_t place = 0; place < figures.size(); ++place) {
        one_turn(plane, figures, (place + shift) % figures.size(),
                 "turn-" + std::to_string(shift) + '-' + std::to_string(place));
      }
    }
  }
  const Figures& ours = figures.front();
  const Figures* fastest = &figures.at(1);
  for (std::size_t i = 0; i < wires.size(); ++i) {
    const Figures& raw = figures.at(i + 1);
    if (median(raw.wall_s) < median(fastest->wall_s)) fastest = &raw;
    std::printf("bench cluster_raw wire=%s maps=%d wall_s=%.3f client_cpu_s=%.3f server_cpu_s=%.3f\n",
                std::string(support::wire_name(wires.at(i))).c_str(), maps, median(raw.wall_s), median(raw.cpu_s),
                median(raw.server_s));
  }
  const double ratio = ratio_to(*fastest, ours);
  std::printf(
      "bench cluster_apply maps=%d rounds=%d wall_s=%.3f client_cpu_s=%.3f server_cpu_s=%.3f ratio_to_fastest=%.2f "
      "limit=%.1f %s\n",
      maps, rounds, median(ours.wall_s), median(ours.cpu_s), median(ours.server_s), ratio, limit,
      support::met(ratio <= limit));
  return ratio <= limit ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "cluster_apply_bench: %s\n", error.what());
  return 1;
}
