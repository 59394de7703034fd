#pragma once

#include <string>

#include "base/result/error.hpp"

namespace gitopsctl::agent::cli {

/// The exit code of an error: 2 wrong input or command line (also unsupported, too large, a missing source), 3 not found,
/// 4 forbidden, 5 conflict, 6 unavailable, 7 timeout, 8 newer schema, 70 a bug here (sysexits' EX_SOFTWARE), 130 interrupted
/// (128 + SIGINT, as shells count). 0 and 1 are answers, never errors.
[[nodiscard]] int exit_code(ErrorCode code) noexcept;

/// An error as a person reads it: one `error: place: message` per mistake, each with its hint on the next line. Safe for a
/// terminal.
[[nodiscard]] std::string describe_error(const Error& error, bool colour);

}  // namespace gitopsctl::agent::cli
