#pragma once

#include <string>
#include <string_view>

#include "base/result/result.hpp"

namespace gitopsctl::render {

/// What netip.ParseAddr says of a text that is an IP address.
struct GoAddress {
  bool is_v6 = false;
  std::string zone;  ///< behind `%`
};

/// Checks an address as netip.ParseAddr does. Errors have Go's texts: `ParseAddr("1.2.3"): IPv4 address too short`.
[[nodiscard]] Result<GoAddress> parse_go_address(std::string_view text);

}  // namespace gitopsctl::render
