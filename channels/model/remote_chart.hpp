#pragma once

#include <string>
#include <string_view>

#include "base/result/result.hpp"

namespace gitopsctl::channels {

/// A chart that is not in the tree, as somebody asks for it.
struct RemoteChart {
  /// `https://…` of a chart repository (with `name`) or of an archive (without), or `oci://HOST/PATH` of a chart in a
  /// registry. Without user, password, tag and digest.
  std::string location;
  std::string name;     ///< of the chart in a repository; else empty
  std::string version;  ///< a version or a range of them; empty: the newest that is no prerelease
  /// `sha256:` and 64 digits, of the archive in a repository and of the manifest in a registry; empty: any.
  std::string digest;

  [[nodiscard]] bool in_registry() const noexcept { return location.starts_with("oci://"); }
  /// The chart as messages name it: `oci://host/charts/web:1.2.3`, `web 1.2.3 of https://host/charts`.
  [[nodiscard]] std::string shown() const;

  friend bool operator==(const RemoteChart&, const RemoteChart&) = default;
};

/// What a chart that was fetched turned out to be: an input of the render, recorded with it.
struct ChartRecord {
  std::string source;   ///< `oci://host/path`, or `https://repository#name`
  std::string version;  ///< empty where only a digest was named
  std::string digest;   ///< as RemoteChart::digest has it
  friend bool operator==(const ChartRecord&, const ChartRecord&) = default;
};

/// True for what names no path: `oci://…`, `https://…`, `http://…`.
[[nodiscard]] bool is_remote_chart(std::string_view text) noexcept;

/// `oci://HOST[:PORT]/PATH[:TAG][@sha256:…]` taken apart; a tag becomes the version (`_` in it is `+`). Errors,
/// `invalid_input`: no such reference, a name that registries do not allow, another digest than SHA-256.
[[nodiscard]] Result<RemoteChart> parse_oci_chart(std::string_view text);

/// Checks that `chart.location` is an address without user, password, query and fragment, and `chart.digest` a digest.
[[nodiscard]] Result<void> check_remote_chart(const RemoteChart& chart);

/// True for one whole version, `1.2.3` with or without `v`, prerelease and metadata; false for a range and for parts of one.
[[nodiscard]] bool is_exact_version(std::string_view version);

}  // namespace gitopsctl::channels
