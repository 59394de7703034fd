#pragma once

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "render/helm/profile.hpp"
#include "render/inputs/inputs.hpp"

namespace gitopsctl::render::helm {

/// A Kubernetes version as `.Capabilities.KubeVersion` has it.
struct KubeVersion {
  std::string version;     ///< as given, with a `v` in front: `v1.33.4-gke.1`
  std::string normalized;  ///< for constraints: `v1.33.4`
  std::string major;
  std::string minor;
};

/// Reads `1.33.4-gke.1`, with or without `v`. Errors: `could not parse "x" as version`.
[[nodiscard]] Result<KubeVersion> parse_kube_version(const std::string& text);

/// The Kubernetes version of a render: what the inputs say, else the profile's.
[[nodiscard]] Result<KubeVersion> kube_version(const HelmProfile& profile, const Capabilities& capabilities);

/// `.Capabilities`. `api_versions` are added to the profile's default set as given.
[[nodiscard]] Value capabilities_object(const HelmProfile& profile, const KubeVersion& version,
                                        const Capabilities& capabilities);

}  // namespace gitopsctl::render::helm
