#pragma once

#include <cstdint>
#include <string_view>

#include "base/yaml/yaml.hpp"

namespace gitopsctl::yaml_detail {

enum class ScalarType : std::uint8_t { string, null, boolean, integer, unsigned_integer, floating };

/// What the text of a plain scalar means by Go's rules.
struct Scalar {
  ScalarType type = ScalarType::string;
  bool boolean = false;
  std::int64_t integer = 0;            ///< for `integer`
  std::uint64_t unsigned_integer = 0;  ///< for `unsigned_integer`: above the largest int64
  double floating = 0;
};

/// Resolves the text of an untagged plain scalar. Dates are strings (Go decodes them so into interface{}).
[[nodiscard]] Scalar resolve_plain(std::string_view text, YamlProfile profile);

/// The same by the rules of PyYAML's safe loader, which is YAML 1.1: `010` is 8, `1:30` is 90, `no` is false, `y` is text.
/// Dates are strings here, too. What the loader fails on (`0b_`) is text; integers beyond 64 bits are floats.
[[nodiscard]] Scalar resolve_python(std::string_view text);

/// True when Go's YAML library takes `text` for a date or time; such strings are quoted by the writer.
[[nodiscard]] bool is_timestamp(std::string_view text);

/// True for the base 60 numbers of YAML 1.1 (`12:30`), which Go reads as strings but quotes when it writes.
[[nodiscard]] bool is_base60(std::string_view text);

}  // namespace gitopsctl::yaml_detail
