#pragma once

#include <span>
#include <string>
#include <vector>

#include "agent/cli/terminal.hpp"
#include "agent/cli/verb.hpp"

namespace gitopsctl::agent::cli {

/// What differs between the two programs.
struct Program {
  /// Looked through in order; the first entry with the verb's name runs it.
  std::vector<std::span<const RunEntry>> runs;
  /// Words of the process for the network program; null when this is the network program.
  char* const* hand_over_argv = nullptr;
};

/// Everything between the words of the command line and the exit code: parse, help, hand over, run, print errors.
/// Never throws: an exception that reaches it is reported as a bug.
[[nodiscard]] int run_program(const Program& program, const std::vector<std::string>& words, Terminal& terminal) noexcept;

}  // namespace gitopsctl::agent::cli
