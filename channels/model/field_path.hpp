#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"

namespace gitopsctl::channels {

/// Reads a path to a field as people write it and as API servers name it in conflicts: keys joined by dots, with or without
/// one before the first; `\.` is a dot inside a key, and `["app.kubernetes.io/name"]` a key in quotes. An item of a list is
/// chosen by keys of it, `containers[name="web"]` or `ports[containerPort=80]`, an item of a set by `[="x"]`, a place by
/// `[0]`. Gives the steps as `metadata.managedFields` spells them (`f:spec`, `k:{"name":"web"}`). `invalid_input` otherwise.
[[nodiscard]] Result<std::vector<std::string>> parse_field_path(std::string_view text);

}  // namespace gitopsctl::channels
