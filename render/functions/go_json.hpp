#pragma once

#include <string_view>

#include "base/result/result.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::render {

/// json.Unmarshal into interface{} as Go 1.27 does it: every number a float64, the last of equal keys wins, invalid UTF-8
/// and lone surrogates as U+FFFD. The errors are Go's texts (`invalid character 'x' looking for beginning of value`),
/// because templates put them into their output. Levels are bounded by max_tree_depth.
[[nodiscard]] Result<Value> parse_go_json(std::string_view text);

}  // namespace gitopsctl::render
