#pragma once

#include <string_view>

#include "base/yaml/yaml.hpp"

namespace gitopsctl::yaml_detail {

/// Whether Go's YAML library writes key `a` before key `b`: letters by code point and after everything else, runs of digits
/// by their number. In YAML v3 a letter comes first where the texts have a digit before the difference.
[[nodiscard]] bool natural_less(std::string_view a, std::string_view b, YamlProfile profile = YamlProfile::go_v2_json);

}  // namespace gitopsctl::yaml_detail
