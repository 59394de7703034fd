// What a chart repository or an OCI registry may answer, in any bytes: an index, a manifest, a page of tags, a challenge, a
// link; and what a person may write: a reference, a lock file, a file of credentials. Nothing crashes or grows; what is let
// through keeps its promises.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text/escape.hpp"
#include "base/text/semver.hpp"
#include "channels/model/remote_chart.hpp"
#include "channels/registry/access.hpp"
#include "channels/registry/chart_lock.hpp"
#include "channels/registry/index.hpp"
#include "channels/registry/oci_manifest.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;

namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "chart_source_fuzz: %s\n", what);
  std::abort();
}

void check_error(const Error& error) { require(error.message().size() < 4096, "an error that grows with its input"); }

void fuzz_index(std::string_view bytes) {
  const auto index = ChartIndex::parse(bytes, "index.yaml");
  if (!index.ok()) return check_error(index.error());
  for (const std::string_view wanted : {"", "1.0.0", "^1", ">=0.0.0-0", "x || y"}) {
    const auto found = index->find("a", wanted);
    if (!found.ok()) {
      check_error(found.error());
      require(terminal_safe(found.error().hint()) == found.error().hint(), "a hint that is not safe to print");
      continue;
    }
    const auto version = parse_semver((*found)->version);
    require(version.ok(), "a version that is none");
    if (wanted.empty()) require(version->prerelease.empty(), "a prerelease that nobody asked for");
    require((*found)->urls.size() <= 16, "too many addresses");
  }
}

void check_digest(const std::string& digest) {
  require(digest.size() == 71 && digest.starts_with("sha256:") &&
              digest.find_first_not_of("0123456789abcdef", 7) == std::string::npos,
          "a digest that is none");
}

void fuzz_manifest(std::string_view bytes) {
  if (const auto manifest = parse_oci_manifest(bytes); manifest.ok()) {
    for (const auto& layer : manifest->layers) check_digest(layer.digest);
    for (const auto& one : manifest->manifests) check_digest(one.digest);
    require(manifest->layers.size() <= 100, "too many layers");
  } else {
    check_error(manifest.error());
  }
  static_cast<void>(parse_oci_tags(bytes).ok());
}

void fuzz_headers(std::string_view bytes) {
  if (const auto challenge = parse_challenge(bytes)) {
    require(challenge->scheme == "basic" || challenge->scheme == "bearer", "a scheme that nobody can answer");
    require(challenge->realm.size() + challenge->service.size() + challenge->scope.size() <= bytes.size(), "it grows");
  }
  require(next_link(bytes).size() <= bytes.size(), "a link that grows");
}

void fuzz_reference(std::string_view bytes) {
  const auto chart = parse_oci_chart("oci://" + std::string(bytes));
  if (!chart.ok()) return check_error(chart.error());
  require(check_remote_chart({chart->location, "", chart->version, chart->digest}).ok(), "what was read is refused");
  require(terminal_safe(chart->shown()) == chart->shown(), "a reference that is not safe to print");
  require(chart->location.find("/..") == std::string::npos, "a climb");
  if (!chart->digest.empty()) check_digest(chart->digest);
}

void fuzz_files(std::string_view bytes) {
  if (const auto hosts = parse_docker_config(bytes, "config.json"); !hosts.ok()) check_error(hosts.error());
  const auto lock = parse_chart_lock(bytes, "Chart.lock");
  if (!lock.ok()) return;
  const auto text = chart_lock_text(*lock, TimePoint{});
  if (text.empty()) return;  // text that no YAML can hold
  const auto again = parse_chart_lock(text, "Chart.lock");
  require(again.ok() && again->dependencies.size() == lock->dependencies.size(), "the round trip changed a lock");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0: fuzz_index(bytes); break;
    case 1: fuzz_manifest(bytes); break;
    case 2: fuzz_headers(bytes); break;
    case 3: fuzz_reference(bytes); break;
    default: fuzz_files(bytes); break;
  }
  return 0;
}
