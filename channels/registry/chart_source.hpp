#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/files/file_tree.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/model/remote_chart.hpp"
#include "channels/registry/access.hpp"
#include "channels/registry/cache.hpp"
#include "channels/registry/fetched_chart.hpp"
#include "channels/registry/index.hpp"

namespace gitopsctl::channels {

/// When what a version was before counts.
enum class PinUse : std::uint8_t {
  never,  ///< the repository or registry is always asked what the version is
  /// A version that was fetched before is what it was then, for ever: nobody is asked while its archive is in the cache, and
  /// a server that has another archive for it is refused until somebody names the new digest.
  trust,
};

/// Fetches charts from repositories over HTTP and from OCI registries, through a cache. Everything is bounded: an index at
/// 64 MiB, an archive at 100 MiB, packed and unpacked, redirects at five, the time of one fetch at `timeout`. What a server
/// sends is checked against every digest that is known of it: the one asked for, that of the index, those of the manifest.
/// A server that did not answer in time is not asked again for `pause`: what is wanted from it meanwhile fails with the same
/// error at once, so that it costs the time of one release and not of many. Thread-safe.
class ChartSource {
 public:
  struct Options {
    AccessSource access;  ///< empty: every host without credentials
    std::string cache_directory;
    std::uint64_t cache_bytes = ChartCache::default_max_bytes;
    Millis timeout{30'000};
    Millis pause{30'000};
    PinUse pins = PinUse::never;
  };
  ChartSource(Options options, Clock& clock);
  ~ChartSource();
  ChartSource(const ChartSource&) = delete;
  ChartSource& operator=(const ChartSource&) = delete;

  /// The chart in the version asked for, or the newest in that range. Errors: `not_found`, `forbidden` (credentials),
  /// `unavailable`, `timeout`, `conflict` (another digest), `too_large`, `invalid_input`, each with what to do.
  [[nodiscard]] Result<FetchedChart> fetch(const RemoteChart& chart, const Interrupt& interrupt);
  /// The same without asking anybody: `needs_source` when the cache does not have it.
  [[nodiscard]] Result<FetchedChart> cached(const RemoteChart& chart);
  /// The provenance file of a chart that fetch() gave: signed by its author, not verified here.
  [[nodiscard]] Result<std::string> provenance(const FetchedChart& chart, const Interrupt& interrupt);
  /// Which version of the chart would be fetched, without fetching it; of an exact version itself, unasked, in a registry.
  [[nodiscard]] Result<std::string> resolve(const RemoteChart& chart, const Interrupt& interrupt);

 private:
  struct Index {
    std::shared_ptr<const ChartIndex> index;
    Millis at{0};
  };
  struct Failure {
    Error error;
    Millis until{0};
  };

  [[nodiscard]] Result<HostAccess> access_of(const std::string& url) const;
  [[nodiscard]] Result<FetchedChart> ask(const RemoteChart& chart, const Interrupt& interrupt);
  [[nodiscard]] Result<FetchedChart> ask_registry(const RemoteChart& chart, const Interrupt& interrupt);
  [[nodiscard]] Result<FetchedChart> ask_repository(const RemoteChart& chart, const Interrupt& interrupt);
  [[nodiscard]] Result<IndexEntry> entry_of(const RemoteChart& chart, const Interrupt& interrupt);
  [[nodiscard]] Result<std::shared_ptr<const ChartIndex>> read_index(const std::string& repository,
                                                                     const Interrupt& interrupt);
  [[nodiscard]] Result<std::string> download(const std::string& url, std::uint64_t max_bytes, const std::string& what,
                                             const Interrupt& interrupt);
  [[nodiscard]] Result<FetchedChart> from_cache(const RemoteChart& chart);
  [[nodiscard]] Result<void> keep(const RemoteChart& chart, FetchedChart& fetched);
  [[nodiscard]] std::shared_ptr<std::mutex> turn_of(const std::string& location);

  Options options_;
  Clock& clock_;
  ChartCache cache_;
  std::mutex mutex_;  ///< of the three below
  std::map<std::string, Index> indexes_;
  std::map<std::string, Failure> failures_;
  std::map<std::string, std::weak_ptr<std::mutex>> turns_;  ///< one fetch at a time from one place
};

}  // namespace gitopsctl::channels
