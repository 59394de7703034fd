#pragma once

#include <string_view>

namespace gitopsctl::yaml_detail {

/// Whether Go's YAML library writes key `a` before key `b`: letters by code point and after everything else, runs of digits
/// by their number.
[[nodiscard]] bool natural_less(std::string_view a, std::string_view b);

}  // namespace gitopsctl::yaml_detail
