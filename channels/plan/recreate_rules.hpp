#pragma once

#include <optional>
#include <string>

#include "base/value/value.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::channels {

/// Why an object may not be deleted and made anew, and what to do about it.
struct RecreationRefusal {
  std::string reason;  ///< after "…, and "
  std::string hint;
};

/// Whether an object that cannot be changed in place may be deleted and made anew: nullopt when it may. Never what holds
/// data or others (PersistentVolumeClaim, PersistentVolume, Namespace, CustomResourceDefinition), nor what is not ours yet
/// (`foreign`). A Job or Pod that has ended may, as long as no annotation keeps it; everything else where the manifest says
/// so: `gitopsctl.dev/on-immutable: recreate`, `kustomize.toolkit.fluxcd.io/force: enabled`, or
/// `argocd.argoproj.io/sync-options` with `Force=true` and `Replace=true`. Pure.
[[nodiscard]] std::optional<RecreationRefusal> forbids_recreation(const render::ObjectId& id, const Value& desired,
                                                                  const Value& live, bool foreign);

}  // namespace gitopsctl::channels
