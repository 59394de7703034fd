#pragma once

#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "channels/secrets/secret_bytes.hpp"

namespace gitopsctl::channels::secrets {

/// One key of a secret that is a map in YAML or JSON. A text as it is, numbers and booleans as JSON writes them, maps and
/// lists as YAML. `invalid_input` when the secret is no such map, `not_found` when it has no such key. Shows nothing of it.
[[nodiscard]] Result<SecretBytes> pick_field(std::string_view secret, const std::string& field);

/// The bytes of one value, by the same rules.
[[nodiscard]] Result<SecretBytes> value_bytes(const Value& value);

}  // namespace gitopsctl::channels::secrets
