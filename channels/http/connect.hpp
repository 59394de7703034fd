#pragma once

#include <string>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::channels {

/// Connects to `host` (a name or an address, without brackets) over TCP, through the HTTP proxy `proxy` when that is not
/// empty (by CONNECT; the environment's proxies are not asked), and returns the socket, which does not block and belongs to
/// the caller. `unavailable`, `timeout` after `patience`, `cancelled`. Thread-safe.
[[nodiscard]] Result<int> connect_socket(const std::string& host, const std::string& port, const std::string& proxy,
                                         Millis patience, const Interrupt& interrupt);

}  // namespace gitopsctl::channels
