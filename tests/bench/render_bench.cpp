// Charts rendered by us and by helm 4.3.1 in the same run, round by round in turns:
//
//   whole processes   `gitopsctl helm template` against `helm template`: wall clock, and what they held at most
//   in one process    load, render and read all documents again and again, against the peer helmlib, which does the same
//                     with helm's own libraries
//
//   render_bench [CHARTS [ROUNDS]]
//
// CHARTS is a folder of charts, one folder each (default: $GITOPSCTL_PUBLIC_CHARTS); docs/benchmarks.md says which. Charts
// that helm itself does not render with their default values are left out and named. Prints a line for each chart and the
// geometric means of the ratios, which have the limits.

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "base/files/file_tree.hpp"
#include "render/helm/helm.hpp"
#include "render/manifest/read_objects.hpp"
#include "tests/support/not_run.hpp"
#include "tests/support/peers.hpp"
#include "tests/support/process_usage.hpp"

using namespace gitopsctl;
using support::median;
using support::run_measured;

namespace {

namespace fs = std::filesystem;

constexpr double process_limit = 12;    ///< geometric mean of how many times faster
constexpr double slowest_limit = 6;     ///< of any chart
constexpr double in_process_limit = 8;  ///< geometric mean
constexpr double memory_limit = 1.0 / 3;
constexpr std::size_t least_charts = 10;

/// Medians of one chart.
struct Figures {
  std::string name;
  std::size_t printed_kb = 0;
  double ours_ms = 0, helm_ms = 0;
  double ours_inner_ms = 0, helm_inner_ms = 0;
  double ours_mb = 0, helm_mb = 0;

  [[nodiscard]] double process_ratio() const { return helm_ms / ours_ms; }
  [[nodiscard]] double in_process_ratio() const { return helm_inner_ms / ours_inner_ms; }
  [[nodiscard]] double memory_share() const { return ours_mb / helm_mb; }
};

/// A number from 1 on a command line; `fallback` for anything else.
int number_or(const std::string& text, int fallback) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number > 0 ? number : fallback;
}

/// One round of ours in this process. False when the chart cannot be rendered.
bool render_once(const std::string& chart) {
  const fs::path path(chart);
  auto tree = open_disk_tree(path.parent_path().string());
  auto name = TreePath::parse(path.filename().string());
  if (!tree.ok() || !name.ok()) return false;
  render::RenderInputs inputs;
  inputs.tree = *std::move(tree);
  inputs.helm.chart = *std::move(name);
  inputs.helm.release_name = "rel";
  const auto out = render::helm::render_chart(inputs);
  if (!out.ok()) return false;
  for (const auto* list : {&out->manifests, &out->hooks}) {
    for (const auto& document : *list) {
      const auto objects = document.content ? render::read_objects(*document.content, document.path, "default")
                                            : render::read_objects(document.text, document.path, "default", {});
      if (!objects.ok()) return false;
    }
  }
  return true;
}

