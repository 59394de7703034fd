#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/value/value.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::channels {

/// What the channel file says about removing objects of one release (decisions §3).
struct PruneSettings {
  bool prune = true;
  bool allow_empty = false;               ///< the release may render to nothing
  std::vector<std::string> allow_delete;  ///< kinds that may be removed although they hold data
  bool whole_release = false;             ///< the release left the channel file: rules about deletion as a whole count too
};

/// Why an object that left the rendered set stays, or nullopt when nothing that is known about it forbids to remove it.
/// Looks at the settings, the object's kind and its annotations; `body` is the live object, or the formerly rendered one.
/// The rules are one table in the source, tried in its order. Pure.
[[nodiscard]] std::optional<std::string> kept_by_rule(const render::ObjectId& id, const Value& body,
                                                      const PruneSettings& settings);

/// The other tool that keeps `body` equal to something (`Flux`, `Argo CD`, `Helm release web`), or nullopt.
/// `helm_name` is the Helm release name of our own release: its marks are no other tool's.
[[nodiscard]] std::optional<std::string> other_tool(const Value& body, const std::string& helm_name);

}  // namespace gitopsctl::channels
