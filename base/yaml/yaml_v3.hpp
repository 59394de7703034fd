#pragma once

#include <string>

#include "base/result/result.hpp"
#include "base/value/value.hpp"

namespace gitopsctl {

/// What the encoder of Go's YAML v3 writes with an indent of 2 (Helm's `toYamlPretty`): from the value itself, lists inside
/// of maps indented, nothing folded. Ends with a newline. Pure and safe to call from any thread. Fails for more than 1000
/// levels, and for text that is no UTF-8, of which upstream makes `!!binary`.
[[nodiscard]] Result<std::string> to_yaml_v3(const Value& value);

}  // namespace gitopsctl
