#pragma once

#include <stop_token>

namespace gitopsctl {

/// A stop that is requested when the process gets SIGINT or SIGTERM for the first time; a second one ends the process at
/// once with 128 + the signal's number. Call it in the main thread before other threads are started, since it blocks
/// both signals there and threads inherit that. Later calls return the same token.
[[nodiscard]] std::stop_token stop_on_signals();

/// The same token, without blocking anything: until somebody calls stop_on_signals(), signals end the process as ever.
[[nodiscard]] std::stop_token stop_of_signals();

}  // namespace gitopsctl
