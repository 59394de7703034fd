#pragma once

#include <cstdint>
#include <string_view>

namespace gitopsctl {

enum class GoNumberStatus : std::uint8_t { ok, syntax, range };

/// strconv.ParseInt(text, base, 64). Base 0 takes the prefixes `0x`, `0o`, `0b`, `0` and underscores between digits.
/// Out of range gives the nearest limit and `range`; bad syntax gives 0.
struct GoInt {
  std::int64_t value = 0;
  GoNumberStatus status = GoNumberStatus::ok;
};
[[nodiscard]] GoInt parse_go_int(std::string_view text, int base) noexcept;

/// strconv.ParseFloat(text, 64): decimal, hexadecimal with `p`, infinities and NaN by name, underscores between digits.
/// Out of range gives an infinity and `range`; bad syntax gives 0.
struct GoFloat {
  double value = 0;
  GoNumberStatus status = GoNumberStatus::ok;
};
[[nodiscard]] GoFloat parse_go_float(std::string_view text);

}  // namespace gitopsctl
