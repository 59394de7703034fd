#pragma once

#include <string_view>

#include "agent/environment/environment.hpp"
#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::agent::detail {

// Objects on their way to and from an API server. Only for this room.

/// The label that names the owner of an object (ApplySet, KEP-3659).
inline constexpr std::string_view owner_label = "applyset.kubernetes.io/part-of";

/// `object` as it is sent: its identity in the body, without what servers own and without nulls (a null would be stored as a
/// zero and owned), the stringData of a Secret as data (a key that leaves stringData would never leave the Secret). The
/// status stays where it is ours. Shares nothing that it changes with the object's body.
[[nodiscard]] Value normal_form(const render::Object& object);

/// `body` with the owner label, when there is an owner. `body` shares nothing with others.
void set_owner(Value& body, const std::string& owner);

/// An object as a server answered it.
[[nodiscard]] LiveObject live_object(Value body);

/// True for the names that inventories and records have. A ConfigMap of a release may have such a name too.
[[nodiscard]] bool is_named_as_ours(const render::ObjectId& id) noexcept;

/// What of an object tells that somebody changed it: everything but its status and what the server keeps of itself. A few
/// bytes, equal for equal content.
[[nodiscard]] std::string content_hash(const Value& body);

}  // namespace gitopsctl::agent::detail
