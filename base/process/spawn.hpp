#pragma once

#include <cstdint>
#include <string>

#include "base/process/child.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl {

/// A program to run to its end with its words in memory.
struct CapturedCommand {
  Command command;
  std::string input;                        ///< standard input
  std::uint64_t max_output = 16ULL << 20U;  ///< of each of standard output and error
  Millis grace{2'000};                      ///< between SIGTERM and SIGKILL when it is given up
};

/// What it said and how it ended.
struct CapturedOutput {
  ExitStatus status;
  std::string out;
  std::string err;
};

/// Runs a program and waits for its end. A process that it leaves behind with the same standard output is not waited for.
/// Any exit code is a result; errors are: it could not be started, it wrote more than `max_output` (`too_large`), the
/// deadline passed (`timeout`) or a stop was requested (`cancelled`). In the last three cases its whole process group is
/// ended first. Blocks; thread-safe.
[[nodiscard]] Result<CapturedOutput> run_command(const CapturedCommand& command, const Interrupt& interrupt);

}  // namespace gitopsctl
