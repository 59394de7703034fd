#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result/result.hpp"

namespace gitopsctl::channels {

/// What one version of a chart was when it was fetched.
struct ChartPin {
  std::string version;
  std::string digest;   ///< as RemoteChart::digest has it
  std::string archive;  ///< `sha256:…` of the archive
};

/// What was downloaded, by its digest, in a directory that any number of processes may share:
///   blobs/sha256/ab/abcd…   content, named by its SHA-256
///   pins/abcd…              what a version was, as JSON, named by the SHA-256 of what was asked for
/// Files appear whole (written beside and renamed) and are checked when they are read; one that is damaged counts as not
/// there and is removed. Rendered output is never in it; all of it may be deleted at any time. What was used longest ago
/// goes when the blobs are larger than `max_bytes`. Thread-safe.
class ChartCache {
 public:
  static constexpr std::uint64_t default_max_bytes = 1ULL << 30U;
  static constexpr std::size_t max_pins = 10'000;

  /// The directory is made when something is put; empty: nothing is kept.
  explicit ChartCache(std::string directory, std::uint64_t max_bytes = default_max_bytes);

  /// The content with this digest, `sha256:…`.
  [[nodiscard]] std::optional<std::string> get(std::string_view digest);
  /// Keeps `content`; returns its digest. What cannot be kept (a full disk) is not an error: it is fetched again next time.
  std::string put(std::string_view content);

  [[nodiscard]] std::optional<ChartPin> pin(std::string_view key);
  void set_pin(std::string_view key, const ChartPin& pin);

  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }

 private:
  [[nodiscard]] std::string blob_path(std::string_view digest) const;
  bool write(const std::string& path, std::string_view content) const;
  void shrink(const std::string& keep);

  std::string directory_;
  std::uint64_t max_bytes_;
  std::mutex mutex_;
  std::optional<std::uint64_t> size_;  ///< of the blobs, as far as this process knows
};

}  // namespace gitopsctl::channels
