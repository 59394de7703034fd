#pragma once

#include <string>
#include <string_view>

#include "base/result/result.hpp"

namespace gitopsctl::render::helm {

/// What differs between Helm versions, as switches. "The same bytes" has a meaning for one version only, so everything
/// that reads a version's habit reads it from here. Part of every render cache key by its name.
struct HelmProfile {
  std::string_view name;                 ///< `helm-4.3`
  std::string_view helm_version;         ///< `.Capabilities.HelmVersion.Version`
  std::string_view go_version;           ///< `.Capabilities.HelmVersion.GoVersion` of the official build
  std::string_view kube_client_version;  ///< `.Capabilities.HelmVersion.KubeClientVersion`
  int kube_minor = 0;                    ///< the default Kubernetes version is v1.N.0
};

/// The profile called `name`: `helm-4.3`, with or without a patch number. Errors: `unsupported` for Helm versions that
/// this engine cannot imitate yet, `invalid_input` for anything else.
[[nodiscard]] Result<const HelmProfile*> find_profile(std::string_view name);

}  // namespace gitopsctl::render::helm