/// The part that runs in a process of its own: seconds of each round, a line each.
int inner(const std::string& chart, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    if (!render_once(chart)) return 1;
    std::printf("%.9f\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return 0;
}

/// The median of the seconds that a process printed, in milliseconds, without its first round.
double inner_ms(const std::string& output) {
  std::vector<double> seconds;
  std::istringstream in(output);
  for (double one = 0; in >> one;) seconds.push_back(one * 1e3);
  if (seconds.size() > 1) seconds.erase(seconds.begin());
  return median(std::move(seconds));
}

struct Programs {
  std::string ours;
  std::string self;
  std::string helm;
  std::string helmlib;
};

bool measure(const Programs& programs, const std::string& chart, int rounds, Figures& out) {
  std::vector<double> ours_ms;
  std::vector<double> helm_ms;
  for (int round = 0; round < rounds; ++round) {
    const auto helm = run_measured({programs.helm, "template", "rel", chart}, {{"KUBECONFIG", "/dev/null"}});
    if (helm.exit_code != 0) return false;
    const auto ours = run_measured({programs.ours, "helm", "template", "rel", chart}, {{"KUBECONFIG", "/dev/null"}});
    if (ours.exit_code != 0) return false;
    helm_ms.push_back(helm.wall_s * 1e3);
    ours_ms.push_back(ours.wall_s * 1e3);
    out.helm_mb = std::max(out.helm_mb, helm.peak_mb);
    out.ours_mb = std::max(out.ours_mb, ours.peak_mb);
    out.printed_kb = ours.output.size() / 1024;
  }
  out.ours_ms = median(std::move(ours_ms));
  out.helm_ms = median(std::move(helm_ms));
  std::vector<double> ours_inner;
  std::vector<double> helm_inner;
  for (int turn = 0; turn < 3; ++turn) {
    const auto count = std::to_string(rounds);
    const auto helm = run_measured({programs.helmlib, chart, count});
    const auto ours = run_measured({programs.self, "--inner", chart, count});
    if (helm.exit_code != 0 || ours.exit_code != 0) return false;
    helm_inner.push_back(inner_ms(helm.output));
    ours_inner.push_back(inner_ms(ours.output));
  }
  out.helm_inner_ms = median(std::move(helm_inner));
  out.ours_inner_ms = median(std::move(ours_inner));
  return true;
}

double geometric_mean(const std::vector<Figures>& all, double (Figures::*ratio)() const) {
  double sum = 0;
  for (const auto& one : all) sum += std::log((one.*ratio)());
  return std::exp(sum / static_cast<double>(all.size()));
}

void print(const Figures& one) {
  std::printf(
      "bench render chart=%s printed_kb=%zu ours_ms=%.1f helm_ms=%.1f process_ratio=%.1f ours_inner_ms=%.2f "
      "helm_inner_ms=%.2f "
      "in_process_ratio=%.1f ours_mb=%.1f helm_mb=%.1f memory_share=%.2f\n",
      one.name.c_str(), one.printed_kb, one.ours_ms, one.helm_ms, one.process_ratio(), one.ours_inner_ms, one.helm_inner_ms,
      one.in_process_ratio(), one.ours_mb, one.helm_mb, one.memory_share());
  std::fflush(stdout);
}

int summarize(const std::vector<Figures>& all) {
  const double processes = geometric_mean(all, &Figures::process_ratio);
  const double inside = geometric_mean(all, &Figures::in_process_ratio);
  double slowest = all.front().process_ratio();
  double memory = 0;
  for (const auto& one : all) {
    slowest = std::min(slowest, one.process_ratio());
    memory = std::max(memory, one.memory_share());
  }
  const bool met = processes >= process_limit && slowest >= slowest_limit && inside >= in_process_limit &&
                   memory <= memory_limit && all.size() >= least_charts;
  std::printf(
      "bench render charts=%zu process_ratio=%.1f limit=%.0f slowest=%.1f limit=%.0f in_process_ratio=%.1f limit=%.0f "
      "largest_memory_share=%.2f limit=%.2f %s\n",
      all.size(), processes, process_limit, slowest, slowest_limit, inside, in_process_limit, memory, memory_limit,
      met ? "met" : "MISSED");
  return met ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  if (words.size() == 4 && words[1] == "--inner") return inner(words[2], number_or(words[3], 1));
  const char* given = std::getenv("GITOPSCTL_PUBLIC_CHARTS");  // NOLINT(concurrency-mt-unsafe): nothing changes it
  const std::string folder = words.size() > 1 ? words[1] : given == nullptr ? "" : given;
  const int rounds = words.size() > 2 ? number_or(words[2], 9) : 9;
  if (folder.empty()) {
    std::printf("NOT RUN: render_bench: name a folder of charts, or set GITOPSCTL_PUBLIC_CHARTS (docs/benchmarks.md)\n");
    return std::getenv("CI") == nullptr ? 0 : 1;  // NOLINT(concurrency-mt-unsafe): nothing changes it
  }
  const auto helm = tests::find_peer("helm");
  const auto helmlib = tests::find_peer("helmlib");
  if (!helm || !helmlib) {
    std::printf("NOT RUN: render_bench: ./dev setup --peers=helm,helmlib builds what is compared with\n");
    return std::getenv("CI") == nullptr ? 0 : 1;  // NOLINT(concurrency-mt-unsafe): nothing changes it
  }
  const Programs programs{std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl", fs::canonical("/proc/self/exe").string(), *helm,
                          *helmlib};
  std::vector<fs::path> charts;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (fs::exists(entry.path() / "Chart.yaml")) charts.push_back(fs::canonical(entry.path()));
  }
  std::sort(charts.begin(), charts.end());
  std::vector<Figures> all;
  for (const auto& chart : charts) {
    Figures one;
    one.name = chart.filename().string();
    if (!measure(programs, chart.string(), rounds, one)) {
      std::printf("bench render chart=%s left_out=not_rendered_by_both\n", one.name.c_str());
      continue;
    }
    print(one);
    all.push_back(std::move(one));
  }
  if (all.empty()) {
    std::printf("NOT RUN: render_bench: there is no chart in %s that renders\n", folder.c_str());
    return 1;
  }
  return summarize(all);
}
