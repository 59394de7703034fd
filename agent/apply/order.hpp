#pragma once

#include <compare>
#include <map>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::agent {

/// When an object is applied: waves in order, in each what depends on nothing of it first, in each of these by kind.
struct ApplyStep {
  int wave = 0;   ///< `gitopsctl.dev/wave`, else `argocd.argoproj.io/sync-wave`
  int depth = 0;  ///< of the longest chain of `config.kubernetes.io/depends-on` below it within its wave
  int kind = 0;   ///< install order, webhook configurations last
  friend auto operator<=>(const ApplyStep&, const ApplyStep&) = default;
};

/// The order in which the objects of one set are applied; deletes go against it.
struct ApplyOrder {
  std::map<render::ObjectId, ApplyStep> steps;
  /// What each object that says so depends on.
  std::map<render::ObjectId, std::vector<render::ObjectId>> needs;

  /// Of an object that is not in the set: by its kind alone.
  [[nodiscard]] ApplyStep step_of(const render::ObjectId& id) const;
};

/// Reads the annotations of a set. Pure. Mistakes are added to `errors` (null: such annotations count for nothing): a wave
/// that is no number, a reference that is malformed or names nothing of the set, a ring, a dependency in a later wave, and
/// `config.kubernetes.io/apply-time-mutation`, which is not supported.
[[nodiscard]] ApplyOrder read_order(const std::vector<render::Object>& objects, std::vector<Error>* errors);

}  // namespace gitopsctl::agent
