#pragma once

#include <string>
#include <string_view>

#include "render/helm/capabilities.hpp"
#include "render/helm/profile.hpp"

namespace gitopsctl::render::helm {

/// What Kubernetes says of objects of a deprecated version: `extensions/v1beta1 Ingress is deprecated in v1.14+, unavailable
/// in v1.22+; use networking.k8s.io/v1 Ingress`. Empty where nothing is deprecated in `version` of Kubernetes, or the
/// client library of the profile does not know the kind.
[[nodiscard]] std::string api_deprecation(std::string_view api_version, std::string_view kind, const KubeVersion& version,
                                          const HelmProfile& profile);

}  // namespace gitopsctl::render::helm
