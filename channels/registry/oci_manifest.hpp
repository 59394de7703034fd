#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"

namespace gitopsctl::channels {

/// What a registry keeps under a digest.
struct OciDescriptor {
  std::string media_type;
  std::string digest;  ///< `sha256:…`
  std::uint64_t size = 0;
};

/// The manifest of a chart, or a list of manifests.
struct OciManifest {
  std::string config_media_type;
  std::vector<OciDescriptor> layers;
  std::vector<OciDescriptor> manifests;  ///< of a list

  /// The layer with the chart's archive, or the one with its provenance; nullptr when there is none.
  [[nodiscard]] const OciDescriptor* chart() const noexcept;
  [[nodiscard]] const OciDescriptor* provenance() const noexcept;
};

/// Reads a manifest of the OCI image specification 1.1. Errors, `invalid_input`: no JSON, no manifest, digests of another
/// kind than SHA-256, more than a hundred layers. Pure.
[[nodiscard]] Result<OciManifest> parse_oci_manifest(std::string_view json);

/// The tags of one page of a `tags/list` answer.
[[nodiscard]] Result<std::vector<std::string>> parse_oci_tags(std::string_view json);

/// What a WWW-Authenticate header asks for.
struct AuthChallenge {
  std::string scheme;  ///< `basic` or `bearer`, in lower case
  std::string realm;
  std::string service;
  std::string scope;
};
/// The first challenge in `header` that we can answer. Pure.
[[nodiscard]] std::optional<AuthChallenge> parse_challenge(std::string_view header);

/// The target of the link with `rel="next"` in a Link header; empty when there is none.
[[nodiscard]] std::string next_link(std::string_view header);

}  // namespace gitopsctl::channels
