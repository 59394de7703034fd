#pragma once

#include <cstdint>
#include <string>

#include "base/result/result.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::render {

/// How floats are written.
enum class TomlFloats : std::uint8_t {
  shortest,  ///< `1e+06`: BurntSushi/toml from 1.6 on
  plain,     ///< `1000000.0`: before
};

/// TOML as BurntSushi/toml writes it: at each level the plain members, then the tables, each sorted bytewise; tables
/// below the first level are indented. Errors have its texts (`toml: cannot encode array with nil element`). The value's
/// size must be bounded by the caller.
[[nodiscard]] Result<std::string> to_toml(const Value& value, TomlFloats floats = TomlFloats::shortest);

/// BurntSushi's Unmarshal into a map: integers are int64, times time.Time. Errors are `toml: line N: …` with our own
/// reasons.
[[nodiscard]] Result<Value> parse_toml(std::string_view text);

}  // namespace gitopsctl::render
