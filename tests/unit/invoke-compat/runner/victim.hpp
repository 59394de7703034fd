#pragma once

#include <string>
#include <vector>

namespace gitopsctl::invoke::tests {

/// The words that start this test program as a program that a person runs: it passes its streams, its terminal and signals
/// on to one command, says `[exit N]` on its standard output and ends with the command's code.
struct Victim {
  std::string command;
  bool pty = false;
  bool second_command = false;  ///< then `echo second` is run as well, whatever became of the first
  /// As a line for a shell, in which `directory` is where the command runs.
  [[nodiscard]] std::string line(const std::string& directory) const;
};

}  // namespace gitopsctl::invoke::tests
