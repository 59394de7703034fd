#pragma once

#include <cstdint>
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
/// `path` of an object, and below it that of a subresource; `invalid_input` when that cannot be one. Empty: the object
/// itself.
[[nodiscard]] Result<std::string> with_subresource(std::string path, std::string_view subresource);
/// The path of the collection that one object is created in.
[[nodiscard]] Result<std::string> parent_path(const ApiResource& resource, const render::ObjectId& id);

/// What name a body must have: one, one or a generateName, none.
enum class NameRule : std::uint8_t { named, named_or_generated, nameless };

/// The identity that a body names; `invalid_input` without apiVersion, kind or the name that it must have.
struct NamedBody {
  render::ObjectId id;
  std::string version;
  bool generated = false;  ///< has a generateName and no name
};
[[nodiscard]] Result<NamedBody> identify(const Value& object, NameRule rule);

/// True when `live` holds everything that `sent` says: maps by key, lists and scalars whole. What the server fills in does
/// not matter; metadata.resourceVersion, uid and the like of `sent` are not compared.
[[nodiscard]] bool holds_all(const Value& live, const Value& sent);
/// True when each holds all of the other but for `status`: `live` is what a put of `sent` makes, and not something with more
/// in it.
[[nodiscard]] bool says_the_same(const Value& live, const Value& sent);
/// The same for a put of the subresource `status`, which changes nothing else.
[[nodiscard]] bool same_status(const Value& live, const Value& sent);
/// True when `live` can only be what a create of `sent` by this field manager made, as far as can be told afterwards: it
/// holds everything, its `data` holds nothing else, and nobody else wrote any of it but status.
[[nodiscard]] bool created_by(const Value& live, const Value& sent, std::string_view manager);

}  // namespace gitopsctl::agent::detail
