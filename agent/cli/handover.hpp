#pragma once

#include "base/result/result.hpp"

namespace gitopsctl::agent::cli {

/// Replaces this process by `gitopsctl-net` with the same words, looked for beside this program and in
/// ../libexec/gitopsctl/. Returns only when that failed, with the reason.
[[nodiscard]] Error hand_over_to_network_program(char* const* argv);

/// In `gitopsctl-net`: checks that the program which handed over is of the same version and commit, and forgets the mark.
[[nodiscard]] Result<void> accept_handover();

}  // namespace gitopsctl::agent::cli
