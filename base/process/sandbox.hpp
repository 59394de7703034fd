#pragma once

#include <chrono>
#include <cstdint>

#include "base/result/result.hpp"

namespace gitopsctl {

/// What a process may take that is locked up.
struct SandboxLimits {
  std::uint64_t address_space = 0;   ///< bytes mapped at once, program and stacks included; 0: no limit
  std::chrono::seconds cpu_time{0};  ///< of all its threads; then SIGXCPU, one second later SIGKILL; 0: no limit
};

/// Locks this process up for the rest of its life, all its threads at once: from here on it can compute, take memory within
/// the limits, read and write the descriptors that are open, and end. It cannot open or look at files, start a thread, a
/// process or a program, use the network, send signals to others, trace, or make memory executable; it leaves no core dump,
/// is no longer traced by others of its user, and dies with the thread that started it. What would do harm if it were tried
/// (sockets, exec, clone, ptrace and the like) kills it with SIGSYS; everything else is refused with EPERM.
///
/// Resource limits (setrlimit) and a seccomp filter of Linux. Built with a sanitizer, which needs more than that, it sets
/// only limits on time and files. `unsupported` when the kernel has no filters: then nothing may be run in it.
[[nodiscard]] Result<void> enter_sandbox(const SandboxLimits& limits);

}  // namespace gitopsctl
