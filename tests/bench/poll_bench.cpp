// What a poll costs: a repository with 10,000 refs that nobody asked for, behind the real git http-backend. Counts requests,
// bytes and the CPU time of this process's polling thread (the server is other processes and threads). Fails when the poll
// is more than one request, when its bytes grow with the unrelated refs, or when it costs more than 5 ms of CPU.

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "channels/git/mirror.hpp"
#include "tests/support/git_server.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;
using namespace gitopsctl::support;

namespace {

constexpr int polls = 20;
constexpr int unrelated = 10'000;
constexpr double most_cpu_ms = 5.0;

double thread_cpu_ms() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  const auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

struct Cost {
  bool good = true;
  std::uint64_t requests = 0;  ///< of the dearest poll
  std::uint64_t bytes = 0;
  double cpu_ms = 0;  ///< mean
};

Cost measure(Mirror& mirror) {
  Cost out;
  const double start = thread_cpu_ms();
  for (int i = 0; i < polls; ++i) {
    const auto listing = mirror.list_remote({});
    if (!listing.ok() || !mirror.fetch(*listing, {}, {}).ok()) {
      out.good = false;
      return out;
    }
    out.requests = std::max(out.requests, listing->requests);
    out.bytes = std::max(out.bytes, listing->bytes);
  }
  out.cpu_ms = (thread_cpu_ms() - start) / polls;
  return out;
}

}  // namespace

int main() {
  GitServer server;
  ScratchDir scratch;
  auto repository = server.repository("shop.git");
  const std::string id = repository.commit("main", {{"a.txt", "one"}});
  RemoteConfig config;
  config.name = "shop";
  config.url = server.url() + "/shop.git";
  auto mirror = Mirror::open(scratch / "mirror", config);
  if (!mirror.ok()) {
    std::fprintf(stderr, "poll_bench: %s\n", mirror.error().to_string().c_str());
    return 1;
  }
  // The first poll asks what the server can do, and fetches.
  if (!measure(**mirror).good) return 1;
  const Cost without = measure(**mirror);
  std::string updates;
  for (int i = 0; i < unrelated; ++i) updates += "create refs/pull/" + std::to_string(i) + "/head " + id + "\n";
  repository.git({"update-ref", "--stdin"}, updates);
  repository.git({"pack-refs", "--all"});
  const Cost with = measure(**mirror);
  std::printf("bench poll requests=%llu bytes=%llu bytes_without_unrelated=%llu cpu_ms=%.2f\n",
              static_cast<unsigned long long>(with.requests), static_cast<unsigned long long>(with.bytes),
              static_cast<unsigned long long>(without.bytes), with.cpu_ms);
  const bool good =
      without.good && with.good && with.requests == 1 && with.bytes == without.bytes && with.cpu_ms <= most_cpu_ms;
  if (!good) std::fprintf(stderr, "poll_bench: a poll costs more than one request, constant bytes and 5 ms of CPU\n");
  return good ? 0 : 1;
}
