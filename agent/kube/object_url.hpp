#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/kube/api_table.hpp"
#include "base/result/result.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::agent::detail {

// Addresses of objects. Only for this room.

/// `?a=b&c=d` with encoded values; empty for none.
[[nodiscard]] std::string query(const std::vector<std::pair<std::string_view, std::string>>& parameters);

/// The path of a collection; all namespaces when `namespace_` is empty. `invalid_input` for names that cannot be in a URL.
[[nodiscard]] Result<std::string> collection_path(const ApiResource& resource, std::string_view namespace_);
/// The path of one object; `invalid_input` also when a namespace is missing, or given for a kind that has none.
[[nodiscard]] Result<std::string> object_path(const ApiResource& resource, const render::ObjectId& id);
/// The path of the collection that one object is created in.
[[nodiscard]] Result<std::string> parent_path(const ApiResource& resource, const render::ObjectId& id);

/// The identity that a body names; `invalid_input` without apiVersion, kind or (unless `generated` is allowed) a name.
struct NamedBody {
  render::ObjectId id;
  std::string version;
  bool generated = false;  ///< has a generateName and no name
};
[[nodiscard]] Result<NamedBody> identify(const Value& object, bool generated_allowed);

/// True when `live` holds everything that `sent` says: maps by key, lists and scalars whole. What the server fills in does
/// not matter; metadata.resourceVersion, uid and the like of `sent` are not compared.
[[nodiscard]] bool holds_all(const Value& live, const Value& sent);

}  // namespace gitopsctl::agent::detail
