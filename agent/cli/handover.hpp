#pragma once

#include <string>

#include "base/result/result.hpp"

namespace gitopsctl::agent::cli {

/// Replaces this process by `gitopsctl-net` with the same words, looked for beside this program and in
/// ../libexec/gitopsctl/. Returns only when that failed, with the reason.
[[nodiscard]] Error hand_over_to_network_program(char* const* argv);

/// In `gitopsctl-net`: checks that the program which handed over is of the same version and commit, and forgets the mark.
/// Returns the real path of that program; empty when none did.
[[nodiscard]] Result<std::string> accept_handover();

/// The real path of the running program; empty when /proc does not tell.
[[nodiscard]] std::string own_path();

}  // namespace gitopsctl::agent::cli
