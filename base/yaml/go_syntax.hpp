#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/value/value.hpp"

namespace gitopsctl::yaml_detail {

/// A value as Go's `%#v` shows what the YAML library decoded, as it stands in messages about impossible map keys. Cut after
/// a few hundred bytes: the value comes from the input.
[[nodiscard]] std::string go_syntax(const Value& value, bool nested = false);

/// A map key that is a float: Go writes it with the digits of a float32.
[[nodiscard]] std::string float_key(double number);

}  // namespace gitopsctl::yaml_detail
