#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::agent {

/// The label that names the owner of an object (ApplySet, KEP-3659).
inline constexpr std::string_view part_of_label = "applyset.kubernetes.io/part-of";

/// The objects whose `status` is written by us and so kept; for all others it belongs to their controllers.
[[nodiscard]] bool keeps_status(const render::ObjectId& id) noexcept;

/// `object` as the embedded environment keeps it: its identity written into the body, without what servers set, and for a
/// Secret without anything but its known fields, every value replaced by `hmac:` and 64 digits keyed with `key`. Values that
/// a path of `sensitive` names become redact()'s marker with a keyed hash. Shares no changed container with the object's
/// body. `stored` (may be null) is what is there now: a hash that was read from it and comes back unchanged stays.
[[nodiscard]] Value stored_form(const render::Object& object, std::string_view key,
                                const std::vector<render::SensitivePath>& sensitive = {}, const Value& stored = {});

/// Refuses what an API server would refuse: names, label and annotation syntax, sizes, types of Secrets' and ConfigMaps'
/// data, unknown fields of Secrets. The message never shows a value. `body` is as given, before stored_form.
[[nodiscard]] Result<void> validate_object(const render::Object& object);

}  // namespace gitopsctl::agent
